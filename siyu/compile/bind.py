"""Binding: every model on empty upstream tables, in memory. Gives column types, engine errors, and type lints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from siyu.compile.analyse import where
from siyu.compile.portable_types import type_findings
from siyu.compile.render import Rendered
from siyu.engines.agglomerate import ADDED_COLUMNS, EDGE_COLUMNS
from siyu.engines.base import ANY_INPUTS, ColumnType
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, SiyuError, raise_all


class Binder:
    """An in-memory database that holds every relation of a project, empty."""

    def __init__(self, schemas: Sequence[str]) -> None:
        self._engine = DuckEngine(None, ANY_INPUTS)
        self._session = self._engine.session()
        for schema in schemas:
            self._session.execute(f"create schema if not exists {schema}")

    def declare(self, relation: str, columns: Mapping[str, str]) -> None:
        """An empty table of these columns."""
        listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self._session.execute(f"create table {relation} ({listed})")

    def columns(self, relation: str) -> list[ColumnType]:
        """Columns of a declared or bound relation."""
        return self._session.columns(relation)

    def bind(self, rendered: Rendered) -> None:
        """Bind a model and keep its empty table. Raises ConfigError with the rendered line."""
        name = rendered.model.relation
        seed = rendered.config.get("seed") if rendered.materialized == "fixpoint" else None
        if seed:
            self._session.execute(f"create table {name} as select * from {seed} with no data")
        self.check_query(rendered.sql, rendered)
        if seed:
            self._check_fixpoint(rendered)
        else:
            self._session.execute(f"create table {name} as ({rendered.sql}\n) with no data")
        self._check_types(rendered)
        if rendered.materialized == "agglomerate":
            self._add_outcome(rendered)
        if rendered.materialized == "snapshot":
            own = {column.name.lower() for column in self._session.columns(name)} & {"valid_from", "valid_to"}
            if own:
                raise ConfigError(
                    f"the snapshot {rendered.model.name} yields {', '.join(sorted(own))}, which siyu adds itself",
                    rendered.model.file,
                    "rename the column.",
                )
            self._session.execute(f"alter table {name} add column valid_from date")
            self._session.execute(f"alter table {name} add column valid_to date")
            self._check_key(rendered)

    def check_query(self, sql: str, rendered: Rendered) -> None:
        """Engine errors and type lints of a query. Raises ConfigError."""
        plan = self._session.plan(sql)
        if plan.get("error"):
            line = sql[: int(plan.get("position") or 0)].count("\n") + 1 if plan.get("position") else 0
            message = " ".join(str(plan.get("error_message")).split())
            raise ConfigError(
                f"the SQL of {rendered.model.name} fails: {message}", where(rendered, line), "mend the query."
            )
        errors: list[SiyuError] = [
            ConfigError(f"{finding.what} in {rendered.model.name}", rendered.model.file, f"write {finding.instead}.")
            for finding in type_findings(plan)
        ]
        raise_all(errors)

    def query_problem(self, sql: str) -> str | None:
        """What the engine says against a query, or None."""
        plan = self._session.plan(sql)
        return " ".join(str(plan.get("error_message")).split()) if plan.get("error") else None

    def _check_fixpoint(self, rendered: Rendered) -> None:
        own = [(c.name, c.type) for c in self._session.columns(rendered.model.relation)]
        result = [(c.name, c.type) for c in self._session.columns(f"({rendered.sql}\n)")]
        if own != result:
            raise ConfigError(
                f"the fixpoint {rendered.model.name} yields {result}, its seed {own}",
                rendered.model.file,
                "give both the same columns and types.",
            )

    def _check_types(self, rendered: Rendered) -> None:
        """HUGEINT, which any sum of integers is, becomes a double in Parquet and in most BI tools."""
        wide = [c.name for c in self._session.columns(rendered.model.relation) if c.type in ("HUGEINT", "UHUGEINT")]
        if wide:
            raise ConfigError(
                f"{', '.join(wide)} of {rendered.model.name} is a HUGEINT, which Parquet and BI tools read as a double",
                rendered.model.file,
                "cast it to bigint or decimal.",
            )

    def _add_outcome(self, rendered: Rendered) -> None:
        """The columns that grouping the edges adds."""
        name = rendered.model.relation
        own = {column.name for column in self._session.columns(name)}
        missing, taken = [c for c in EDGE_COLUMNS if c not in own], sorted(own & ADDED_COLUMNS.keys())
        if missing or taken:
            raise ConfigError(
                f"{rendered.model.name} agglomerates edges and "
                + (f"lacks {', '.join(missing)}" if missing else f"yields {', '.join(taken)}, which siyu adds itself"),
                rendered.model.file,
                f"yield {', '.join(EDGE_COLUMNS)}.",
            )
        for column, kind in ADDED_COLUMNS.items():
            self._session.execute(f"alter table {name} add column {column} {kind}")

    def _check_key(self, rendered: Rendered) -> None:
        names = [column.name for column in self._session.columns(rendered.model.relation)]
        missing = [key for key in rendered.config["key"] if key not in names]
        if missing:
            raise ConfigError(
                f"the snapshot {rendered.model.name} has no key column {', '.join(missing)}",
                rendered.model.file,
                "name its columns.",
            )

    def close(self) -> None:
        """Let the memory go."""
        self._session.close()
        self._engine.close()
