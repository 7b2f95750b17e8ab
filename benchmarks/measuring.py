"""Processes, timed: what the other benchmarks share."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import siyu

AS_OF = date(2026, 6, 30)
KEY = "benchmark, no secret"
MIB = 2**20

# Linux counts the memory that the parent had used as part of the peak of a process it starts: so a small one starts it.
SHIM = """
import json, os, subprocess, sys, time
started = time.time()
environment = os.environ | {"BENCHMARK_STARTED": repr(started)}
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, env=environment)
_, status, usage = os.wait4(process.pid, 0)
wall = time.time() - started
print(json.dumps([wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
sys.exit(f"exit code {os.waitstatus_to_exitcode(status)}" if status else 0)
"""


class Cost(NamedTuple):
    """What one process took: wall seconds, CPU seconds (user and system, its children included), peak MiB."""

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> Cost:
    """Run one process in a folder. A process that fails ends the benchmark with what it wrote to stderr."""
    shim = [sys.executable, "-IS", "-c", SHIM, *command]
    told = subprocess.run(shim, env=dict(environment), cwd=folder, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"{' '.join(command)}\n{told.stderr}")
    return Cost(*json.loads(told.stdout))


def measure(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Wall seconds and peak MiB of one process."""
    found = cost(command, environment)
    return found.wall, found.memory


def middle(costs: Iterable[Cost]) -> Cost:
    """The median of the seconds, and the greatest peak."""
    wall, cpu, memory = zip(*costs, strict=True)
    return Cost(statistics.median(wall), statistics.median(cpu), max(memory))


def plain_environment(**settings: object) -> dict[str, str]:
    """The environment with these SIYU_* settings and no others. Its processes find siyu in any folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIYU_")}
    kept["PYTHONPATH"] = str(Path(siyu.__file__).resolve().parents[1])
    return kept | {f"SIYU_{name.upper()}": str(value) for name, value in settings.items()}


def size(path: Path) -> float:
    """MiB of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file() and not file.is_symlink()) / MIB
