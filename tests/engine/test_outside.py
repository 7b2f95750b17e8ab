"""What SQL may reach: the lint closes what is open by accident, and the engine opens no file outside the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlglot

from siyu.build.database import open_engine, prepare
from siyu.build.materialization import build_model
from siyu.check.suites import load_suites
from siyu.compile.outside import query_findings, reach_findings
from siyu.compile.portable import shape_findings
from siyu.compile.project import Project
from siyu.engines.base import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, EngineFault
from siyu.settings import Settings

TABLE_FUNCTIONS = sorted(
    name
    for (name,) in duckdb.connect()
    .execute("select distinct function_name from duckdb_functions() where function_type in ('table', 'table_macro')")
    .fetchall()
)
ALLOWED = {"unnest", "generate_series", "range"}
SECRET = "what nobody may read"


def model_findings(sql: str) -> list[str]:
    dialect = sqlglot.Dialect.get_or_raise("duckdb")
    tokens = dialect.tokenize(sql)
    (tree,) = dialect.parser().parse(tokens, sql)
    assert tree is not None
    return [finding.what for finding in (*shape_findings(tokens, tree), *reach_findings(tokens, tree))]


def suite_findings(sql: str) -> list[str]:
    return [finding.what for finding in query_findings(sql, lambda schema, table: (schema, table) == ("kpi", "t"))]


@pytest.mark.parametrize("name", TABLE_FUNCTIONS)
def test_only_listed_table_functions_may_stand_in_from(name: str) -> None:
    """The list of functions is DuckDB's own, so a new version cannot bring one that is open."""
    for sql in (
        f"select a from {name}('x', 2) as t (a)",
        f"select t.a from kpi.t as t, lateral {name}(t.a, 2) as r",
        f"select a from unnest((select max(b) from {name}('x', 2))) as u (a)",
        f"select t.a from kpi.t as t where t.a in (select b from main.{name}('x', 2) as m (b))",
    ):
        is_open = name in ALLOWED
        assert bool(suite_findings(sql)) != is_open, sql
        assert is_open or model_findings(sql), sql


FORMS = {
    "select unnest(read_blob('x')) as a from kpi.t": "read_blob()",
    "select getenv('SIYU_SALT') as a from kpi.t": "getenv()",
    "select \"getenv\"('SIYU_SALT') as a from kpi.t": "getenv()",
    "select '/etc/hostname'.read_text() as a from kpi.t": "read_text()",
    "select a from (summarize 'x.csv')": "summarize as a query",
    "select a from (summarize kpi.t)": "summarize as a query",
    "select a from (describe kpi.t)": "describe as a query",
}


@pytest.mark.parametrize("sql", FORMS)
def test_a_query_reaches_nothing_but_tables(sql: str) -> None:
    assert model_findings(sql) == [FORMS[sql]]
    assert suite_findings(sql) == [FORMS[sql]]


@pytest.mark.parametrize(
    "sql",
    [
        "select a from 'x.csv' as t",
        'select a from "x.parquet" as t',
        "select a from (select a from kpi.t) as t where a in (select b from 'x.csv' as u)",
        "select t.a from kpi.t as t semi join 'y.csv' as y on t.a = y.a",
        "pivot 'x.csv' on a using sum(b)",
        "select database_name as a from duckdb_databases",
        "select table_name as a from information_schema.tables",
        "select getvariable('siyu_key') as a",
        "select current_setting('temp_directory') as a",
        "select 'no end as a from kpi.t",
    ],
)
def test_a_suite_reads_only_tables_of_the_project(sql: str) -> None:
    assert len(suite_findings(sql)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "select * from kpi.t as batch where a not in (select n from generate_series(1, 3) as g (n)) limit 1",
        "with t as (select a from kpi.t) select a, 'read_text(x) from x.csv' as b from t",
        "select a from kpi.t, unnest(l) as u (x) where x > 1 and now() > d",
    ],
)
def test_a_suite_may_use_whatever_stays_inside(sql: str) -> None:
    assert not suite_findings(sql)


STATEMENTS = {
    "delete from kpi.t": ["delete as a query"],
    "insert into kpi.t values (1)": ["insert as a query"],
    "select a from kpi.t;": ["a semicolon"],
    "select a from kpi.t; drop table kpi.t": ["a semicolon", "drop as a query"],
    "select a from kpi.t where b = 'x;y' /* ; */": [],
    "values (1)": [],
}


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_suite_has_one_query_and_changes_nothing(sql: str) -> None:
    assert suite_findings(sql) == STATEMENTS[sql]


SUITE = """
table: kpi.kpi_catalog
expectations:
  - type: unexpected_rows_expectation
    kwargs: {unexpected_rows_query: "select kpi_code from {batch} where owner in (select a from 'hr.csv' as h)"}
  - type: unexpected_rows_expectation
    kwargs: {unexpected_rows_query: "select kpi_code from {batch}, read_text('/etc/hostname')"}
  - type: expect_query_results_to_match_comparison
    kwargs: {base_query: "select getenv('SIYU_SALT') as a", comparison_query: "select kpi_code from kpi.kpi_catalog"}
"""


