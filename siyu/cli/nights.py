"""The commands that run a night, and the commands for work on models."""

from __future__ import annotations

import shlex
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from siyu.cli.app import (
    AsJson,
    AsOf,
    Select,
    app,
    compiled,
    current_settings,
    day,
    err,
    handle_errors,
    json_text,
    out,
    progress,
)
from siyu.errors import ConfigError


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A new folder, or . for the current one.")],
) -> None:
    """Create a folder to work in, with settings, a salt, an empty layer and an exports folder.

    siyu.salt has a new random salt. Keep a copy where you keep passwords: another salt changes every ID.

    Example: siyu init acme && cd acme && siyu simulate --out exports && siyu run
    """
    with handle_errors():
        from siyu.dev.init import SALT
        from siyu.dev.init import init as create

        for name in create(folder):
            out.print(f"{folder / name}")
        out.print(
            f"\nnext       cd {shlex.quote(str(folder))}; put exports into exports/<channel>/, or try"
            " siyu simulate --out exports; siyu run"
            f"\nkeep safe  {folder / SALT}: git ignores this file, and another salt changes every ID",
            soft_wrap=True,
        )


@app.command()
def run(
    as_of: AsOf = None,
    known_by: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="Use only what had landed by this date, and land nothing. This rebuilds what was published then.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option(help="Run even if nothing is new, and build every table.")] = False,
    channels: Annotated[
        str,
        typer.Option(
            help="Land only these channels, separated by commas. All channels are built, from what has landed."
        ),
    ] = "",
    allow_future: Annotated[
        bool, typer.Option(help="Accept a business date after today, from --as-of or exports.yml.")
    ] = False,
) -> None:
    """Run one night: land, build, check, publish.

    Exit codes: 0 published or nothing new, 1 a critical check failed, 2 wrong use or configuration, 3 another run holds
    the warehouse, 4 an engine or file fault, 5 published, but a target failed. warehouse/current always points to a
    complete release.
    """
    with handle_errors():
        from siyu.night.request import Request
        from siyu.night.run import run_night
        from siyu.report.summary import summary

        named = tuple(name.strip() for name in channels.split(",") if name.strip())
        request = Request(day(as_of), day(known_by), force, named, allow_future)
        with progress() as tell:
            report = run_night(current_settings(), request, tell)
        out.print(summary(report))


