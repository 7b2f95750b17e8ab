"""A backfill: past business dates, one release each, oldest first. It can be stopped at any moment and started again.

A date of a backfill is a night with `Request.is_backfill`. It differs from `siyu run --as-of`:

- It lands files only if nothing has landed yet, as of today. So all dates rest on the same files.
- A date that was published with the same input, rules and settings is not built again, even if retention has removed
  its release since. This is how a backfill continues where it was stopped.
- It does not write the status page, which shows the last night.
- A night that starts meanwhile waits for the end of the current date; the backfill waits for the night.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType

from siyu.errors import ChecksFailed, ConfigError, EngineFault, SiyuError, TargetFailed, exit_code, raise_all
from siyu.night.request import Request, default_as_of
from siyu.night.run import run_night
from siyu.report.date_results import FAILED, LEFT, NOTHING_NEW, PUBLISHED, SKIPPED, DateResult, duration
from siyu.report.events import Event
from siyu.settings import Settings
from siyu.warehouse.ledger import Ledger
from siyu.warehouse.lock import backfill_lock

MAX_WAIT = 7200.0  # seconds to wait for a night that holds the warehouse
PAUSE = 1.0  # seconds between two dates: a night that waits looks for the lock more often
Tell = Callable[[Event], None]


@dataclass(frozen=True)
class Range:
    """What a caller asks of a backfill: dates from first to last, both included.

    `only_missing` leaves out dates that have been published before. `keep_going` runs the dates after one that failed,
    too.
    """

    first: date
    last: date
    only_missing: bool = False
    keep_going: bool = False
    max_wait: float = MAX_WAIT


def dates_of(settings: Settings, asked: Range) -> list[date]:
    """Return the dates of a range, oldest first: each reads the history of the one before. Raises ConfigError."""
    newest = default_as_of(settings)
    errors: list[SiyuError] = []
    if asked.first > asked.last:
        fix = "the first date comes first, the last date is included."
        errors.append(ConfigError(f"{asked.first} is after {asked.last}", "--from, --to", fix))
    for option, day in (("--from", asked.first), ("--to", asked.last)):
        if day > newest:
            problem = f"{day} is not a past business date: the last one is {newest}"
            errors.append(ConfigError(problem, option, f"end with {newest}."))
    raise_all(errors)
    return [asked.first + timedelta(days=number) for number in range((asked.last - asked.first).days + 1)]


class Backfill(AbstractContextManager["Backfill"]):
    """A backfill that is running. Raises WarehouseBusy if another one is, ConfigError for dates that cannot be run."""

    def __init__(self, settings: Settings, asked: Range) -> None:
        self.settings, self.asked = settings, asked
        self.dates = dates_of(settings, asked)
        self.results: list[DateResult] = []
        self._skipped: list[DateResult] = []
        self._held = ExitStack()

    def __enter__(self) -> Backfill:
        with self._held:
            self._held.callback(backfill_lock(self._warehouse).release)
            if self.asked.only_missing:
                self._skip_published()
            self._held = self._held.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._held.close()

    @property
    def _warehouse(self) -> Path:
        return self.settings.warehouse.resolve()

    def _skip_published(self) -> None:
        ledger = Ledger(self._warehouse / "ledger.sqlite")
        try:
            published = {day: row for day in self.dates if (row := ledger.last_published(day, None)) is not None}
        finally:
            ledger.close()
        self._skipped = [self._kept(DateResult(day, SKIPPED, release=row["release"])) for day, row in published.items()]
        self.dates = [day for day in self.dates if day not in published]

    def remaining(self) -> Iterator[date]:
        """Yield the next date until all are done, or until one that stops the backfill has failed. Between two dates
        the warehouse is free for a moment."""
        for number, day in enumerate(self.dates):
            if self.stopped:
                return
            if number:
                time.sleep(PAUSE)
            yield day

    def run(self, day: date, tell: Tell = lambda event: None) -> DateResult:
        """Run one date. If it fails, the result has the error, with the report of the run as `error.report`."""
        request = Request(as_of=day, is_backfill=True, max_wait=self.asked.max_wait)
        started = time.monotonic()
        try:
            report = run_night(self.settings, request, tell)
        except TargetFailed as error:
            result = DateResult(day, PUBLISHED, error=error)
        except (SiyuError, OSError) as error:
            result = DateResult(day, FAILED, error=error)
        else:
            result = DateResult(day, NOTHING_NEW if report.status == NOTHING_NEW else PUBLISHED)
        release = None if result.status == FAILED else self._published(day)
        self.results.append(replace(result, seconds=time.monotonic() - started, release=release))
        return self.results[-1]

    def _published(self, day: date) -> str | None:
        ledger = Ledger(self._warehouse / "ledger.sqlite")
        try:
            row = ledger.last_published(day, None)
        finally:
            ledger.close()
        return row["release"] if row else None

    def _kept(self, result: DateResult) -> DateResult:
        path = self._warehouse / "releases" / str(result.release)
        return replace(result, is_kept=result.release is None or path.is_dir())

    @property
    def stopped(self) -> bool:
        """Whether a date has failed that stops the backfill. Wrong settings, or a warehouse that is not free, would
        stop the next date, too."""
        errors = [result.error for result in self.results if result.status == FAILED]
        goes_on = (ChecksFailed, EngineFault) if self.asked.keep_going else ()
        return any(not isinstance(error, goes_on) for error in errors)

    @property
    def left(self) -> list[date]:
        """The dates that have not been run."""
        return self.dates[len(self.results) :]

    @property
    def seconds_left(self) -> float | None:
        """How long the other dates will take, by those that were built; None as long as none was."""
        built = [result.seconds for result in self.results if result.status == PUBLISHED]
        return len(self.left) * sum(built) / len(built) if built else None

    @property
    def progress(self) -> str:
        """How far it is, and how long the rest will take."""
        left, done = self.seconds_left, len(self.results)
        told = f"{done} of {len(self.dates)} dates"
        return f"{told}, about {duration(left)} left" if left else told

    def summary(self) -> list[DateResult]:
        """Return what became of each date, in order; which releases are still there."""
        left = [DateResult(day, LEFT) for day in self.left]
        found = [*self._skipped, *map(self._kept, self.results), *left]
        return sorted(found, key=lambda result: result.as_of)

    @property
    def resume(self) -> str:
        """How to continue; '' if no date is left."""
        failed = [result.as_of for result in self.results if result.status == FAILED]
        again = sorted([*failed, *self.left])
        return f"To continue: siyu backfill --from {again[0]} --to {self.dates[-1]}" if again else ""

    @property
    def exit_code(self) -> int:
        """The exit code of the first date that failed; 0 if none did."""
        return next((exit_code(result.error) for result in self.results if result.error is not None), 0)
