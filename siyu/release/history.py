"""What later nights need of earlier ones: the previous run, its tables, and snapshots, which cannot be rebuilt."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from siyu.build.database import PreviousTable
from siyu.compile.model_files import relation
from siyu.compile.project import Project, previous_models
from siyu.engines.base import Engine, Session
from siyu.engines.paths import parquet
from siyu.engines.sql import PARQUET, quoted
from siyu.release.columns import HASH
from siyu.release.parquet_tables import files_of
from siyu.release.releases import PUBLIC, RESTRICTED
from siyu.release.tables import PRIVATE_MODE
from siyu.warehouse.files import fsync
from siyu.warehouse.ledger import Ledger


@dataclass(frozen=True)
class Previous:
    """The run that a night compares itself with. Even if its release is gone, the history has its snapshots."""

    as_of: date
    run_id: int

    @property
    def name(self) -> str:
        """The name of its release."""
        return f"{self.as_of.isoformat()}-{self.run_id:06d}"

    def snapshot(self, warehouse: Path, model: str) -> Path:
        """Return the file in which the history keeps a snapshot table of this run."""
        return warehouse / "history" / self.as_of.isoformat() / f"{self.run_id:06d}" / f"{model}.parquet"


def previous_run(ledger: Ledger, as_of: date) -> Previous | None:
    """Return the last run of the newest earlier date. A rerun of a date gets the one of its first run, even None."""
    own = ledger.last_published(as_of, None)
    if own is not None:
        return _parse(own["previous_release"]) if own["previous_release"] else None
    row = ledger.published_before(as_of)
    return _parse(row["release"]) if row else None


def _parse(name: str) -> Previous:
    day, _, number = name.rpartition("-")
    return Previous(date.fromisoformat(day), int(number))


def previous_tables(
    engine: Engine, project: Project, previous: Previous | None, warehouse: Path
) -> dict[str, PreviousTable]:
    """Return where earlier results are: snapshots in the history, other tables in the restricted or the public file.

    A snapshot that the previous run did not build, because the families left it out, is that of the last run which did.
    A table whose personal columns are hashed does not count: without the raw values, every row would look new.
    """
    if previous is None:
        return {}
    session = engine.session()
    names = sorted(previous_models(project.models.values()))
    found: dict[str, PreviousTable] = {}
    for name in names:
        path = _newest_snapshot(previous, warehouse, name)
        if path is not None:
            found[name] = _table(session, parquet(path))
    for alias, file in (("previous_restricted", RESTRICTED), ("previous_public", PUBLIC)):
        path = warehouse / "releases" / previous.name / file
        if not path.is_file():
            continue
        engine.attach(path, alias, writable=False)
        for name in names:
            if name not in found and (held := _held(session, alias, path, name)):
                table = _table(session, held)
                if not {f"{column}{HASH}" for column in project.models[name].pii_columns} & set(table.columns):
                    found[name] = table
    session.close()
    return found


def _newest_snapshot(previous: Previous, warehouse: Path, model: str) -> Path | None:
    """Return the snapshot of the previous run, or else that of the newest run of an earlier date; None without any."""
    path = previous.snapshot(warehouse, model)
    if path.is_file():
        return path
    found = (
        (date.fromisoformat(p.parts[-3]), p) for p in (warehouse / "history").glob(f"[0-9]*/[0-9]*/{model}.parquet")
    )
    return max((p for day, p in found if day < previous.as_of), default=None)


def _held(session: Session, alias: str, path: Path, name: str) -> str | None:
    """Return a table of an attached file of a release as SQL; None if it is not there.

    The files of a large table are read themselves: the paths in views are those of the day when they were written.
    """
    schema, _, table = name.partition(".")
    is_table = session.value(
        "select count(*) from duckdb_tables() where database_name = ? and schema_name = ? and table_name = ?",
        [alias, schema, table],
    )
    return f"{alias}.{relation(name)}" if is_table else files_of(path, name)


def _table(session: Session, found: str) -> PreviousTable:
    columns = session.columns(f"select * from {found}")
    return PreviousTable(found, tuple(column.name for column in columns))


def write_history(engine: Engine, project: Project, warehouse: Path, run: Previous) -> None:
    """Write the snapshots and histories of a run to the history: all of them, or none."""
    snapshots = [m for m in project.models.values() if m.is_kept]
    if not snapshots:
        return
    final = run.snapshot(warehouse, "").parent
    draft = final.with_name(f".draft-{final.name}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    session = engine.session()
    for model in snapshots:
        path = draft / f"{model.name}.parquet"
        session.execute(f"copy {model.relation} to {quoted(path)} ({PARQUET})")
        path.chmod(PRIVATE_MODE)
        fsync(path)
    session.close()
    os.replace(draft, final)
    for folder in (final, final.parent, final.parent.parent):
        fsync(folder)
