"""The build phase: models become tables, and each suite runs as soon as the tables that it reads are built."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from siyu import clock
from siyu.build import ops
from siyu.build.database import open_engine, prepare_build, write_previous
from siyu.build.differences import Changes
from siyu.build.last_build import forget_build, keep_build, last_build
from siyu.build.materialization import ModelRun, build_model
from siyu.build.restatement import Restatement
from siyu.build.source_changes import SourceChanges, SourceState
from siyu.build.turns import Turns
from siyu.build.versions import AS_OF, BuildInputs, Versions, digest_of_statuses, versions_of
from siyu.check.suites import CheckResult, Suite, models_read
from siyu.compile.graph import Graph
from siyu.compile.project import Project
from siyu.compile.promises import calendars
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, EngineFault, OutOfMemory
from siyu.landing.channel_status import ChannelStatus
from siyu.landing.comparison import Comparison
from siyu.landing.drift import Drift
from siyu.night.disk_room import is_one_disk, require_room, room
from siyu.night.nothing_new import removed_release, report_standing, standing_release
from siyu.night.publication import Checked
from siyu.night.record import NOTHING_NEW, RunRecord
from siyu.release.clear_text import write_identifiers_in_clear
from siyu.release.history import Previous, previous_tables
from siyu.release.last_release import LastRelease, last_release
from siyu.release.publish import published_tables
from siyu.release.releases import Release, current
from siyu.report import events
from siyu.report.events import Event
from siyu.warehouse.ledger import LandedFile

if TYPE_CHECKING:
    from siyu.check.runner import Checker


RECORDS = "records."
# Landed rows from which on a night goes on from the last build. To build everything is quicker with fewer: finding out
# what has changed takes some statements for each model, however few rows it has.
ENOUGH = 1_000_000


@dataclass(frozen=True)
class Landed:
    """The input is fixed: files, channels, and the run key, which identifies input, code and settings."""

    record: RunRecord
    as_of: date
    project: Project
    suites: dict[str, Suite]
    engine: DuckEngine
    files: list[LandedFile]
    statuses: list[ChannelStatus]
    drift: list[Drift]
    previous: Previous | None
    input_fingerprint: str
    run_key: str
    compared: list[Comparison]

    def standing(self) -> Release | None:
        """Return the release that a run with the same key published, if it is still in place. Then nothing is new."""
        record, request = self.record, self.record.request
        today = clock.today(record.settings.timezone)
        standing = standing_release(record.ledger, record.warehouse, self.as_of, request.known_by, self.run_key, today)
        if standing is None and request.is_backfill and not request.force:
            standing = removed_release(record.ledger, record.warehouse, self.as_of, self.run_key, today)
            if standing is not None:
                record.report.status = NOTHING_NEW
                record.skip_writing()
                return standing
        if request.force or standing is None:
            return None
        report_standing(record.report, standing, record.ledger, self.engine, self.project)
        seen = current(record.warehouse)
        record.report.status = NOTHING_NEW
        record.report.is_current = seen is not None and seen.name == standing.name
        record.skip_writing()
        return standing

    def require_records(self) -> None:
        """Raise ConfigError if a backfill has reached back to a date before the first record."""
        built = [m.row_count for m in self.record.report.models if m.model.startswith(RECORDS)]
        if self.record.request.is_backfill and built and not any(built):
            raise ConfigError(
                f"no record that has landed is of {self.as_of} or earlier", "the first date", "begin with a later one."
            )

    @cached_property
    def versions(self) -> Versions:
        """The versions that the tables of this night will have."""
        previous = self.previous.name if self.previous else None
        inputs = BuildInputs(self.as_of, self.files, self.record.warehouse, previous, digest_of_statuses(self.statuses))
        return versions_of(self.project, inputs)

    def _require_room(self) -> None:
        """Raise EngineFault if the disk cannot hold the night, and warn if it may not. Tables of Spark are smaller."""
        record = self.record
        if record.settings.engine != "duckdb" or not is_one_disk(record.warehouse):
            return
        found = room(self.files, record.warehouse, record.settings, current(record.warehouse))
        warning = require_room(found, record.warehouse, is_forced=record.request.force)
        if warning:
            record.tell(Event("warning", "disk", warning, is_bad=True))

    def start_build(self) -> Building:
        """Open a new build database and write everything to it that models read."""
        record, project = self.record, self.project
        record.stage = "build"
        self._require_room()
        # Working views, such as classes of tags, are checked by the suites of the models that read them.
        checked = {m.name for m in project.models.values() if not m.companion and not m.is_working_view}
        for name in sorted(checked - self.suites.keys()):
            record.tell(Event("unchecked", name, "no suite in expectations/ checks it", is_bad=True))
        folder = record.warehouse / "build"
        restatement = self._restatement(folder)
        if restatement is None:
            shutil.rmtree(folder, ignore_errors=True)
        forget_build(folder)
        self.engine.close()
        rows = sum(file.rows_landed for file in self.files)
        engine = open_engine(record.settings, self.as_of, folder, rows=rows)
        record.resources.callback(engine.close)
        session = engine.session()
        if restatement is not None:
            restatement.begin(session)
        sources = restatement.sources if restatement else None
        states = prepare_build(engine, project, self.files, record.warehouse, list(project.models), sources)
        ops.write_channel_status(session, self.statuses)
        session.close()
        write_previous(engine, project, previous_tables(engine, project, self.previous, record.warehouse))
        record.report.rows_before = record.ledger.published_rows()
        return Building(self, engine, restatement, states)

    def _restatement(self, folder: Path) -> Restatement | None:
        """Return what the last build offers, None if everything has to be built."""
        settings = self.record.settings
        is_worth_it = settings.incremental == "always" or sum(file.rows_landed for file in self.files) >= ENOUGH
        if settings.incremental == "never" or not is_worth_it:
            return None
        if settings.engine != "duckdb" or self.record.request.force:
            return None
        last = last_build(folder, self.versions)
        if last is None:
            return None
        days = sorted({date.fromisoformat(v.inputs[AS_OF]) for v in last.versions.models.values()} | {self.as_of})
        dates = days[0], days[-1]
        sources = SourceChanges(last.sources, dates, calendars(self.project))
        published = frozenset(model.name for model in published_tables(self.project))
        changes = Changes(self.project, dates)
        return Restatement(changes, sources, last.versions, self.versions, last.replaced, last.released, published)


@dataclass(frozen=True)
class Building:
    """The build database is open. Several models build at a time. Suites run beside them, one after another."""

    landed: Landed
    engine: DuckEngine
    restatement: Restatement | None
    sources: dict[str, SourceState]
    _built: set[str] = field(default_factory=set)
    _turns: Turns = field(default_factory=Turns)

    @cached_property
    def graph(self) -> Graph:
        """model -> the models it reads, in build order."""
        return self.landed.project.graph

    @cached_property
    def suites(self) -> dict[str, set[str]]:
        """Suites of models -> the models that they read, in build order."""
        found = {table: models_read(self.landed.project, suite) for table, suite in self.landed.suites.items()}
        return {table: found[table] for table in self.graph if table in found}

    @cached_property
    def last(self) -> LastRelease | None:
        """The release that the new one begins with, and what differs from it. All models are built by then."""
        return last_release(self.landed.record.warehouse, self.restatement)

    def open_checks(self) -> Checks:
        """Construct every suite now, so that a mistake in one is reported early in the build. Raises ConfigError."""
        # Great Expectations takes seconds to import, so only a night that checks does it.
        from siyu.check.runner import Checker

        checker = Checker(self.engine, self.landed.project)
        for suite in self.landed.suites.values():
            checker.prepare(suite)
        return Checks(self, checker)

    def build(self, name: str) -> ModelRun:
        """Build one model. Every model that it reads must be built already."""
        project, record = self.landed.project, self.landed.record
        with record.step("build", name):
            result = self._build(name)
        record.add_model(result)
        self._built.add(name)
        record.tell(events.built(result, len(project.models)))
        return result

    def keep(self) -> None:
        """Keep the build for the next night: every table is built."""
        folder = self.landed.record.warehouse / "build"
        self.landed.versions.write(folder)
        keep_build(folder, self.restatement.replaced if self.restatement else {}, self.sources)

    def _build(self, name: str) -> ModelRun:
        """Build a model beside others. If the memory is not enough for that, build it again alone."""
        project = self.landed.project
        try:
            with self._turns.beside_others():
                return build_model(self.engine, project, name, self.restatement)
        except OutOfMemory as error:
            self.landed.record.tell(
                Event("again", name, f"it is built again alone, because: {error.problem}", is_bad=True)
            )
        with self._turns.alone():
            if self.restatement is not None:
                self.restatement.start_over(project.models[name], self.engine)
            return build_model(self.engine, project, name)

    def missing(self) -> list[str]:
        """Return the models that are not built yet."""
        return sorted(self.graph.keys() - self._built)


@dataclass(frozen=True)
class Checks:
    """The suites are constructed. Each may run when the tables that it reads are built."""

    building: Building
    checker: Checker

    def check(self, table: str) -> list[CheckResult]:
        """Run one suite. Raises EngineFault if a table that it reads is not built yet."""
        landed = self.building.landed
        lacking = sorted(self.building.suites.get(table, set()) & set(self.building.missing()))
        if lacking:
            raise EngineFault(f"the suite of {table} reads {', '.join(lacking)}, not built yet", table)
        with landed.record.step("check", table):
            results = self.checker.run(landed.suites[table])
        landed.record.add_checks(results)
        landed.record.tell(events.checked(table, results, len(landed.suites)))
        return results

    def end_build(self) -> list[str]:
        """Write what landings recorded (files, rejects, drift) to schema ops. Return the suites of those tables."""
        landed = self.building.landed
        missing = self.building.missing()
        if missing:
            raise EngineFault(f"{', '.join(missing)} were not built", f"run {landed.record.run_id}")
        session = self.building.engine.session()
        record = landed.record
        known_by = record.request.known_by
        ops.write_landed(session, landed.project, record.ledger, record.warehouse, known_by, landed.drift)
        ops.write_comparisons(session, landed.compared)
        session.close()
        self.building.keep()
        write_identifiers_in_clear(self.building.engine, published_tables(landed.project), self.building.last)
        return [table for table in landed.suites if table not in self.building.suites]

    def end(self) -> Checked:
        """Return the next phase. All results are in the report and in the ledger by then.

        Raises EngineFault if a suite did not run, ChecksFailed if a critical expectation failed.
        """
        landed = self.building.landed
        checked = Checked(landed.record, landed.as_of, landed.project, self.building.engine, landed.previous,
                          landed.input_fingerprint, self.building.last)  # fmt: skip
        landed.record.write_down()
        landed.require_records()
        checked.require(table for table, suite in landed.suites.items() if suite.expectations)
        return checked
