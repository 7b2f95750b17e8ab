"""The command that loads the current release into BI targets again."""

from __future__ import annotations

from typing import Annotated

import typer

from siyu.cli.app import app, current_settings, handle_errors, out, progress


@app.command()
def publish(
    target: Annotated[
        list[str] | None, typer.Option("--target", help="A target, such as postgresql. Default: all of SIYU_TARGETS.")
    ] = None,
) -> None:
    """Load the current release into the BI targets, as every night does after it published.

    A target that has the release already stays as it is. Exit codes: 0 every target has the release, 2 wrong use or
    configuration, 5 a target failed and keeps the release that it had.

    Example: siyu publish --target postgresql
    """
    with handle_errors():
        from siyu.night.target_loads import publish_again, require_targets
        from siyu.report.markup import line
        from siyu.report.summary import Report

        settings = current_settings()
        with progress() as tell:
            lines = publish_again(settings, target or [], tell)
        for found in lines:
            out.print(line(f"{found.target}: {found.told}", "red" if found.error else "green"))
        require_targets(Report(as_of=None, warehouse=settings.warehouse, targets=lines))
