"""The nightly flow: land -> build -> check -> publish -> report. siyu implements the steps; the flow orders them.

`python flows/nightly.py` runs it on a temporary Prefect server; prefect.yaml deploys it. The exit codes are those of
`siyu run`.
"""

from __future__ import annotations

import os
import sys
from datetime import date
from typing import Any

from rich.console import Console

from siyu.errors import ConfigError, SiyuError, exit_code
from siyu.settings import Settings, load_settings

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LOGGERS_PREFECT_TASK_RUNS_LEVEL": "WARNING",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
}
LOG_WIDTH = 160

if __name__ == "__main__":
    # Prefect reads its environment on import. Keep its home in the warehouse and switch off telemetry.
    try:
        home = load_settings().warehouse.resolve() / "prefect"
        home.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("PREFECT_HOME", str(home))
    except (ConfigError, OSError) as problem:
        Console(stderr=True).print(str(problem), style="red", markup=False)
        sys.exit(exit_code(problem))
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, wait
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from siyu.night.request import Request
from siyu.night.steps import Night
from siyu.report.events import Event
from siyu.report.summary import Report, markdown, summary


@task(task_run_name="land {channel}", cache_policy=NO_CACHE)
def land(night: Night, channel: str) -> State:
    """Land one channel. A problem makes the channel stale but does not fail the night."""
    result = night.land(channel)
    told = f"{result.rows_landed:,} rows landed, {result.rows_rejected:,} rejected"
    return Completed(message="; ".join([told, *result.problems]))


@task(task_run_name="build {model}", cache_policy=NO_CACHE)
def build(night: Night, model: str) -> State:
    """Build one model."""
    result = night.build(model)
    return Completed(message=result.told)


@task(task_run_name="check {table}", cache_policy=NO_CACHE)
def check(night: Night, table: str) -> State:
    """Run one suite. A critical failure stops the release only after all suites have run."""
    results = night.check(table)
    critical = sum(result.stops_release for result in results)
    told = f"{len(results)} expectations, {sum(not r.success for r in results)} failed"
    return Failed(message=f"{told}, {critical} critical") if critical else Completed(message=told)


@task(task_run_name="publish", cache_policy=NO_CACHE)
def publish(night: Night) -> State:
    """Publish the release in one atomic step."""
    return Completed(message=night.publish().name)


@flow(name="siyu-nightly", task_runner=ThreadPoolTaskRunner(max_workers=os.cpu_count() or 1))  # type: ignore[arg-type]
def nightly(as_of: date | None = None, force: bool = False, channels: list[str] | None = None) -> State:
    """Run one night up to the business date `as_of`.

    `force` runs it even if nothing is new. `channels` limits the night to these channels.
    """
    logger = get_run_logger()

    def tell(event: Event) -> None:
        (logger.warning if event.is_bad else logger.info)("%s %s: %s", event.kind, event.name, event.detail)

    night = Night(_settings(channels), Request(as_of=as_of, force=force), tell)
    try:
        with night:
            _walk(night)
    except SiyuError as error:
        error.report = night.report
        raise
    finally:
        _leave_artifact(night.report)
    return Completed(message=f"{night.report.status}: as of {night.report.as_of}", data=night.report)


def _settings(channels: list[str] | None) -> Settings:
    return load_settings(channels=tuple(channels) if channels else None)


def _walk(night: Night) -> None:
    landed = [land.submit(night, channel) for channel in night.channels]
    for future in landed:
        future.result()
    night.commit_landing()
    if night.nothing_new():
        return
    night.start_build()
    built: dict[str, PrefectFuture[State]] = {}
    for model, reads in night.project.graph.items():
        upstream = [built[read] for read in sorted(reads)]
        built[model] = build.submit(night, model, wait_for=upstream)  # type: ignore[call-overload]
    wait(list(built.values()))
    for future in built.values():
        future.result()
    night.end_build()
    for table in night.suites:
        check(night, table, return_state=True)
    publish(night)


def _leave_artifact(report: Report) -> None:
    """Attach the report to the Prefect run as Markdown. If that fails, the result of the night stays the same."""
    try:
        create_markdown_artifact(
            key="siyu-night", markdown=markdown(report), description="Report of the night 夜间任务"
        )
    except Exception:  # noqa: BLE001 - logged; the result of the night does not depend on it
        get_run_logger().exception("cannot attach the Markdown report to the run")


def main() -> int:
    """Run the flow once, print the summary and return the exit code."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else LOG_WIDTH)
    errors = Console(stderr=True)
    try:
        state: Any = nightly(return_state=True)
        console.print(summary(state.result()))
    except SiyuError as error:
        if error.report is not None:
            console.print(summary(error.report))
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 - top level: an unexpected error is a fault, not a failed check
        errors.print_exception()
        return exit_code(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
