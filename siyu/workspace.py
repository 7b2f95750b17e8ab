"""Where a run works: what was asked of it, its business date, and the build database it works in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from filelock import FileLock, Timeout

from siyu import build
from siyu.compile import Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, WarehouseBusy
from siyu.ledger import LandedFile, Ledger
from siyu.references import Reference, load_references, read_references, stored
from siyu.settings import Settings, read_yaml

LONGEST_PAUSE_DAYS = 45
LOOKED_AT = 0.5  # seconds: longer than `siyu status` holds the lock to see whether it is free


@dataclass(frozen=True)
class Request:
    """What a caller asks of a run."""

    as_of: date | None = None
    known_by: date | None = None
    force: bool = False


def default_as_of(settings: Settings) -> date:
    """The `as_of` of exports.yml beside the exports, else yesterday in the settings' time zone."""
    root = settings.exports_root
    path = root / "exports.yml" if root else None
    if path is not None and path.is_file():
        try:
            data = read_yaml(path.read_text(encoding="utf-8")) or {}
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"exports.yml cannot be read: {error}", str(path), "write as_of: 2026-06-30.") from error
        found = data.get("as_of") if isinstance(data, dict) else None
        if not isinstance(found, date) or isinstance(found, datetime):
            raise ConfigError("exports.yml names no as_of date", str(path), "write as_of: 2026-06-30.")
        return found
    return (datetime.now(ZoneInfo(settings.timezone)) - timedelta(days=1)).date()


def references_in_force(
    settings: Settings, ledger: Ledger, warehouse: Path, known_by: date | None
) -> dict[str, Reference]:
    """The reference tables of the layers and exports, copied to the warehouse; with known_by those of that date."""
    if known_by is None:
        return stored(load_references(settings), warehouse)
    first = min(ledger.landings().values(), default=None)
    if first is None or first > known_by:
        raise ConfigError(
            f"nothing had landed by {known_by}",
            "--known-by",
            f"the first landing is of {first}." if first else "nothing has landed yet: siyu run lands.",
        )
    rows = ledger.references(known_by)
    return read_references({name: warehouse / row["path"] for name, row in rows.items() if row["sha256"]})


def check_as_of(settings: Settings, request: Request, as_of: date, ledger: Ledger) -> None:
    """Refuse a date that a typo or a clock gone wrong would give: landing under it could not be taken back."""
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    if request.as_of is not None and as_of > today:
        raise ConfigError(f"as_of {as_of} lies in the future", "--as-of", f"today is {today}.")
    newest = max(ledger.landings().values(), default=as_of)
    if as_of > newest + timedelta(days=LONGEST_PAUSE_DAYS) and not (request.force or request.known_by):
        raise ConfigError(
            f"as_of {as_of} is {(as_of - newest).days} days after the last landing ({newest})",
            "--as-of, exports.yml, or the machine's clock",
            "if that is meant, add --force.",
        )


def lock(warehouse: Path) -> FileLock:
    """Hold the warehouse: an OS lock that goes with its process. Raises WarehouseBusy."""
    warehouse.mkdir(parents=True, exist_ok=True)
    held = FileLock(warehouse / ".lock")
    try:
        held.acquire(timeout=LOOKED_AT, poll_interval=0.05)
    except Timeout as error:
        raise WarehouseBusy(
            "another run holds the warehouse",
            str(warehouse),
            "wait for it to end; the lock goes with its process.",
        ) from error
    return held


def is_held(warehouse: Path) -> bool:
    """Is a run, a build or a check going on there?"""
    try:
        lock(warehouse).release()
    except WarehouseBusy:
        return True
    return False


def open_engine(settings: Settings, as_of: date, folder: Path, *, in_memory: bool = False) -> DuckEngine:
    """The build database of a warehouse, or one in memory for landing; both spill into the folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return DuckEngine(
        None if in_memory else folder / "build.duckdb",
        RunInputs(as_of.isoformat(), settings.timezone, settings.key),
        threads=settings.cores,
        memory_limit=settings.memory_limit,
        temp_directory=folder / "spill",
    )


def prepare_build(
    engine: DuckEngine, project: Project, files: list[LandedFile], store: Path, names: Iterable[str]
) -> None:
    """Schemas, sources, reference tables and the catalog."""
    build.prepare(engine, project)
    build.write_sources(engine, project, files, store, names)
    build.write_ops_sources(engine, project)
