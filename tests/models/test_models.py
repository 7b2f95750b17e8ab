"""Model tests: given rows, expected rows, through the real compiler, on DuckDB in memory.

`tests/models/<schema>/<table>.yml` holds cases: `given` maps a relation (a model, `raw.<channel>__<export>`, an ops
source, `previous.<schema>__<table>`) to rows; columns that are not named are NULL, relations that are not named are
empty, reference tables are the real ones unless given. `expect` names only the columns that matter; `where` narrows
the rows that are compared.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from siyu.build.database import prepare, write_sources
from siyu.build.materialization import build_model
from siyu.compile.model_files import relation
from siyu.compile.project import Project, previous_models
from siyu.compile.template import previous_relation
from siyu.engines.base import Engine, RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.layers import read_yaml

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*/*.yml"))
AS_OF = "2026-06-30"


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
            self._opened[as_of] = DuckEngine(None, RunInputs(as_of, "Asia/Shanghai", "test"))
            prepare(self._opened[as_of], self._project)
            write_sources(self._opened[as_of], replace(self._project, channels={}), [], Path(), [])
        case = OneTransaction(self._opened[as_of])
        try:
            yield case, case.session()
        finally:
            case.undo()

    def close(self) -> None:
        """Close every engine."""
        for engine in self._opened.values():
            engine.close()


@pytest.fixture(scope="session")
def engines(project: Project) -> Iterator[Engines]:
    """Engines that all cases of a worker share. Every case leaves them as it found them."""
    opened = Engines(project)
    yield opened
    opened.close()


def _cases() -> list[Any]:
    found = []
    for path in FILES:
        data = read_yaml(path.read_text(encoding="utf-8"), str(path))
        for case in data["cases"]:
            found.append(pytest.param(data["model"], case, id=f"{path.parent.name}.{path.stem}: {case['name']}"))
    return found


@pytest.fixture(scope="session")
def known(project: Project) -> set[str]:
    """Every relation that a model reads."""
    found = {item for one in project.models.values() for item in (*one.refs, *one.sources)}
    return found | {previous_relation(name) for name in previous_models(project.models.values())}


@pytest.mark.parametrize(("model", "case"), _cases())
def test_model(project: Project, engines: Engines, known: set[str], model: str, case: dict[str, Any]) -> None:
    given = case.get("given") or {}
    assert set(given) <= known, f"no model reads {set(given) - known}"
    with engines.at(str(case.get("as_of", AS_OF))) as (engine, session):
        _lay_out(session, project, model, given)
        build_model(engine, project, model)
        columns = {c.name: c.type for c in session.columns(relation(model))}
        expected, where = case["expect"], case.get("where", "true")
        named = list(dict.fromkeys(name for row in expected for name in row)) or list(columns)
        listed = ", ".join(f'"{name}"' for name in named)
        fill(session, "expected", {name: columns[name] for name in named}, expected)
        wanted = Counter(map(repr, session.rows(f"select {listed} from expected")))
        found = Counter(map(repr, session.rows(f"select {listed} from {relation(model)} where {where}")))
        missing, surplus = [*(wanted - found).elements()], [*(found - wanted).elements()]
        assert (missing, surplus) == ([], []), f"missing {missing}, surplus {surplus} of {named}"


def _lay_out(session: Session, project: Project, model: str, given: dict[str, list[dict[str, Any]]]) -> None:
    compiled = project.models[model]
    needed = compiled.refs | compiled.sources | {previous_relation(name) for name in compiled.previous}
    if compiled.materialized == "snapshot":
        needed.add(previous_relation(model))
    for name in sorted(needed | set(given)):
        if name.startswith("reference.") and name not in given:
            continue
        own = previous_relation(model) == name and compiled.materialized == "snapshot"
        columns = {c.name: c.type for c in project.binder.columns(relation(model if own else name))}
        fill(session, relation(name), columns, given.get(name, []))


def fill(session: Session, name: str, columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    unknown = {column for row in rows for column in row} - set(columns)
    assert not unknown, f"{name} has no {unknown}"
    listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
    session.execute(f"create or replace table {name} ({listed})")
    if rows:
        named = list(dict.fromkeys(column for row in rows for column in row))
        into, marks = ", ".join(f'"{column}"' for column in named), ", ".join("?" for _ in named)
        session.execute(
            f"insert into {name} ({into}) values {', '.join([f'({marks})'] * len(rows))}",
            [_plain(row.get(column)) for row in rows for column in named],
        )


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
