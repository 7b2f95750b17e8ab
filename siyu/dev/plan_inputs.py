"""What a plan reads: the current release, what had landed for it, the working copy. It writes to a scratch folder only.

A plan does not hold the warehouse. A night may start meanwhile: it replaces files that the plan has open, and does not
change them.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from filelock import FileLock, Timeout

from siyu.ask.release_pair import attach_release
from siyu.build.versions import BuildInputs, Versions, digest_of_statuses, read_versions, versions_of
from siyu.check.suites import Suite, load_suites
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.dev.plan_build import BEFORE, BUILT, RESTRICTED_ALIAS, Kept, tables_of
from siyu.engines.base import Session
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, EngineFault, WarehouseBusy
from siyu.landing.channel_status import channel_status
from siyu.night.channel_list import check_landed
from siyu.release.history import Previous, previous_run
from siyu.release.releases import RESTRICTED, Release, current
from siyu.seeds.references import load_references, stored
from siyu.settings import Settings
from siyu.warehouse.ledger import LandedFile, Ledger
from siyu.warehouse.lock import is_held

FOLDER, LOCK, LEDGER = "plan", ".lock", "ledger.sqlite"
LANDED = "select coalesce(max(landed_seq), 0) from before.ops.file_ledger"


@contextmanager
def scratch_folder(warehouse: Path) -> Iterator[Path]:
    """Yield the folder warehouse/plan, which is empty before and afterwards. Raises WarehouseBusy."""
    folder = warehouse / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    held = FileLock(folder / LOCK)
    try:
        held.acquire(timeout=0)
    except Timeout as error:
        raise WarehouseBusy("another plan is being made here", str(folder), "wait until it ends.") from error
    try:
        _clear(folder)
        yield folder
    finally:
        _clear(folder)
        held.release()


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def release_to_compare(warehouse: Path) -> Release:
    """Return the current release. Raises ConfigError before the first one, WarehouseBusy while a run is at work."""
    release = current(warehouse)
    if release is None:
        raise ConfigError("there is no release yet to compare with", str(warehouse), "siyu run builds the first one.")
    if is_held(warehouse):
        raise WarehouseBusy(
            "a run holds the warehouse; it uses the build database, and will change the current release",
            str(warehouse),
            "plan when it has ended.",
        )
    return release


@dataclass(frozen=True)
class WorkingCopy:
    """The working copy, compiled and checked as a night does it."""

    project: Project
    suites: dict[str, Suite]


def working_copy(settings: Settings, scratch: Path) -> WorkingCopy:
    """Compile the working copy, with copies of its rule tables. Raises ConfigError with every problem."""
    project = compile_project(settings, stored(load_references(settings), scratch))
    try:
        suites = load_suites(project)
        project.check_privacy()
        project.check_previous()
    finally:
        project.cache.save()
    return WorkingCopy(project, suites)


@contextmanager
def ledger_copy(warehouse: Path, scratch: Path) -> Iterator[Ledger]:
    """Yield a copy of the run ledger: opening a ledger may change it."""
    source = warehouse / LEDGER
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as read,
            closing(sqlite3.connect(scratch / LEDGER)) as written,
        ):
            read.backup(written)
    except sqlite3.Error as error:
        raise EngineFault(f"the run ledger cannot be read: {error}", str(source), "restore it.") from error
    with closing(Ledger(scratch / LEDGER)) as ledger:
        yield ledger


@dataclass(frozen=True)
class Inputs:
    """What the current release was made of, and what is newer. `statuses` are the rows of ops.channel_status."""

    release: Release
    files: Sequence[LandedFile]
    newer: Sequence[LandedFile]
    statuses: Sequence[Any]
    previous: Previous | None
    kept: Kept
    new: Versions


def attach_kept(engine: DuckEngine, warehouse: Path, release: Release) -> None:
    """Attach what is there: the current release, and the build database of the last run."""
    attach_release(engine, release, BEFORE)
    for path, alias in ((release.path / RESTRICTED, RESTRICTED_ALIAS), (warehouse / "build" / "build.duckdb", BUILT)):
        if path.is_file():
            try:
                engine.attach(path, alias, writable=False)
            except EngineFault:
                continue  # not readable: its tables are built again


def inputs_of(session: Session, copy: WorkingCopy, release: Release, ledger: Ledger, warehouse: Path) -> Inputs:
    """Return what the current release was made of. Raises ConfigError if the working copy leaves a channel out."""
    project = copy.project
    ledger.check_salt(project.settings.salt_fingerprint)
    check_landed(project, ledger, None)
    last = session.value(LANDED)
    files = [file for file in ledger.files() if file.landed_seq <= last]
    versions = read_versions(release.path)
    statuses, digest = _statuses(session, project, files, ledger, release, versions)
    previous = previous_run(ledger, release.as_of)
    new = versions_of(
        project, BuildInputs(release.as_of, files, warehouse, previous.name if previous else None, digest)
    )
    build = read_versions(warehouse / "build")
    kept = Kept(versions, build, {alias: tables_of(session, alias) for alias in (BUILT, RESTRICTED_ALIAS, BEFORE)})
    newer = [file for file in ledger.files() if file.landed_seq > last]
    return Inputs(release, files, newer, statuses, previous, kept, new)


def _statuses(
    session: Session, project: Project, files: Sequence[LandedFile], ledger: Ledger, release: Release, old: Versions
) -> tuple[list[Any], str]:
    """Return the rows of ops.channel_status and their digest: those of the release, and those of new channels."""
    rows: list[Any] = [
        SimpleNamespace(**row)
        for row in session.named_rows("select * from before.ops.channel_status order by channel")
        if row["channel"] in project.channels
    ]
    known = {row.channel for row in rows}
    added = [
        channel_status(
            channel, files, ledger.landings(), [], release.as_of, project.settings.timezone,
            is_retired=name in project.settings.retired_channels,
        )
        for name, channel in project.channels.items()
        if name not in known
    ]  # fmt: skip
    is_same = not added and len(known) == session.value("select count(*) from before.ops.channel_status")
    return [*rows, *added], old.statuses if is_same and old.statuses else digest_of_statuses([*rows, *added])


def newer_exports(project: Project, since: str) -> list[str]:
    """Return the channels that have export files written after a moment (UTC): siyu has not landed them yet."""
    moment = datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp()
    found = []
    for name, channel in project.channels.items():
        folder = channel.source_folder(project.settings.exports_root)
        exports = [path for export in channel.exports.values() for path in folder.glob(export.files)] if folder else []
        if any(path.is_file() and path.stat().st_mtime > moment for path in exports):
            found.append(name)
    return found
