"""Space that is kept free, so that a night that fills the disk can still say so."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SIZE = 2 << 20  # the ledger's rows of a night and both files of the status, a few times over
LITTLE = 64 << 20  # no night works with less
MEGABYTE = 1 << 20


def keep_space(warehouse: Path) -> None:
    """Occupy space, if it is not occupied. Its bytes are random, so that no file system compresses them."""
    path = _path(warehouse)
    if path.is_file() and path.stat().st_size == SIZE:
        return
    path.write_bytes(os.urandom(SIZE))


def free_space(warehouse: Path) -> None:
    """Give the space back."""
    _path(warehouse).unlink(missing_ok=True)


def told_space(warehouse: Path) -> str:
    """Say how much of the disk of a warehouse is free."""
    usage = shutil.disk_usage(warehouse)
    return f"{warehouse}: {usage.free // MEGABYTE:,} of {usage.total // MEGABYTE:,} MB are free"


def is_little(warehouse: Path) -> bool:
    """Whether so little of the disk is free that no night can work."""
    return shutil.disk_usage(warehouse).free < LITTLE


def _path(warehouse: Path) -> Path:
    return warehouse / ".reserve"
