"""The command that shows the lists that people work through, and writes them to files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siyu.cli.app import app, current_settings, handle_errors, json_text, out
from siyu.errors import WrongQuestion
from siyu.masking import printable

if TYPE_CHECKING:
    from siyu.ask.work_list import Question, WorkList
    from siyu.settings import Settings


@dataclass(frozen=True)
class _Output:
    """Where a list goes: to a file, or else to the screen as text or JSON."""

    form: str
    file: Path | None
    is_forced: bool
    shows_all: bool


@app.command(name="list")
def list_people(
    name: Annotated[
        str | None, typer.Argument(help="handoff, invite, next-action or segment. Without one, what lists there are.")
    ] = None,
    segment: Annotated[str | None, typer.Argument(help="The segment, by code or name; for segment only.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only what this member of staff owns, by ID or name.")] = None,
    event: Annotated[str | None, typer.Option(help="Only this event, by ID or name; for invite only.")] = None,
    closed: Annotated[
        bool, typer.Option("--closed", help="Also hand-offs that were accepted or returned, or are over.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the whole list to this CSV file.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write the whole list to this Excel workbook.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Real names, mobiles and mail addresses, for who may read the restricted file."),
    ] = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show every line. Default: the first 50.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole list as JSON. Moments are in UTC.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Show who took which list, and when.")] = False,
) -> None:
    """Show a list 名单 in working order: hand-offs, invitations, next actions, or the members of a segment.

    Names, mobiles and mail addresses are masked unless --raw is given. Every file, and every output with --raw, gets a
    line in the access log of the warehouse before the data leave. Files with raw values can be read by their owner
    only.

    Example: siyu list handoff --owner S003 --xlsx handoffs.xlsx
    """
    with handle_errors():
        from siyu.ask.work_list import Question

        output = _output(csv, xlsx, as_json, force, show_all)
        question = Question(name or "", segment, event, owner, raw, closed)
        if log or not name:
            _check_alone(question, output, log)
            _print_log(show_all, as_json) if log else _print_overview(as_json)
        elif output.file is not None:
            _write(current_settings(), question, output, output.file)
        else:
            _show(current_settings(), question, output)


def _output(csv: Path | None, xlsx: Path | None, as_json: bool, force: bool, shows_all: bool) -> _Output:
    given = [(form, file) for form, file in (("csv", csv), ("xlsx", xlsx)) if file is not None]
    if len(given) + as_json > 1:
        raise WrongQuestion("--csv, --xlsx and --json exclude each other", "siyu list", "give one of them.")
    if force and not given:
        raise WrongQuestion("--force is for files", "siyu list", "add --csv or --xlsx, or leave it out.")
    form, file = given[0] if given else ("json" if as_json else "screen", None)
    return _Output(form, file, force, shows_all)


def _check_alone(question: Question, output: _Output, is_log: bool) -> None:
    """Raise WrongQuestion if options are given that need a list."""
    filters = (question.segment, question.event, question.owner, question.is_raw, question.has_closed, output.file)
    if any(filters) or (is_log and question.list):
        what = "--log stands alone" if is_log else "these options need a list"
        fix = "--all and --json go with it." if is_log else "name one: handoff, invite, next-action or segment."
        raise WrongQuestion(what, "siyu list", fix)


def _print_log(shows_all: bool, as_json: bool) -> None:
    from siyu.ask.list_access import access_log
    from siyu.ask.work_list_text import SHOWN, log_data, log_text

    rows = access_log(current_settings())
    if as_json:
        typer.echo(json_text(log_data(rows)))
    else:
        out.print(log_text(rows, None if shows_all else SHOWN), soft_wrap=True)


def _print_overview(as_json: bool) -> None:
    from siyu.ask.work_list import overview
    from siyu.ask.work_list_text import overview_text

    told = overview(current_settings())
    if as_json:
        typer.echo(json_text(told))
    else:
        out.print(overview_text(told), soft_wrap=True)


def _show(settings: Settings, question: Question, output: _Output) -> None:
    """Print a list. Raw values are printed after their line in the access log."""
    from contextlib import nullcontext
    from itertools import islice

    from siyu.ask.list_access import logged
    from siyu.ask.work_list import open_list
    from siyu.ask.work_list_text import SHOWN, list_text

    with open_list(settings, question) as found:
        whole = output.shows_all or output.form == "json"
        rows = list(found.rows() if whole else islice(found.rows(), SHOWN))
        entry = logged(settings, found, output.form, len(rows), found.people(rows))
        with entry if question.is_raw else nullcontext():
            if output.form == "json":
                typer.echo(json_text(_as_data(found, [found.as_data(row) for row in rows])))
            else:
                out.print(list_text(found, rows), soft_wrap=True)


def _as_data(found: WorkList, rows: list[dict[str, object]]) -> dict[str, object]:
    return {
        "release": found.release, "as_of": found.as_of.isoformat(), "list": found.question.list,
        "segment": found.question.segment, "event": found.question.event, "owner": found.question.owner,
        "is_raw": found.question.is_raw, "row_count": found.row_count, "person_count": found.person_count,
        "rows": rows,
    }  # fmt: skip


def _write(settings: Settings, question: Question, output: _Output, file: Path) -> None:
    """Write a list to a file, after its line in the access log."""
    from siyu.ask.list_access import logged
    from siyu.ask.list_files import check_target, table_of, write_file
    from siyu.ask.work_list import open_list
    from siyu.ask.work_list_text import headline

    check_target(file, output.form, output.is_forced)
    with (
        open_list(settings, question) as found,
        logged(settings, found, output.form, found.row_count, found.person_count, file) as number,
    ):
        is_raw = found.question.is_raw
        write_file(file, output.form, table_of(found), is_private=is_raw, is_forced=output.is_forced)
        kind = "raw 明文, only you can read the file" if is_raw else "masked 脱敏"
        empty = "" if found.row_count else "\nnobody is on this list 名单上没有人"
        out.print(f"{headline(found)}{empty}", soft_wrap=True)
        out.print(
            f"written to 已写入 {printable(str(file))} ({kind}); line {number} of the access log 访问日志",
            soft_wrap=True,
        )
