"""The landing journal: what a landing is about to write, so that what it leaves uncommitted is found and removed.

A landing that dies, or a file that changed while it was read, would else leave raw rows that no ledger knows of.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from siyu.warehouse.ledger import LandedFile

JOURNAL = "landed/.journal"
LANDED, REJECTS, DRAFT = ".parquet", ".rejects.parquet", ".tmp"  # what a stem becomes


def note(store: Path, stems: Iterable[str]) -> None:
    """Write down that files of these stems (paths below the store) are about to be written. Synced before returning."""
    path = store / JOURNAL
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, "".join(f"{stem}\n" for stem in stems).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(store: Path, files: Iterable[LandedFile]) -> None:
    """Remove what was noted and is in no row of the ledger, then the journal."""
    path = store / JOURNAL
    if not path.is_file():
        return
    kept = {name for file in files for name in (file.path, file.rejects)}
    for stem in path.read_text(encoding="utf-8").splitlines():
        for ending in (LANDED, REJECTS, DRAFT):
            if f"{stem}{ending}" not in kept:
                (store / f"{stem}{ending}").unlink(missing_ok=True)
    path.unlink()
