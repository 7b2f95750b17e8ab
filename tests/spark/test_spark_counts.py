"""What Spark counts and adds up of its own large tables: the figures of suites, and content hashes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from siyu.check.counts import Metrics, count
from siyu.check.suites import ROWS_EXPECTATION, Expectation, Suite, checked_table, rows_query
from siyu.compile.project import Project
from siyu.compile.spark_sql import spark_query
from siyu.engines.base import ColumnType
from siyu.engines.duckdb import DuckSession
from siyu.engines.spark_lake import _schema
from siyu.engines.sql import quoted
from siyu.errors import SiyuError
from siyu.masking import SEEN
from tests.engine.test_clear_text import ABOUT, QUIET
from tests.golden.canaries import Canaries
from tests.spark.both import BothEngines
from tests.spark.conftest import INPUTS

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("spark")]

TABLE = "identity.counted"
NUMBER_OF_ROWS = re.compile(r"select count\(\*\) from identity\.\S+")
QUERY = """
select
    x as no,
    cast(x % 7 as integer) as small,
    case when x % 5 > 0 then 'v' || cast(x % 3 as varchar) end as word,
    cast(x * 1.25 as decimal(18, 2)) as amount,
    case when x % 4 > 0 then cast(x as double) / 3 end as part,
    date '2026-01-01' + cast(x as integer) as day,
    timestamp '2026-01-01 10:00:00' + x * interval 1 second as moment,
    x % 2 = 0 as is_even,
    cast(x as decimal(38, 0)) as wide
