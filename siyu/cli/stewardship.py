"""The command of data stewards: pairs that are probably one, and what they say about them."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siyu import clock
from siyu.cli.app import app, current_settings, handle_errors, json_text, out
from siyu.errors import WrongQuestion, nearest
from siyu.masking import printable

if TYPE_CHECKING:
    from siyu.ask.candidates import Candidate, CandidateList, Wanted

COMMAND = "siyu candidates"
KINDS = ("person", "company")
VERDICTS = {"link": "accept", "unlink": "refuse"}
KEYS = {"a": "accept", "r": "refuse", "u": "unsure", "y": "accept", "n": "refuse", "?": "unsure"}  # as in spreadsheets
SKIP, QUIT = ("s", "\r", "\n", " "), ("q", "\x1b", "\x03", "\x04")


@dataclass(frozen=True)
class _Asked:
    """What is to be done with candidates. At most one of these is given."""

    csv: Path | None
    xlsx: Path | None
    read: Path | None
    unsure: bool
    review: bool
    json: bool

    @property
    def given(self) -> list[str]:
        """The options that were given."""
        return [f"--{field.name}" for field in fields(self) if getattr(self, field.name)]


@app.command()
def candidates(
    which: Annotated[
        list[str] | None,
        typer.Argument(help="A candidate to show in full, by number or ID (K…); with --unsure, one or more."),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="person or company. Default: both.")] = None,
    generator: Annotated[str | None, typer.Option(help="Only what this generator found, by code or name.")] = None,
    status: Annotated[str, typer.Option(help="open, unsure, joined (by siyu itself) or all.")] = "open",
    min_score: Annotated[float | None, typer.Option(min=0, max=1, help="Only with at least this score.")] = None,
    of: Annotated[str | None, typer.Option(help="Only of this ID or identifier, whatever their status.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
    csv: Annotated[Path | None, typer.Option(help="Write all of them to this CSV file, to fill in verdicts.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write all of them to this Excel workbook.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    read: Annotated[Path | None, typer.Option(help="Take the verdicts from this file, CSV or xlsx.")] = None,
    unsure: Annotated[bool, typer.Option("--unsure", help="Note that you are not sure about these.")] = False,
    review: Annotated[bool, typer.Option("--review", help="Ask about one after the other, with one key each.")] = False,
    why: Annotated[str, typer.Option(help="The reason. Default: who found it, and what speaks for it.")] = "",
    by: Annotated[str | None, typer.Option(help="Who decided. Default: the user who is logged in.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs. Moments are in UTC.")] = False,
) -> None:
    """Show who is probably the same 疑似重复, the likeliest first: what speaks for it, against it, what would follow.

    siyu link 3 accepts the candidate with the number 3, siyu unlink 3 refuses it. Numbers hold for one release. The
    command reads the restricted file and shows personal data, as siyu explain does.

    Example: siyu candidates --kind person --min-score 0.9
    """
    with handle_errors():
        from siyu.ask.candidates import Wanted

        asked = _Asked(csv, xlsx, read, unsure, review, as_json)
        _check(which or [], asked, kind, status, force)
        least = None if min_score is None else Decimal(str(min_score))
        wanted = Wanted(kind, generator, "all" if of else status, least, of)
        who = by or getpass.getuser()
        if unsure:
            give(which or [], "unsure", why, who, COMMAND)
        elif read is not None:
            _read(read, who)
        elif review:
            _review(wanted, why, who)
        else:
            _show(which or [], wanted, asked, limit, force)


def _show(which: list[str], wanted: Wanted, asked: _Asked, limit: int, is_forced: bool) -> None:
    """Show one candidate or the list, or write the list to a file."""
    file = asked.csv or asked.xlsx
    if which:
        _print_one(which[0], asked.json)
    elif file is not None:
        _write(wanted, "csv" if asked.csv else "xlsx", file, is_forced)
    else:
        _print_list(wanted, limit, asked.json)


def _check(which: list[str], asked: _Asked, kind: str | None, status: str, force: bool) -> None:
    """Raise WrongQuestion for options that do not fit together, or have no such value."""
    from siyu.ask.candidates import STATUSES

    if len(asked.given) > 1:
        raise WrongQuestion(f"{' and '.join(asked.given)} exclude each other", COMMAND, "give one of them.")
    if asked.unsure and not which:
        raise WrongQuestion("--unsure needs candidates", COMMAND, "add numbers or IDs: siyu candidates --unsure 4 6.")
    if which and asked.given not in ([], ["--unsure"], ["--json"]):
        raise WrongQuestion(f"{asked.given[0]} names no candidate", COMMAND, "leave out the numbers.")
    if len(which) > 1 and not asked.unsure:
        fix = "siyu link and siyu unlink take several; one is shown in full."
        raise WrongQuestion(f"{len(which)} candidates are given", COMMAND, fix)
    if force and not (asked.csv or asked.xlsx):
        raise WrongQuestion("--force is for files", COMMAND, "add --csv or --xlsx, or leave it out.")
    if kind is not None and kind not in KINDS:
        raise WrongQuestion(f"there is no kind {kind!r}", COMMAND, nearest(kind, KINDS))
    if status not in STATUSES:
        raise WrongQuestion(f"there is no status {status!r}", COMMAND, nearest(status, STATUSES))


def give(which: list[str], verdict: str, why: str, who: str, command: str, is_again: bool = False) -> None:
    """Write one verdict on several candidates, and print what was written."""
    from siyu.ask.candidate_verdicts import Verdict, give_verdicts

    verdicts = [Verdict(text, verdict, why) for text in which]
    outcome = give_verdicts(current_settings(), verdicts, command, who, clock.now(), is_again)
    out.print(outcome.told, soft_wrap=True)


def _read(path: Path, who: str) -> None:
    from siyu.ask.candidate_verdicts import give_verdicts
    from siyu.ask.candidates_file import filled_in, written_told

    settings = current_settings()
    found = filled_in(settings, path)
    told = [give_verdicts(settings, found.verdicts, COMMAND, who, clock.now()).told] if found.verdicts else []
    out.print(written_told(found, told), soft_wrap=True)


def _print_list(wanted: Wanted, limit: int, as_json: bool) -> None:
    from siyu.ask.candidates import candidate_list
    from siyu.ask.candidates_text import list_text

    found = candidate_list(current_settings(), wanted, None if as_json else limit)
    if as_json:
        typer.echo(json_text(_list_data(found)))
    else:
        out.print(list_text(found, wanted), soft_wrap=True)


def _print_one(text: str, as_json: bool) -> None:
    from siyu.ask.candidate_detail import candidate_detail
    from siyu.ask.candidates_text import detail_text

    found = candidate_detail(current_settings(), text)
    if not as_json:
        out.print(detail_text(found), soft_wrap=True)
        return
    told = {"release": found.release, "as_of": found.as_of.isoformat(), **_data(found.candidate)}
    told |= {"channels": list(found.channels), "evidence": [vars(finding) for finding in found.findings]}
    typer.echo(json_text(told))


def _list_data(found: CandidateList) -> dict[str, Any]:
    return {
        "release": found.release, "as_of": found.as_of.isoformat(), "counts": found.counts, "not_searched": found.cut,
        "candidates": [_data(candidate) for candidate in found.candidates],
    }  # fmt: skip


def _data(candidate: Candidate) -> dict[str, Any]:
    told = {**candidate.told, "generators": candidate.generators, "kpis": candidate.kpis}
    return {**told, "left": candidate.left.golden, "right": candidate.right.golden}


def _write(wanted: Wanted, form: str, file: Path, is_forced: bool) -> None:
    """Write the list to a file that only its owner can read, after its line in the access log."""
    import json

    from siyu.ask.candidates import candidate_list
    from siyu.ask.candidates_file import table_of_candidates
    from siyu.ask.list_access import access_moment, log_access, user
    from siyu.ask.list_files import check_target, write_file
    from siyu.warehouse.access import Access

    check_target(file, form, is_forced)
    settings = current_settings()
    found = candidate_list(settings, wanted)
    told = {name: str(value) for name, value in vars(wanted).items() if value is not None}
    people = {side.id for candidate in found.candidates for side in candidate.sides if candidate.entity == "person"}
    entry = Access(
        accessed_at=access_moment(), who=user(), list="candidates", parameters=json.dumps(told, ensure_ascii=False),
        release=found.release, row_count=len(found.candidates), person_count=len(people), is_raw=True, form=form,
        file=printable(str(file.absolute())),
    )  # fmt: skip
    with log_access(settings, entry) as number:
        write_file(file, form, table_of_candidates(found), is_private=True, is_forced=is_forced)
        name = printable(str(file))
        told_file = f"written to 已写入 {name} (raw 明文, only you can read the file)"
        log_line = f"line {number} of the access log 访问日志"
        out.print(f"{len(found.candidates)} candidates 疑似重复 {told_file}; {log_line}", soft_wrap=True)
        out.print(f"fill in the verdicts 填写裁定, then 然后: siyu candidates --read {name}", soft_wrap=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _review(wanted: Wanted, why: str, who: str) -> None:
    """Ask about one candidate after the other. Each verdict is written at once."""
    from siyu.ask.candidates import candidate_list
    from siyu.ask.candidates_text import candidate_lines
    from siyu.ask.journey_words import count

    if not _is_terminal():
        raise WrongQuestion("--review asks on a terminal", COMMAND, "siyu candidates --csv writes a file to fill in.")
    found = candidate_list(current_settings(), wanted)
    waiting = [candidate for candidate in found.candidates if candidate.rule is None]
    given = 0
    for place, candidate in enumerate(waiting, start=1):
        out.print(f"\n{place} of {len(waiting)}", soft_wrap=True)
        out.print("\n".join(candidate_lines(candidate, found.kpis, found.generators)), soft_wrap=True)
        key = _key()
        if key in QUIT:
            break
        if key in KEYS:
            give([candidate.candidate_id], KEYS[key], why, who, COMMAND)
            given += 1
    out.print(f"\n{count(given, 'verdict')} written 已写入裁定, {len(waiting) - given} left 剩余", soft_wrap=True)


def _key() -> str:
    """Return the next key that means something. Ctrl-C and the end of input count as q."""
    out.print("a accept 接受, r refuse 拒绝, u unsure 存疑, s skip 跳过, q quit 退出", soft_wrap=True)
    while True:
        try:
            key = typer.getchar().lower()
        except (KeyboardInterrupt, EOFError):
            return QUIT[0]
        if key in (*KEYS, *SKIP, *QUIT):
            return key
