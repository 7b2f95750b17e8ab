"""Decide suites without Great Expectations, which takes seconds to import, where its answer is beyond doubt.

An expectation about columns holds if no row breaks it, and one about rows holds if and only if its query finds none.
Whatever else a suite has is for Great Expectations (runner.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from siyu.check.counts import NULLS, ROW_COUNT, Metrics, count
from siyu.check.results import Outcome, check_result, outcome
from siyu.check.suites import (
    ROWS_EXPECTATION,
    CheckedTable,
    CheckResult,
    Expectation,
    Suite,
    checked_table,
    rows_query,
)
from siyu.compile.project import Project
from siyu.engines.base import Engine, Session

# Copies of a view. The second is an ordinary table: a temporary one is invisible to Great Expectations' connection.
COUNTED, ASKED = "temp.checked_rows", "checked.rows"
FOUND_ROWS = "unexpected_rows_query.row_count"
NOT_NULL = "expect_column_values_to_not_be_null"


def quick_results(engine: Engine, project: Project, suite: Suite) -> list[CheckResult] | None:
    """Return the results of a suite; None if one of its expectations is for Great Expectations."""
    table = checked_table(project, suite.table)
    if table is None:
        return None
    with (
        closing(engine.session()) as session,
        rows_to_check(session, project, suite, table, COUNTED) as relation,
    ):
        found = []
        counted = count(session, relation, suite.expectations, portable(project, table))
        for expectation, metrics in zip(suite.expectations, counted, strict=True):
            decided = _decided(session, expectation, relation, metrics)
            if decided is None:
                return None
            found.append(check_result(session, suite, table, expectation, decided))
        return found


def _decided(session: Session, expectation: Expectation, relation: str, metrics: Metrics | None) -> Outcome | None:
    if metrics is None:
        return None
    if expectation.type == ROWS_EXPECTATION:
        rows = metrics[FOUND_ROWS]
        return outcome(session, expectation, relation, rows == 0, {"observed_value": rows})
    if metrics[ROW_COUNT] == 0 or _breaking(expectation, metrics) == 0:
        return Outcome(True, 0, 0.0, [])
    return None


def _breaking(expectation: Expectation, metrics: Mapping[str, Any]) -> Any:
    """Return how many rows break an expectation about a column. A NULL breaks only the one that it is not NULL."""
    if expectation.type == NOT_NULL:
        return metrics[NULLS]
    return next(value for name, value in metrics.items() if name not in (ROW_COUNT, NULLS))


def portable(project: Project, table: CheckedTable) -> Callable[[Expectation], bool]:
    """Return whether the query of an expectation about rows means the same on every engine, as a function."""
    return lambda expectation: not project.not_portable(rows_query(expectation, table.relation))


@contextmanager
def rows_to_check(session: Session, project: Project, suite: Suite, table: CheckedTable, copy: str) -> Iterator[str]:
    """The table, or a copy of a view for the time of its suite: a suite queries its table about ten times, and a view
    would read its files each time. Of what another engine counts, there is no copy."""
    model = project.models.get(suite.table)
    is_view = model is not None and model.materialized == "view"
    if not is_view or session.reads_large(f"select count(*) from {table.relation}"):
        yield table.relation
        return
    if copy == ASKED:
        session.execute(f"create schema if not exists {ASKED.partition('.')[0]}")
    kind = "table" if copy == ASKED else "temp table"
    session.execute(f"create or replace {kind} {copy} as select * from {table.relation}")
    try:
        yield copy
    finally:
        session.execute(f"drop table if exists {copy}")
