"""The catalog of a release for its site: tables, columns, lineage, expectations, KPIs, tags and segments.

All of it is what the ops tables and the catalogs of a release say. Its size depends on the project, not on the data.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Collection
from pathlib import Path
from typing import Any

from siyu.engines.base import Session
from siyu.report.site.rows import script_json

PAGE, DATA, QUERIES, SCRIPT = "catalog.html", "catalog-data.js", "catalog-sql.js", "catalog.js"
# What each part needs, and its query. The names of the result's columns are the keys that catalog.js reads.
PARTS = {
    "tables": (("ops.model",), """
        select model as name, description, grain, materialized, file from ops.model
        union all
        select distinct c.model, null, null, 'ops', null from ops.column as c
        where c.model not in (select model from ops.model)
        order by name"""),
    "columns": (("ops.column",), """
        select model as "table", column_name as name, type, description, is_pii as pii
        from ops.column order by model, position"""),
    "lineage": (("ops.column_lineage",), """
        select model || '.' || column_name as name, source_model || '.' || source_column as source
        from ops.column_lineage order by name, source"""),
    "checks": (("ops.check_result", "ops.run"), """
        select table_name as "table", column_name as "column", expectation as name, severity, success, why,
            replace(runbook, 'docs/', '') as runbook, unexpected_count as failing
        from ops.check_result where run_id = (select max(run_id) from ops.run)
        order by table_name, column_name nulls first, expectation, why"""),
    "kpis": (("kpi.kpi_catalog",), """
        select kpi_code as name, name_en as en, name_zh as zh, family, formula, formula_zh, unit, direction, owner,
            dimensions, phase, window_days, source_models as sources, is_additive, is_stock
        from kpi.kpi_catalog order by kpi_code"""),
    "tags": (("tags.tag_catalog",), """
        select tag_code as name, name_en as en, name_zh as zh, class, level, kind, mode, value_list as "values",
            decision, rule, source_models as sources, coverage_rate as coverage, status, missing, used_by
        from tags.tag_catalog order by class_no, tag_code"""),
    "segments": (("audience.segment", "ops.segment"), """
        select s.segment as name, s.name_en as en, s.name_zh as zh, s.purpose, s.owner, s.audience,
            s.person_count as people, o.model as sources
        from audience.segment as s left join ops.segment as o using (segment) order by s.segment"""),
}  # fmt: skip


def catalog(session: Session, known: Collection[str]) -> dict[str, Any]:
    """Return the catalog as lists of objects by part. A part whose tables the release lacks is empty.

    `published` are the tables with rows in the release. Other models are steps on the way to them.
    """
    found: dict[str, Any] = {
        name: session.named_rows(sql) if known_all(needs, known) else [] for name, (needs, sql) in PARTS.items()
    }
    found["lineage"] = _packed_lineage(found["lineage"])
    return found | {"published": sorted(known)}


def known_all(needs: Collection[str], known: Collection[str]) -> bool:
    """Whether the release has all of these tables."""
    return set(needs) <= set(known)


def _packed_lineage(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return names once, and pairs of their places: (column, what it is made of)."""
    names = sorted({name for row in rows for name in (row["name"], row["source"])})
    places = {name: place for place, name in enumerate(names)}
    return {"names": names, "pairs": [(places[row["name"]], places[row["source"]]) for row in rows]}


def write_catalog(session: Session, known: Collection[str], target: Path) -> None:
    """Write the data of the catalog page. The queries of models are compressed: nothing else is as long."""
    (target / DATA).write_text(f"window.siyuCatalog={script_json(catalog(session, known))};\n", encoding="utf-8")
    queries = dict(session.rows("select model, compiled_sql from ops.model")) if "ops.model" in known else {}
    packed = base64.b64encode(gzip.compress(script_json(queries).encode(), mtime=0)).decode()
    (target / QUERIES).write_text(f'window.siyuQueries="{packed}";\n', encoding="ascii")
