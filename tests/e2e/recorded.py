"""What a Prefect server recorded of its runs. Imported only where it is asked: Prefect takes seconds to import."""

from __future__ import annotations

import time
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort


def artifact(client: SyncPrefectClient, run_id: UUID, key: str = "siyu-night") -> str:
    """The summary of a night, or another artifact of a run."""
    of_run, of_key = ArtifactFilterFlowRunId(any_=[run_id]), ArtifactFilterKey(any_=[key])
    [found] = client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=of_run, key=of_key))
    return str(found.data)


def waiting(client: SyncPrefectClient, flow_name: str) -> list[FlowRun]:
    """The runs of a flow that wait for a worker."""
    scheduled = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
    return client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[flow_name])), flow_run_filter=scheduled
    )


def task_names(client: SyncPrefectClient, run_id: UUID, wanted: set[str]) -> set[str]:
    """The names of the task runs of a flow run. The server records runs a moment after they end: wait for those wanted,
    for a minute at most."""
    of_run = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
    deadline = time.monotonic() + 60
    while True:
        found: list[str] = []
        while page := client.read_task_runs(
            flow_run_filter=of_run, sort=TaskRunSort.NAME_ASC, limit=100, offset=len(found)
        ):
            found += [run.name for run in page]
        if wanted <= set(found) or time.monotonic() > deadline:
            return set(found)
        time.sleep(0.5)


def last_ended(client: SyncPrefectClient, kind: str) -> FlowRun:
    """The run that ended last in a state such as COMPLETED."""
    ended = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType(kind)])))
    [last] = client.read_flow_runs(flow_run_filter=ended, sort=FlowRunSort.END_TIME_DESC, limit=1)
    return last
