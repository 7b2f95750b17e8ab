"""Materializations: fixpoint against union-find, snapshots over nights, and the order models run in."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siyu.build.database import PreviousTable, prepare, write_previous, write_sources
from siyu.build.materialization import build_model
from siyu.build.parallel import run_in_order
from siyu.compile.project import Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, _translate
from siyu.errors import EngineFault, SqlProblem, StatementFault

INPUTS = RunInputs("2026-06-30", "Asia/Shanghai", "test")
NODES = st.integers(min_value=1, max_value=40)


def _components(pairs: set[tuple[int, int]]) -> dict[int, int]:
    """Union-find in plain Python: node -> least node it reaches."""
    parent = {node: node for pair in pairs for node in pair}

    def root(node: int) -> int:
        while parent[node] != node:
            node = parent[node]
        return node

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    return {node: root(node) for node in parent if root(node) != node}


@given(st.sets(st.tuples(NODES, NODES).filter(lambda p: p[0] > p[1]), min_size=1, max_size=60))
@settings(max_examples=40, deadline=None)
def test_components_agree_with_union_find(project: Project, pairs: set[tuple[int, int]]) -> None:
    assert _built_components(project, pairs) == _components(pairs)


def test_a_long_chain_comes_to_rest(project: Project) -> None:
    pairs = {(node + 1, node) for node in range(1, 3000)}
    assert _built_components(project, pairs) == dict.fromkeys(range(2, 3001), 1)


COMPONENTS = ("identity.component_step", "identity.component_seed", "identity.component_round", "identity.component")


def _built_components(project: Project, pairs: set[tuple[int, int]]) -> dict[int, int]:
    engine = DuckEngine(None, INPUTS)
    session = engine.session()
    session.execute("create schema identity")
    listed = ", ".join(f"({a}, {b})" for a, b in sorted(pairs))
    values = f"(values {listed}) as t (node, parent)"
    session.execute(
        f"create table identity.node_edge as select node::bigint as node, parent::bigint as parent from {values}"
    )
    for name in COMPONENTS:
        build_model(engine, project, name)
    found = dict(session.rows("select node, parent from identity.component"))
    session.close()
    engine.close()
    return found


def test_a_fixpoint_that_never_rests_is_an_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = DuckEngine(None, INPUTS)
    session = engine.session()
    session.execute("create schema identity")
    session.execute(
        "create table identity.component_seed as select 2::bigint as node, 1::bigint as parent, true as is_edge"
    )
    model = project.models["identity.component_round"]
    restless = "select node + 1 as node, parent, is_edge from identity.component_round"
    monkeypatch.setattr(model, "sql", restless)
    with pytest.raises(EngineFault, match=r"identity.component_round still changes after 50 rounds"):
        build_model(engine, project, "identity.component_round")
    engine.close()


def test_a_full_disk_is_no_fault_of_a_query() -> None:
    message = 'TransactionContext Error: Failed to commit: Could not write file "/w/x.wal": No space left on device'
    assert isinstance(_translate(duckdb.TransactionException(message), "select 1"), EngineFault)
    assert isinstance(_translate(duckdb.ConversionException("no number"), "select 1"), SqlProblem)


def test_after_a_fatal_error_its_cause_is_reported() -> None:
    """DuckDB refuses every later statement; those of other threads may be the first ones that siyu sees."""
    message = (
        "FATAL Error: Failed: database has been invalidated because of a previous fatal error. The database must be"
        " restarted prior to being used again.\n"
        'Original error: "Failed to create checkpoint because of error: Could not write file: No space left on device"'
    )
    told = _translate(duckdb.FatalException(message), "select 1")
    assert isinstance(told, EngineFault)
    assert told.problem.startswith("DuckDB: Failed to create checkpoint") and told.problem.endswith("on device")


@pytest.mark.parametrize("kind", [duckdb.OutOfMemoryException, duckdb.InternalException])
def test_an_engine_that_gives_out_on_one_statement_is_told_in_one_line(kind: type[duckdb.Error]) -> None:
    told = _translate(kind("failed to allocate\n\nPossible solutions:\n* buy more"), "select 1")
    assert isinstance(told, StatementFault) and told.problem == "DuckDB: failed to allocate"


def test_snapshot_rows_close_and_open(project: Project) -> None:
    first = _history(project, "2026-06-29", {"a": "P1", "b": "P2"}, [])
    second = _history(project, "2026-06-30", {"a": "P1", "b": "P9", "c": "P3"}, first)
    assert second == [
        ("a", "P1", "2026-06-29", None),
        ("b", "P2", "2026-06-29", "2026-06-30"),
        ("b", "P9", "2026-06-30", None),
        ("c", "P3", "2026-06-30", None),
    ]
    gone = _history(project, "2026-07-01", {"a": "P1"}, second)
    assert [row for row in gone if row[3] is None] == [("a", "P1", "2026-06-29", None)]
    assert ("c", "P3", "2026-06-30", "2026-07-01") in gone


Row = tuple[str, str, str, str | None]


def _history(project: Project, as_of: str, ids: dict[str, str], earlier: list[Row]) -> list[Row]:
    engine = DuckEngine(None, RunInputs(as_of, "Asia/Shanghai", "test"))
    prepare(engine, project)
    session = engine.session()
    session.execute("create table identity.one_id (id_type varchar, id_value varchar, one_id varchar)")
    for value, one_id in ids.items():
        session.execute("insert into identity.one_id values ('mobile', ?, ?)", [value, one_id])
    session.execute(
        "create table before (id_type varchar, id_value varchar, one_id varchar, valid_from date, valid_to date)"
    )
    for row in earlier:
        session.execute("insert into before values ('mobile', ?, ?, ?, ?)", list(row))
    columns = ("id_type", "id_value", "one_id", "valid_from", "valid_to")
    write_previous(engine, project, {"identity.one_id_history": PreviousTable("before", columns)})
    build_model(engine, project, "identity.one_id_history")
    rows = session.rows(
        "select id_value, one_id, valid_from::varchar, valid_to::varchar from identity.one_id_history order by all"
    )
    session.close()
    engine.close()
    return rows  # type: ignore[return-value]


def test_models_wait_for_what_they_read() -> None:
    graph = {"a": set(), "b": {"a"}, "c": {"a"}, "d": {"b", "c"}}
    seen: list[str] = []
    guard = threading.Lock()

    def work(name: str) -> str:
        with guard:
            assert graph[name] <= set(seen)
            seen.append(name)
        return name

    run_in_order(graph, list(graph), work, 3)
    assert sorted(seen) == ["a", "b", "c", "d"]


def test_the_first_error_stops_what_depends_on_it() -> None:
    ran: list[str] = []

    def work(name: str) -> str:
        ran.append(name)
        if name == "b":
            raise EngineFault("broken", "b")
        return name

    with pytest.raises(EngineFault, match="broken"):
        run_in_order({"a": set(), "b": {"a"}, "c": {"b"}}, ["a", "b", "c"], work, 2)
    assert ran == ["a", "b"]


def test_reference_tables_keep_leading_zeros_and_empty_is_null(project: Project, tmp_path: Path) -> None:
    engine = DuckEngine(None, INPUTS)
    prepare(engine, project)
    write_sources(engine, project, [], tmp_path, list(project.models))
    session = engine.session()
    assert session.rows("select b.to from reference.tag_bands as b where b.band = '181+'") == [(None,)]
    engine.close()