@app.command()
def land(
    file: Annotated[Path, typer.Argument(help="An export file.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Required: this command only checks. siyu run lands files.")
    ] = False,
    target: Annotated[
        str | None, typer.Option("--as", help="channel.export, if the file's name does not identify it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check an export file against its contract and report everything that is wrong with it.

    Exit code 0: the file would land; 1: it would be rejected as a whole. Nothing is written.

    Example: siyu land --dry-run exports/crm/contacts_20260630.csv
    """
    with handle_errors():
        from siyu.dev.dry_run import dry_run as look
        from siyu.dev.dry_run_text import dry_run_text

        if not dry_run:
            fix = "add --dry-run. To land the file, put it into its channel's folder and run siyu run."
            raise ConfigError("siyu land only checks files, and requires --dry-run", "siyu land", fix)
        found = look(current_settings(), file, target)
        if as_json:
            out.print(json_text({**asdict(found), "lands": found.lands}), soft_wrap=True)
        else:
            out.print(dry_run_text(found))
        if not found.lands:
            raise typer.Exit(1)


@app.command()
def build(select: Select = None, as_of: AsOf = None) -> None:
    """Build models from what has landed, without checks and without a release. For work on models.

    Example: siyu build --select +person_stage
    """
    started = time.perf_counter()
    with handle_errors():
        from siyu.dev.selection import build_selected

        with progress() as tell:
            models = build_selected(current_settings(), select or [], day(as_of), tell)
        out.print(
            f"{len(models)} models built in {time.perf_counter() - started:.1f} s; nothing was checked or published"
        )


@app.command()
def check(select: Select = None, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Run the suites of models on the tables of the last run or build. Exit code 1 if a critical check fails."""
    with handle_errors():
        from siyu.dev.selection import check_selected
        from siyu.report.summary import summary

        with progress(is_quiet=as_json) as tell:
            report = check_selected(current_settings(), select or [], day(as_of), tell)
        if as_json:
            out.print(json_text([result.as_row() for result in report.checks]), soft_wrap=True)
        else:
            out.print(summary(report))
        if report.check_counts()["failed_critical"]:
            raise typer.Exit(1)


@app.command()
def status(
    max_age: Annotated[
        str | None,
        typer.Option(help="Exit with 1 unless the last run succeeded within this time, such as 26h, 2d or 90m."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the content of status.json, for programs.")] = False,
) -> None:
    """Show how the last run ended, what failed first, what to do, what is stale, and what changed.

    Example, for cron or a monitor: siyu status --max-age 26h
    """
    with handle_errors():
        from siyu.report.status import interrupted, overdue, read_status, status_text
        from siyu.warehouse.lock import is_held

        warehouse = current_settings().warehouse
        found = read_status(warehouse)
        if found is None:
            raise ConfigError(
                "this version of siyu has not run here yet", str(warehouse), "siyu run makes the first run."
            )
        if found["status"] == "running" and not is_held(warehouse):
            found = interrupted(found, warehouse)
        if as_json:
            out.print(json_text(found), soft_wrap=True)
        else:
            out.print(status_text(found))
        late = overdue(found, max_age) if max_age else None
        if late:
            err.print(late, style="red")
            raise typer.Exit(1)


@app.command()
def notify(
    test: Annotated[
        bool, typer.Option("--test", help="Required: send a test message. Runs send theirs by themselves.")
    ] = False,
) -> None:
    """Send a test message to the addresses of the setting notify, and say for each whether it took the message.

    Exit code 0: all took it; 1: at least one did not.

    Example: SIYU_NOTIFY=wecombot://<key of the robot> siyu notify --test
    """
    with handle_errors():
        from siyu.report.message import test_message
        from siyu.report.notify import addressees, send, style

        settings = current_settings()
        if not test:
            raise ConfigError("siyu notify requires --test", "siyu notify", "runs send their messages by themselves.")
        everybody = addressees(settings)
        if not everybody:
            raise ConfigError("the setting notify is empty", settings.place("notify"),
                              "name an address: docs/on-call.md#messages lists the forms.")  # fmt: skip
        problems = send(test_message(style(settings)), everybody)
        for one in everybody:
            if not any(problem.startswith(f"{one.name}: ") for problem in problems):
                out.print(f"{one.name}: sent", style="green")
        for problem in problems:
            err.print(problem, style="red", soft_wrap=True)
        if problems:
            raise typer.Exit(1)


@app.command()
def sql(
    model: Annotated[str, typer.Argument(help="A model, as table or schema.table.")],
    dialect: Annotated[
        str, typer.Option(help="duckdb, as siyu runs it; or a dialect that sqlglot translates to: spark, postgres …")
    ] = "duckdb",
) -> None:
    """Print the compiled SQL of a model.

    Example: siyu sql person_stage --dialect spark
    """
    with handle_errors():
        from siyu.dev.selection import sql_of

        out.print(sql_of(compiled(current_settings()), model, dialect), soft_wrap=True)


@app.command()
def graph(
    select: Select = None,
    mermaid: Annotated[bool, typer.Option(help="Print a Mermaid flowchart, for docs and merge requests.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print which model reads which, in build order.

    Example: siyu graph --select +kpi_value --mermaid
    """
    with handle_errors():
        from siyu.dev.selection import graph_lines, graph_rows

        if as_json:
            out.print(json_text(graph_rows(compiled(current_settings()), select or [])), soft_wrap=True)
            return
        for line in graph_lines(compiled(current_settings()), select or [], mermaid):
            out.print(line, soft_wrap=True)


@app.command()
def simulate(
    folder: Annotated[
        Path, typer.Option("--out", help="Folder to write: <channel>/…, reference/, exports.yml, truth/.")
    ],
    people: Annotated[int, typer.Option(min=1, help="How many people.")] = 600,
    days: Annotated[int, typer.Option(min=1, help="How many days to simulate.")] = 180,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 7,
    last_day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day to simulate. Default: 2026-06-30.")
    ] = None,
    nights: Annotated[
        int, typer.Option(min=0, help="Deliver this many days at the end in folders of their own, night=<date>/.")
    ] = 0,
    knob: Annotated[
        list[str] | None, typer.Option(help="name=share of a trait. docs/simulate.md lists the names.")
    ] = None,
) -> None:
    """Write channel exports of invented people, with the truth about them. The sample was made this way.

    Example: siyu simulate --people 5000 --nights 7 --knob typo=0.05 --out exports
    """
    with handle_errors(), Progress(console=out, transient=True, disable=not out.is_terminal) as bar:
        from siyu.simulate import LAST_DAY, exports_of, simulate_exports
        from siyu.simulate.knobs import turned

        task = bar.add_task("people", total=people)
        written = simulate_exports(
            folder, people=people, days=days, seed=seed, last_day=day(last_day) or LAST_DAY, nights=nights,
            knobs=turned(knob or []), progress=lambda done: bar.update(task, completed=done),
        )  # fmt: skip
        for name, (rows, files) in exports_of(written).items():
            out.print(f"{rows:>12,} rows in {files:>4} files  {name}")


@app.command()
def docs(
    folder: Annotated[Path, typer.Option("--out", help="Folder to write the documents to.")] = Path("docs"),
) -> None:
    """Write the generated documents: catalog, models, channels, tag-catalog, kpis and cli.md.

    Example: siyu docs --out docs
    """
    with handle_errors():
        from siyu.dev.docs import write_docs

        written = write_docs(folder, compiled(current_settings()), app)
        out.print(f"wrote {', '.join(map(str, written))}")
