"""The command that lists tags."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from siyu.cli.app import app, current_settings, day, handle_errors, json_text, out
from siyu.cli.identities import named_by
from siyu.errors import WrongQuestion


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def tags(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="A person or company, whose tags are shown with their evidence: an ID (P…, C…), an identifier"
            " (mobile:13912345678), or a record (record:crm:contacts:K0001). Without one, the catalog is listed."
        ),
    ] = None,
    unused: Annotated[bool, typer.Option("--unused", help="List only tags that no audience and no KPI reads.")] = False,
    uncomputable: Annotated[
        bool, typer.Option("--uncomputable", help="List only tags that the data cannot fill, with what is missing.")
    ] = False,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Show the tags as they were published for this business date."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON. Moments are in UTC.")] = False,
) -> None:
    """List the tags 标签 with coverage, status and drift, or show the tags of one person or company.

    Coverage is the share of the people or companies to whom a tag applies. Drift is the population stability index of
    its values against the last published date and against 30 days ago: below 0.1 is normal, above 0.25 is a change
    that somebody should explain.

    Example: siyu tags --unused
    """
    with handle_errors():
        from siyu.ask.tag_lookup import tag_catalog, tags_of
        from siyu.ask.tags_text import catalog_text, tags_text

        if what or context.args:
            if unused or uncomputable:
                raise WrongQuestion(
                    "--unused and --uncomputable are for the catalog", "siyu tags", "name nobody, or leave them out."
                )
            named = named_by(what or [], context.args, "siyu tags", most=1)
            told = tags_of(current_settings(), named[0], day(on))
        else:
            told = tag_catalog(current_settings(), _status(unused, uncomputable, on is not None))
        if as_json:
            typer.echo(json_text(told))
        else:
            out.print(tags_text(told) if "id" in told else catalog_text(told), soft_wrap=True)


def _status(unused: bool, uncomputable: bool, has_day: bool) -> str | None:
    if has_day:
        raise WrongQuestion("--on needs a person or company", "siyu tags", "name one, or leave --on out.")
    if unused and uncomputable:
        raise WrongQuestion(
            "--unused and --uncomputable exclude each other", "siyu tags", "a tag has one status: name one."
        )
    return "unused" if unused else "uncomputable" if uncomputable else None
