"""The lock that one run at a time holds on a warehouse."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from siyu.errors import WarehouseBusy

LOOKED_AT = 0.5  # seconds: longer than `siyu status` holds the lock to see whether it is free


def lock(warehouse: Path) -> FileLock:
    """Lock the warehouse. The operating system releases the lock when the process ends. Raises WarehouseBusy."""
    warehouse.mkdir(parents=True, exist_ok=True)
    held = FileLock(warehouse / ".lock")
    try:
        held.acquire(timeout=LOOKED_AT, poll_interval=0.05)
    except Timeout as error:
        raise WarehouseBusy(
            "another run holds the warehouse",
            str(warehouse),
            "wait until it ends; the lock is released with its process.",
        ) from error
    return held


def is_held(warehouse: Path) -> bool:
    """Return whether a run, a build or a check holds the warehouse."""
    try:
        lock(warehouse).release()
    except WarehouseBusy:
        return True
    return False
