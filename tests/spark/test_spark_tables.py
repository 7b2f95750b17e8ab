"""The tables of Spark: what materializations ask of a session, and what is told of a query that fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from siyu.build.database import PreviousTable, prepare, write_previous
from siyu.build.materialization import build_model
from siyu.compile.project import Project
from siyu.engines.base import ColumnType
from siyu.engines.duckdb import DuckSession
from siyu.errors import EngineFault, SqlProblem
from tests.spark.both import BothEngines

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("spark")]

TABLE, VIEW = "identity.made", "identity.shown"


def different(reason: str, raises: Any = AssertionError) -> Any:
    """Return the mark of a test of a known difference. It fails when there is none any more."""
    return pytest.mark.xfail(strict=True, raises=raises, reason=reason)


@pytest.fixture
def session(both: BothEngines) -> Iterator[DuckSession]:
    """A session of its own, as each model has one."""
    found = both.engine.session()
    yield found
    found.close()


def rows(session: DuckSession, relation: str) -> list[tuple[object, ...]]:
    """Return the rows as Spark reads them, after DuckDB has said the same."""
    session.create_table("journey.read", f"select t.* from {relation} as t")
    found = session.rows("select * from journey.read order by all")
    assert found == session.rows(f"select * from {relation} order by all")
    return found


# ---- create, rename, drop ----


def test_a_table_replaces_a_table_of_duckdb(session: DuckSession) -> None:
    session.execute(f"create table {TABLE} as select 1 as old")
    assert rows(session, TABLE) == [(1,)]
    session.create_table(TABLE, "select 2 as new, 'x' as other")
    assert rows(session, TABLE) == [(2, "x")]
    session.drop_table(TABLE)


def test_a_table_replaces_a_view_of_duckdb(session: DuckSession) -> None:
    session.execute(f"create view {VIEW} as select 1 as old")
    assert rows(session, VIEW) == [(1,)]
    session.create_table(VIEW, "select 2 as new")
    assert rows(session, VIEW) == [(2,)]
    session.drop_table(VIEW)


def test_a_table_replaces_one_that_it_reads(session: DuckSession) -> None:
    session.create_table(TABLE, "select 1 as x")
    session.create_table(TABLE, f"select x + 1 as x, x as before from {TABLE}")
    session.create_table(TABLE, f"select x + 1 as x, before from {TABLE}")
    assert rows(session, TABLE) == [(3, 1)]
    session.drop_table(TABLE)


def test_a_view_is_a_table_of_its_rows(session: DuckSession) -> None:
    session.execute("create or replace table records.base as select 1 as x")
    session.create_view(VIEW, "select x from records.base")
    session.create_view(VIEW, "select x + 1 as x from records.base")
    assert rows(session, VIEW) == [(2,)]
    session.drop_table(VIEW)
    session.execute("drop table records.base")


def test_a_renamed_table_has_its_rows_under_the_new_name_alone(session: DuckSession) -> None:
    session.create_table(TABLE, "select 1 as x, cast(2 as bigint) as y")
    session.rename_table(TABLE, "renamed")
    assert rows(session, "identity.renamed") == [(1, 2)]
    with pytest.raises(SqlProblem):
        session.create_table("identity.other", f"select x from {TABLE}")
    session.create_table(TABLE, "select 3 as x")
    assert rows(session, TABLE) == [(3,)] and rows(session, "identity.renamed") == [(1, 2)]
    session.drop_table(TABLE)
    session.drop_table("identity.renamed")


def test_a_name_that_is_taken_is_not_given_to_a_table(session: DuckSession) -> None:
    session.create_table(TABLE, "select 1 as x")
    session.create_table("identity.taken", "select 2 as x")
    try:
        with pytest.raises(SqlProblem):
            session.rename_table(TABLE, "taken")
        assert rows(session, "identity.taken") == [(2,)]
    finally:
        session.drop_table(TABLE)
        session.drop_table("identity.taken")


def test_a_table_of_duckdb_can_be_renamed(session: DuckSession) -> None:
    session.write_arrays(TABLE, {"x": np.array([1, 2])})
    try:
        session.rename_table(TABLE, "renamed")
        assert rows(session, "identity.renamed") == [(1,), (2,)]
    finally:
        session.drop_table(TABLE)
        session.drop_table("identity.renamed")


def test_a_dropped_table_is_gone_for_both(both: BothEngines, session: DuckSession) -> None:
    session.create_table(TABLE, "select 1 as x")
    session.drop_table(TABLE)
    for made_by in (session, both.duckdb):
        with pytest.raises(SqlProblem, match="made does not exist"):
            made_by.create_table("identity.other", f"select x from {TABLE}")
    session.create_table(TABLE, "select 2 as x")
    assert rows(session, TABLE) == [(2,)]
    session.drop_table(TABLE)


def test_a_table_that_failed_leaves_the_one_before(session: DuckSession) -> None:
    session.create_table(TABLE, "select 1 as x")
    with pytest.raises(SqlProblem):
        session.create_table(TABLE, "select cast(s as integer) as x from (values ('x')) as v (s)")
    assert rows(session, TABLE) == [(1,)]
    session.drop_table(TABLE)


def test_arrays_are_read_by_spark_also_after_they_were_written_again(session: DuckSession) -> None:
    session.write_arrays(TABLE, {"a": np.array([1, 2]), "b": np.array([0.5, 1.5])})
    assert rows(session, TABLE) == [(1, 0.5), (2, 1.5)]
    session.write_arrays(TABLE, {"a": np.array([3])})
    assert rows(session, TABLE) == [(3,)]
    session.write_arrays(TABLE, {"a": np.array([], dtype=np.int64)})
    assert rows(session, TABLE) == []
    session.create_table(TABLE, f"select a + 1 as a from {TABLE}")
    assert rows(session, TABLE) == []
    session.drop_table(TABLE)


@different("execute() does not tell Spark, which goes on reading its copy of the rows before")
def test_a_table_that_a_statement_writes_again_is_copied_again(session: DuckSession) -> None:
    for value in (1, 2):
        session.execute(f"create or replace table {TABLE} as select {value} as x")
        session.create_table("identity.other", f"select x from {TABLE}")
        assert session.rows("select x from identity.other") == [(value,)]


def test_arrays_of_a_table_of_spark(session: DuckSession) -> None:
    session.create_table(TABLE, "select 2 as a, cast(0.5 as double) as b, cast(7 as bigint) as c")
    found = session.arrays(f"select a, b, c from {TABLE}")
    assert {name: values.tolist() for name, values in found.items()} == {"a": [2], "b": [0.5], "c": [7]}
    session.drop_table(TABLE)


TYPES = (
    "VARCHAR", "BIGINT", "INTEGER", "DATE", "TIMESTAMP", "BOOLEAN", "DECIMAL(18,2)", "DECIMAL(38,12)", "DOUBLE",
)  # fmt: skip


def test_a_result_without_rows_has_its_columns(session: DuckSession) -> None:
    columns = ", ".join(f"cast(null as {kind}) as c{number}" for number, kind in enumerate(TYPES))
    session.create_table(TABLE, f"select {columns} where false")
    assert session.columns(TABLE) == [ColumnType(f"c{number}", kind) for number, kind in enumerate(TYPES)]
    assert rows(session, TABLE) == []
    session.create_table("identity.other", f"select count(*) as c, max(c0) as t, sum(c6) as s from {TABLE}")
    assert session.rows("select c, t, s from identity.other") == [(0, None, None)]
    assert [column.type for column in session.columns("identity.other")] == ["BIGINT", "VARCHAR", "DECIMAL(38,2)"]
    session.drop_table(TABLE)
    session.drop_table("identity.other")


def test_whole_numbers_of_38_digits_are_copied_and_kept(both: BothEngines) -> None:
    both.spark.execute(f"create table {TABLE} as select cast({'9' * 38} as hugeint) as h union all select -5")
    assert both.differences(f"select h, h % 7 as r, cast(h as varchar) as v from {TABLE}") == []
    both.spark.drop_table(TABLE)


@different('to do: the type that DuckDB describes is "NULL", with quotes, which Spark cannot read')
def test_a_column_of_nulls_without_a_type(both: BothEngines) -> None:
    assert both.differences("select null as x, 1 as y") == []


@different("Spark cannot read the type VARCHAR[]; no model has a column of lists")
def test_a_list_as_a_column(both: BothEngines) -> None:
    assert both.differences("select ['a', 'b'] as l") == []


# ---- names ----

NAMES = ("Größe", "编号", "a b", 'a"b', "a.b", "SELECT", "Upper", "a,b;c", "(x)=1", "it's", "a\\b", "$x", "%", "order")


def test_columns_keep_their_names(both: BothEngines) -> None:
    columns = ", ".join(f'{number} as "{name.replace(chr(34), chr(34) * 2)}"' for number, name in enumerate(NAMES))
    both.spark.create_table(TABLE, f"select {columns}")
    assert [column.name for column in both.spark.columns(TABLE)] == list(NAMES)
    both.spark.execute(f"create table journey.copied as select * from {TABLE}")
    chosen = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in NAMES)
    for relation in (TABLE, "journey.copied"):
        assert both.differences(f"select {chosen} from {relation}") == []
    both.spark.drop_table(TABLE)
    both.spark.drop_table("journey.copied")


def test_a_column_with_a_backtick(both: BothEngines) -> None:
    assert both.differences('select 1 as "a`b"') == []


@pytest.mark.parametrize("table", ["客户", "x-y", "a b", "1st"])
def test_tables_keep_their_names(both: BothEngines, table: str) -> None:
    relation = f'identity."{table}"'
    try:
        both.spark.create_table(relation, "select 1 as x")
        assert both.differences(f"select x from {relation}") == []
    finally:
        both.spark.execute(f"drop view if exists {relation}")


def test_names_of_tables_have_one_case(session: DuckSession) -> None:
    session.create_table(TABLE, "select 1 as x")
    try:
        session.create_table(TABLE.upper().replace("IDENTITY", "identity"), "select 2 as x")
        assert rows(session, TABLE) == [(2,)]
    finally:
        session.drop_table(TABLE)


# ---- threads ----


def test_a_relation_is_copied_once_for_threads_that_read_it_at_a_time(both: BothEngines) -> None:
    both.spark.execute("create table records.shared as select unnest(range(1000)) as x")
    start, found, count = threading.Barrier(4), [], len(list(both.folder.rglob("copy.parquet")))

    def read(number: int) -> None:
        session = both.engine.session()
        start.wait()
        session.create_table(f"identity.reader_{number}", "select count(*) as c, sum(x) as s from records.shared")
        found.append(session.rows(f"select * from identity.reader_{number}")[0])
        session.close()

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(1000, 499500)] * 4
    assert len(list(both.folder.rglob("copy.parquet"))) == count + 1


# ---- materializations ----


@pytest.fixture
def prepared(both: BothEngines, project: Project) -> Iterator[BothEngines]:
    """A build database with every schema. What a test builds is dropped, so that the next one begins without."""
    prepare(both.engine, project)
    names = "select schema_name || '.' || {0}_name from duckdb_{0}s() where not internal"
    known = set(both.spark.rows(f"{names.format('table')} union all {names.format('view')}"))
    yield both
    for (relation,) in set(both.spark.rows(f"{names.format('table')} union all {names.format('view')}")) - known:
        both.spark.drop_table(relation)


COMPONENTS = ("identity.component_step", "identity.component_seed", "identity.component_round", "identity.component")


def test_a_fixpoint_comes_to_rest(prepared: BothEngines, project: Project) -> None:
    pairs = [*((node + 1, node) for node in range(1, 12)), (200, 100), (201, 200), (202, 100)]
    listed = ", ".join(str(pair) for pair in pairs)
    prepared.spark.execute(
        "create table identity.node_edge as select cast(node as bigint) as node, cast(parent as bigint) as parent"
        f" from (values {listed}) as t (node, parent)"
    )
    runs = [build_model(prepared.engine, project, name) for name in COMPONENTS]
    assert runs[2].rounds > 1
    found = dict(prepared.spark.rows("select node, parent from identity.component"))
    assert found == {**dict.fromkeys(range(2, 13), 1), **dict.fromkeys((200, 201, 202), 100)}
    assert (
        prepared.spark.value("select count(*) from duckdb_views() where view_name like '%\\_\\_next' escape '\\'") == 0
    )


def test_a_fixpoint_that_never_rests_is_an_error(
    prepared: BothEngines, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared.spark.execute("create table identity.component_seed as select 2 as node, 1 as parent, true as is_edge")
    restless = "select node + 1 as node, parent, is_edge from identity.component_round"
    monkeypatch.setattr(project.models["identity.component_round"], "sql", restless)
    monkeypatch.setattr("siyu.build.materialization.MAX_FIXPOINT_ROUNDS", 3)
    with pytest.raises(EngineFault, match=r"identity.component_round still changes after 3 rounds"):
        build_model(prepared.engine, project, "identity.component_round")


EDGES = """
select cast(e as bigint) as edge_no, cast(0 as bigint) as kind, cast(n as bigint) as node,
 cast(l as bigint) as lesser_node,
 cast(nu as bigint) as node_unique, cast(lu as bigint) as lesser_unique, cast(1 as bigint) as node_size,
 cast(1 as bigint) as lesser_size, 'seen in ' || e as note
