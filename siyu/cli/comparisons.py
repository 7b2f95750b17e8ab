"""The commands that compare releases: two that are on disk, or the working copy with the current one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siyu.cli.app import app, current_settings, err, handle_errors, json_text, out
from siyu.errors import WrongQuestion

if TYPE_CHECKING:
    from siyu.report.events import Event

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with everything that differs. Moments are in UTC.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")]
Limit = Annotated[int | None, typer.Option(min=1, max=1000, help="The number of examples of each table and move.")]
Tables = Annotated[
    list[str] | None,
    typer.Option(
        "--select", "--table", "-s", help="Only these tables, with more of their rows: table, schema.table or schema.*."
    ),
]


@app.command()
def diff(
    before: Annotated[
        str, typer.Argument(help="A release: current, previous, a business date, or the name or path of a folder.")
    ] = "previous",
    after: Annotated[str, typer.Argument(help="The release to compare with it, named in the same way.")] = "current",
    select: Tables = None,
    limit: Limit = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
) -> None:
    """Compare two releases 比较两次发布: tables, people who moved, KPIs of the last 30 days, and failing checks.

    Rows are matched by the grain of the model. Only the public files are read, so people are masked. Exit code 0,
    whatever differs.

    Example: siyu diff 2026-06-29 2026-06-30 --select person_stage
    """
    with handle_errors():
        from siyu.ask.diff_text import diff_text
        from siyu.ask.release_diff import diff_releases
        from siyu.dev.diff_markdown import diff_markdown

        check_form(as_json, as_markdown, "siyu diff")
        found = diff_releases(current_settings(), before, after, select or [], limit)
        if as_json:
            typer.echo(json_text(found.as_data()))
        elif as_markdown:
            typer.echo(diff_markdown(found))
        else:
            show(diff_text(found))


def check_form(as_json: bool, as_markdown: bool, command: str) -> None:
    """Raise WrongQuestion if two forms are asked for."""
    if as_json and as_markdown:
        raise WrongQuestion("--json and --markdown exclude each other", command, "give one of them.")


def show(text: Any) -> None:
    """Print a comparison. Lines of a log are not broken."""
    out.print(text, soft_wrap=True)


@app.command()
def plan(
    select: Tables = None,
    limit: Limit = None,
    as_json: AsJson = False,
    as_markdown: AsMarkdown = False,
) -> None:
    """Show what the working copy 工作副本 would change: build only that, and compare it with the current release.

    Changed models, macros, vars, rule tables and layers count, on the data that the current release was made of. Files
    that landed later do not. Nothing is published; the warehouse, its ledger and the current release stay as they are.

    Exit codes: 0 whatever changes, 1 if a critical check would fail, 2 wrong use or a mistake in the working copy, 3 a
    run holds the warehouse, 4 a model fails on the data.

    Example: siyu plan --markdown > plan.md
    """
    with handle_errors():
        from siyu.dev.plan import make_plan
        from siyu.dev.plan_text import plan_markdown, plan_text

        check_form(as_json, as_markdown, "siyu plan")
        with progress_on_terminal() as tell:
            made = make_plan(current_settings(), select or [], limit, tell)
        if as_json:
            typer.echo(json_text(made.as_data()))
        elif as_markdown:
            typer.echo(plan_markdown(made))
        else:
            show(plan_text(made))
        if made.would_fail:
            raise typer.Exit(1)


@contextmanager
def progress_on_terminal() -> Iterator[Callable[[Event], None]]:
    """Show what a plan does, on a terminal. Elsewhere only its result is printed."""
    with err.status("reading settings, contracts and models …") if err.is_terminal else nullcontext() as status:

        def tell(event: Event) -> None:
            if status is not None:
                status.update(f"{event.kind} {event.name}: {event.detail}")

        yield tell
