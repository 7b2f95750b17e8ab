"""The command that shows the journey of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from siyu.cli.app import app, current_settings, day, handle_errors, json_text, out
from siyu.cli.identities import named_by


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def journey(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="A person: an ID (P…), a former ID, an identifier (mobile:13912345678), or a record"
            " (record:crm:contacts:K0001). --mobile 13912345678 works too, as for every identifier type."
        ),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Show only events from this business date on.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every line. Default: the newest 60.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, one row per event, without folding. Moments are in UTC.")
    ] = False,
) -> None:
    """Show a person's journey 客户旅程 on one time line: stages, touches, points, deals, exclusions.

    The command reads the current release, including the restricted file, and shows personal data: mind who can see
    your screen.

    Example: siyu journey mobile:13912345678 --since 2026-05-01
    """
    with handle_errors():
        from siyu.ask.journey import as_data
        from siyu.ask.journey import journey as look
        from siyu.ask.journey_text import SHOWN, told_story

        named = named_by(what or [], context.args, "siyu journey", most=1)
        story = look(current_settings(), named[0], day(since))
        if as_json:
            typer.echo(json_text(as_data(story)))
        else:
            out.print(told_story(story, None if show_all else SHOWN), soft_wrap=True)
