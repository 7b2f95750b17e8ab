"""Publish: one immutable folder a run, swapped in last, in one atomic step."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from siyu.compile.model_files import relation
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.project import CompiledModel, Project
from siyu.engines.base import Engine, Session
from siyu.engines.sql import quote_name, quoted
from siyu.errors import EngineFault
from siyu.release.releases import MANIFEST, PUBLIC, RESTRICTED, Release
from siyu.warehouse.files import fsync

PUBLISHED_SCHEMAS = ("records", "identity", "journey", "tags", "audience", "kpi")
PRIVATE_MODE = 0o600


@dataclass(frozen=True)
class ReleaseFacts:
    """What the manifest says beside the tables."""

    as_of: date
    known_by: date | None
    run_id: int
    previous_release: str | None
    code_fingerprint: str
    input_fingerprint: str
    checks: Mapping[str, int]


def write_release(engine: Engine, project: Project, warehouse: Path, facts: ReleaseFacts) -> Release:
    """Write the folder whole, beside the others; no reader sees it before `swap`."""
    root = warehouse / "releases"
    final = root / f"{facts.as_of.isoformat()}-{facts.run_id:06d}"
    draft = root / f".draft-{facts.run_id:06d}"
    if final.exists():
        raise EngineFault(
            f"there is a release {final.name} already, though the run ledger does not know its run",
            str(final),
            "was ledger.sqlite lost or replaced? Restore it, or begin a new warehouse.",
        )
    for leftover in root.glob(".draft-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(parents=True)
    models = [m for m in project.models.values() if not m.companion and _is_published(project, m)]
    tables = _write_public(engine, models, draft)
    _write_restricted(engine, [m for m in models if m.pii_columns], draft)
    manifest = {
        "as_of": facts.as_of.isoformat(),
        "known_by": facts.known_by.isoformat() if facts.known_by else None,
        "run_id": facts.run_id,
        "previous_release": facts.previous_release,
        "code_fingerprint": facts.code_fingerprint,
        "input_fingerprint": facts.input_fingerprint,
        "tables": tables,
        "checks": dict(facts.checks),
    }
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for path in sorted(draft.rglob("*")):
        fsync(path)
    fsync(draft)
    os.replace(draft, final)
    fsync(root)
    return Release(final, facts.as_of, facts.run_id, manifest)


def _is_published(project: Project, model: CompiledModel) -> bool:
    if model.model.schema == "records":
        return project.settings.publish_records
    return model.model.schema in PUBLISHED_SCHEMAS and model.is_published


def public_columns(model: CompiledModel) -> str:
    """The select list of a published table: personal columns hashed and masked, HUGEINT-free by compilation."""
    listed = []
    for column in model.columns:
        name = quote_name(column.name)
        if column.pii:
            text = f"cast({name} as varchar)"
            listed.append(f"fn_keyed_hash({text}) as {quote_name(column.name + '_hash')}")
            listed.append(f"fn_mask({text}) as {quote_name(column.name + '_masked')}")
        else:
            listed.append(name)
    return ", ".join(listed)


def _write_public(engine: Engine, models: Sequence[CompiledModel], draft: Path) -> dict[str, dict[str, Any]]:
    engine.attach(draft / PUBLIC, "release", writable=True)
    session = engine.session()
    tables: dict[str, dict[str, Any]] = {}
    for schema in (*PUBLISHED_SCHEMAS, "ops"):
        session.execute(f"create schema if not exists release.{schema}")
    for model in models:
        session.execute(
            f"create table release.{model.relation} as select {public_columns(model)} from {model.relation}"
        )
        _comment(session, model)
        rows, digest = session.content_hash(f"release.{model.relation}")
        tables[model.name] = {"rows": rows, "content_hash": digest}
    for name, table in OPS_TABLES.items():
        session.execute(f"create table release.ops.{name} as select * from ops.{name}")
        session.execute(f"comment on table release.ops.{name} is {quoted(table.description)}")
        for column, (_, description) in table.columns.items():
            session.execute(f"comment on column release.ops.{name}.{column} is {quoted(description)}")
    for schema, table in session.rows(
        "select schema_name, table_name from duckdb_tables() where database_name = 'release' order by 1, 2"
    ):
        target = draft / "parquet" / schema / f"{table}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        source = relation(f"{schema}.{table}")
        session.execute(f"copy release.{source} to {quoted(target)} (format parquet, compression zstd)")
    session.close()
    engine.detach("release")
    return dict(sorted(tables.items()))


def _comment(session: Session, model: CompiledModel) -> None:
    """Descriptions travel with the tables: BI tools show them."""
    session.execute(f"comment on table release.{model.relation} is {quoted(model.model.description)}")
    for column in model.columns:
        names = [column.name + "_hash", column.name + "_masked"] if column.pii else [column.name]
        for name in names:
            session.execute(
                f"comment on column release.{model.relation}.{quote_name(name)} is {quoted(column.description)}"
            )


def _write_restricted(engine: Engine, models: Sequence[CompiledModel], draft: Path) -> None:
    path = draft / RESTRICTED
    path.touch(mode=PRIVATE_MODE)
    path.unlink()
    before = os.umask(0o077)
    try:
        engine.attach(path, "restricted", writable=True)
        session = engine.session()
        for schema in sorted({model.model.schema for model in models}):
            session.execute(f"create schema if not exists restricted.{schema}")
        for model in models:
            session.execute(f"create table restricted.{model.relation} as select * from {model.relation}")
        session.close()
        engine.detach("restricted")
        path.chmod(PRIVATE_MODE)
    finally:
        os.umask(before)
