"""The commands that compare releases: two that are on disk, or the working copy with the current one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from siyu.cli.app import app, current_settings, handle_errors, json_text, out
from siyu.errors import WrongQuestion

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
