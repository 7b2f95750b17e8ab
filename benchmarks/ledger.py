"""What a night's run history costs once the ledger is a year old, against the first night.

    python benchmarks/ledger.py [--nights 365] [--warehouse FOLDER]

Takes the models and checks of the last published run of a warehouse (by default one of the sample, which it makes),
writes them into a new ledger once a night, and measures on the first and the last night: storing the rows, reading
them by run, and writing the ops tables of a release.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from siyu.build import ops
from siyu.compile.ops_schema import OPS_TABLES
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.engines.sql import PARQUET
from siyu.warehouse.ledger import Ledger, Row

FIRST = date(2026, 1, 1)
HISTORY = ("run", "model_run", "check_result", "model_month", "check_month")
CHANGING = 3  # checks of a night that fail in it and not in the night before, with failing keys


def night_of_the_sample(warehouse: Path) -> tuple[list[Row], list[Row]]:
    """Return the model runs and check results of the last published run of a warehouse."""
    if not (warehouse / "ledger.sqlite").is_file():
        env = {**os.environ, "SIYU_WAREHOUSE": str(warehouse)}
        subprocess.run([sys.executable, "-m", "siyu", "run"], env=env, check=True, stdout=subprocess.DEVNULL)
    ledger = Ledger(warehouse / "ledger.sqlite")
    run_id = max(run["run_id"] for run in ledger.runs() if run["status"] == "published")
    models, checks = ledger.model_runs(run_id), ledger.check_results(run_id)
    ledger.close()
    return models, [{name: value for name, value in row.items() if name != "check_no"} for row in checks]


def store(ledger: Ledger, number: int, models: list[Row], checks: list[Row], days: int) -> int:
    """Store one night: figures differ from night to night, and so do a few checks."""
    day = FIRST + timedelta(days=number)
    run_id = ledger.begin_run(f"{day} 01:30:00.000")
    ledger.add_model_runs(
        {**row, "run_id": run_id, "seconds": row["seconds"] * (1 + number % 7 / 10),
         "row_count": None if row["row_count"] is None else row["row_count"] + number}
        for row in models
    )  # fmt: skip
    failing = {(number * CHANGING + i) % len(checks) for i in range(CHANGING)}
    keys = '[{"record_id": "events:E0000000001"}]'
    ledger.add_check_results(
        {**row, "run_id": run_id} | ({"success": 0, "unexpected_count": 1, "sample_keys": keys} if i in failing else {})
        for i, row in enumerate(checks)
    )
    ledger.sum_up(day - timedelta(days=days))
    name = f"{day}-{run_id:06d}"
    ledger.update_run(run_id, status="published", as_of=str(day), release=name, ended_at=f"{day} 01:40:00.000")
    return run_id


def read(ledger: Ledger, run_id: int) -> None:
    """Read what a command reads of one run."""
    ledger.run(run_id)
    ledger.model_runs(run_id)
    ledger.check_results(run_id)
    ledger.published_rows()


def write_ops(ledger: Ledger, run_id: int, folder: Path) -> int:
    """Write the history into a build database and from there into a release. Returns the bytes of the release."""
    for path in folder.glob("*"):
        path.unlink()
    engine = DuckEngine(
        folder / "build.duckdb", RunInputs("2026-01-01", "Asia/Shanghai", "k"), threads=os.cpu_count() or 1
    )
    engine.attach(folder / "siyu.duckdb", "release", writable=True)
    session = engine.session()
    session.execute("create schema ops; create schema release.ops")
    ops.write_runs(session, ledger, ledger.run(run_id))
    for name in HISTORY:
        session.execute(f"create table release.ops.{name} as select * from ops.{name}")
        session.execute(f"copy release.ops.{name} to '{folder / name}.parquet' ({PARQUET})")
    counted = {name: session.value(f"select count(*) from ops.{name}") for name in OPS_TABLES if name in HISTORY}
    session.close()
    engine.detach("release")
    engine.close()
    assert counted["run"] == run_id
    return sum(path.stat().st_size for path in folder.glob("*") if path.name != "build.duckdb")


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return wall seconds, CPU seconds and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def main() -> None:
    """Fill a ledger and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--days", type=int, default=400, help="ops_history_days")
    parser.add_argument("--warehouse", type=Path, help="take models and checks of this warehouse's last run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        models, checks = night_of_the_sample(options.warehouse or Path(scratch) / "sample")
        folder = Path(scratch) / "release"
        folder.mkdir()
        ledger = Ledger(Path(scratch) / "ledger.sqlite")
        print(f"{len(models)} models, {len(checks)} expectations")
        print(f"{'night':>5} {'step':<24} {'wall s':>8} {'CPU s':>8}")
        for number in range(options.nights):
            wall, cpu, run_id = timed(lambda number=number: store(ledger, number, models, checks, options.days))
            if number not in (0, options.nights - 1):
                continue
            print(f"{number + 1:>5} {'store':<24} {wall:>8.2f} {cpu:>8.2f}")
            wall, cpu, _ = timed(lambda run_id=run_id: read(ledger, run_id))
            print(f"{number + 1:>5} {'read one run':<24} {wall:>8.2f} {cpu:>8.2f}")
            wall, cpu, size = timed(lambda run_id=run_id: write_ops(ledger, run_id, folder))
            print(f"{number + 1:>5} {'ops tables of a release':<24} {wall:>8.2f} {cpu:>8.2f} {size / 1e6:>8.1f} MB")
        ledger.close()
        print(f"ledger {(Path(scratch) / 'ledger.sqlite').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