from (values (1, 2, 1, 0, 1), (2, 3, 2, 1, 0), (3, 5, 4, 0, 0)) as v (e, n, l, nu, lu)
"""


def test_an_agglomerate_adds_the_outcome_of_its_edges(
    prepared: BothEngines, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3 would bring a second node of a unique type to 1."""
    monkeypatch.setattr(project.models["identity.agglomeration"], "sql", EDGES)
    built = build_model(prepared.engine, project, "identity.agglomeration")
    assert built.row_count == 3
    assert rows(prepared.spark, "identity.agglomeration") == [
        (1, 0, 2, 1, 0, 1, 1, 1, "seen in 1", True, None, 1, 1),
        (2, 0, 3, 2, 1, 0, 1, 1, "seen in 2", False, "unique", 3, 1),
        (3, 0, 5, 4, 0, 0, 1, 1, "seen in 3", True, None, 4, 4),
    ]
    left = prepared.spark.rows(
        "select * from duckdb_columns() where table_name like 'agglomeration\\_\\_%' escape '\\'"
    )
    assert left == []


def test_an_agglomerate_without_edges(prepared: BothEngines, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project.models["identity.agglomeration"], "sql", f"{EDGES} where e > 9")
    assert build_model(prepared.engine, project, "identity.agglomeration").row_count == 0
    types = [column.type for column in prepared.spark.columns("identity.agglomeration")]
    assert types == ["BIGINT"] * 8 + ["VARCHAR", "BOOLEAN", "VARCHAR", "BIGINT", "BIGINT"]


