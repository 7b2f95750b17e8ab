"""The landing journal lists the files that a landing is about to write, so that uncommitted files can be removed.

Without it, a landing that dies, or a file that changes while it is read, would leave raw rows that are in no ledger.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from siyu.warehouse.ledger import LandedFile

JOURNAL = "landed/.journal"
LANDED, REJECTS, DRAFT = ".parquet", ".rejects.parquet", ".tmp"  # endings of a stem


def note(store: Path, stems: Iterable[str]) -> None:
    """Add the stems (paths below the store, without endings) of files about to be written, and sync the journal."""
    path = store / JOURNAL
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, "".join(f"{stem}\n" for stem in stems).encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(store: Path, files: Iterable[LandedFile]) -> None:
    """Remove the listed files that are not in the ledger, then the journal."""
    path = store / JOURNAL
    if not path.is_file():
        return
    kept = {name for file in files for name in (file.path, file.rejects)}
    for stem in path.read_text(encoding="utf-8").splitlines():
        for ending in (LANDED, REJECTS, DRAFT):
            if f"{stem}{ending}" not in kept:
                (store / f"{stem}{ending}").unlink(missing_ok=True)
    path.unlink()
