"""Count in SQL what common expectations need to know: one query for all columns of a table, one for each other check.

Great Expectations asks a table several questions for each expectation. Here its metrics of the common expectations are
counted together, under its own names, with the same SQL conditions, and its expectation decides. Whatever is not
covered here gets None: Great Expectations then queries the table itself.

The engine that made a table counts it, if it is large. Queries that people wrote for DuckDB alone stay with DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from siyu.check.suites import ROWS_EXPECTATION, Expectation, rows_query
from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted
from siyu.errors import SiyuError

Metrics = dict[str, Any]

ROW_COUNT = "table.row_count"
NULLS = "column_values.nonnull.unexpected_count"
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "DOUBLE", "FLOAT")

UNIQUE = "expect_column_values_to_be_unique"
Conditions = dict[str, str]
ALL_ROWS = "true"


Portable = Callable[[Expectation], bool]


def count(
    session: Session, table: str, expectations: Sequence[Expectation], is_portable: Portable
) -> list[Metrics | None]:
    """Return the metrics of each expectation on `table` (schema.table), None where they cannot be counted here.

    `is_portable` says whether the query of an expectation about rows means the same on every engine. An expectation
    whose query fails gets None, too: Great Expectations then reports the error.
    """
    conditions = _all_conditions(session, table, expectations)
    counted = _counted(session, table, [sql for of_one in conditions if of_one for sql in of_one.values()])
    metrics: list[Metrics | None] = []
    for expectation, of_one in zip(expectations, conditions, strict=True):
        if expectation.type == ROWS_EXPECTATION:
            metrics.append(_row_metrics(session, table, expectation, is_portable))
        elif of_one is None or counted is None:
            metrics.append(None)
        else:
            found = {name: counted[sql] for name, sql in of_one.items()}
            metrics.append(_with_repeated(session, table, expectation, found))
    return metrics


def _row_metrics(session: Session, table: str, expectation: Expectation, is_portable: Portable) -> Metrics | None:
    if expectation.kwargs.keys() - {"unexpected_rows_query", "description"}:
        return None
    query = f"select count(*) from ({rows_query(expectation, table)}\n)"
    found = _first_row(session, query, lambda: is_portable(expectation))
    return None if found is None else {"unexpected_rows_query.row_count": found[0], "unexpected_rows_query.table": []}


def _counted(session: Session, table: str, conditions: Sequence[str]) -> Metrics | None:
    """Count the rows that meet each condition in one query. Without rows, every count but that of all rows is None:
    Great Expectations sums over the rows, and that sum is NULL."""
    wanted = [condition for condition in dict.fromkeys(conditions) if condition != ALL_ROWS]
    if not wanted:
        return {}
    selected = ", ".join(f"count(*) filter (where {condition})" for condition in wanted)
    row = _first_row(session, f"select count(*), {selected} from {table}")
    if row is None:
        return None
    return {ALL_ROWS: row[0], **dict(zip(wanted, row[1:] if row[0] else [None] * len(wanted), strict=True))}


def _with_repeated(session: Session, table: str, expectation: Expectation, found: Metrics) -> Metrics | None:
    """Add how many rows share their value with another row, if the expectation is about that."""
    if expectation.type != UNIQUE:
        return found
    name = quote_name(expectation.kwargs["column"])
    repeated = _first_row(
        session,
        f"select coalesce(sum(row_count), 0) from (select count(*) as row_count from {table}"
        f" where {name} is not null group by {name} having count(*) > 1)",
    )
    return None if repeated is None else {**found, "column_values.unique.unexpected_count": int(repeated[0])}


def _first_row(session: Session, sql: str, is_portable: Callable[[], bool] = lambda: True) -> tuple[Any, ...] | None:
    try:
        return session.counts(sql) if session.reads_large(sql) and is_portable() else session.rows(sql)[0]
    except SiyuError:
        return None


def _all_conditions(session: Session, table: str, expectations: Sequence[Expectation]) -> list[Conditions | None]:
    try:
        types = {column.name: column.type for column in session.columns(table)}
    except SiyuError:
        types = {}
    return [_conditions(expectation, types) for expectation in expectations]


def _conditions(expectation: Expectation, types: Mapping[str, str]) -> Conditions | None:
    """Return metric -> condition of the rows that it counts; None for other types, kwargs and column types."""
    make = CONDITIONS.get(expectation.type)
    kwargs = {key: value for key, value in expectation.kwargs.items() if key not in ("description", "mostly")}
    column = kwargs.pop("column", None)
    if make is None or column not in types:
        return None
    name = quote_name(column)
    unexpected = make(name, types[column].partition("(")[0], kwargs)
    return None if unexpected is None else {ROW_COUNT: ALL_ROWS, NULLS: f"{name} is null", **unexpected}


def _no_condition(column: str, kind: str, kwargs: Mapping[str, Any]) -> Conditions | None:
    return None if kwargs else {}


def _not_in_set(column: str, kind: str, kwargs: Mapping[str, Any]) -> Conditions | None:
    values = kwargs.get("value_set")
    if kwargs.keys() != {"value_set"} or not isinstance(values, list) or not values:
        return None
    if kind == "VARCHAR" and all(isinstance(value, str) for value in values):
        listed = ", ".join(quoted(value) for value in values)
    elif kind in NUMBERS and all(type(value) is int for value in values):
        listed = ", ".join(str(value) for value in values)
    else:
        return None
    return {"column_values.in_set.unexpected_count": f"{column} not in ({listed})"}


def _not_between(column: str, kind: str, kwargs: Mapping[str, Any]) -> Conditions | None:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    given = [value for value in (low, high) if value is not None]
    if kwargs.keys() - {"min_value", "max_value"} or kind not in NUMBERS or not given:
        return None
    if any(type(value) not in (int, float) for value in given) or given != sorted(given):
        return None
    outside = [f"{column} {sign} {_number(value)}" for sign, value in (("<", low), (">", high)) if value is not None]
    return {"column_values.between.unexpected_count": f"({' or '.join(outside)})"}


def _number(value: float) -> str:
    """Return a number as SQL; a float stays a double, where DuckDB would read 0.5 as a decimal."""
    return str(value) if isinstance(value, int) else f"cast('{value!r}' as double)"


CONDITIONS: dict[str, Callable[[str, str, Mapping[str, Any]], Conditions | None]] = {
    "expect_column_values_to_not_be_null": _no_condition,
    "expect_column_values_to_be_in_set": _not_in_set,
    "expect_column_values_to_be_between": _not_between,
    UNIQUE: _no_condition,
}
