"""The command that runs past business dates."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TextColumn

from siyu.cli.app import app, current_settings, err, handle_errors, out
from siyu.masking import masked

if TYPE_CHECKING:
    from siyu.night.backfill import Backfill
    from siyu.report.events import Event

DAY = ["%Y-%m-%d"]


@app.command()
def backfill(
    first: Annotated[datetime, typer.Option("--from", formats=DAY, help="The first business date.")],
    last: Annotated[datetime, typer.Option("--to", formats=DAY, help="The last business date, included.")],
    missing: Annotated[
        bool, typer.Option("--missing", help="Only dates that have never been published. Others stay as they are.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="If a date fails, run the later ones all the same.")
    ] = False,
    max_wait: Annotated[
        int, typer.Option(min=0, help="How many minutes a date waits for another run that holds the warehouse.")
    ] = 120,
) -> None:
    """Run past business dates 补跑, oldest first, one release each, with what is known today.

    Stop it at any moment, and start it again in the same way: dates that are done take seconds. It lands files only if
    nothing has landed yet. A night that starts meanwhile runs between two dates. Exit codes are those of siyu run, of
    the first date that failed.

    Example: siyu backfill --from 2026-06-01 --to 2026-06-30
    """
    with handle_errors():
        from siyu.night.backfill import Backfill, Range

        asked = Range(first.date(), last.date(), missing, keep_going, max_wait * 60.0)
        with Backfill(current_settings(), asked) as running:
            try:
                _run(running)
            finally:
                _summary(running)
        if running.exit_code:
            raise typer.Exit(running.exit_code)


def _run(running: Backfill) -> None:
    columns = ("{task.completed}/{task.total}", "{task.description}")
    with Progress(*map(TextColumn, columns), console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("", total=len(running.dates))
        for day in running.remaining():

            def tell(event: Event, day: object = day) -> None:
                bar.update(task, description=f"{day} {event.kind} {event.name}; {running.progress}")
                if event.kind == "waiting":
                    out.print(f"waiting {day}: {event.detail}", soft_wrap=True)

            result = running.run(day, tell)
            bar.update(task, completed=len(running.results))
            out.print(f"{result.told}; {running.progress}", style="red" if result.error else None, soft_wrap=True)


def _summary(running: Backfill) -> None:
    from siyu.report.date_results import backfill_text
    from siyu.report.summary import summary

    for result in running.results:
        if result.error is not None:
            report = getattr(result.error, "report", None)
            if report is not None and report.run_id:
                out.print(summary(report))
            err.print(masked(str(result.error)), style="red", soft_wrap=True)
    out.print(backfill_text(running.summary(), running.resume))
