"""What every command needs: the app, its consoles, shared options, and the exit codes of errors."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siyu.errors import SiyuError, exit_code
from siyu.masking import CONTROL, masked
from siyu.report.markup import Terminal
from siyu.settings import Settings, load_settings

if TYPE_CHECKING:
    from siyu.compile.project import Project
    from siyu.report.events import Event

HELP = """siyu 私域: build, check and publish the customer data of a company's own channels every night.

Start with [bold]siyu run[/]: without settings it uses the sample that is included. docs/layers.md explains how to
add your own channels.
"""
app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)
LOG_WIDTH = 160  # lines of a log need not break at the width of a terminal
out = Terminal(width=None if sys.stdout.isatty() else LOG_WIDTH)
err = Terminal(stderr=True)

AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help="Last business date to include. Default: the date in exports.yml, else yesterday."
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        "-s",
        help="Models: name, schema.name, schema.*, +name (with what it reads), name+ (with what reads it).",
    ),
]


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        out.print(f"siyu {version('siyu')}")
        raise typer.Exit()


@app.callback(help=HELP)
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version of siyu.")
    ] = False,
) -> None:
    """Read the options that stand before a command."""


@contextmanager
def handle_errors() -> Iterator[None]:
    """Turn an error into a message and an exit code."""
    try:
        yield
    except typer.Exit:
        raise
    except (SiyuError, OSError) as error:
        report = getattr(error, "report", None)
        if report is not None and report.run_id:
            from siyu.report.summary import summary

            out.print(summary(report))
        text = str(error) if isinstance(error, SiyuError) else _fault(error)
        # A run is often printed to a log. Elsewhere, the message repeats what the user has typed.
        err.print(masked(text) if report is not None else text, style="red", soft_wrap=True)
        raise typer.Exit(exit_code(error)) from error
    except Exception as error:
        err.print_exception()
        raise typer.Exit(exit_code(error)) from error


def _fault(error: OSError) -> str:
    where = error.filename or "the file system"
    return f"error: {error.strerror or error}\n  where: {where}\n  fix:   The last release is untouched."


def current_settings() -> Settings:
    """Load the settings of the current folder."""
    return load_settings(Path())


def compiled(settings: Settings) -> Project:
    """Compile every model. Warnings go to standard error."""
    from siyu.compile.compiler import compile_project

    project = compile_project(settings)
    for warning in project.shapes.identifiers.warnings:
        err.print(f"warning: {warning}", style="yellow", markup=False, soft_wrap=True)
    return project


def day(value: datetime | None) -> date | None:
    """Return the date of an option's value, or None."""
    return value.date() if value else None


def json_text(found: Any) -> str:
    """Return JSON for other programs. Moments are in UTC and end with Z; decimals are numbers."""
    import json

    text = json.dumps(found, ensure_ascii=False, indent=2, default=_plain)
    return CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _plain(value: object) -> str | float:
    if isinstance(value, Decimal):
        return float(value)
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else str(value)


@contextmanager
def progress() -> Iterator[Callable[[Event], None]]:
    """Print a line for each event. On a terminal, also show the progress below the lines."""
    done: Counter[str] = Counter()
    with out.status("reading settings, contracts and models …") if out.is_terminal else nullcontext() as status:

        def tell(event: Event) -> None:
            done[event.kind] += 1
            style = "yellow" if event.is_bad else None
            text = f"{event.kind:<9} {event.name}: {event.detail}"
            out.print(text, style=style, soft_wrap=not out.is_terminal)
            if status is not None and event.total:
                status.update(f"{event.kind} {done[event.kind]} of {event.total}")

        yield tell
