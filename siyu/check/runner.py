"""Checks: suites run by Great Expectations inside the engine that holds the tables. Imported only where checks run."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import duckdb_engine
import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig
from sqlalchemy.dialects import registry
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.default import DefaultExecutionContext

from siyu.check.suites import (
    BATCH,
    ROWS_EXPECTATION,
    CheckedTable,
    CheckResult,
    Suite,
    checked_table,
    expectation_classes,
    rows_query,
)
from siyu.compile.project import Project
from siyu.engines.base import Engine, Session
from siyu.errors import ConfigError, SqlProblem, raise_all
from siyu.masking import without_values

MAX_KEYS = 20
SMALLEST_MOBILE = 13_000_000_000
DIALECT = "duckdb.siyu"
HELD = "checked"

logging.getLogger("great_expectations").setLevel(logging.ERROR)


class _FetchAll(DefaultExecutionContext):
    def post_exec(self) -> None:
        """Great Expectations 1.24 closes first and reads afterwards; DuckDB's result would be gone."""
        if self.cursor is not None and self.cursor.description:
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                self.cursor, initial_buffer=list(self.cursor.fetchall())
            )


class Dialect(duckdb_engine.Dialect):
    """duckdb_engine's dialect with results held in memory."""

    supports_statement_cache = False
    execution_ctx_cls = _FetchAll  # type: ignore[assignment]


registry.register(DIALECT, __name__, "Dialect")


class Checker:
    """Runs suites against an engine."""

    def __init__(self, engine: Engine, project: Project) -> None:
        self._engine = engine
        self._project = project
        self._lock = threading.Lock()
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        self._source = context.data_sources.add_sql(  # type: ignore[call-arg]
            "build",
            connection_string=f"{DIALECT.replace('.', '+')}:///:memory:",
            kwargs={"creator": lambda: duckdb_engine.ConnectionWrapper(engine.driver_connection())},
        )

    def run(self, suite: Suite) -> list[CheckResult]:
        """One suite. Suites run one after another: two threads gain nothing."""
        table = checked_table(self._project, suite.table)
        if table is None:
            raise ConfigError(f"the suite checks {suite.table}, which is no table", suite.file, "")
        with self._lock, self._held(suite.table, table.relation) as relation:
            asset = self._source.add_query_asset(suite.table, query=f"select * from {relation}")
            batch = asset.add_batch_definition_whole_table(suite.table).get_batch()
            answer = batch.validate(
                gx.ExpectationSuite(name=suite.table, expectations=construct(suite)),
                result_format={
                    "result_format": "SUMMARY",
                    "unexpected_index_column_names": [key for key in table.grain if key in table.columns],
                    "partial_unexpected_count": MAX_KEYS,
                },
            )
        session = self._engine.session()
        try:
            return [_result(session, suite, table, result) for result in answer.results]
        finally:
            session.close()

    @contextmanager
    def _held(self, name: str, relation: str) -> Iterator[str]:
        """The rows of a view for the time of its suite: a suite asks some ten times, a view would read its files as
        often."""
        model = self._project.models.get(name)
        if model is None or model.materialized != "view":
            yield relation
            return
        session = self._engine.session()
        try:
            session.execute(f"create schema if not exists {HELD}")
            session.execute(f"create or replace table {HELD}.rows as select * from {relation}")
            try:
                yield f"{HELD}.rows"
            finally:
                session.execute(f"drop table if exists {HELD}.rows")
        finally:
            session.close()


def construct(suite: Suite) -> list[Any]:
    """Great Expectations' own objects, numbered in meta. Raises ConfigError for arguments it refuses."""
    classes = expectation_classes()
    built, errors = [], []
    for number, expectation in enumerate(suite.expectations):
        kwargs = dict(expectation.kwargs)
        if expectation.type == ROWS_EXPECTATION:
            kwargs["unexpected_rows_query"] = str(kwargs["unexpected_rows_query"]).replace("{batch}", BATCH)
        kind = getattr(gx.expectations, classes[expectation.type])
        try:
            meta = {**expectation.meta, "number": number}
            built.append(kind(**kwargs, severity=expectation.severity, meta=meta))
        except (ValueError, TypeError) as error:
            message = " ".join(str(error).split())[:300]
            errors.append(
                ConfigError(
                    f"{expectation.type} on {suite.table} is refused: {message}", suite.file, "mend its kwargs."
                )
            )
    raise_all(errors)
    return built


def _result(session: Session, suite: Suite, table: CheckedTable, result: Any) -> CheckResult:
    expectation = suite.expectations[result.expectation_config.meta["number"]]
    details = result.result or {}
    error = _exception(result)
    count, query, keys = details.get("unexpected_count"), None, details.get("partial_unexpected_index_list") or []
    if expectation.type == ROWS_EXPECTATION:
        query = rows_query(expectation, suite.table)
        if not result.success and error is None:
            keys, count, error = _failing_rows(session, query)
    elif not result.success and count is None and "observed_value" in details:
        keys = [{"observed_value": details["observed_value"]}]
    columns = [expectation.kwargs.get("column"), *(expectation.kwargs.get("column_list") or [])]
    personal = set(table.personal)
    if personal & set(columns) and any("observed_value" in key for key in keys):
        keys = []  # the values that were seen are themselves what must not be told
    plain = set(table.columns) - personal
    masked = [mask_row(session, row, plain) for row in keys[:MAX_KEYS]] if not result.success else []
    return CheckResult(
        table_name=suite.table,
        expectation=expectation.type,
        column_name=", ".join(c for c in columns if c) or None,
        severity=expectation.severity,
        success=bool(result.success),
        error=error,
        unexpected_count=count,
        unexpected_percent=details.get("unexpected_percent"),
        sample_keys=json.dumps(masked, ensure_ascii=False),
        query=query,
        runbook=expectation.meta.get("runbook"),
        why=expectation.meta.get("why"),
    )


def _failing_rows(session: Session, query: str) -> tuple[list[dict[str, Any]], int | None, str | None]:
    """Up to MAX_KEYS rows of a failing query, in an order of their own."""
    try:
        names = [c.name for c in session.columns(f"({query}\n)")]
        rows = session.rows(f"select * from ({query}\n) order by all limit {MAX_KEYS}")
        return (
            [dict(zip(names, row, strict=True)) for row in rows],
            session.value(f"select count(*) from ({query}\n)"),
            None,
        )
    except SqlProblem as problem:
        return [], None, without_values(problem.problem)[:300]


def mask_row(session: Session, row: dict[str, Any], plain: set[str]) -> dict[str, Any]:
    """A failing key without personal data. Values under a name that is no plain column of the table are masked whole:
    a query may call a mobile what it likes; in all others mobiles and mail addresses are masked."""
    masked: dict[str, Any] = {}
    for name, value in row.items():
        is_small = isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < SMALLEST_MOBILE)
        if value is None or is_small:
            masked[name] = value
        else:
            function = "fn_mask_text" if name in plain or isinstance(value, date | Decimal) else "fn_mask"
            masked[name] = session.value(f"select {function}(?)", [str(value)])
    return masked


def _exception(result: Any) -> str | None:
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    for entry in entries:
        if isinstance(entry, dict) and entry.get("raised_exception") not in (False, None, "False"):
            return without_values(str(entry.get("exception_message")).partition("[SQL:")[0])[:300]
    return None
