"""Engines for model tests. Reference tables load once; every case finds an engine as the first one found it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from siyu.build.database import prepare, write_sources
from siyu.compile.project import Project
from siyu.engines.base import RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.engines.sql import quote_name

# (table or view, schema, name) -> the number DuckDB gave it: a relation that was replaced has another one.
Relations = dict[tuple[str, str, str], int]


class Engines:
    """An engine in memory for each business date, since models read that date from macros of the engine."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._opened: dict[str, tuple[DuckEngine, Relations]] = {}

    @contextmanager
    def at(self, as_of: str) -> Iterator[tuple[DuckEngine, Session]]:
        """Yield an engine with reference tables and empty schemas. What is created or replaced in it is undone."""
        if as_of not in self._opened:
            self._opened[as_of] = self._open(as_of)
        engine, first = self._opened[as_of]
        session = engine.session()
        try:
            yield engine, session
        finally:
            self._undo(engine, session, first)
            session.close()

    def _open(self, as_of: str) -> tuple[DuckEngine, Relations]:
        engine = DuckEngine(None, RunInputs(as_of, "Asia/Shanghai", "test"))
        prepare(engine, self._project)
        self._write_references(engine, self._project.references)
        session = engine.session()
        found = _relations(session)
        session.close()
        return engine, found

    def _write_references(self, engine: DuckEngine, names: Iterable[str]) -> None:
        references = {name: self._project.references[name] for name in names}
        write_sources(engine, replace(self._project, channels={}, references=references), [], Path(), [])

    def _undo(self, engine: DuckEngine, session: Session, first: Relations) -> None:
        """Drop what the first case did not find, and load replaced reference tables again."""
        found = _relations(session)
        for kind, schema, name in [key for key, number in found.items() if first.get(key) != number]:
            session.execute(f"drop {kind} {quote_name(schema)}.{quote_name(name)}")
        replaced = [name for (kind, schema, name), number in first.items() if found.get((kind, schema, name)) != number]
        if replaced:
            self._write_references(engine, replaced)
            first.update(_relations(session))

    def close(self) -> None:
        """Close every engine."""
        for engine, _ in self._opened.values():
            engine.close()


def _relations(session: Session) -> Relations:
    rows = session.rows(
        "select 'table', schema_name, table_name, table_oid from duckdb_tables() union all"
        " select 'view', schema_name, view_name, view_oid from duckdb_views() where not internal"
    )
    return {(kind, schema, name): number for kind, schema, name, number in rows}
