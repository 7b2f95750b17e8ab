"""Models, built and timed one by one: what the benchmarks of tags and audience share."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from measuring import KEY, measure

from siyu.build.database import prepare
from siyu.build.materialization import build_model
from siyu.build.parallel import run_in_order
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.settings import load_settings

PEOPLE, TOUCHES_EACH = 100_000, 20
THREADS = 2
MEMORY_LIMIT = "4500MB"  # of DuckDB's buffers; a process takes some more
INPUTS = RunInputs("2026-06-30", "Asia/Shanghai", KEY)
Figure = tuple[str, float, float, int | None]  # model, seconds, CPU seconds, rows
Method = Callable[[Path, Path], list[Figure]]  # from the database and a folder


def open_build(database: Path, root: Path, exports: Path) -> tuple[DuckEngine, Project]:
    """A database to build in, and the project with the reference tables of these exports."""
    settings = load_settings(root, exports=exports)
    project = compile_project(settings)
    engine = DuckEngine(
        database, INPUTS, threads=THREADS, memory_limit=settings.memory_limit, temp_directory=root / "spill"
    )
    prepare(engine, project)
    return engine, project


def timed(name: str, work: Callable[[], int | None]) -> Figure:
    """What one piece of work took."""
    started, used = time.perf_counter(), time.process_time()
    rows = work()
    return name, time.perf_counter() - started, time.process_time() - used, rows


def build_timed(engine: DuckEngine, project: Project, names: Iterable[str]) -> list[Figure]:
    """Build models one after another: two at a time would share the threads."""
    figures: list[Figure] = []
    wanted = list(names)

    def build(name: str) -> None:
        figures.append(timed(name, lambda: build_model(engine, project, name).row_count))

    run_in_order({name: {ref for ref in project.graph[name] if ref in wanted} for name in wanted}, wanted, build, 1)
    return figures


def run_method(script: str, name: str, database: Path, root: Path, people: int) -> tuple[list[Figure], float]:
    """Run one method of a benchmark in a process of its own: the figures of the work, and the peak MiB."""
    environment = os.environ | {
        "SIYU_WAREHOUSE": str(root / "warehouse"),
        "SIYU_SALT": KEY,
        "SIYU_MEMORY_LIMIT": MEMORY_LIMIT,
        "BENCHMARK_PEOPLE": str(people),
    }
    _, memory = measure([sys.executable, script, "--method", name, str(database), str(root)], environment)
    return [tuple(figure) for figure in json.loads((root / "figures.json").read_text())], memory


def model_line(name: str, seconds: float, cpu: float, rows: int | None) -> str:
    """A line of the summary about one model."""
    count = "a view" if rows is None else f"{rows:,} rows"
    return f"    {name:<38} {seconds:8.2f} s {cpu:8.2f} s {count:>18}"


def run_benchmark(title: str, methods: Mapping[str, Method], compare: Callable[[Path, int, int], None]) -> None:
    """Read the arguments, and compare in a temporary folder, or run the one method that this process is for."""
    parser = argparse.ArgumentParser(description=title.splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--method", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.method:
        name, database, folder = args.method
        Path(folder, "figures.json").write_text(json.dumps(methods[name](Path(database), Path(folder))))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), args.people, args.runs)