from identity.counted_base
"""


@pytest.fixture
def large(both: BothEngines, monkeypatch: pytest.MonkeyPatch) -> Iterator[DuckSession]:
    """A session of Spark with a table that counts as large."""
    monkeypatch.setattr("siyu.engines.spark.MANY_ROWS", 0)
    both.duckdb.execute("create or replace table identity.counted_base as select range as x from range(1000)")
    session = both.engine.session()
    session.create_table(TABLE, QUERY)
    yield session
    session.drop_table(TABLE)
    session.drop_table("identity.counted_base")
    session.close()


def _column(kind: str, column: str, **more: object) -> Expectation:
    return Expectation(type=f"expect_column_values_to_{kind}", kwargs={"column": column, **more})


def _rows(query: str) -> Expectation:
    return Expectation(type=ROWS_EXPECTATION, kwargs={"unexpected_rows_query": query})


EXPECTATIONS = [
    *(_column("not_be_null", name) for name in ("no", "word", "part")),
    *(_column("be_unique", name) for name in ("no", "word", "part", "day", "amount")),
    _column("be_in_set", "word", value_set=["v1", "it's"]),
    _column("be_in_set", "small", value_set=[0, 1, 2]),
    _column("be_between", "small", min_value=1),
    _column("be_between", "amount", min_value=0.5, max_value=100.25),
    _column("be_between", "part", max_value=33.333333),
    _column("be_between", "wide", min_value=0, max_value=10**18),
    _rows("select batch.word from {batch} where batch.small > 3"),
    _rows("select word, count(*) as n from {batch} group by word having count(*) > 1"),
    _rows("select no from {batch} where not regexp_matches(coalesce(word, ''), '^v[0-9]$')"),
    _rows("select a.no from {batch} join identity.counted as a on a.no = batch.no + 1 where a.part < batch.part"),
    _rows("select * from {batch} where moment < fn_as_of_end() and fn_local_date(moment) < day"),
    _rows("select no from {batch} where false"),
]


def test_spark_counts_what_duckdb_counts(
    both: BothEngines, large: DuckSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = count(both.duckdb, TABLE, EXPECTATIONS, lambda one: True)
    with monkeypatch.context() as patch:
        _fail_on_duckdb(patch)
        found = count(large, TABLE, EXPECTATIONS, lambda one: True)
    assert found == expected
    assert None not in found
    failing = [one for metrics in found if metrics for name, one in metrics.items() if name.endswith("count")]
    assert any(failing)


def _fail_on_duckdb(patch: pytest.MonkeyPatch) -> None:
    """DuckDB answers about catalogs and numbers of rows alone."""
    rows = DuckSession.rows

    def answered(self: DuckSession, sql: str, params: object = ()) -> object:
        assert "duckdb_" in sql or sql.startswith("describe") or NUMBER_OF_ROWS.fullmatch(sql), sql
        return rows(self, sql, params)  # type: ignore[arg-type]

    patch.setattr(DuckSession, "rows", answered)


def test_without_rows_there_is_nothing_to_count(both: BothEngines, large: DuckSession) -> None:
    large.create_table(TABLE, f"{QUERY} where x < 0")
    assert count(large, TABLE, EXPECTATIONS, lambda one: True) == count(
        both.duckdb, TABLE, EXPECTATIONS, lambda one: True
    )
    assert large.content_hash(TABLE) == both.duckdb.content_hash(TABLE) == (0, "0:0")


def test_a_query_for_duckdb_alone_is_counted_by_duckdb(large: DuckSession, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("siyu.engines.spark_lake.Lake.first_row", lambda self, sql: asked.append(sql))
    expectation = _rows("select no from {batch} where small = 1")
    assert count(large, TABLE, [expectation], lambda one: False) == [_counted(143)]
    assert asked == []


def test_what_spark_cannot_carry_out_is_counted_by_duckdb(large: DuckSession) -> None:
    """Spark has no such function, and ends on the division where DuckDB yields infinity."""
    queries = ("select no from {batch} where list_sum([no]) = 1", "select no from {batch} where part / 0 > 1")
    assert count(large, TABLE, [_rows(query) for query in queries], lambda one: True) == [_counted(1), _counted(750)]


def _counted(rows: int) -> Metrics:
    return {"unexpected_rows_query.row_count": rows, "unexpected_rows_query.table": []}


def test_a_query_that_is_wrong_is_for_great_expectations(large: DuckSession) -> None:
    assert count(large, TABLE, [_rows("select no from {batch} where nothing = 1")], lambda one: True) == [None]


def test_small_tables_and_tables_of_duckdb_are_left_to_duckdb(
    both: BothEngines, large: DuckSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert large.reads_large(f"select no from {TABLE}")
    assert not large.reads_large("select x from identity.counted_base")
    assert not both.duckdb.reads_large(f"select no from {TABLE}")
    both.duckdb.execute("create schema if not exists ops; create or replace table ops.seen as select 1 as no")
    assert not large.reads_large(f"select no from {TABLE} semi join ops.seen using (no)"), "ops is written again"
    monkeypatch.setattr("siyu.engines.spark.MANY_ROWS", 1001)
    assert not large.reads_large(f"select no from {TABLE}")


def test_spark_understands_every_query_of_the_suites(
    both: BothEngines, project: Project, suites: dict[str, Suite]
) -> None:
    """It analyses them over tables without rows; nothing is run."""
    from pyspark.errors import PySparkException

    spark, known, refused = both.engine._lake._spark, set[str](), []
    for name, suite in suites.items():
        table = checked_table(project, name)
        assert table is not None
        for one in suite.expectations:
            if one.type != ROWS_EXPECTATION:
                continue
            query = spark_query(f"select count(*) from ({rows_query(one, table.relation)}\n)", INPUTS)
            for called, relation in query.relations.items():
                if called not in known:
                    known.add(called)
                    types = project.binder.types(relation.replace('"', ""))
                    columns = [ColumnType(column, kind.upper()) for column, kind in types.items()]
                    spark.createDataFrame([], _schema(columns)).createOrReplaceTempView(called)
            try:
                spark.sql(query.sql)
            except PySparkException as error:
                refused.append(f"{name}: {str(error)[:200]}")
    for called in known:
        spark.catalog.dropTempView(called)
    assert refused == []


PUBLISHED = """
select no, left(fn_keyed_hash(cast(word as varchar)), 20) as word_hash, fn_mask(cast(word as varchar)) as word_masked,
moment, fn_local_date(moment) as moment_date, cast(fn_cleared(cast('call 13900000001' as varchar)) as VARCHAR) as told,
amount, part, is_even, wide from {table} order by small, moment
"""


def test_spark_writes_what_duckdb_writes(both: BothEngines, large: DuckSession, tmp_path: Path) -> None:
    """As releases have it: hashed, masked and in order."""
    both.duckdb.create_table("journey.counted", QUERY)
    by_spark, by_duckdb = tmp_path / "spark.parquet", tmp_path / "duckdb.parquet"
    large.write_parquet(PUBLISHED.format(table=TABLE), by_spark)
    both.duckdb.write_parquet(PUBLISHED.format(table="journey.counted"), by_duckdb)
    columns = both.duckdb.columns(f"({PUBLISHED.format(table='journey.counted')})")
    assert large.parquet_hash(by_spark, columns) == both.duckdb.parquet_hash(by_duckdb, columns)
    assert by_duckdb.is_file() and {path.suffix for path in by_spark.iterdir()} == {".parquet"}
    written = f"select * from read_parquet('{by_spark}/*.parquet') order by no"
    assert both.duckdb.rows(written) == both.duckdb.rows(f"select * from read_parquet('{by_duckdb}') order by no")
    assert both.duckdb.columns(f"({written})") == both.duckdb.columns(f"(from '{by_duckdb}')")
    both.duckdb.drop_table("journey.counted")


def test_both_engines_see_the_same_identifiers(both: BothEngines, large: DuckSession) -> None:
    canaries = Canaries()
    texts = [*QUIET, *ABOUT, *canaries.forms("a"), *(f"前{form}后" for form in canaries.forms("b")), "a\nb", "", None]
    both.duckdb.execute("create or replace table identity.texts_base as select unnest(?::varchar[]) as v", [texts])
    large.create_table("identity.texts", "select v, row_number() over (order by v) as no from identity.texts_base")
    seen = f"regexp_matches(concat_ws(chr(10), cast(v as varchar), null, 'x'), {quoted(SEEN)})"
    large.create_table("identity.seen", f"select v, {seen} as is_seen from identity.texts")
    found = f"select v, {seen} as is_seen from identity.texts"
    assert large.rows("from identity.seen order by all") == large.rows(f"from ({found}) order by all")
    count = f"select count(*) from identity.texts where {seen}"
    assert large.counts(count) == tuple(both.duckdb.rows(count)[0]) > (20,)
    for table in ("identity.seen", "identity.texts", "identity.texts_base"):
        large.drop_table(table)


def test_duckdb_writes_small_tables(large: DuckSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("siyu.engines.spark.MANY_ROWS", 1001)
    path, query = tmp_path / "small.parquet", f"select no from {TABLE}"
    large.write_parquet(query, path)
    assert path.is_file() and large.parquet_hash(path, large.columns(f"({query})"))[0] == 1000


def test_the_content_hash_of_spark_is_that_of_duckdb(
    both: BothEngines, large: DuckSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.duckdb.create_table("journey.counted", QUERY)
    hashes = {version: both.duckdb.content_hash("journey.counted", version) for version in (2, 3)}
    monkeypatch.setattr("siyu.engines.duckdb.DuckSession.content_hash", None)
    assert {version: large.content_hash(TABLE, version) for version in (2, 3)} == hashes
    with suppress(SiyuError):
        both.duckdb.drop_table("journey.counted")
