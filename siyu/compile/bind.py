"""Bind each query to empty input tables in memory. This gives column types, engine errors and type findings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from siyu.compile.analyse import where
from siyu.compile.cache import digest
from siyu.compile.portable_types import type_findings
from siyu.compile.template import Rendered
from siyu.engines.agglomerate import ADDED_COLUMNS, EDGE_COLUMNS
from siyu.engines.base import ANY_INPUTS, ColumnType
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.errors import ConfigError, SiyuError, raise_all

SNAPSHOT_COLUMNS = {"valid_from": "DATE", "valid_to": "DATE"}
RELATION = re.compile(r"\b([a-z_]+)\s*\.\s*(?:\"([a-z0-9_]+)\"|([a-z_][a-z0-9_]*))")


class Binder:
    """Knows the columns of every relation. Its in-memory database has empty tables for those that queries mention."""

    def __init__(self, schemas: Sequence[str]) -> None:
        self._schemas = schemas
        self._known: dict[str, dict[str, str]] = {}
        self._digests: dict[str, str] = {}  # of the columns that are known
        self._laid_out: set[str] = set()
        self._engine: DuckEngine | None = None
        self._open_session: DuckSession | None = None

    def declare(self, relation: str, columns: Mapping[str, str]) -> None:
        """Declare the columns of a relation, column -> type."""
        self._known[relation] = dict(columns)
        self._digests.pop(relation, None)

    def is_declared(self, relation: str) -> bool:
        """Return whether the columns of the relation are known."""
        return relation in self._known

    def types(self, relation: str) -> dict[str, str]:
        """Return column -> type of a declared relation."""
        return dict(self._known[relation])

    def columns(self, relation: str) -> list[ColumnType]:
        """Return the columns of a declared relation."""
        return [ColumnType(name, kind) for name, kind in self._known[relation].items()]

    def types_read(self, sql: str) -> list[tuple[str, str]]:
        """Return what a query is bound to: each relation that it mentions, with a digest of its columns."""
        return [(relation, self.types_digest(relation)) for relation in sorted(self._mentioned(sql))]

    def types_digest(self, relation: str) -> str:
        """Return a digest of the columns of a declared relation."""
        if relation not in self._digests:
            self._digests[relation] = digest(list(self._known[relation].items()))
        return self._digests[relation]

    def bind(self, rendered: Rendered) -> tuple[dict[str, str], Any]:
        """Bind a model and declare its columns, including those that its materialization adds. Return them and the
        bound plan.

        Raises ConfigError with the rendered line.
        """
        relation = rendered.model.relation
        seed = rendered.config.get("seed") if rendered.materialized == "fixpoint" else None
        if seed:
            self.declare(relation, self._known[seed])
        plan = self.check_query(rendered.sql, rendered)
        columns = {column.name: column.type for column in self._session(rendered.sql).columns(f"({rendered.sql}\n)")}
        if seed:
            self._check_fixpoint(rendered, columns)
        _check_width(rendered, columns)
        if rendered.materialized == "agglomerate":
            columns |= _outcome(rendered, columns)
        if rendered.materialized == "snapshot":
            _check_snapshot(rendered, columns)
            columns |= SNAPSHOT_COLUMNS
        if rendered.materialized == "history":
            _check_history(rendered, columns)
        self.declare(relation, columns)
        return columns, plan

    def check_query(self, sql: str, rendered: Rendered) -> Any:
        """Return the bound plan. Raises ConfigError if the engine rejects a query, or if its types leave the portable
        subset."""
        plan = self._session(sql).plan(sql)
        if plan.get("error"):
            line = sql[: int(plan.get("position") or 0)].count("\n") + 1 if plan.get("position") else 0
            message = " ".join(str(plan.get("error_message")).split())
            raise ConfigError(
                f"the SQL of {rendered.model.name} fails: {message}", where(rendered, line), "fix the query."
            )
        errors: list[SiyuError] = [
            ConfigError(f"{finding.what} in {rendered.model.name}", rendered.model.file, f"write {finding.instead}.")
            for finding in type_findings(plan)
        ]
        raise_all(errors)
        return plan

    def query_columns(self, sql: str) -> dict[str, str]:
        """Return column -> type of the result of a query."""
        return {column.name: column.type for column in self._session(sql).columns(f"({sql}\n)")}

    def query_problem(self, sql: str) -> str | None:
        """Return the error that the engine reports for a query, or None."""
        plan = self._session(sql).plan(sql)
        return " ".join(str(plan.get("error_message")).split()) if plan.get("error") else None

    def plan(self, sql: str) -> dict[str, Any]:
        """Return the bound plan of a query, or its error."""
        return self._session(sql).plan(sql)

    def _mentioned(self, sql: str) -> frozenset[str]:
        """Return the declared relations whose names occur in a query. This includes every relation that it reads.

        Names in comments and in texts count, too.
        """
        return names_in(sql) & self._known.keys()

    def _session(self, sql: str) -> DuckSession:
        """Return a session that has every relation that the query mentions."""
        if self._open_session is None:
            self._engine = DuckEngine(None, ANY_INPUTS, reach=())
            self._open_session = self._engine.session()
            for schema in self._schemas:
                self._open_session.execute(f"create schema if not exists {schema}")
        for relation in sorted(self._mentioned(sql) - self._laid_out):
            listed = ", ".join(f'"{name}" {kind}' for name, kind in self._known[relation].items())
            self._open_session.execute(f"create table {relation} ({listed})")
            self._laid_out.add(relation)
        return self._open_session

    def _check_fixpoint(self, rendered: Rendered, columns: Mapping[str, str]) -> None:
        own, result = self._known[rendered.model.relation], dict(columns)
        if list(own.items()) != list(result.items()):
            raise ConfigError(
                f"the fixpoint {rendered.model.name} yields {result}, but its seed has {own}",
                rendered.model.file,
                "give both the same columns and types.",
            )

    def close(self) -> None:
        """Release the memory."""
        if self._open_session is not None and self._engine is not None:
            self._open_session.close()
            self._engine.close()
        self._open_session = self._engine = None
        self._laid_out.clear()


@lru_cache(maxsize=4096)
def names_in(sql: str) -> frozenset[str]:
    """Return everything in a query that could name a relation: schema.table, and schema."table" if it is quoted.

    The result is kept, because a compilation asks about each query several times.
    """
    names = RELATION.findall(sql.lower())
    found = {f"{schema}.{quoted or plain}" for schema, quoted, plain in names}
    return frozenset(found | {f'{schema}."{quoted}"' for schema, quoted, _ in names if quoted})


def _check_width(rendered: Rendered, columns: Mapping[str, str]) -> None:
    """Reject HUGEINT, the type of every sum of integers: Parquet and most BI tools read it as a double."""
    wide = [name for name, kind in columns.items() if kind in ("HUGEINT", "UHUGEINT")]
    if wide:
        raise ConfigError(
            f"{', '.join(wide)} of {rendered.model.name} is a HUGEINT, which Parquet and BI tools read as a double",
            rendered.model.file,
            "cast it to bigint or decimal.",
        )


def _outcome(rendered: Rendered, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that grouping the edges adds."""
    missing, taken = [c for c in EDGE_COLUMNS if c not in columns], sorted(columns.keys() & ADDED_COLUMNS.keys())
    if missing or taken:
        what = (
            f"does not yield {', '.join(missing)}" if missing else f"yields {', '.join(taken)}, which siyu adds itself"
        )
        raise ConfigError(
            f"{rendered.model.name} agglomerates edges and {what}",
            rendered.model.file,
            f"yield {', '.join(EDGE_COLUMNS)}.",
        )
    return {name: kind.upper() for name, kind in ADDED_COLUMNS.items()}


def _check_history(rendered: Rendered, columns: Mapping[str, str]) -> None:
    wrong = [name for name, kind in SNAPSHOT_COLUMNS.items() if columns.get(name) != kind]
    if wrong:
        raise ConfigError(
            f"the history {rendered.model.name} does not yield {' and '.join(wrong)} as a date",
            rendered.model.file,
            "yield every row that ever was, with the dates valid_from and valid_to (NULL = still valid).",
        )


def _check_snapshot(rendered: Rendered, columns: Mapping[str, str]) -> None:
    own = {name.lower() for name in columns} & SNAPSHOT_COLUMNS.keys()
    if own:
        raise ConfigError(
            f"the snapshot {rendered.model.name} yields {', '.join(sorted(own))}, which siyu adds itself",
            rendered.model.file,
            "rename the column.",
        )
    missing = [key for key in rendered.config["key"] if key not in columns]
    if missing:
        raise ConfigError(
            f"the snapshot {rendered.model.name} has no key column {', '.join(missing)}",
            rendered.model.file,
            "use columns of the query in key=[…].",
        )
