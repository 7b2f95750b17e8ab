"""MetricFlow over a release: its own parser, validator and planner, and a client for DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from metricflow.data_table.mf_table import MetricFlowDataTable
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
from metricflow_semantic_interfaces.transformations.semantic_manifest_transformer import (
    PydanticSemanticManifestTransformer,
)
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import SemanticManifestValidator
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

from siyu.release.releases import PUBLIC
from siyu.release.semantic_manifest import FILE


class Client:
    """What MetricFlow asks of a database."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()

    def __init__(self, path: Path) -> None:
        self._con = duckdb.connect(str(path), read_only=True)

    def query(self, stmt: str, sql_bind_parameter_set: Any = None) -> MetricFlowDataTable:
        cursor = self._con.execute(stmt)
        names = [column[0] for column in cursor.description or []]
        return MetricFlowDataTable.create_from_rows(column_names=names, rows=cursor.fetchall())

    def render_bind_parameter_key(self, bind_parameter_key: str) -> str:
        return f"${bind_parameter_key}"


class MetricFlow:
    """Answers questions about a release."""

    def __init__(self, release: Path) -> None:
        parsed = PydanticSemanticManifest.parse_raw((release / FILE).read_text(encoding="utf-8"))
        self._manifest = PydanticSemanticManifestTransformer.transform(parsed)
        self._engine = MetricFlowEngine(SemanticManifestLookup(self._manifest), Client(release / PUBLIC))

    def problems(self) -> list[str]:
        """Return what its validator says."""
        found = SemanticManifestValidator[PydanticSemanticManifest]().validate_semantic_manifest(self._manifest)
        return [one.as_readable_str() for one in (*found.errors, *found.warnings)]

    def ask(self, metrics: Sequence[str], group_by: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the rows of a query: what it is grouped by, then the metrics."""
        request = MetricFlowQueryRequest.create(metric_names=list(metrics), group_by_names=list(group_by))
        table = self._engine.query(request).result_df
        return [tuple(row) for row in table.rows] if table else []
