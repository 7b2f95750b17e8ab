"""A reader of siyu.duckdb, for a process of its own: it imports DuckDB and nothing of siyu."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb


def read_file(path: str, until: str) -> tuple[int, int, float]:
    """Open the file time and again until the other one exists. Returns reads, mixed ones, and the longest wait."""
    reads, mixed, longest = 0, 0, 0.0
    while not Path(until).exists() or not reads:
        started = time.monotonic()
        with duckdb.connect(path, read_only=True, config={"threads": 1}) as con:
            marks = set(con.execute("select min(mark), max(mark) from identity.person").fetchall()[0])
            marks |= set(con.execute("select min(mark), max(mark) from kpi.kpi_value").fetchall()[0])
        reads, mixed, longest = reads + 1, mixed + (len(marks) > 1), max(longest, time.monotonic() - started)
        time.sleep(0.5)
    return reads, mixed, longest
