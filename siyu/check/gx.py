"""Great Expectations on the engine's own connection. The only module that imports it, together with duckdb_engine."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.default import DefaultExecutionContext

from siyu.check.suites import BATCH, MAX_KEYS, ROWS_EXPECTATION, Suite, expectation_classes
from siyu.engines.base import Engine
from siyu.errors import ConfigError, raise_all

DIALECT = "duckdb.siyu"
# Great Expectations imports these for charts and for statistical tests. They take a second, and no nightly needs them.
RARELY_USED = ("altair", "scipy.stats")

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


class _ImportedOnUse(ModuleType):
    """A stand-in for a module, which imports the module when an attribute is read."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _not_found(package: str) -> Iterator[None]:
    """A package that nobody has imported yet cannot be imported inside: Great Expectations imports all it finds."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]  # what Python itself takes for "not there"
    try:
        yield
    finally:
        del sys.modules[package]


@contextmanager
def _imported_on_use(names: Sequence[str]) -> Iterator[None]:
    """Modules imported inside get stand-ins for `names`; everybody else imports the real ones."""
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update({name: _ImportedOnUse(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _imported_on_use(RARELY_USED), _not_found("pyspark"):
    import duckdb_engine
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

logging.getLogger("great_expectations").setLevel(logging.ERROR)


class _FetchAll(DefaultExecutionContext):
    def post_exec(self) -> None:
        """Fetch all rows at once: Great Expectations 1.24 closes the connection before it reads the result."""
        if self.cursor is not None and self.cursor.description:
            self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                self.cursor, initial_buffer=list(self.cursor.fetchall())
            )


class Dialect(duckdb_engine.Dialect):
    """duckdb_engine's dialect with results held in memory."""

    supports_statement_cache = False
    execution_ctx_cls = _FetchAll  # type: ignore[assignment]


registry.register(DIALECT, __name__, "Dialect")


def construct(suite: Suite) -> list[Any]:
    """Build Great Expectations' own objects, numbered in meta. Raises ConfigError for arguments that it rejects."""
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
                    f"{expectation.type} on {suite.table} has invalid kwargs: {message}",
                    suite.file,
                    "correct its kwargs.",
                )
            )
    raise_all(errors)
    return built


def judge(built: Any, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return Great Expectations' result for metrics that were counted elsewhere: `success`, and counts in `result`."""
    answer: dict[str, Any] = built._validate(
        metrics=dict(metrics), runtime_configuration={"result_format": {"result_format": "BASIC"}}
    )
    return answer


class Datasource:
    """Great Expectations' datasource: it reads the build database through the engine's connection."""

    def __init__(self, engine: Engine) -> None:
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        self._source = context.data_sources.add_sql(  # type: ignore[call-arg]
            "build",
            connection_string=f"{DIALECT.replace('.', '+')}:///:memory:",
            kwargs={"creator": lambda: duckdb_engine.ConnectionWrapper(engine.driver_connection())},
        )

    def validate(self, table: str, relation: str, built: Sequence[Any], keys: Sequence[str]) -> list[Any]:
        """Let Great Expectations query the relation itself; its results hold `keys` of up to MAX_KEYS failing rows."""
        asset = self._source.add_query_asset(table, query=f"select * from {relation}")
        try:
            answer = asset.get_batch(asset.build_batch_request()).validate(
                gx.ExpectationSuite(name=table, expectations=list(built)),
                result_format={
                    "result_format": "SUMMARY",
                    "unexpected_index_column_names": list(keys),
                    "partial_unexpected_count": MAX_KEYS,
                },
            )
        finally:
            self._source.delete_asset(table)
        return list(answer.results)
