"""Releases of a few rows, written by hand, to compare."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

GRAINS = {
    "identity.one_id": "id_type, id_value", "identity.person": "one_id", "identity.account_id": "id_type, id_value",
    "identity.identifier": "id_type, id_value", "identity.edge": "node, lesser_node",
    "journey.person_stage": "one_id", "journey.deal_hold": "person_key, deal_id", "tags.person_tag":
    "one_id, tag_code, tag_value", "tags.person_profile": "one_id", "audience.segment_member": "segment, one_id",
    "kpi.revenue_line": "channel, record_id", "kpi.ungrained": "",
}  # fmt: skip
FACTS = {"known_by": None, "previous_release": None, "code_fingerprint": "c", "input_fingerprint": "i",
         "hash_version": 3, "checks": {}}  # fmt: skip


def write_release(warehouse: Path, name: str, tables: Mapping[str, str], **facts: Any) -> Path:
    """Write a release; `tables` are schema.table -> query. The last one written is current."""
    folder = warehouse / "releases" / name
    folder.mkdir(parents=True)
    as_of, _, run_id = name.rpartition("-")
    manifest: dict[str, Any] = {"as_of": as_of, "run_id": int(run_id), **FACTS, **facts, "tables": {}}
    with duckdb.connect(str(folder / "siyu.duckdb")) as con:
        con.execute("create schema ops")
        con.execute("create table ops.model (model varchar, grain varchar)")
        con.executemany("insert into ops.model values (?, ?)", list(GRAINS.items()))
        for table, query in tables.items():
            con.execute(f"create schema if not exists {table.partition('.')[0]}")
            con.execute(f"create table {table} as {query}")
            rows, total = con.execute(f"select count(*), sum(hash(hash(t))::hugeint) from {table} as t").fetchall()[0]
            if not table.startswith("ops."):
                manifest["tables"][table] = {"rows": rows, "content_hash": f"{rows}:{total}"}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    link = warehouse / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.relative_to(warehouse))
    return folder


def values(columns: str, *rows: tuple[Any, ...]) -> str:
    """Return the query of rows, each a tuple of SQL literals as text."""
    listed = ", ".join(f"({', '.join(map(str, row))})" for row in rows)
    return f"select * from (values {listed}) as v({columns})"
