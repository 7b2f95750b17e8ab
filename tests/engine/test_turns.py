"""A model that runs out of memory beside others is built again alone."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from siyu.build.materialization import ModelRun, build_model
from siyu.build.turns import Turns
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.errors import OutOfMemory, StatementFault
from siyu.night import building
from siyu.night.building import Building


def test_alone_waits_for_others_and_others_wait_for_it() -> None:
    turns, seen = Turns(), []
    started, may_end = threading.Event(), threading.Event()

    def beside(name: str) -> None:
        with turns.beside_others():
            seen.append(f"{name} begins")
            started.set()
            may_end.wait(5)
        seen.append(f"{name} ends")

    def alone() -> None:
        with turns.alone():
            seen.append("alone begins")
            time.sleep(0.05)
            seen.append("alone ends")

    first = threading.Thread(target=beside, args=("first",))
    first.start()
    assert started.wait(5)
    threads = [threading.Thread(target=alone), threading.Thread(target=alone)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    last = threading.Thread(target=beside, args=("last",))
    last.start()
    time.sleep(0.05)
    assert seen == ["first begins"]
    may_end.set()
    for thread in (first, *threads, last):
        thread.join(5)
    told = [text for text in seen if text != "first ends"]
    assert told == ["first begins", *["alone begins", "alone ends"] * 2, "last begins", "last ends"]


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns()
    for turn in (turns.beside_others, turns.alone, turns.alone, turns.beside_others):
        with pytest.raises(ValueError, match="x"), turn():
            raise ValueError("x")


@pytest.mark.parametrize(("failures", "attempts"), [(0, 1), (1, 2), (2, 2)])
def test_a_model_has_a_second_attempt(failures: int, attempts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    made: list[str] = []

    def build(engine: object, project: object, name: str, restatement: object = None) -> ModelRun:
        made.append(name)
        if len(made) <= failures:
            raise OutOfMemory("DuckDB: could not allocate")
        return ModelRun(name, "table", 0.1, 1)

    monkeypatch.setattr(building, "build_model", build)
    landed: Any = SimpleNamespace(project=None, record=SimpleNamespace(tell=told.append))
    night: Any = Building(landed, SimpleNamespace(), None, {})  # type: ignore[arg-type]
    if failures == 2:
        with pytest.raises(OutOfMemory):
            night._build("kpi.a")
    else:
        assert night._build("kpi.a").model == "kpi.a"
    assert len(made) == attempts
    assert [event.kind for event in told] == ["again"] * min(failures, 1)


def test_other_faults_are_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def build(engine: object, project: object, name: str, restatement: object = None) -> ModelRun:
        made.append(name)
        raise StatementFault("DuckDB: INTERNAL Error")

    monkeypatch.setattr(building, "build_model", build)
    night: Any = Building(SimpleNamespace(project=None), SimpleNamespace(), None, {})  # type: ignore[arg-type]
    with pytest.raises(StatementFault, match="INTERNAL"):
        night._build("kpi.a")
    assert made == ["kpi.a"]


def test_a_model_is_built_in_parts_if_it_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs with the column are read in parts, others whole; NULLs are in one of the parts."""
    engine = DuckEngine(None, RunInputs("2026-06-30", "UTC", "test"))
    session = engine.session()
    session.execute("create schema tags; create schema kpi")
    session.create_table("tags.person", "select i as one_id from range(1000) r(i) union all select null")
    session.create_table('tags."50_tag"', "select i as one_id, i % 7 as tag from range(0, 1000, 3) r(i)")
    session.create_table("tags.named", "select i as tag, 'n' || i as name from range(7) r(i)")
    sql = (
        'with t as (select one_id, tag from tags."50_tag") select p.one_id, t.tag, n.name from tags.person as p'
        " left join t on p.one_id = t.one_id left join tags.named as n on t.tag = n.tag"
    )
    columns = {"tags.person": ("one_id",), "tags.50_tag": ("one_id", "tag"), "tags.named": ("tag", "name")}
    models: dict[str, Any] = {
        name: SimpleNamespace(columns=[SimpleNamespace(name=column) for column in listed], materialized="table")
        for name, listed in columns.items()
    }
    models["kpi.wide"] = SimpleNamespace(
        name="kpi.wide", relation="kpi.wide", sql=sql, materialized="table", config={"parts": "one_id"},
        refs=set(columns), model=SimpleNamespace(file="wide.sql"),
    )  # fmt: skip
    session.create_table("kpi.whole", sql)
    create, failed = DuckSession.create_table, []

    def fail_once(self: DuckSession, relation: str, query: str) -> None:
        if not failed:
            failed.append(relation)
            raise OutOfMemory("DuckDB: could not allocate")
        create(self, relation, query)

    monkeypatch.setattr(DuckSession, "create_table", fail_once)
    project: Any = SimpleNamespace(models=models)
    assert build_model(engine, project, "kpi.wide").row_count == 1001 and failed == ["kpi.wide"]
    assert session.content_hash("kpi.wide") == session.content_hash("kpi.whole")
    assert not session.rows("select 1 from duckdb_tables() where ends_with(table_name, '__part')")
    models["kpi.wide"].config, failed[:] = {}, []
    with pytest.raises(OutOfMemory):
        build_model(engine, project, "kpi.wide")
    engine.close()
