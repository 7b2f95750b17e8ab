"""Build what the working copy changes, in a scratch database. Tables that stay the same are views of what is there.

A table that does not change has the version that the current release gives it. It is read from the build database of
the last run, if that has the version, or else from the release. Working tables that neither has are built again.

A model that reads a table whose content differs is built only if the columns differ that it reads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from siyu.build import parallel
from siyu.build.materialization import ModelRun, build_model
from siyu.build.versions import Versions
from siyu.compile.model_files import relation
from siyu.compile.project import CompiledModel, Project
from siyu.engines.base import Engine, Session
from siyu.engines.sql import quote_name
from siyu.report.events import Event, built

BUILT, RESTRICTED_ALIAS, BEFORE = "built", "before_restricted", "before"
Columns = frozenset[str]


@dataclass(frozen=True)
class Kept:
    """What is there: the versions of the current release and of the build database, and their tables by alias."""

    release: Versions
    build: Versions
    tables: Mapping[str, Mapping[str, Mapping[str, str]]]  # alias -> table -> column -> type

    def relation(self, model: CompiledModel) -> str | None:
        """Return the query of a table of the current release, None if it is kept nowhere in full."""
        alias = self._alias(model)
        if alias is None:
            return None
        listed = ", ".join(quote_name(column.name) for column in model.columns)
        return f"(select {listed} from {alias}.{relation(model.name)})"

    def has_types(self, model: CompiledModel) -> bool:
        """Whether the kept table has the columns of the model, in their types."""
        alias = self._alias(model)
        kept = self.tables[alias][model.name] if alias else {}
        return all(kept.get(column.name) == column.type for column in model.columns)

    def _alias(self, model: CompiledModel) -> str | None:
        """Return the file that has a table of the current release in full."""
        name, columns = model.name, {column.name for column in model.columns}
        was, build = self.release.models.get(name), self.build.models.get(name)
        if was is None:
            return None
        # The restricted file has the raw texts of a table whose public copy is masked.
        places = [RESTRICTED_ALIAS] if model.pii_columns else [RESTRICTED_ALIAS, BEFORE]
        if build is not None and build.version == was.version:
            places.insert(0, BUILT)
        for alias in places:
            if columns <= self.tables.get(alias, {}).get(name, {}).keys():
                return alias
        return None


@dataclass
class PlanBuild:
    """A build of some models. `changed` are the built models whose content differs, `same` those whose does not.

    `again` are models that did not change, but that nobody kept.
    """

    engine: Engine
    project: Project
    kept: Kept
    new: Versions
    tell: Callable[[Event], None]
    runs: list[ModelRun] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    same: set[str] = field(default_factory=set)
    again: set[str] = field(default_factory=set)
    _moved: dict[str, frozenset[Columns]] = field(default_factory=dict)  # of changed tables: lists whose rows differ
    _there: set[str] = field(default_factory=set)
    _guard: threading.RLock = field(default_factory=threading.RLock)

    def run(self) -> None:
        """Build the models that differ, and those that read a table whose content differs, several at a time."""
        was, now = self.kept.release.models, self.new.models
        differing = [name for name in now if name not in was or was[name].version != now[name].version]
        parallel.run_in_order(self.project.graph, differing, self._consider, self.project.settings.cores)

    def _consider(self, name: str) -> None:
        was, now = self.kept.release.models.get(name), self.new.models[name]
        model = self.project.models[name]
        is_own = was is None or was.own != now.own or was.inputs != now.inputs or was.refs != now.refs
        if is_own or any(self._differs(read, model.reads(read)) for read in model.refs & self.changed):
            self._build(name)
            self._compare(model)

    def _differs(self, name: str, columns: Columns | None) -> bool:
        """Whether the rows of a changed table differ in these columns."""
        return columns is None or name not in self._moved or columns in self._moved[name]

    def provide(self, name: str) -> None:
        """Make a table readable, whether it changed or not. Models that read it wait for it."""
        with self._guard:
            if name in self._there:
                return
            model = self.project.models[name]
            kept = None if model.materialized == "view" else self.kept.relation(model)
            if kept is None:
                self._build(name)
                if model.materialized != "view":
                    self.again.add(name)
                return
            self._execute(f"create or replace view {model.relation} as select * from {kept}")
            self._there.add(name)

    def _build(self, name: str) -> None:
        for read in sorted(self.project.graph[name]):
            self.provide(read)
        run = build_model(self.engine, self.project, name)
        self.runs.append(run)
        self._there.add(name)
        self.tell(built(run, 0))

    def _compare(self, model: CompiledModel) -> None:
        """Compare a table with that of the current release, also by the columns that each model reads of it. A view is
        not compared: it differs if it reads a table that does."""
        name, kept = model.name, self.kept.relation(model)
        if kept is None or model.materialized == "view" or not self.kept.has_types(model):
            self.changed.add(name)
            return
        whole = frozenset(column.name for column in model.columns)
        lists = [whole, *sorted(self._lists_read(name) - {whole}, key=sorted)]
        session = self.engine.session()
        try:
            now, was = (_hashes(session, one, lists) for one in (model.relation, kept))
        finally:
            session.close()
        self._moved[name] = frozenset(one for one, new, old in zip(lists, now, was, strict=True) if new != old)
        (self.changed if whole in self._moved[name] else self.same).add(name)

    def _lists_read(self, name: str) -> set[Columns]:
        """Return the columns that each model reads of a table."""
        lists = (model.reads(name) for model in self.project.models.values() if name in model.refs)
        return {columns for columns in lists if columns is not None}

    def _execute(self, sql: str) -> None:
        session = self.engine.session()
        try:
            session.execute(sql)
        finally:
            session.close()


def _hashes(session: Session, relation: str, lists: Sequence[Columns]) -> list[str]:
    """Return a hash of the rows for each list of columns, as if the table had only these. Row order does not count."""
    sums = [f"sum(hash(hash({', '.join(map(quote_name, sorted(one)))}))::hugeint)::varchar" for one in lists if one]
    count, *found = session.rows(f"select {', '.join(['count(*)', *sums])} from {relation}")[0]
    rest = iter(found)
    return [f"{count}:{next(rest) if one else 0}" for one in lists]


def tables_of(session: Session, alias: str) -> dict[str, dict[str, str]]:
    """Return table -> column -> type of an attached file. Of views, those of a release count whose rows are files."""
    rows = session.rows(
        "with listed as (select database_name, schema_name, table_name from duckdb_tables() union all"
        " select database_name, schema_name, view_name from duckdb_views()"
        " where database_name <> ? and contains(sql, 'read_parquet('))"
        " select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        " semi join listed using (database_name, schema_name, table_name)"
        " where database_name = ?",
        [BUILT, alias],
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
    return found


def may_be_built(project: Project, kept: Kept, new: Versions) -> list[str]:
    """Return the models that a plan may build: those that differ, and what they read and nobody kept."""
    found: set[str] = set()
    pending = [
        name
        for name, now in new.models.items()
        if name not in kept.release.models or kept.release.models[name].version != now.version
    ]
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found.add(name)
        for read in project.graph[name]:
            model = project.models[read]
            if model.materialized == "view" or kept.relation(model) is None:
                pending.append(read)
    return [name for name in project.models if name in found]
