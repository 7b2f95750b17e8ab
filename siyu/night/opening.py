"""The first phase: lock the warehouse, compile the project, land new export files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from types import TracebackType

from siyu.build.database import open_engine
from siyu.check.suites import Suite, load_suites
from siyu.compile.cache import digest
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.engines.duckdb import DuckEngine
from siyu.errors import WarehouseBusy
from siyu.landing.channel import ChannelLanding, commit_landing, land_channel
from siyu.landing.channel_status import channel_status
from siyu.landing.file import Landing
from siyu.landing.journal import sweep
from siyu.night.building import Landed
from siyu.night.record import NOT_STARTED, RunRecord
from siyu.night.request import Request, check_as_of, default_as_of, references_in_force
from siyu.night.run_key import input_fingerprint
from siyu.release.history import previous_run
from siyu.report import events
from siyu.report.events import Event
from siyu.report.summary import Report
from siyu.settings import Settings
from siyu.warehouse.ledger import Ledger
from siyu.warehouse.lock import lock

# They contain raw rows: only the owner of the warehouse may read them.
PRIVATE_FOLDERS = ("landed", "history")


class Night(AbstractContextManager["Opened"]):
    """A run that holds the warehouse. Use it as a context manager: an error inside ends the run as failed."""

    def __init__(
        self, settings: Settings, request: Request, tell: Callable[[Event], None] = lambda event: None
    ) -> None:
        self._record = RunRecord(settings, request, tell)

    @property
    def report(self) -> Report:
        """The report of the run so far."""
        return self._record.report

    def __enter__(self) -> Opened:
        record = self._record
        with record.resources:
            try:
                held = lock(record.warehouse)
            except WarehouseBusy as error:
                record.report.status, record.report.error = NOT_STARTED, str(error)
                raise
            record.resources.callback(held.release)
            ledger = Ledger(record.warehouse / "ledger.sqlite")
            record.resources.callback(ledger.close)
            record.begin(ledger)
            try:
                opened = _open(record)
            except BaseException as error:
                record.fail(error)
                raise
            record.resources = record.resources.pop_all()
        return opened

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._record.resources:
            if error is not None:
                self._record.fail(error)
            else:
                self._record.end(self.report.status)


def _open(record: RunRecord) -> Opened:
    settings, request, ledger, warehouse = record.settings, record.request, record.ledger, record.warehouse
    as_of = record.report.as_of = request.as_of or default_as_of(settings)
    check_as_of(settings, request, as_of, ledger)
    ledger.check_salt(settings.salt_fingerprint)
    for private in PRIVATE_FOLDERS:
        (warehouse / private).mkdir(mode=0o700, exist_ok=True)
    project = compile_project(settings, references_in_force(settings, ledger, warehouse, request.known_by))
    record.resources.callback(project.binder.close)
    for warning in project.shapes.identifiers.warnings:
        record.tell(Event("warning", "identifier_types.csv", warning, is_bad=True))
    suites = load_suites(project)
    project.check_unchanged()
    project.check_privacy()
    project.cache.save()
    sweep(warehouse, ledger.files())
    scratch = warehouse / "landing"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    engine = open_engine(settings, as_of, scratch, in_memory=True)
    record.resources.callback(engine.close)
    number, day = ledger.next_landing(as_of)
    known = {file.identity: file for file in ledger.files()}
    return Opened(record, as_of, project, suites, engine, Landing(number, day, warehouse, scratch, known))


@dataclass(frozen=True)
class Opened:
    """The warehouse is locked and the project is compiled. Several channels may land at a time."""

    record: RunRecord
    as_of: date
    project: Project
    suites: dict[str, Suite]
    engine: DuckEngine
    landing: Landing
    _landings: dict[str, ChannelLanding] = field(default_factory=dict)

    @property
    def channels(self) -> list[str]:
        """The channels to land. Empty with known_by: such a run uses only what has landed already."""
        return [] if self.record.request.known_by else list(self.project.channels)

    def land(self, name: str) -> ChannelLanding:
        """Land the new files of a channel."""
        channel = self.project.channels[name]
        session = self.engine.session()
        try:
            folder = channel.source_folder(self.record.settings.exports_root)
            result = land_channel(session, channel, folder, self.landing)
        finally:
            session.close()
        self._landings[name] = result
        self.record.tell(events.landed(result, len(self.channels)))
        return result

    def commit(self) -> Landed:
        """Commit what has landed, in one transaction of the ledger, after the last channel. Return the next phase."""
        record, known_by = self.record, self.record.request.known_by
        results = [self._landings[name] for name in sorted(self._landings)]
        if known_by is None:
            record.ledger.add_problems(record.run_id, {r.channel: r.problems for r in results})
            commit_landing(record.ledger, self.landing, results, self.project.references)
        problems = record.ledger.problems(known_by) if known_by else {r.channel: r.problems for r in results}
        files, landings = record.ledger.files(known_by), record.ledger.landings(known_by)
        statuses = [
            channel_status(c, files, landings, problems.get(name, []), self.as_of, record.settings.timezone)
            for name, c in self.project.channels.items()
        ]
        record.report.set_channels(statuses, self._landings)
        fingerprint = input_fingerprint(self.project, files, statuses, landings)
        previous = previous_run(record.ledger, self.as_of)
        run_key = digest(
            self.as_of, known_by, fingerprint, self.project.code_fingerprint,
            record.settings.content_fingerprint, previous.name if previous else None,
        )  # fmt: skip
        record.update(
            run_key=run_key,
            as_of=self.as_of.isoformat(),
            known_by=known_by.isoformat() if known_by else None,
            code_fingerprint=self.project.code_fingerprint,
            input_fingerprint=fingerprint,
            previous_release=previous.name if previous else None,
        )
        return Landed(
            record, self.as_of, self.project, self.suites, self.engine, files, statuses, previous, fingerprint, run_key
        )
