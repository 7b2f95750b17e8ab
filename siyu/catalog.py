"""Schema ops: its tables and columns, and those that the compiler fills: ops.model, column, column_lineage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from siyu.engines.base import Session

if TYPE_CHECKING:
    from siyu.compile import Project

OPS_SOURCE_COLUMNS: dict[str, dict[str, str]] = {
    "model": {
        "model": "varchar", "schema_name": "varchar", "table_name": "varchar", "file": "varchar",
        "materialized": "varchar", "description": "varchar", "grain": "varchar", "compiled_sql": "varchar",
        "rule_version": "varchar",
    },
    "column": {
        "model": "varchar", "column_name": "varchar", "position": "integer", "type": "varchar",
        "description": "varchar", "is_pii": "boolean",
    },
    "column_lineage": {
        "model": "varchar", "column_name": "varchar", "source_model": "varchar", "source_column": "varchar",
    },
    "channel_status": {
        "channel": "varchar", "title": "varchar", "domain": "varchar", "owner": "varchar", "last_file_date": "date",
        "last_landed_at": "timestamp", "is_stale": "boolean", "reason": "varchar", "rows_landed": "bigint",
        "rows_usual": "bigint",
    },
}  # fmt: skip
OPS_COLUMNS: dict[str, dict[str, str]] = {
    **OPS_SOURCE_COLUMNS,
    "run": {
        "run_id": "bigint", "as_of": "date", "known_by": "date", "started_at": "timestamp", "ended_at": "timestamp",
        "status": "varchar", "release": "varchar", "code_fingerprint": "varchar", "input_fingerprint": "varchar",
    },
    "model_run": {
        "run_id": "bigint", "model": "varchar", "materialized": "varchar", "seconds": "double", "row_count": "bigint",
        "row_count_before": "bigint",
    },
    "check_result": {
        "run_id": "bigint", "table_name": "varchar", "expectation": "varchar", "column_name": "varchar",
        "severity": "varchar", "success": "boolean", "error": "varchar", "unexpected_count": "bigint",
        "unexpected_percent": "double", "sample_keys": "varchar", "query": "varchar", "runbook": "varchar",
        "why": "varchar",
    },
    "file_ledger": {
        "channel": "varchar", "export": "varchar", "file": "varchar", "sha256": "varchar", "landed_seq": "bigint",
        "landed_date": "date", "rows_read": "bigint", "rows_landed": "bigint", "rows_rejected": "bigint",
        "status": "varchar", "reason": "varchar",
    },
    "rejected_row": {
        "channel": "varchar", "export": "varchar", "file": "varchar", "line": "bigint", "column_name": "varchar",
        "value_masked": "varchar", "reason": "varchar",
    },
    "field_reject": {
        "channel": "varchar", "export": "varchar", "field": "varchar", "reason": "varchar", "row_count": "bigint",
    },
    "drift": {
        "channel": "varchar", "export": "varchar", "kind": "varchar", "column_name": "varchar", "since": "date",
    },
}  # fmt: skip
# What landings leave behind is checked as models are: table -> its grain.
CHECKED_OPS: dict[str, tuple[str, ...]] = {
    "file_ledger": ("channel", "export", "file", "landed_seq"),
    "rejected_row": ("channel", "export", "file", "line", "column_name", "reason"),
    "field_reject": ("channel", "export", "field", "reason"),
    "channel_status": ("channel",),
    "drift": ("channel", "export", "kind", "column_name"),
}
INSERT_BATCH = 500


def write_table(session: Session, relation: str, columns: dict[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """A small table from Python rows, replaced whole."""
    listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    session.execute(f"create or replace table {relation} ({listed})")
    marks = f"({', '.join('?' * len(columns))})"
    batch: list[Sequence[Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == INSERT_BATCH:
            _insert(session, relation, marks, batch)
            batch = []
    _insert(session, relation, marks, batch)


def _insert(session: Session, relation: str, marks: str, rows: list[Sequence[Any]]) -> None:
    if rows:
        values = [value for row in rows for value in row]
        session.execute(f"insert into {relation} values {', '.join([marks] * len(rows))}", values)


def write_catalog(session: Session, project: Project) -> None:
    """ops.model, ops.column and ops.column_lineage; the last only where a model reads it, since lineage takes time."""
    models = [model for model in project.models.values() if not model.companion]
    reads_lineage = any("ops.column_lineage" in model.tables for model in models)
    write_table(
        session,
        "ops.model",
        OPS_SOURCE_COLUMNS["model"],
        (
            (m.name, m.model.schema, m.model.table, m.model.file, m.materialized, m.model.description,
             ", ".join(m.model.grain), m.sql, m.rule_version)
            for m in models
        ),
    )  # fmt: skip
    write_table(
        session,
        "ops.column",
        OPS_SOURCE_COLUMNS["column"],
        ((m.name, c.name, i, c.type, c.description, c.pii) for m in models for i, c in enumerate(m.columns, start=1)),
    )
    write_table(
        session,
        "ops.column_lineage",
        OPS_SOURCE_COLUMNS["column_lineage"],
        (
            (name, column, relation, source)
            for name, columns in (project.lineage if reads_lineage else {}).items()
            for column, pairs in columns.items()
            for relation, source in sorted(pairs)
        ),
    )
