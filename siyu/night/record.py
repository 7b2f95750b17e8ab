"""The record of one run: its row in the ledger, its report, and the status page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from siyu import clock
from siyu.build.materialization import ModelRun
from siyu.check.suites import CheckResult
from siyu.errors import SiyuError
from siyu.masking import masked, one_line, printable
from siyu.night.request import Request
from siyu.release.releases import current
from siyu.report.events import Event
from siyu.report.status import write_status
from siyu.report.summary import Report
from siyu.settings import Settings
from siyu.warehouse.ledger import Ledger

PUBLISHED, NOTHING_NEW, FAILED, NOT_STARTED = "published", "nothing new", "failed", "not started"


def now() -> str:
    """Return the current time in UTC. It is only for the records of a run; no model reads it."""
    return clock.now().replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


class RunRecord:
    """One run. The phases add to it, from several threads. `resources` are closed when the run ends."""

    ledger: Ledger
    run_id: int

    def __init__(self, settings: Settings, request: Request, tell: Callable[[Event], None]) -> None:
        self.settings = settings
        self.request = request
        self._tell = tell
        self.warehouse = settings.warehouse.resolve()
        self.report = Report(
            as_of=request.as_of, warehouse=settings.warehouse, is_sample=settings.is_sample, started_at=now()
        )
        self.resources = ExitStack()
        self._guard = threading.Lock()
        self._is_written = False

    def begin(self, ledger: Ledger) -> None:
        """Give the run its number. From now on the status page shows the run as running."""
        self.ledger = ledger
        self.run_id = self.report.run_id = ledger.begin_run(self.report.started_at)
        self.write_status()

    def tell(self, event: Event) -> None:
        """Report an event. Names of files and columns in it are masked and stay on one line."""
        name, detail = one_line(masked(event.name)), one_line(masked(event.detail))
        self._tell(replace(event, name=name, detail=detail))

    def update(self, **values: Any) -> None:
        """Write values to the run's row in the ledger."""
        self.ledger.update_run(self.run_id, **values)

    def add_model(self, run: ModelRun) -> None:
        """Add a model that was built."""
        with self._guard:
            self.report.models.append(run)

    def add_checks(self, results: list[CheckResult]) -> None:
        """Add the results of a suite."""
        with self._guard:
            self.report.checks += results

    def write_down(self) -> None:
        """Write the models built and the results of the checks to the ledger, once."""
        if self._is_written:
            return
        models = sorted(self.report.models, key=lambda m: m.model)
        self.ledger.add_model_runs(
            {"run_id": self.run_id, "model": m.model, "materialized": m.materialized, "seconds": m.seconds,
             "row_count": m.row_count, "row_count_before": self.report.rows_before.get(m.model)}
            for m in models
        )  # fmt: skip
        self.ledger.add_check_results({"run_id": self.run_id, **r.as_row()} for r in self.report.checks)
        today = date.fromisoformat(self.report.started_at[:10])
        self.ledger.sum_up(today - timedelta(days=self.settings.ops_history_days))
        self._is_written = True

    def skip_writing(self) -> None:
        """Never write models and checks: nothing was built, and those of the report are in the ledger already."""
        self._is_written = True

    def fail(self, error: BaseException) -> None:
        """Write down the error that stopped the run. If that fails, as on a full disk, the report has both errors."""
        self.report.error = printable(masked(str(error))) or type(error).__name__
        try:
            self.write_down()
            self.end(FAILED)
        except (SiyuError, OSError) as second:
            self.report.status = FAILED
            self.report.error += f"\nThe error could not be written to the ledger: {second}"

    def end(self, status: str) -> None:
        """Write how the run ended."""
        self.report.status = status
        self.report.ended_at = now()
        self.update(
            status=status,
            ended_at=self.report.ended_at,
            as_of=self.report.as_of.isoformat() if self.report.as_of else None,
            error=self.report.error,
        )
        self.write_status()

    def write_status(self) -> None:
        """Rewrite the status page. If that fails, only warn: the result of the night does not depend on it.

        Not for a date of a backfill: it would hide how the last night ended.
        """
        if self.request.is_backfill:
            return
        try:
            write_status(self.warehouse, self.report, current(self.warehouse), self.settings.timezone)
        except OSError as error:
            self.tell(Event("status", "warehouse/status", f"not written: {error}", is_bad=True))
