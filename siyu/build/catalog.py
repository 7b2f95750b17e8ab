"""What the compiler knows, as tables of schema ops: models, columns, lineage, rules and readers of tags, segments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from itertools import islice
from typing import TYPE_CHECKING, Any

from siyu.compile.ops_schema import OPS_TABLES
from siyu.engines.base import Session
from siyu.engines.sql import quote_name

if TYPE_CHECKING:
    from siyu.compile.project import Project

INSERT_BATCH = 5000


def write_table(session: Session, relation: str, columns: dict[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Replace a table by Python rows. The rows are passed as JSON texts, because single parameters are slow."""
    listed = ", ".join(f"{quote_name(name)} {kind}" for name, kind in columns.items())
    session.execute(f"create or replace table {relation} ({listed})")
    structure = json.dumps([dict.fromkeys(columns, "VARCHAR")])
    values = ", ".join(f"r.{quote_name(name)}::{kind}" for name, kind in columns.items())
    iterator = iter(rows)
    while batch := list(islice(iterator, INSERT_BATCH)):
        text = json.dumps([dict(zip(columns, map(_text, row), strict=True)) for row in batch], ensure_ascii=False)
        session.execute(
            f"insert into {relation} select {values} from (select unnest(from_json(?::json, ?)) as r)",
            [text, structure],
        )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def catalog_rows(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of the catalog by table of schema ops.

    column_lineage is empty unless a model reads it, because lineage takes time.
    """
    models = [model for model in project.models.values() if not model.companion]
    reads_lineage = any("ops.column_lineage" in model.tables for model in models)
    rows: dict[str, list[tuple[Any, ...]]] = {
        "model": [
            (m.name, m.model.schema, m.model.table, m.model.file, m.materialized, m.model.description,
             ", ".join(m.model.grain), m.sql, m.rule_version)
            for m in models
        ],
        "column": [
            (m.name, c.name, i, c.type, c.description, c.pii) for m in models for i, c in enumerate(m.columns, start=1)
        ],
        "column_lineage": [
            (name, column, relation, source)
            for name, columns in (project.lineage if reads_lineage else {}).items()
            for column, pairs in columns.items()
            for relation, source in sorted(pairs)
        ],
    }  # fmt: skip
    for table, found in (
        ("tag_rule", project.tag_rules), ("tag_reader", project.tag_readers), ("segment", project.segments),
    ):  # fmt: skip
        rows[table] = [astuple(row) for row in found if row.model in project.models]
    return rows


def write_catalog(session: Session, project: Project) -> None:
    """Write the catalog."""
    for table, rows in catalog_rows(project).items():
        write_table(session, f"ops.{table}", OPS_TABLES[table].types, rows)
