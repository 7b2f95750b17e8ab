"""Whether the disk can hold a night: what the build, its spill and the release will take, against what is free.

Measured with 5,000 to 100,000 simulated people and every family: the build database takes 100 MB and 23 bytes for each
byte of landed Parquet, which is 760 bytes or more for each landed row; the release 20 MB and 13 bytes, or 400 for each
row. Other channels and families give other figures, so a night is stopped only if not even a third of that would fit.
What the last night took says more than any of these.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from siyu.engines.amounts import in_bytes, told
from siyu.errors import EngineFault
from siyu.release.releases import MANIFEST, PARQUET_FILES, Release
from siyu.settings import FAMILIES, Settings
from siyu.warehouse.ledger import LandedFile

# What a night is expected to take: bytes in any case, and for each landed byte.
BASE_BUILD, BASE_RELEASE = 100_000_000, 20_000_000
BUILD, RELEASE = 23, 13
# What it takes at least, with every family and with some: for each landed byte, or for each landed row if that is less.
LEAST_BUILD, LEAST_RELEASE = {True: (8, 250), False: (5, 150)}, {True: (4, 100), False: (1, 20)}
SPILL = 0.6  # of the build database, if it is larger than the memory limit
AGAIN = 0.8  # of what the last night took, if the same is built again


@dataclass(frozen=True)
class Sizes:
    """Bytes of a build database, or what is expected of it, and of a release."""

    build: int
    release: int

    @property
    def total(self) -> int:
        """Bytes of both."""
        return self.build + self.release


@dataclass(frozen=True)
class Room:
    """What a night needs, and what the disk has for it. `least` is what it takes in any case, without spill."""

    expected: Sizes
    spill: int
    least: int
    free: int

    @property
    def needed(self) -> int:
        """The bytes that the night is expected to need."""
        return self.expected.total + self.spill

    @property
    def is_too_little(self) -> bool:
        """Whether the night cannot fit."""
        return self.free < self.least

    @property
    def is_tight(self) -> bool:
        """Whether the night may not fit."""
        return self.free < self.needed

    @property
    def told(self) -> str:
        """What is needed and what there is, in words."""
        parts = [f"{told(self.expected.build)} for the build", f"{told(self.expected.release)} for the release"]
        if self.spill:
            parts.insert(1, f"{told(self.spill)} for its spill")
        return f"it needs about {told(self.needed)} ({', '.join(parts)}), and {told(self.free)} are free"


def room(files: Iterable[LandedFile], warehouse: Path, settings: Settings, last: Release | None) -> Room:
    """Work out the room of a night. `last` is the current release.

    The build database of the last night counts as free, because this night removes it.
    """
    counted = [file for file in files if file.path]
    landed = sum(size_of(warehouse / str(file.path)) for file in counted)
    rows = sum(file.rows_landed for file in counted)
    before = Sizes(size_of(warehouse / "build"), size_of(last.path) if last else 0)
    is_alike = last is not None and _writes_the_same(last, settings)
    expected = Sizes(
        max(BASE_BUILD + BUILD * landed, before.build if is_alike else 0),
        max(BASE_RELEASE + RELEASE * landed, before.release if is_alike else 0),
    )
    is_whole = settings.families == FAMILIES and settings.publish_records
    least = sum(
        min(a_byte * landed, a_row * rows) for a_byte, a_row in (LEAST_BUILD[is_whole], LEAST_RELEASE[is_whole])
    )
    if is_alike and before.build:
        least = max(least, int(AGAIN * before.total))
    spill = int(SPILL * expected.build) if expected.build > in_bytes(settings.memory_limit, _memory()) else 0
    return Room(expected, spill, least, shutil.disk_usage(warehouse).free + before.build)


def require_room(found: Room, warehouse: Path, *, is_forced: bool) -> str:
    """Return a warning, or nothing if there is room. Raises EngineFault if it cannot fit, unless it is forced."""
    if found.is_too_little and not is_forced:
        raise EngineFault(
            f"the disk cannot hold this night: {found.told}",
            str(warehouse),
            "give the disk more space, delete releases of early dates, or leave the records out of releases"
            " (SIYU_PUBLISH_RECORDS=false). siyu run --force tries it all the same. Nothing was built.",
            runbook="the-disk-is-full",
        )
    return f"the disk may be too small for this night: {found.told}" if found.is_tight else ""


def size_of(path: Path) -> int:
    """Return the bytes that a file, or all files in a folder, take on the disk."""
    paths: Sequence[Path] = list(path.rglob("*")) if path.is_dir() else [path]
    sizes = 0
    for found in paths:
        try:
            sizes += found.lstat().st_size
        except OSError:  # it was removed meanwhile
            continue
    return sizes


def _memory() -> int:
    """Return the bytes of memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def is_one_disk(warehouse: Path) -> bool:
    """Whether builds and releases are on the disk of the warehouse. Their folders may be links to other disks."""
    folders = [warehouse / name for name in ("build", "releases") if (warehouse / name).exists()]
    return {folder.stat().st_dev for folder in folders} <= {warehouse.stat().st_dev}


def _writes_the_same(last: Release, settings: Settings) -> bool:
    """Whether a night with these settings writes the same tables and files as the last one."""
    tables = last.manifest.get("tables", {})
    has_records = any(name.startswith("records.") for name in tables)
    has_parquet = (last.path / PARQUET_FILES).is_dir()
    writes_parquet = settings.publish_parquet or (has_parquet and settings.publish_parquet_from is not None)
    return (
        (last.path / MANIFEST).is_file()
        and last.manifest.get("families") == list(settings.families)
        and has_records == settings.publish_records
        and has_parquet == writes_parquet
    )
