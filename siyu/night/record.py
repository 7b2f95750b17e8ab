"""The record of one run: its row in the ledger, its report, and the status page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from siyu import clock
from siyu.build.materialization import ModelRun
from siyu.check.suites import CheckResult
from siyu.errors import TARGET_FAILED, SiyuError, TargetFailed, exit_code, is_full_disk
from siyu.masking import first_line, masked, one_line, printable
from siyu.night.request import Request
from siyu.release.releases import current
from siyu.report import failures
from siyu.report.events import Event
from siyu.report.notify import Addressee, addressees, notify
from siyu.report.status import as_json, read_status, write_status
from siyu.report.summary import Report
from siyu.settings import Settings
from siyu.warehouse.ledger import Ledger
from siyu.warehouse.reserve import free_space, keep_space, told_space

SHOWN_NIGHTS = 14
PUBLISHED, NOTHING_NEW, FAILED, NOT_STARTED = "published", "nothing new", "failed", "not started"


def now() -> str:
    """Return the current time in UTC. It is only for the records of a run; no model reads it."""
    return clock.now().replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


class RunRecord:
    """One run. The phases add to it, from several threads. `resources` are closed when the run ends."""

    ledger: Ledger
    run_id: int = 0  # 0 until the ledger has the run

    def __init__(self, settings: Settings, request: Request, tell: Callable[[Event], None]) -> None:
        self.settings = settings
        self.request = request
        self._tell = tell
        self.warehouse = settings.warehouse.resolve()
        self.report = Report(
            as_of=request.as_of, warehouse=settings.warehouse, is_sample=settings.is_sample, started_at=now()
        )
        self.resources = ExitStack()
        self.stage = "start"  # what the run is doing, for an error that no step has noted
        self.addressees: list[Addressee] = []
        self._before: dict[str, Any] = {}
        self._guard = threading.Lock()
        self._is_written = False

    def begin(self, ledger: Ledger) -> None:
        """Give the run its number. From now on the status page shows the run as running."""
        self.ledger = ledger
        self._before = read_status(self.warehouse) or {}
        self.run_id = self.report.run_id = ledger.begin_run(self.report.started_at)
        self.write_status()
        try:
            keep_space(self.warehouse)
        except OSError as error:
            self.tell(Event("status", "warehouse/.reserve", f"not written: {error}", is_bad=True))

    def find_addressees(self) -> SiyuError | None:
        """Find who gets messages. Return what is wrong with their addresses; the run must begin before it can fail."""
        try:
            self.addressees = addressees(self.settings)
        except SiyuError as error:
            return error
        return None

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
        stopping = next((result for result in results if result.stops_release), None)
        if stopping is not None:
            self.note(failures.of_check(stopping))

    def note(self, failure: failures.Failure) -> None:
        """Keep what stops the run. The first one in time counts: later ones often follow from it."""
        if failure.runbook == failures.DISK_RUNBOOK:
            failure = replace(failure, where=told_space(self.warehouse))
        elif failure.stage == "check":
            failure = failures.after_an_edit(failure, self.report.edited)
        with self._guard:
            self.report.stopped_by = self.report.stopped_by or failure

    @contextmanager
    def step(self, stage: str, name: str) -> Iterator[None]:
        """Note an error of a step: of landing a channel, building a model, checking a table, publishing."""
        try:
            yield
        except TargetFailed:
            raise  # the report has a line for each target
        except Exception as error:
            self.note(failures.of_error(stage, name, error))
            raise

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
        """Write down the error that stopped the run. If that fails, the report has both errors."""
        self.report.error = printable(masked(str(error))) or type(error).__name__
        self.report.exit_code = exit_code(error)
        is_published = isinstance(error, TargetFailed)
        if not is_published:
            self.note(failures.of_error(self.stage, "", error))
        if is_full_disk(error):
            free_space(self.warehouse)
        try:
            if self.run_id:
                self.write_down()
                self.end(PUBLISHED if is_published else FAILED)
                return
        except (SiyuError, OSError) as second:
            self.report.error += f"\nThe error could not be written to the ledger: {second}"
        self.report.status, self.report.ended_at = FAILED, now()
        self.write_status()

    def end(self, status: str) -> None:
        """Write how the run ended."""
        self.report.status = status
        failed_targets = any(line.error for line in self.report.targets)
        self.report.exit_code = self.report.exit_code or (TARGET_FAILED if failed_targets else 0)
        self.report.ended_at = now()
        self.update(
            status=status,
            ended_at=self.report.ended_at,
            as_of=self.report.as_of.isoformat() if self.report.as_of else None,
            error=self.report.error,
        )
        self.report.nights = self.ledger.last_runs(SHOWN_NIGHTS)
        self.write_status()

    def notify(self) -> None:
        """Send the message of the run, if it needs one. Whatever happens, the night ends as it would without it.

        A date of a backfill sends none: somebody looks on, and the status page stays that of the last night.
        """
        if not self.addressees or self.request.is_backfill:
            return
        try:
            told = notify(as_json(self.report, current(self.warehouse)), self._before, self.settings, self.addressees)
        except Exception as error:  # noqa: BLE001 - reported; the result of the night does not depend on it
            self.tell(Event("notify", "message", f"{type(error).__name__}: {first_line(error)}", is_bad=True))
            return
        self.report.notification = told
        for problem in told.problems:
            self.tell(Event("notify", "message", problem, is_bad=True))
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
