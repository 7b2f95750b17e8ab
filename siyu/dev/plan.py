"""Plan: what the working copy would change against the current release. Nothing is published."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siyu.ask.figure_moves import CheckMove
from siyu.ask.release_diff import ReleaseDiff, compared
from siyu.ask.release_pair import AFTER, Pair, read_side
from siyu.build import ops
from siyu.build.database import open_engine, prepare_build, write_previous
from siyu.build.materialization import ModelRun
from siyu.check.quick import quick_results
from siyu.check.suites import CheckResult, Suite, models_read
from siyu.dev.plan_build import BEFORE, PlanBuild, may_be_built
from siyu.dev.plan_changes import Changes, changes_of
from siyu.dev.plan_inputs import (
    Inputs,
    WorkingCopy,
    attach_kept,
    inputs_of,
    ledger_copy,
    newer_exports,
    release_to_compare,
    scratch_folder,
    working_copy,
)
from siyu.engines.duckdb import DuckEngine
from siyu.release.clear_text import write_identifiers_in_clear
from siyu.release.history import previous_tables
from siyu.release.publish import published_tables
from siyu.release.releases import PUBLIC, Release
from siyu.release.tables import write_tables
from siyu.report.events import Event, checked
from siyu.settings import Settings

if TYPE_CHECKING:
    from siyu.check.runner import Checker

Tell = Callable[[Event], None]
NAME = "working copy 工作副本"
RUN_STARTED = "select max(started_at)::varchar from before.ops.run where run_id = ?"


@dataclass(frozen=True)
class Plan:
    """The result of a plan. `diff` compares the current release with what the working copy yields.

    `runs` are the models that were built, `again` those of them that did not change but were not kept, `same` those
    that changed without any change of content. `failing` are all expectations that would fail; those that do not fail
    in the current release are also in `diff.checks`.
    """

    release: str
    changes: Changes
    diff: ReleaseDiff
    runs: tuple[ModelRun, ...] = ()
    again: frozenset[str] = frozenset()
    same: frozenset[str] = frozenset()
    suites: int = 0
    failing: tuple[CheckResult, ...] = ()
    seconds: float = 0.0

    @property
    def would_fail(self) -> bool:
        """Whether a critical check would fail, so that a night would publish nothing."""
        return any(result.stops_release for result in self.failing)

    def as_data(self) -> dict[str, Any]:
        """Return the plan for JSON."""
        changes = {key: value for key, value in asdict(self.changes).items() if key != "affected"}
        return {
            "plan": {
                **changes, "affected": list(self.changes.affected), "built": [run.model for run in self.runs],
                "built_again": sorted(self.again), "built_without_change": sorted(self.same), "suites": self.suites,
                "would_fail": self.would_fail, "seconds": round(self.seconds, 1),
                "failing": [result.as_row() for result in self.failing],
            },
            **self.diff.as_data(),
        }  # fmt: skip


def make_plan(settings: Settings, select: Sequence[str], limit: int | None, tell: Tell) -> Plan:
    """Build what the working copy changes in a scratch folder, and compare it with the current release.

    Raises ConfigError for a working copy that no night could build, or before the first release; EngineFault if a
    model fails on the data; WarehouseBusy while a run holds the warehouse.
    """
    started = time.perf_counter()
    warehouse = settings.warehouse.resolve()
    release = release_to_compare(warehouse)
    with ExitStack() as opened:
        scratch = opened.enter_context(scratch_folder(warehouse))
        copy = working_copy(settings, scratch)
        opened.callback(copy.project.binder.close)
        ledger = opened.enter_context(ledger_copy(warehouse, scratch))
        rows = sum(file.rows_landed for file in ledger.files())
        engine = open_engine(settings, release.as_of, scratch, rows=rows)
        opened.callback(engine.close)
        attach_kept(engine, warehouse, release)
        session = engine.session()
        inputs = inputs_of(session, copy, release, ledger, warehouse)
        started_at = session.value(RUN_STARTED, [release.run_id])
        session.close()
        notes = tuple(_notes(inputs, newer_exports(copy.project, started_at) if started_at else []))
        made = _Making(copy, inputs, engine, scratch, tell).plan(select, limit)
    return replace(made, diff=replace(made.diff, notes=notes), seconds=time.perf_counter() - started)


def _notes(inputs: Inputs, exports: Sequence[str]) -> Iterator[str]:
    """Say what a reader must know: newer data do not count, and why everything was built."""
    if not inputs.kept.release.models:
        yield "the release has no versions of its tables, so everything was built 发布无版本信息，已全部构建"
    if inputs.newer:
        channels = sorted({file.channel for file in inputs.newer})
        yield f"{len(inputs.newer)} files landed after the release and do not count 未计入: {', '.join(channels)}"
    if exports:
        yield f"exports written after the release do not count 未计入: {', '.join(exports)}"


class _Making:
    """The steps of a plan, once everything is open."""

    def __init__(self, copy: WorkingCopy, inputs: Inputs, engine: DuckEngine, scratch: Path, tell: Tell) -> None:
        self._project, self._suites = copy.project, copy.suites
        self._inputs, self._engine, self._scratch, self._tell = inputs, engine, scratch, tell
        self._changes = changes_of(self._project, inputs.kept.release, inputs.new)
        self._build = PlanBuild(engine, self._project, inputs.kept, inputs.new, tell)

    def plan(self, select: Sequence[str], limit: int | None) -> Plan:
        """Build, check, compare."""
        failing: list[CheckResult] = []
        suites: list[str] = []
        if not self._changes.is_nothing:
            self._prepare()
            self._build.run()
            suites = self._suites_to_run()
            failing = self._check(suites)
        diff = self._compare(select, limit)
        if not select:
            diff = replace(diff, checks=tuple(self._moved_checks(failing, suites)))
        return Plan(
            self._inputs.release.name, self._changes, diff, tuple(self._build.runs), frozenset(self._build.again),
            frozenset(self._build.same), len(suites), tuple(failing),
        )  # fmt: skip

    def _prepare(self) -> None:
        """Write what the models read that may be built."""
        project, inputs = self._project, self._inputs
        names = may_be_built(project, inputs.kept, inputs.new)
        prepare_build(self._engine, project, list(inputs.files), project.settings.warehouse.resolve(), names)
        session = self._engine.session()
        ops.write_channel_status(session, inputs.statuses)
        session.close()
        found = previous_tables(self._engine, project, inputs.previous, project.settings.warehouse.resolve())
        write_previous(self._engine, project, found, names)

    def _suites_to_run(self) -> list[str]:
        """Return the suites that changed, and those that read a table whose content changes."""
        edited = set(self._changes.suites)
        return [
            table
            for table, suite in self._suites.items()
            if table in self._project.models
            and (table in edited or models_read(self._project, suite) & self._build.changed)
        ]

    def _check(self, suites: Sequence[str]) -> list[CheckResult]:
        """Run suites. Return what fails."""
        failing: list[CheckResult] = []
        for table in suites:
            for name in sorted({table, *models_read(self._project, self._suites[table])}):
                self._build.provide(name)
            results = self._results(self._suites[table])
            failing += [result for result in results if not result.success]
            self._tell(checked(table, results, len(suites)))
        return failing

    def _results(self, suite: Suite) -> list[CheckResult]:
        """Run a suite. Great Expectations reads every suite that changed: it finds mistakes in their arguments."""
        is_edited = suite.table in self._changes.suites
        found = None if is_edited else quick_results(self._engine, self._project, suite)
        return self._checker.run(suite) if found is None else found

    @cached_property
    def _checker(self) -> Checker:
        # Great Expectations takes seconds to import, so only a plan that needs it does it.
        from siyu.check.runner import Checker

        return Checker(self._engine, self._project)

    def _compare(self, select: Sequence[str], limit: int | None) -> ReleaseDiff:
        """Publish what changed to the scratch folder, and compare it with the release."""
        release, tables = self._inputs.release, self._tables()
        manifest = {**release.manifest, "tables": tables, "code_fingerprint": release.manifest["code_fingerprint"]}
        session = self._engine.session()
        try:
            aliases = [BEFORE]
            if (self._scratch / PUBLIC).is_file():
                self._engine.attach(self._scratch / PUBLIC, AFTER, writable=False)
                aliases.insert(0, AFTER)
            grains = {name: model.model.grain for name, model in self._project.models.items()}
            after = Release(self._scratch, release.as_of, release.run_id, manifest)
            sides = (read_side(session, release, [BEFORE]), read_side(session, after, aliases, grains))
            return compared(Pair(session, sides[0], replace(sides[1], name=NAME)), select, limit)
        finally:
            session.close()

    def _tables(self) -> Mapping[str, Any]:
        """Write the tables that change to the scratch release. Return its tables, for the manifest."""
        project, held = self._project, self._inputs.release.manifest["tables"]
        published = published_tables(project)
        differing = self._build.changed | set(self._changes.reformed)
        written = [model for model in published if model.name in differing or model.name not in held]
        for model in written:
            self._build.provide(model.name)
        tables = {model.name: held[model.name] for model in published if model not in written}
        if written:
            write_identifiers_in_clear(self._engine, written)
            settings = project.settings.model_copy(update={"publish_parquet": False})
            tables |= write_tables(self._engine, written, (), self._scratch, settings, has_ops=False).tables
        return tables

    def _moved_checks(self, failing: Sequence[CheckResult], suites: Sequence[str]) -> Iterator[CheckMove]:
        """Yield the expectations that fail in the release or in the plan, but not in both."""
        session = self._engine.session()
        rows = session.rows(
            "select table_name, expectation, coalesce(column_name, ''), severity, coalesce(why, ''), runbook"
            " from before.ops.check_result where run_id = ? and not success",
            [self._inputs.release.run_id],
        )
        session.close()
        known = {row[:5] for row in rows}
        found = {(r.table_name, r.expectation, r.column_name or "", r.severity, r.why or ""): r for r in failing}
        for key, r in sorted(found.items(), key=lambda item: (item[0][3] != "critical", item[0])):
            if key not in known:
                yield CheckMove("new", r.table_name, r.expectation, r.column_name, r.severity, r.unexpected_count,
                                r.error, r.runbook)  # fmt: skip
        for table, expectation, column, severity, why, runbook in sorted(rows):
            if table in suites and (table, expectation, column, severity, why) not in found:
                yield CheckMove("fixed", table, expectation, column or None, severity, None, None, runbook)
