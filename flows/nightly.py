"""The nightly flow: land, build, check, publish, report. siyu does the work in its own order; Prefect runs the tasks.

`python flows/nightly.py` runs it on a temporary Prefect server; prefect.yaml deploys it. The exit codes are those of
`siyu run`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from siyu.errors import ConfigError, SiyuError, exit_code
from siyu.masking import masked, printable
from siyu.report.markup import Terminal
from siyu.settings import load_settings

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LOGGERS_PREFECT_TASK_RUNS_LEVEL": "WARNING",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
}
LOG_WIDTH = 160

if __name__ == "__main__":
    # Prefect reads its environment on import. Keep its home in the warehouse and switch off telemetry.
    try:
        home = load_settings().warehouse.resolve() / "prefect"
        home.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("PREFECT_HOME", str(home))
    except (ConfigError, OSError) as problem:
        Terminal(stderr=True).print(str(problem), style="red")
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

from siyu.night.conductor import Outcome, Step, conduct
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.night.target_loads import require_targets
from siyu.report.events import Event
from siyu.report.status import markdown
from siyu.report.summary import Report, summary


def _carry_out(step: Step) -> State:
    """Run a step."""
    try:
        outcome: Outcome = step.work()
    except SiyuError as error:
        return _failed(error)
    return Failed(message=outcome.message) if outcome.is_bad else Completed(message=outcome.message)


# kind of step -> its task
TASKS = {
    kind: task(name=kind, task_run_name=name, cache_policy=NO_CACHE)(_carry_out)
    for kind, name in (
        ("land", "land {step.name}"), ("build", "build {step.name}"), ("check", "check {step.name}"),
        ("publish", "publish"), ("target", "target {step.name}"),
    )
}  # fmt: skip


class Tasks(AbstractContextManager["Tasks"]):
    """The crew of the flow: every step is a task run. On exit, the context waits for all tasks that were started."""

    def __init__(self) -> None:
        self._started: list[PrefectFuture[State]] = []

    def start(self, step: Step, after: Sequence[PrefectFuture[State]] = ()) -> PrefectFuture[State]:
        """Submit a step to the task runner."""
        future = TASKS[step.kind].submit(step, wait_for=list(after))  # type: ignore[call-overload]
        self._started.append(future)
        return future  # type: ignore[no-any-return]

    def do(self, step: Step) -> None:
        """Run a step in this thread. A failed suite is a failed task; the release stops only after all suites ran. A
        target that failed is one, too: the release stays published."""
        state = TASKS[step.kind](step, return_state=True)
        if step.kind not in ("check", "target"):
            state.result()

    def __exit__(self, *error: object) -> None:
        wait(self._started)


@flow(name="siyu-nightly", task_runner=ThreadPoolTaskRunner(max_workers=os.cpu_count() or 1))  # type: ignore[arg-type]
def nightly(
    as_of: date | None = None, force: bool = False, channels: list[str] | None = None, allow_future: bool = False
) -> State:
    """Run one night up to the business date `as_of`.

    `force` runs it even if nothing is new, and builds every table. `channels` limits what lands to these channels; all
    are built. `allow_future` accepts a business date after today.
    """
    logger = get_run_logger()

    def tell(event: Event) -> None:
        (logger.warning if event.is_bad else logger.info)("%s %s: %s", event.kind, event.name, event.detail)

    request = Request(as_of=as_of, force=force, channels=tuple(channels or ()), allow_future=allow_future)
    night = Night(load_settings(), request, tell)
    try:
        with night as opened, Tasks() as crew:
            conduct(opened, crew)
        require_targets(night.report)
    except SiyuError as error:
        error.report = night.report
        return _failed(error)
    finally:
        _leave_artifact(night.report)
    return Completed(message=f"{night.report.status}: as of {night.report.as_of}", data=night.report)


def _failed(error: SiyuError) -> State:
    """Return the state of a failure. The error says where and what to do, so nobody needs its traceback.

    A traceback would also keep the engine's cursors until the process ends, and DuckDB prints them then as leaked.
    """
    error.__cause__ = error.__context__ = None
    return Failed(message=printable(masked(str(error))), data=error.with_traceback(None))


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
    from temporary_server import start_temporary_server  # beside this file, which runs as a script here

    console = Terminal(width=None if sys.stdout.isatty() else LOG_WIDTH)
    errors = Terminal(stderr=True)
    try:
        start_temporary_server(errors.print)
        state: Any = nightly(return_state=True)
        console.print(summary(state.result()))
    except SiyuError as error:
        if error.report is not None:
            console.print(summary(error.report))
        errors.print(masked(str(error)), style="red", soft_wrap=True)
        return exit_code(error)
    except Exception as error:  # noqa: BLE001 - top level: an unexpected error is a fault, not a failed check
        errors.print_exception()
        return exit_code(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
