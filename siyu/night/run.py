"""A whole night without Prefect: the steps of night.py in order, several channels and models at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from siyu.build import parallel
from siyu.errors import SiyuError
from siyu.night.request import Request
from siyu.night.steps import Night
from siyu.report.events import Event
from siyu.report.summary import Report
from siyu.settings import Settings


def run_night(settings: Settings, request: Request, tell: Callable[[Event], None] = lambda event: None) -> Report:
    """A whole night without Prefect. Raises what stopped it, with the report as `error.report`."""
    night = Night(settings, request, tell)
    try:
        with night:
            _walk(night)
    except SiyuError as error:
        error.report = night.report
        raise
    return night.report


def _walk(night: Night) -> None:
    with ThreadPoolExecutor(max_workers=night.settings.cores) as pool:
        list(pool.map(night.land, night.channels))
    night.commit_landing()
    if night.nothing_new():
        return
    night.start_build()
    graph = night.project.graph
    parallel.run_in_order(graph, list(graph), night.build, night.settings.cores, lambda result: None)
    night.end_build()
    for table in night.suites:
        night.check(table)
    night.publish()
