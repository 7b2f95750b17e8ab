"""The night builds: models become tables, and each suite runs as soon as the tables that it reads stand."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from siyu.build import ops
from siyu.build.database import open_engine, prepare_build, write_previous
from siyu.build.materialization import ModelRun, build_model
from siyu.check.suites import CheckResult, Suite, models_read
from siyu.compile.compiler import previous_models
from siyu.compile.graph import Graph
from siyu.compile.project import Project
from siyu.engines.duckdb import DuckEngine
from siyu.errors import EngineFault
from siyu.landing.channel_status import ChannelStatus
from siyu.night.nothing_new import report_standing, standing_release
from siyu.night.publication import Checked
from siyu.night.record import NOTHING_NEW, RunRecord
from siyu.release.history import Previous, previous_tables
from siyu.release.releases import Release, current
from siyu.report import events
from siyu.report.events import Event
from siyu.warehouse.ledger import LandedFile

if TYPE_CHECKING:
    from siyu.check.runner import Checker


@dataclass(frozen=True)
class Landed:
    """What the night knows is settled: files, channels, and the key that names this very input, code and settings."""

    record: RunRecord
    as_of: date
    project: Project
    suites: dict[str, Suite]
    engine: DuckEngine
    files: list[LandedFile]
    statuses: list[ChannelStatus]
    previous: Previous | None
    input_fingerprint: str
    run_key: str

    def standing(self) -> Release | None:
        """The release of this date that a run of this very key made, where it is still in place: nothing is new."""
        record, request = self.record, self.record.request
        standing = standing_release(record.ledger, record.warehouse, self.as_of, request.known_by, self.run_key)
        if request.force or standing is None:
            return None
        report_standing(record.report, standing, record.ledger, self.engine, self.project)
        seen = current(record.warehouse)
        record.report.status = NOTHING_NEW
        record.report.is_current = seen is not None and seen.name == standing.name
        record.skip_writing()
        return standing

    def start_build(self) -> Building:
        """Put everything that models read in place."""
        record, project = self.record, self.project
        for name in sorted({m.name for m in project.models.values() if not m.companion} - self.suites.keys()):
            record.tell(Event("unchecked", name, "no suite in expectations/ checks it", is_bad=True))
        folder = record.warehouse / "build"
        shutil.rmtree(folder, ignore_errors=True)
        self.engine.close()
        engine = open_engine(record.settings, self.as_of, folder)
        record.resources.callback(engine.close)
        prepare_build(engine, project, self.files, record.warehouse, list(project.models))
        session = engine.session()
        ops.write_channel_status(session, self.statuses)
        session.close()
        names = sorted(previous_models(project.models.values()))
        write_previous(engine, project, previous_tables(engine, self.previous, record.warehouse, names))
        record.report.rows_before = record.ledger.published_rows()
        return Building(self, engine)


@dataclass(frozen=True)
class Building:
    """The build database is open. Models build several at a time; suites run one after another beside them."""

    landed: Landed
    engine: DuckEngine
    _built: set[str] = field(default_factory=set)

    @property
    def graph(self) -> Graph:
        """model -> the models it reads, in build order."""
        return self.landed.project.graph

    @cached_property
    def suites(self) -> dict[str, set[str]]:
        """Suites of models -> the models they read, in build order."""
        found = {table: models_read(self.landed.project, suite) for table, suite in self.landed.suites.items()}
        return {table: found[table] for table in self.graph if table in found}

    def open_checks(self) -> Checks:
        """Construct every suite now: a mistake in one should not wait for the end of the build. Raises ConfigError."""
        # Great Expectations takes seconds to import, so only a night that checks does it.
        from siyu.check.runner import Checker, construct

        for suite in self.landed.suites.values():
            construct(suite)
        return Checks(self, Checker(self.engine, self.landed.project))

    def build(self, name: str) -> ModelRun:
        """Build one model. Everything that it reads must be built."""
        project, record = self.landed.project, self.landed.record
        result = build_model(self.engine, project, name)
        record.add_model(result)
        self._built.add(name)
        record.tell(events.built(result, len(project.models)))
        return result

    def missing(self) -> list[str]:
        """Models that are not built yet."""
        return sorted(self.graph.keys() - self._built)


@dataclass(frozen=True)
class Checks:
    """Suites are constructed and may run, each once the tables that it reads stand."""

    building: Building
    checker: Checker

    def check(self, table: str) -> list[CheckResult]:
        """Run one suite. Raises EngineFault where a table that it reads is not built yet."""
        landed = self.building.landed
        lacking = sorted(self.building.suites.get(table, set()) & set(self.building.missing()))
        if lacking:
            raise EngineFault(f"the suite of {table} reads {', '.join(lacking)}, not built yet", table)
        results = self.checker.run(landed.suites[table])
        landed.record.add_checks(results)
        landed.record.tell(events.checked(table, results, len(landed.suites)))
        return results

    def end_build(self) -> list[str]:
        """Write what landings left behind as tables of schema ops. Returns the suites of those tables."""
        landed = self.building.landed
        missing = self.building.missing()
        if missing:
            raise EngineFault(f"{', '.join(missing)} were not built", f"run {landed.record.run_id}")
        session = self.building.engine.session()
        record = landed.record
        ops.write_landed(session, landed.project, record.ledger, record.warehouse, record.request.known_by)
        session.close()
        return [table for table in landed.suites if table not in self.building.suites]

    def end(self) -> Checked:
        """Every suite has run and no critical expectation failed. Raises EngineFault or ChecksFailed otherwise; all
        results are in the report by then."""
        landed = self.building.landed
        checked = Checked(landed.record, landed.as_of, landed.project, self.building.engine, landed.previous,
                          landed.input_fingerprint)  # fmt: skip
        landed.record.write_down()
        checked.require(landed.suites)
        return checked