def test_a_snapshot_closes_and_opens_rows(prepared: BothEngines, project: Project) -> None:
    spark = prepared.spark
    spark.execute("create table identity.one_id (id_type varchar, id_value varchar, one_id varchar)")
    spark.execute(
        "insert into identity.one_id values ('mobile', 'a', 'P1'), ('mobile', 'b', 'P9'), ('mobile', 'c', 'P3')"
    )
    spark.execute(
        "create table journey.before as select * from (values ('mobile', 'a', 'P1', date '2026-06-29', null::date),"
        " ('mobile', 'b', 'P2', date '2026-06-29', null)) as v (id_type, id_value, one_id, valid_from, valid_to)"
    )
    columns = ("id_type", "id_value", "one_id", "valid_from", "valid_to")
    write_previous(prepared.engine, project, {"identity.one_id_history": PreviousTable("journey.before", columns)})
    build_model(prepared.engine, project, "identity.one_id_history")
    found = spark.rows(
        "select id_value, one_id, valid_from::varchar, valid_to::varchar from identity.one_id_history order by all"
    )
    assert found == [
        ("a", "P1", "2026-06-29", None),
        ("b", "P2", "2026-06-29", "2026-06-30"),
        ("b", "P9", "2026-06-30", None),
        ("c", "P3", "2026-06-30", None),
    ]


