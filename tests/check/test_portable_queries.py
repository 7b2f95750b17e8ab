"""Which queries of suites other engines than DuckDB can count."""

from __future__ import annotations

from siyu.check.suites import ROWS_EXPECTATION, Suite, checked_table, rows_query
from siyu.compile.project import Project

# They are counted by DuckDB, however large their tables are.
FOR_DUCKDB_ALONE = {
    "records.spend": ["an alias in where"],
    "staging.ads__spend": ["median() of decimals"],
    "staging.outreach__spend": ["median() of decimals"],
}


def test_nearly_all_queries_mean_the_same_on_every_engine(project: Project, suites: dict[str, Suite]) -> None:
    found: dict[str, list[str]] = {}
    for name, suite in suites.items():
        table = checked_table(project, name)
        assert table is not None
        for expectation in suite.expectations:
            if expectation.type == ROWS_EXPECTATION and (
                outside := project.not_portable(rows_query(expectation, table.relation))
            ):
                found[name] = sorted({*found.get(name, []), *outside})
    assert found == FOR_DUCKDB_ALONE


def test_what_is_not_portable_is_named(project: Project) -> None:
    assert project.not_portable("select * from records.deal where amount < 0") == []
    assert project.not_portable("select quantile_cont(amount, 0.9) as q from records.deal") == ["quantile_cont()"]
    assert project.not_portable("select nothing from records.deal") == ["a query that cannot be taken apart"]
