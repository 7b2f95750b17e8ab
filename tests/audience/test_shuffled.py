"""The audience of the sample does not depend on the order of rows, nor on the number of threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from siyu.build.database import prepare, write_previous
from siyu.build.materialization import build_model
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.engines.sql import quoted
from tests.golden.conftest import Ran

pytestmark = pytest.mark.xdist_group("audience_on_the_sample")


@pytest.fixture(scope="module", params=[1, 2], ids=["one thread", "two threads"])
def shuffled(request: pytest.FixtureRequest, night: Ran, project: Project) -> Iterator[Session]:
    """The audience, built from what the night built before, in another order of rows. `night` is what it built."""
    assert night.report.as_of is not None
    inputs = RunInputs(night.report.as_of.isoformat(), night.settings.timezone, night.settings.key)
    engine = DuckEngine(None, inputs, threads=request.param)
    prepare(engine, project)
    write_previous(engine, project, {})
    session = engine.session()
    built = quoted(night.settings.warehouse / "build" / "build.duckdb")
    session.execute(f"attach {built} as night (read_only)")
    models = [name for name in project.models if name.startswith("audience.")]
    for name in sorted({item for one in models for item in inputs_of(project, one)} - set(models)):
        table = relation(name)
        session.execute(
            f"create table {table} as select t.* from night.{table} as t order by hash(t, {request.param}::bigint)"
        )
    for name in models:
        build_model(engine, project, name)
    yield session
    session.close()
    engine.close()


def inputs_of(project: Project, model: str) -> set[str]:
    return project.models[model].refs | project.models[model].sources


def test_the_same_content(shuffled: Session, project: Project) -> None:
    tables = [relation(name) for name in project.models if name.startswith("audience.")]
    differ = {}
    for table in tables:
        mine, theirs = f"select * from {table}", f"select * from night.{table}"
        rows = shuffled.rows(f"({mine} except all {theirs}) union all ({theirs} except all {mine})")
        if rows:
            differ[table] = rows[:3]
    assert not differ
    assert "audience.next_action" in tables