def test_the_queries_of_a_layers_suite_are_checked(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "expectations" / "kpi" / "kpi_catalog.yml"
    file.parent.mkdir(parents=True)
    file.write_text(SUITE, encoding="utf-8")
    layered = replace(project, settings=project.settings.model_copy(update={"layers": (tmp_path,)}))
    with pytest.raises(ConfigError) as found:
        load_suites(layered)
    told = str(found.value)
    for what in ("hr.csv in from", "read_text()", "getenv()"):
        assert f"{what}, in a query on kpi.kpi_catalog, is outside the project" in told
    assert "expectations/kpi/kpi_catalog.yml" in told


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A warehouse whose name is a pattern, with a channel that is a link to another disk, and a file outside."""
    (tmp_path / "secret.csv").write_text(SECRET)
    warehouse, disk = tmp_path / "w [1]*'", tmp_path / "disk"
    for folder in (warehouse / "landed", warehouse / "releases", disk):
        folder.mkdir(parents=True)
    (warehouse / "landed" / "crm").symlink_to(disk)
    (warehouse / "landed" / "secret.csv").symlink_to(tmp_path / "secret.csv")
    duckdb.execute(f"copy (select 7 as a) to '{disk}/a.parquet'")
    duckdb.connect(str(warehouse / "releases" / "before.duckdb")).execute("create table t as select 8 as a")
    return warehouse


@pytest.fixture
def engine(warehouse: Path, settings: Settings) -> Iterator[DuckEngine]:
    engine = open_engine(
        settings.model_copy(update={"memory_limit": "60MB", "threads": 1}), date(2026, 6, 30), warehouse / "build"
    )
    yield engine
    engine.close()


@pytest.mark.parametrize(("rows", "threads"), [(None, 3), (0, 1), (122_879, 1), (122_880, 3)])
def test_a_query_has_one_thread_where_few_rows_landed(
    warehouse: Path, settings: Settings, rows: int | None, threads: int
) -> None:
    three = settings.model_copy(update={"threads": 3})
    engine = open_engine(three, date(2026, 6, 30), warehouse / "build", rows=rows)
    assert engine.session().value("select current_setting('threads')") == threads
    engine.close()


def quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def test_the_build_reads_what_landed_and_earlier_releases(engine: DuckEngine, warehouse: Path) -> None:
    session, inside = engine.session(), quoted(warehouse)
    read = f"read_parquet(['{inside}/landed/crm/a.parquet'], hive_partitioning = false)"
    session.execute(f"create view landed as select a from {read}")
    assert session.value("select a from landed") == 7
    engine.attach(warehouse / "releases" / "before.duckdb", "before", writable=False)
    assert session.value("select a from before.t") == 8
    engine.attach(warehouse / "releases" / "next.duckdb", "next", writable=True)
    session.execute("create table next.t as select a from landed")
    session.execute(f"copy next.t to '{inside}/releases/t.parquet' (format parquet)")
    engine.detach("next")


def test_the_build_still_spills(engine: DuckEngine, warehouse: Path) -> None:
    session = engine.session()
    session.execute(
        "create table big as select md5((range * 7)::varchar) as a, md5(range::varchar) as b from range(900000)"
    )
    session.execute("create table sorted as select a, b from big order by a, b")
    assert session.value("select count(*) from sorted") == 900_000
    assert list((warehouse / "build" / "spill").iterdir())


@pytest.mark.parametrize(
    "sql",
    [
        "select content from read_text('{outside}/secret.csv')",
        "select content from read_blob('{outside}/secret.csv')",
        "select * from read_csv('{outside}/secret.csv')",
        "select * from '{outside}/secret.csv'",
        "select content from read_text('{inside}/../secret.csv')",
        "select content from read_text('{inside}/landed/secret.csv')",  # a link that leads outside
        "select content from read_text('{inside}/ledger.sqlite')",
        "select * from glob('{outside}/*')",
        "select * from sniff_csv('{outside}/secret.csv')",
        "copy (select 1) to '{outside}/out.csv'",
        "attach '{outside}/out.duckdb'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set allowed_directories = ['{outside}']",
    ],
)
def test_the_build_opens_no_file_outside_the_warehouse(engine: DuckEngine, warehouse: Path, sql: str) -> None:
    session = engine.session()
    with pytest.raises(Exception, match=r"disabled|locked") as found:
        session.rows(sql.format(outside=quoted(warehouse.parent), inside=quoted(warehouse)))
    assert SECRET not in str(found.value)
    assert not list(warehouse.parent.glob("out.*"))


def test_a_model_that_gets_past_the_lint_is_refused_by_the_engine(
    engine: DuckEngine, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(engine, project)
    model = project.models["kpi.kpi_catalog"]
    monkeypatch.setattr(model, "sql", "select content from read_text('/etc/hostname')")
    with pytest.raises(EngineFault, match='"/etc/hostname" - file system operations are disabled') as found:
        build_model(engine, project, model.name)
    assert found.value.where == model.model.file


def test_compiling_reads_no_file_either(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    engine = DuckEngine(None, ANY_INPUTS, reach=())
    with pytest.raises(EngineFault, match="disabled by configuration"):
        engine.session().rows(f"describe select * from read_csv('{tmp_path}/a.csv')")
    engine.close()
