"""Check results: what an expectation found, with the keys of failing rows, without personal data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from siyu.check.suites import MAX_KEYS, ROWS_EXPECTATION, CheckedTable, CheckResult, Expectation, Suite, rows_query
from siyu.engines.base import Session
from siyu.errors import SqlProblem
from siyu.masking import without_values

SMALLEST_MOBILE = 13_000_000_000
Keys = list[dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """What was found about one expectation; `keys` are not masked yet, `error` says why it could not run."""

    success: bool
    count: int | None
    percent: float | None
    keys: Keys
    error: str | None = None


def outcome(
    session: Session,
    expectation: Expectation,
    relation: str,
    success: bool,
    details: Mapping[str, Any],
    error: str | None = None,
) -> Outcome:
    """Read `details`, the `result` of Great Expectations, and fetch failing rows from the relation that was checked."""
    count, keys = details.get("unexpected_count"), details.get("partial_unexpected_index_list") or []
    if not success and error is None:
        if expectation.type == ROWS_EXPECTATION:
            keys, error = _failing_rows(session, rows_query(expectation, relation))
            count = None if error else details["observed_value"]
        elif count is None and "observed_value" in details:
            keys = [{"observed_value": details["observed_value"]}]
    return Outcome(bool(success), count, details.get("unexpected_percent"), [] if success else keys[:MAX_KEYS], error)


def check_result(
    session: Session, suite: Suite, table: CheckedTable, expectation: Expectation, found: Outcome
) -> CheckResult:
    """Return the result for the report, with personal data masked."""
    columns = [expectation.kwargs.get("column"), *(expectation.kwargs.get("column_list") or [])]
    personal = set(table.personal)
    keys = found.keys
    if personal & set(columns) and any("observed_value" in key for key in keys):
        keys = []  # an observed value of a personal column is itself personal
    masked = [mask_row(session, row, set(table.columns) - personal) for row in keys]
    is_about_rows = expectation.type == ROWS_EXPECTATION
    return CheckResult(
        table_name=suite.table,
        expectation=expectation.type,
        column_name=", ".join(c for c in columns if c) or None,
        severity=expectation.severity,
        success=found.success,
        error=found.error,
        unexpected_count=found.count,
        unexpected_percent=found.percent,
        sample_keys=json.dumps(masked, ensure_ascii=False),
        query=rows_query(expectation, table.relation) if is_about_rows else None,
        runbook=expectation.meta.get("runbook"),
        why=expectation.meta.get("why"),
    )


def _failing_rows(session: Session, query: str) -> tuple[Keys, str | None]:
    """Return up to MAX_KEYS rows of a failing query, in a fixed order, or the error of the query."""
    try:
        return session.named_rows(f"select * from ({query}\n) order by all limit {MAX_KEYS}"), None
    except SqlProblem as problem:
        return [], without_values(problem.problem)[:300]


def mask_row(session: Session, row: Mapping[str, Any], plain: set[str]) -> dict[str, Any]:
    """Return a failing key without personal data.

    Values under a name that is not a plain column of the table are masked whole, since a query can give a mobile any
    name. In all other values, mobiles and mail addresses are masked.
    """
    masked: dict[str, Any] = {}
    for name, value in row.items():
        is_small = isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < SMALLEST_MOBILE)
        if value is None or is_small:
            masked[name] = value
        else:
            function = "fn_mask_text" if name in plain or isinstance(value, date | Decimal) else "fn_mask"
            masked[name] = session.value(f"select {function}(?)", [str(value)])
    return masked


def error_of(result: Any) -> str | None:
    """Return why Great Expectations could not run an expectation, without values; None if it ran."""
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception") not in (False, None, "False"):
            return without_values(str(entry.get("exception_message")).partition("[SQL:")[0])[:300]
    return None
