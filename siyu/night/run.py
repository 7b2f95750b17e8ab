"""Run a whole night in this process, without Prefect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from siyu.build.parallel import Workers
from siyu.errors import SiyuError
from siyu.night.conductor import Outcome, Step, conduct
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.night.target_loads import require_targets
from siyu.report.events import Event
from siyu.report.summary import Report
from siyu.settings import Settings


class Threads:
    """The crew of `siyu run`: threads of this process."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    def start(self, step: Step, after: Sequence[Future[Any]] = ()) -> Future[Outcome]:
        """Start a step in a thread when the steps of `after` have ended."""
        return self._workers.start(step.work, after)

    def do(self, step: Step) -> Outcome:
        """Carry out a step in this thread."""
        return step.work()


def run_night(settings: Settings, request: Request, tell: Callable[[Event], None] = lambda event: None) -> Report:
    """Run one night. Raises the error that stopped it, with the report as `error.report`.

    Raises TargetFailed if the night published, but a target did not take the release.
    """
    night = Night(settings, request, tell)
    try:
        with night as opened, Workers(settings.cores) as workers:
            conduct(opened, Threads(workers))
    except SiyuError as error:
        error.report = night.report
        raise
    require_targets(night.report)
    return night.report