# ---- errors ----

SECRET = "王芳 secret 987654"
FAILING = {
    "a cast to a number": ("cast(s as integer)", SECRET),
    "a cast to a date": ("cast(s as date)", SECRET),
    "a cast to a moment": ("cast(s as timestamp)", SECRET),
    "a cast to a decimal": ("cast(s as decimal(10, 2))", SECRET),
    "a cast to a condition": ("cast(s as boolean)", SECRET),
    "an overflow": ("cast(s as bigint) * 9223372036854775807", "987654"),
    "a remainder of nothing": ("cast(s as bigint) % (length(s) - length(s))", "987654"),
}
# Spark's own messages of these are not easily freed of the value.
TELLING = {
    "a value with a quote": ("cast(s as integer)", f"O'{SECRET}"),
    "a value of two lines": ("cast(s as integer)", f"{SECRET}\nline"),
    "a number that is too large": ("cast(cast(s as bigint) as integer)", "98765432198"),
    "a decimal that is too large": ("cast(cast(s as decimal(18, 2)) as decimal(5, 2))", "987654.32"),
    "a double that is too large": ("cast(cast(s as double) as decimal(5, 2))", "987654.32"),
    "a replacement with a group": ("regexp_replace(s, 'x', '$1', 'g')", f"x {SECRET}"),
}


