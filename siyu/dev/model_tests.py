"""Model tests: given rows, expected rows, through the real compiler, on DuckDB in memory."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from siyu.build.database import prepare, write_sources
from siyu.build.materialization import build_model
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.dev.model_test_files import ModelTest, check_model_test, column_types, relations_read
from siyu.engines.base import Engine, RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.engines.sql import quote_name
from siyu.errors import ConfigError, SiyuError, SqlProblem, raise_all

KEY = "test"  # of the hashes that models compute: IDs in model tests are those of this key
Row = tuple[Any, ...]


class OneTransaction:
    """An engine whose sessions are one and the same, in a transaction that nobody commits."""

    path = None

    def __init__(self, engine: DuckEngine) -> None:
        self._session = engine.session()
        self._session.execute("begin")

    def session(self) -> Session:
        """Return the session. Who closes it leaves it open for others."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def close(self) -> None:
        """Do nothing: the session belongs to the case."""

    def undo(self) -> None:
        """Undo everything, also after an error."""
        self._session.execute("rollback")
        self._session.close()


class Engines:
    """An engine in memory for each business date, since models read that date from macros of the engine."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._opened: dict[str, DuckEngine] = {}

    @contextmanager
    def at(self, as_of: str) -> Iterator[tuple[Engine, Session]]:
        """Yield an engine with reference tables and empty schemas. What is created or replaced in it is undone."""
        if as_of not in self._opened:
            self._opened[as_of] = DuckEngine(None, RunInputs(as_of, self._project.settings.timezone, KEY))
            prepare(self._opened[as_of], self._project)
            write_sources(self._opened[as_of], replace(self._project, channels={}), [], Path(), [])
        case: Any = OneTransaction(self._opened[as_of])
        try:
            yield case, case.session()
        finally:
            case.undo()

    def close(self) -> None:
        """Close every engine."""
        for engine in self._opened.values():
            engine.close()


@dataclass(frozen=True)
class Outcome:
    """What became of a case: rows of `columns` that are missing or surplus, or why the model could not be built."""

    test: ModelTest
    seconds: float = 0.0
    columns: tuple[str, ...] = ()
    missing: tuple[Row, ...] = ()
    surplus: tuple[Row, ...] = ()
    error: SiyuError | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the model yields the expected rows, and no others."""
        return not (self.missing or self.surplus or self.error)

    @property
    def is_wrong(self) -> bool:
        """Whether the file of the test has a mistake."""
        return isinstance(self.error, ConfigError)


def run_model_test(project: Project, engines: Engines, test: ModelTest) -> Outcome:
    """Run one case. Raises ConfigError with every relation and column of it that does not exist."""
    raise_all(list(check_model_test(project, test)))
    started = time.perf_counter()
    with engines.at(test.as_of) as (engine, session):
        try:
            _lay_out(session, project, test)
            build_model(engine, project, test.model)
            columns, missing, surplus = _compare(session, project, test)
        except SiyuError as error:
            return Outcome(test, time.perf_counter() - started, error=error)
    return Outcome(test, time.perf_counter() - started, columns, missing, surplus)


def _lay_out(session: Session, project: Project, test: ModelTest) -> None:
    """Create every relation that the model reads: with the rows that are given, reference tables as they are."""
    for name in sorted(relations_read(project, test.model)):
        if name.startswith("reference.") and name not in test.given:
            continue
        with _named(test, "given", name):
            fill(session, relation(name), column_types(project, test.model, name), test.given.get(name, []))


def _compare(
    session: Session, project: Project, test: ModelTest
) -> tuple[tuple[str, ...], tuple[Row, ...], tuple[Row, ...]]:
    """Return the columns that are compared, the rows that are missing, and those that nobody expects."""
    columns = column_types(project, test.model, test.model)
    named = tuple(dict.fromkeys(name for row in test.expect for name in row)) or tuple(columns)
    listed = ", ".join(map(quote_name, named))
    with _named(test, "expect"):
        fill(session, "expected", {name: columns[name] for name in named}, test.expect)
    wanted = session.rows(f"select {listed} from expected")
    with _named(test, "where"):
        found = session.rows(f"select {listed} from {relation(test.model)} where {test.where}")
    return named, _surplus(wanted, found), _surplus(found, wanted)


def _surplus(rows: Sequence[Row], others: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows that the others lack. Values of different types differ, even 1 and 1.0."""
    left = Counter(map(repr, rows)) - Counter(map(repr, others))
    found = []
    for row in rows:
        if left[repr(row)] > 0:
            left[repr(row)] -= 1
            found.append(row)
    return tuple(found)


@contextmanager
def _named(test: ModelTest, *path: str) -> Iterator[None]:
    """Turn what the engine says about a part of the case into an error of its file."""
    try:
        yield
    except SqlProblem as error:
        raise ConfigError(error.problem.splitlines()[0], test.place(*path), "correct the case.") from error


def fill(session: Session, name: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Create a table with these columns and rows, or replace it. Columns that a row does not name are NULL."""
    listed = ", ".join(f"{quote_name(column)} {kind}" for column, kind in columns.items())
    session.execute(f"create or replace table {name} ({listed})")
    if rows:
        named = list(dict.fromkeys(column for row in rows for column in row))
        into, marks = ", ".join(map(quote_name, named)), ", ".join("?" for _ in named)
        session.execute(
            f"insert into {name} ({into}) values {', '.join([f'({marks})'] * len(rows))}",
            [_plain(row.get(column)) for row in rows for column in named],
        )


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def run_model_tests(
    project: Project, tests: Sequence[ModelTest], tell: Callable[[Outcome], None] = lambda outcome: None
) -> list[Outcome]:
    """Run cases on one engine a date. Raises ConfigError with every mistake of their files before the first case."""
    raise_all([error for test in tests for error in check_model_test(project, test)])
    engines = Engines(project)
    found = []
    try:
        for test in tests:
            found.append(run_model_test(project, engines, test))
            tell(found[-1])
    finally:
        engines.close()
    return found
