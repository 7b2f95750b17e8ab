"""What every command needs: the app, its consoles, shared options, and the exit codes of errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from siyu.errors import SiyuError, exit_code
from siyu.masking import CONTROL, masked
from siyu.report.markup import Terminal
from siyu.settings import Settings, load_settings

if TYPE_CHECKING:
    from siyu.compile.project import Project
    from siyu.report.events import Event

HELP = """siyu 私域: build, check and publish the customer data of a company's own channels every night.

Start with [bold]siyu run[/]: without settings, it reads the sample. [bold]siyu init[/] makes a folder for your own
exports and rules. The guides are in docs/README.md.
"""
# The commands by who uses them, in the order of the help.
COMMANDS = {
    "Nights and releases, on call 夜间运行与值班": ("run", "status", "diff", "publish", "backfill", "notify"),
    "Questions about the data 查询": ("site", "kpi", "explain", "journey", "tags", "list"),
    "Decisions about identities 身份裁定": ("candidates", "link", "unlink", "exclude", "match"),
    "Channels, models and rules 开发与配置": (
        "init", "land", "plan", "test", "build", "check", "sql", "graph", "docs", "simulate",
    ),
}  # fmt: skip


class ByUser(typer.core.TyperGroup):
    """The commands in the order of COMMANDS, each in the panel of its users."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for panel, names in COMMANDS.items():
            for name in names:
                setattr(self.commands[name], "rich_help_panel", panel)  # noqa: B010 - click does not know this one

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return [name for names in COMMANDS.values() for name in names]


app = typer.Typer(cls=ByUser, help=HELP, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)
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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


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
def progress(is_quiet: bool = False) -> Iterator[Callable[[Event], None]]:
    """Print a line for each event. On a terminal, also show below the lines how much is done and how long it takes.

    `is_quiet` is for commands that print JSON.
    """
    if is_quiet:
        yield lambda event: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        reading = bar.add_task("reading settings, contracts and models 读取配置与模型", total=None)
        tasks: dict[str, TaskID] = {}

        def tell(event: Event) -> None:
            style = "yellow" if event.is_bad else None
            text = f"{event.kind:<9} {event.name}: {event.detail}"
            out.print(text, style=style, soft_wrap=not out.is_terminal)
            if not event.total:
                return
            if event.kind not in tasks:
                bar.update(reading, visible=False)
                tasks[event.kind] = bar.add_task(event.kind, total=event.total)
            bar.advance(tasks[event.kind])
            if bar.tasks[tasks[event.kind]].finished:
                bar.update(tasks[event.kind], visible=False)

        yield tell