@pytest.mark.parametrize("case", [*FAILING, *TELLING])
def test_an_error_of_the_data_is_one_line_and_its_fault_has_no_value(
    prepared: BothEngines, project: Project, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    expression, value = {**FAILING, **TELLING}[case]
    quoted = value.replace("'", "''")
    prepared.spark.execute(f"create table records.failing as select '{quoted}' as s")
    query = f"select {expression} as x from records.failing"
    with pytest.raises(SqlProblem) as caught:
        prepared.spark.create_table(TABLE, query)
    assert caught.value.problem.startswith("Spark: [") and "\n" not in caught.value.problem
    monkeypatch.setattr(project.models["identity.component"], "sql", query)
    with pytest.raises(EngineFault, match=r"identity.component failed on the data") as fault:
        build_model(prepared.engine, project, "identity.component")
    assert not any(part in fault.value.problem for part in ("王芳", "secret", "987654"))


def test_two_rows_where_a_query_has_room_for_one(session: DuckSession) -> None:
    with pytest.raises(SqlProblem, match="SCALAR_SUBQUERY_TOO_MANY_ROWS"):
        session.create_table(TABLE, "select (select k from (values (1), (2)) as v (k)) as c")


def test_a_quotient_of_nothing_is_null(both: BothEngines) -> None:
    query = "select i / z as a, i / nullif(z, 0) as b, i % nullif(z, 0) as c from (values (1, 0)) as v (i, z)"
    told = both.differences(query)
    # On DuckDB, i / 0 is a value; Spark stops. No lint tells this, models guard with nullif().
    assert both.duckdb.rows("select b, c from journey.found") == [(None, None)]
    assert len(told) == 1 and "DIVIDE_BY_ZERO" in told[0]
    assert both.differences(query.replace("i / z as a, ", "")) == []


def test_an_unknown_column_or_table_is_told(session: DuckSession) -> None:
    session.execute("create or replace table records.known as select 1 as x")
    for query, name in (
        ("select nope from records.known", "nope"),
        ("select x from records.nowhere", "nowhere"),
        ("select nope(x) as x from records.known", "nope"),
    ):
        with pytest.raises(SqlProblem, match=name):
            session.create_table(TABLE, query)


def test_what_spark_cannot_read_is_told(session: DuckSession) -> None:
    """A message of its parser begins with an empty line."""
    with pytest.raises(SqlProblem, match="UNSUPPORTED_DATATYPE"):
        session.create_table(TABLE, "select cast(x as hugeint) as x from (select 1 as x)")
    with pytest.raises(SqlProblem, match="PARSE_SYNTAX_ERROR"):
        session.create_table(TABLE, "select s || null as x from (select 'a' as s)")


def test_a_failing_function_of_a_worker_is_told(session: DuckSession) -> None:
    session.execute("create or replace table records.known as select 'x' as s")
    with pytest.raises(SqlProblem) as caught:
        session.create_table(TABLE, "select fn_trim(s) as x from records.known where cast(fn_trim(s) as integer) > 1")
    assert "CAST_INVALID_INPUT" in caught.value.problem
