"""The backfill flow 补跑: past business dates, oldest first, one task and one release each. prefect.yaml deploys it.

Without Prefect: `siyu backfill`. A run that was stopped or killed continues if it is started again with the same
parameters. If a nightly run of the same work pool is due, the flow ends after the current date, and a new run continues
after the night.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from prefect import flow, get_client, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import State, StateType
from prefect.deployments import run_deployment
from prefect.runtime import deployment, flow_run
from prefect.states import Completed, Failed

from siyu import clock
from siyu.errors import SiyuError
from siyu.masking import masked, printable
from siyu.night.backfill import MAX_WAIT, Backfill, Range
from siyu.report.date_results import FAILED, DateResult, backfill_markdown, headline
from siyu.report.events import Event
from siyu.report.status import markdown
from siyu.settings import load_settings

NIGHTLY = "siyu-nightly"


@task(name="date", task_run_name="{day}", cache_policy=NO_CACHE)
def run_date(running: Backfill, day: date) -> State:
    """Run one date. If it fails, attach the report of its night."""
    logger = get_run_logger()

    def tell(event: Event) -> None:
        (logger.warning if event.is_bad else logger.debug)("%s %s: %s", event.kind, event.name, event.detail)

    result = running.run(day, tell)
    if result.error is None:
        return Completed(message=result.told)
    report = getattr(result.error, "report", None)
    if report is not None:
        _quietly(create_markdown_artifact, key="siyu-night", markdown=markdown(report), description=f"{day}")
    message = printable(masked(str(result.error)))
    return Failed(message=message) if result.status == FAILED else Completed(message=message)


@flow(name="siyu-backfill")
def backfill(
    first: date, last: date, missing: bool = False, keep_going: bool = False, max_wait_minutes: int = int(MAX_WAIT / 60)
) -> State:
    """Run the business dates from `first` to `last`, with what is known today.

    `missing` runs only dates that have never been published. `keep_going` runs the dates after one that failed, too. A
    date waits `max_wait_minutes` at most for another run that holds the warehouse.
    """
    asked = Range(first, last, missing, keep_going, max_wait_minutes * 60.0)
    try:
        running = Backfill(load_settings(), asked)
        with running:
            return _run(running)
    except SiyuError as error:  # before the first date
        return Failed(message=printable(masked(str(error))))


def _run(running: Backfill) -> State:
    logger = get_run_logger()
    artifact = _quietly(create_progress_artifact, 0.0, key="siyu-backfill-progress", description=running.progress)
    continued = ""
    for day in running.remaining():
        run_date(running, day, return_state=True)
        logger.info("%s; %s", running.results[-1].told, running.progress)
        if artifact is not None:
            share = 100.0 * len(running.results) / len(running.dates)
            _quietly(update_progress_artifact, artifact, share, description=running.progress)
        if running.left and not running.stopped and (continued := _make_room(running.left[0])):
            break
    resume = f"a night is due; the run {continued} continues after it" if continued else running.resume
    results = running.summary()
    _quietly(
        create_markdown_artifact, key="siyu-backfill", markdown=backfill_markdown(results, resume),
        description="Report of the backfill 补跑",
    )  # fmt: skip
    return _state(results, resume)


def _state(results: Sequence[DateResult], resume: str) -> State:
    told = headline(results, resume)
    errors = [result.error for result in results if result.error is not None]
    if not errors:
        return Completed(message=told)
    return Failed(message=f"{told}\n{printable(masked(str(errors[0])))}")


def _make_room(following: date) -> str:
    """If a nightly run waits for this worker, let another run of this deployment continue with the date `following`.
    Return its name, '' if no night waits. A run of a worker with --limit 1 would hold the night up for hours."""
    if not deployment.id:
        return ""
    now: Any = clock.now()  # Prefect names a type of its own
    with get_client(sync_client=True) as client:
        own = client.read_flow_run(UUID(flow_run.id))
        due = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[NIGHTLY])),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[str(own.work_pool_name)])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
                expected_start_time=FlowRunFilterExpectedStartTime(before_=now),
            ),
        )
    if not due:
        return ""
    parameters = {**own.parameters, "first": following.isoformat()}
    following_run: Any = run_deployment(UUID(deployment.id), parameters=parameters, timeout=0, as_subflow=False)
    return str(following_run.name)


def _quietly(create: Any, *values: Any, **options: Any) -> Any:
    """Call a function of Prefect that shows something. If it fails, the result of the dates stays the same."""
    try:
        return create(*values, **options)
    except Exception:  # noqa: BLE001 - logged; the result does not depend on it
        get_run_logger().exception("Prefect cannot show the progress or the report")
        return None
