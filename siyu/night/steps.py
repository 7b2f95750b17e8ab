"""One night, as steps: open, land, build, check, publish. `siyu run` and the Prefect flow walk the same ones."""

from __future__ import annotations

import importlib
import shutil
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, date, datetime, timedelta
from types import ModuleType, TracebackType
from typing import Any

from siyu.build import database, materialization, ops
from siyu.build.database import open_engine, prepare_build
from siyu.check.suites import Suite, load_suites
from siyu.compile.compiler import compile_project, previous_models
from siyu.compile.project import Project
from siyu.errors import ChecksFailed, EngineFault, SiyuError, WarehouseBusy
from siyu.landing import channel_status
from siyu.landing.channel import ChannelLanding, commit_landing, land_channel
from siyu.landing.file import Landing
from siyu.landing.journal import sweep
from siyu.night.nothing_new import standing_release, tell_standing
from siyu.night.request import Request, check_as_of, default_as_of, references_in_force
from siyu.night.run_key import digest, input_fingerprint
from siyu.release import history, publish, releases
from siyu.release.releases import Release
from siyu.report.events import Event, built, checked, landed
from siyu.report.headline import headline_kpis, out_of_band
from siyu.report.status import write_status
from siyu.report.summary import Report
from siyu.settings import Settings
from siyu.warehouse.ledger import LandedFile, Ledger
from siyu.warehouse.lock import lock

# Raw rows lie here: nobody but the owner of the warehouse reads them.
PRIVATE_FOLDERS = ("landed", "history")
PUBLISHED, NOTHING_NEW, FAILED, NOT_STARTED = "published", "nothing new", "failed", "not started"


