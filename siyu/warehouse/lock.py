"""The lock that one run at a time holds on a warehouse."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from siyu.errors import WarehouseBusy

POLL_EVERY = 0.05  # seconds
LOOKED_AT = 0.5  # seconds: longer than `siyu status` holds the lock to see whether it is free


def lock(warehouse: Path, wait: float = LOOKED_AT) -> FileLock:
    """Lock the warehouse. The operating system releases the lock when the process ends. Raises WarehouseBusy, if the
    lock is not free within `wait` seconds."""
    warehouse.mkdir(parents=True, exist_ok=True)
    held = FileLock(warehouse / ".lock")
    try:
        held.acquire(timeout=wait, poll_interval=POLL_EVERY)
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


def backfill_lock(warehouse: Path) -> FileLock:
    """Say that a backfill is running, until its process ends. It locks the warehouse itself only for a date at a time.
    Raises WarehouseBusy if there is one already."""
    warehouse.mkdir(parents=True, exist_ok=True)
    held = FileLock(warehouse / ".backfill.lock")
    try:
        held.acquire(timeout=LOOKED_AT, poll_interval=POLL_EVERY)
    except Timeout as error:
        raise WarehouseBusy(
            "another backfill is running", str(warehouse), "wait until it ends, or stop it: a date is whole or absent."
        ) from error
    return held


def is_backfilling(warehouse: Path) -> bool:
    """Return whether a backfill is running."""
    try:
        backfill_lock(warehouse).release()
    except WarehouseBusy:
        return True
    return False
