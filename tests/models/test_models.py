"""Model tests: given rows, expected rows, through the real compiler, on DuckDB in memory.

`tests/models/<schema>/<table>.yml` holds cases: `given` maps a relation (a model, `raw.<channel>__<export>`, an ops
source, `previous.<schema>__<table>`) to rows; columns that are not named are NULL, relations that are not named are
empty, reference tables are the real ones unless given. `expect` names only the columns that matter; `where` narrows
the rows that are compared.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from siyu.build.materialization import build_model
from siyu.compile.compiler import previous_models
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.compile.template import previous_relation
from siyu.engines.base import Session
from siyu.layers import read_yaml
from tests.models.engines import Engines

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*/*.yml"))
AS_OF = "2026-06-30"


def _cases() -> list[Any]:
    found = []
    for path in FILES:
        data = read_yaml(path.read_text(encoding="utf-8"))
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
        expected = case["expect"]
        named = list(dict.fromkeys(name for row in expected for name in row)) or list(columns)
        listed = ", ".join(f'"{name}"' for name in named)
        fill(session, "expected", {name: columns[name] for name in named}, expected)
        session.execute(
            f"create view found as select {listed} from {relation(model)} where {case.get('where', 'true')}"
        )
        missing = session.rows(f"select {listed} from expected except all select {listed} from found")
        surplus = session.rows(f"select {listed} from found except all select {listed} from expected")
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
    for row in rows:
        marks = ", ".join("?" for _ in row)
        into = ", ".join(f'"{column}"' for column in row)
        session.execute(f"insert into {name} ({into}) values ({marks})", [_plain(value) for value in row.values()])


def _plain(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