def now() -> str:
    """The wall clock, for the run ledger alone."""
    return datetime.now(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")


class Night(AbstractContextManager["Night"]):
    """A run that holds the warehouse. Use as a context manager: what goes wrong inside is written down."""

    def __init__(
        self, settings: Settings, request: Request, tell: Callable[[Event], None] = lambda event: None
    ) -> None:
        self.settings = settings
        self.request = request
        self.warehouse = settings.warehouse.resolve()
        self.report = Report(
            as_of=request.as_of, warehouse=settings.warehouse, is_sample=settings.is_sample, started_at=now()
        )
        self._tell = tell
        self._guard = threading.Lock()
        self._landings: dict[str, ChannelLanding] = {}
        self._checks: ModuleType | None = None
        self._is_written = False

    # Opening and closing

    def __enter__(self) -> Night:
        with ExitStack() as opened:
            try:
                held = lock(self.warehouse)
            except WarehouseBusy as error:
                self.report.status, self.report.error = NOT_STARTED, str(error)
                raise
            opened.callback(held.release)
            self.ledger = Ledger(self.warehouse / "ledger.sqlite")
            opened.callback(self.ledger.close)
            self.run_id = self.report.run_id = self.ledger.begin_run(self.report.started_at)
            self._write_status()
            try:
                self._open(opened)
            except BaseException as error:
                self._failed(error)
                raise
            self._opened = opened.pop_all()
        return self

    def _open(self, opened: ExitStack) -> None:
        settings = self.settings
        self.as_of = self.report.as_of = self.request.as_of or default_as_of(settings)
        check_as_of(settings, self.request, self.as_of, self.ledger)
        self.ledger.check_salt(settings.salt_fingerprint)
        for private in PRIVATE_FOLDERS:
            (self.warehouse / private).mkdir(mode=0o700, exist_ok=True)
        references = references_in_force(settings, self.ledger, self.warehouse, self.request.known_by)
        self.project: Project = compile_project(settings, references)
        opened.callback(self.project.binder.close)
        self.suites: dict[str, Suite] = load_suites(self.project)
        self.project.check_unchanged()
        self.project.check_privacy()
        sweep(self.warehouse, self.ledger.files())
        self.scratch = self.warehouse / "landing"
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(mode=0o700)
        self.engine = open_engine(settings, self.as_of, self.scratch, in_memory=True)
        opened.callback(lambda: self.engine.close())  # noqa: PLW0108 - whichever is open then
        number, day = self.ledger.next_landing(self.as_of)
        known = {file.identity: file for file in self.ledger.files()}
        self.landing = Landing(number, day, self.warehouse, self.scratch, known)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._opened:
            if error is not None:
                self._failed(error)
            else:
                self._ended(self.report.status)

    def _failed(self, error: BaseException) -> None:
        """Write down what stopped the run; where even that fails (a full disk), the first error is the one to tell."""
        self.report.error = str(error) or type(error).__name__
        try:
            self._write_down()
            self._ended(FAILED)
        except (SiyuError, OSError) as second:
            self.report.status = FAILED
            self.report.error += f"\nThis could not be written down: {second}"

    def _ended(self, status: str) -> None:
        self.report.status = status
        self.report.ended_at = now()
        self.ledger.update_run(
            self.run_id,
            status=status,
            ended_at=self.report.ended_at,
            as_of=self.report.as_of.isoformat() if self.report.as_of else None,
            error=self.report.error,
        )
        self._write_status()

    def _write_status(self) -> None:
        """Where it cannot be written, that is told and no more: the night has ended as it has."""
        try:
            write_status(self.warehouse, self.report, releases.current(self.warehouse), self.settings.timezone)
        except OSError as error:
            self._tell(Event("status", "warehouse/status", f"not written: {error}", is_bad=True))

    # Landing

    @property
    def channels(self) -> list[str]:
        """Channels to land; none in a run that knows only what had landed."""
        return [] if self.request.known_by else list(self.project.channels)

    def land(self, name: str) -> ChannelLanding:
        """Land what is new of a channel."""
        channel = self.project.channels[name]
        session = self.engine.session()
        try:
            result = land_channel(session, channel, channel.source_folder(self.settings.exports_root), self.landing)
        finally:
            session.close()
        with self._guard:
            self._landings[name] = result
        self._tell(landed(result, len(self.channels)))
        return result

    def commit_landing(self) -> None:
        """The landing is one transaction in the ledger, after its last channel."""
        if self.request.known_by is None:
            results = [self._landings[name] for name in sorted(self._landings)]
            self.ledger.add_problems(self.run_id, {r.channel: r.problems for r in results})
            commit_landing(self.ledger, self.landing, results, self.project.references)
        self._see_landed()

    def _see_landed(self) -> None:
        known_by = self.request.known_by
        problems = self.ledger.problems(known_by) if known_by else {n: r.problems for n, r in self._landings.items()}
        self.files: list[LandedFile] = self.ledger.files(known_by)
        landings = self.ledger.landings(known_by)
        self.statuses = [
            channel_status.channel_status(
                c, self.files, landings, problems.get(name, []), self.as_of, self.settings.timezone
            )
            for name, c in self.project.channels.items()
        ]
        self.report.set_channels(self.statuses, self._landings)
        self.previous = history.previous_run(self.ledger, self.as_of)
        self.input_fingerprint = input_fingerprint(self.project, self.files, self.statuses, landings)
        self.run_key = digest(
            self.as_of, known_by, self.input_fingerprint, self.project.code_fingerprint,
            self.settings.content_fingerprint, self.previous.name if self.previous else None,
        )  # fmt: skip
        self.ledger.update_run(
            self.run_id,
            run_key=self.run_key,
            as_of=self.as_of.isoformat(),
            known_by=known_by.isoformat() if known_by else None,
            code_fingerprint=self.project.code_fingerprint,
            input_fingerprint=self.input_fingerprint,
            previous_release=self.previous.name if self.previous else None,
        )

    def nothing_new(self) -> bool:
        """The last release of this date was made by this very run, and is still there."""
        known_by = self.request.known_by
        standing = standing_release(self.ledger, self.warehouse, self.as_of, known_by, self.run_key)
        if self.request.force or standing is None:
            return False
        tell_standing(self.report, standing, self.ledger, self.engine, self.project)
        seen = releases.current(self.warehouse)
        self.report.status, self.report.is_current = NOTHING_NEW, seen is not None and seen.name == standing.name
        self._is_written = True
        return True

    # Building

    def start_build(self) -> None:
        """Everything models read, in place. Suites are constructed now: a mistake should not wait for the build."""
        self._checks = importlib.import_module("siyu.check.runner")
        for suite in self.suites.values():
            self._checks.construct(suite)
        for name in sorted({m.name for m in self.project.models.values() if not m.companion} - self.suites.keys()):
            self._tell(Event("unchecked", name, "no suite in expectations/ checks it", is_bad=True))
        folder = self.warehouse / "build"
        shutil.rmtree(folder, ignore_errors=True)
        self.engine.close()
        self.engine = open_engine(self.settings, self.as_of, folder)
        prepare_build(self.engine, self.project, self.files, self.warehouse, list(self.project.models))
        session = self.engine.session()
        ops.write_channel_status(session, self.statuses)
        session.close()
        names = sorted(previous_models(self.project.models.values()))
        found = history.previous_tables(self.engine, self.previous, self.warehouse, names)
        database.write_previous(self.engine, self.project, found)
        self.report.rows_before = self.ledger.published_rows()
        self._checker = self._checks.Checker(self.engine, self.project)

    def build(self, name: str) -> materialization.ModelRun:
        """Build one model; what it reads must be built."""
        result = materialization.build_model(self.engine, self.project, name)
        with self._guard:
            self.report.models.append(result)
        self._tell(built(result, len(self.project.models)))
        return result

    def end_build(self) -> None:
        """What landings left behind, as tables that suites check like any other."""
        session = self.engine.session()
        ops.write_landed(session, self.project, self.ledger, self.warehouse, self.request.known_by)
        session.close()

    # Checking and publishing

    def check(self, table: str) -> list[Any]:
        """Run one suite."""
        results: list[Any] = self._checker.run(self.suites[table])
        with self._guard:
            self.report.checks += results
        self._tell(checked(table, results, len(self.suites)))
        return results

    def publish(self) -> Release:
        """Publish, unless a critical expectation failed: then ChecksFailed, every failure already in the report."""
        self._write_down()
        unchecked = sorted(self.suites.keys() - {result.table_name for result in self.report.checks})
        if unchecked:
            raise EngineFault(f"the suites of {', '.join(unchecked)} did not run", f"run {self.run_id}", "see the log.")
        stopping = [result for result in self.report.checks if result.stops_release]
        if stopping:
            tables = sorted({result.table_name for result in stopping})
            raise ChecksFailed(
                f"{len(stopping)} critical expectations failed on {', '.join(tables)}",
                f"run {self.run_id}",
                "see the failed checks; each names its runbook.",
            )
        self.report.release = self._write_release().path
        return self._release

    def _write_down(self) -> None:
        """What was built and checked, into the ledger, once."""
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

    def _write_release(self) -> Release:
        name = f"{self.as_of.isoformat()}-{self.run_id:06d}"
        row = self.ledger.run(self.run_id)
        session = self.engine.session()
        ops.write_runs(session, self.ledger, {**row, "status": PUBLISHED, "release": name})
        session.close()
        facts = publish.ReleaseFacts(
            self.as_of, self.request.known_by, self.run_id, self.previous.name if self.previous else None,
            self.project.code_fingerprint, self.input_fingerprint, self.report.check_counts(),
        )  # fmt: skip
        self._release = publish.write_release(self.engine, self.project, self.warehouse, facts)
        session = self.engine.session()
        self.report.kpis = headline_kpis(session, self.project)
        self.report.alerts = out_of_band(session, self.project)
        session.close()
        if self.request.known_by is None:
            own = history.Previous(self.as_of, self.run_id)
            history.write_history(self.engine, self.project, self.warehouse, own)
        # The ledger first: a run that dies between the two is made again, since its release is not the current one.
        self.ledger.update_run(self.run_id, status=PUBLISHED, release=self._release.name)
        if self.request.known_by is None:
            self.report.is_current = releases.swap(self.warehouse, self._release)
            self._expire()
        self.report.status = PUBLISHED
        self.report.manifest = self._release.manifest
        self._tell(Event("published", self._release.name, str(self._release.path)))
        return self._release

    def _expire(self) -> None:
        """Old releases go; where one cannot, the night has been published all the same."""
        try:
            releases.expire(self.warehouse, datetime.now(UTC))
        except OSError as error:
            self._tell(Event("retention", "releases", f"old releases stay: {error}", is_bad=True))
