"""Publish: each run writes one folder, which never changes afterwards and becomes current in one atomic step."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from siyu.build import versions
from siyu.build.last_build import Released, keep_release
from siyu.compile.project import CompiledModel, Project
from siyu.engines.base import HASH_VERSION, Engine
from siyu.errors import EngineFault
from siyu.release.last_release import LastRelease, file_states
from siyu.release.parquet_tables import DRAFT, parquet_tables, remove_links
from siyu.release.releases import MANIFEST, Release
from siyu.release.semantic_manifest import FILE as SEMANTIC_MANIFEST
from siyu.release.semantic_manifest import semantic_manifest
from siyu.release.tables import PUBLISHED_SCHEMAS, write_tables
from siyu.release.views import ReleaseView, chinese_views, model_views
from siyu.warehouse.files import fsync


@dataclass(frozen=True)
class ReleaseFacts:
    """What the manifest says about a release, apart from its tables."""

    as_of: date
    known_by: date | None
    run_id: int
    previous_release: str | None
    code_fingerprint: str
    input_fingerprint: str
    checks: Mapping[str, int]


def write_release(
    engine: Engine, project: Project, warehouse: Path, facts: ReleaseFacts, finish: Callable[[Path], None],
    last: LastRelease | None = None,
) -> Release:  # fmt: skip
    """Write the complete folder beside the others. Readers do not see it before `swap`.

    `finish` adds files to the folder once its tables are written. `last` is the release that the files begin with.
    """
    root = warehouse / "releases"
    final = root / f"{facts.as_of.isoformat()}-{facts.run_id:06d}"
    draft = _empty_draft(root, final, facts.run_id)
    mode = draft.stat().st_mode
    draft.chmod(0o700)  # until the files are whole: DuckDB's own temporary files beside them hold raw values
    tables, views = published_tables(project), release_views(project)
    outside = parquet_tables(draft, final, project.settings)
    with outside.findable() if outside else nullcontext():
        written = write_tables(engine, tables, views, draft, project.settings, last=last, outside=outside)
        finish(draft)
    manifest = {
        "as_of": facts.as_of.isoformat(),
        "known_by": facts.known_by.isoformat() if facts.known_by else None,
        "run_id": facts.run_id,
        "previous_release": facts.previous_release,
        "code_fingerprint": facts.code_fingerprint,
        "input_fingerprint": facts.input_fingerprint,
        "hash_version": HASH_VERSION,
        "families": list(project.settings.families),
        "tables": written.tables,
        "views": {view.name: view.sql for view in views},
        "checks": dict(facts.checks),
    }
    meanings = semantic_manifest(project, [model.name for model in tables] + [view.name for view in views])
    (draft / SEMANTIC_MANIFEST).write_text(json.dumps(meanings, ensure_ascii=False) + "\n", encoding="utf-8")
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if engine.path is not None and (engine.path.parent / versions.FILE).is_file():
        shutil.copyfile(engine.path.parent / versions.FILE, draft / versions.FILE)
    for path in sorted(draft.rglob("*")):
        fsync(path)
    draft.chmod(stat.S_IMODE(mode))
    fsync(draft)
    os.replace(draft, final)
    fsync(root)
    if engine.path is not None:
        keep_release(engine.path.parent, Released(final.name, written.forms, written.replaced, file_states(final)))
    return Release(final, facts.as_of, facts.run_id, manifest)


def _empty_draft(root: Path, final: Path, run_id: int) -> Path:
    """Make the folder in which a release is written, and remove those of runs that died."""
    if final.exists():
        raise EngineFault(
            f"there is a release {final.name} already, though the run ledger does not know its run",
            str(final),
            "was ledger.sqlite lost or replaced? Restore it, or begin a new warehouse.",
        )
    for leftover in root.glob(f"{DRAFT}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = root / f"{DRAFT}{run_id:06d}"
    draft.mkdir(parents=True)
    remove_links(root)
    return draft


def published_tables(project: Project) -> list[CompiledModel]:
    """Return the models whose rows releases have."""
    return [
        m for m in project.models.values() if not m.companion and is_published(project, m) and not m.is_release_view
    ]


def release_views(project: Project) -> list[ReleaseView]:
    """Return the views of releases, in the order in which they can be created. Raises ConfigError."""
    models = [m for m in project.models.values() if not m.companion and is_published(project, m)]
    return [*model_views(project, [model.name for model in models]), *chinese_views(models)]


def is_published(project: Project, model: CompiledModel) -> bool:
    """Return whether releases have the table."""
    if model.model.schema == "records":
        return project.settings.publish_records
    return model.model.schema in PUBLISHED_SCHEMAS and model.is_published
