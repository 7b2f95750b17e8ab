"""The same night on DuckDB and on Spark: every table of the release and every result of the suites must be equal.

Simulated people, and each night a process of its own with an empty warehouse. Spark runs in the process, on as many
cores as asked; more cores split tables into other parts, which must not change a row. Spark counts, hashes and writes
only tables of 100 million rows or more, so here it makes the tables, and DuckDB counts and publishes them. The seconds
are wall seconds: Spark's processor time and memory belong to the process of Java, which is not measured.

    python benchmarks/parity.py                                      2,000 people, on 2 cores
    python benchmarks/parity.py --people 20000 --cores 1 --cores 2 --cores 4
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import duckdb
from measuring import KEY, plain_environment
from night_process import Figures, timed_night
from night_world import LAST_DAY, World, equal_tables, working_copy

from siyu.release.releases import PUBLIC

PEOPLE, DAYS = 2000, 180
SHOWN = 20
DUCKDB = "duckdb"


def parity(root: Path, world: World, cores: Sequence[int], memory: str) -> int:
    """Work the night on DuckDB and on Spark, and print. Return how many tables and results differ."""
    exports = working_copy(world.folder(root), root / f"exports_{world.name}")
    print(f"{world.people:,} people, {world.days} days")
    seconds, plain = _night(root, exports, DUCKDB, {})
    print(f"    {DUCKDB:<12} {seconds:8,.0f} s", flush=True)
    differing = 0
    for number in cores:
        settings = {"engine": "spark", "spark": f"local[{number}]", "spark_settings": f"spark.driver.memory={memory}"}
        name = f"local[{number}]"
        seconds, found = _night(root, exports, f"spark_{number}", settings)
        equal, tables, others = equal_tables(Path(plain.release), Path(found.release))
        results, other_results = _results(plain), _results(found)
        unequal = sorted(((results - other_results) + (other_results - results)).elements())
        same = (results & other_results).total()
        print(f"    {name:<12} {seconds:8,.0f} s")
        print(f"        {equal} of {tables} tables equal, {same} of {results.total()} results")
        for one in [*others[:SHOWN], *unequal[:SHOWN]]:
            print(f"        differs: {one}", flush=True)
        differing += len(others) + len(unequal)
    return differing


def _night(root: Path, exports: Path, name: str, settings: dict[str, str]) -> tuple[float, Figures]:
    warehouse = root / f"warehouse_{name}"
    shutil.rmtree(warehouse, ignore_errors=True)
    environment = plain_environment(exports=exports, warehouse=warehouse, salt=KEY, site="false", **settings)
    taken, figures = timed_night(root, environment, "published")
    return taken.wall, figures


def _results(night: Figures) -> Counter[str]:
    """Return the results of the suites, as texts."""
    with duckdb.connect(str(Path(night.release) / PUBLIC), read_only=True) as con:
        rows = con.execute("select * exclude (run_id) from ops.check_result").fetchall()
    return Counter(str(row) for row in rows)


def main() -> None:
    """Read the command line, work the nights, and end with 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--cores", type=int, action="append", help="cores of Spark; may be given several times")
    parser.add_argument("--memory", default="6g", help="memory of Spark's process")
    parser.add_argument("--keep", type=Path, help="folder for worlds and warehouses, which stay")
    given = parser.parse_args()
    with nullcontext(str(given.keep)) if given.keep else tempfile.TemporaryDirectory() as folder:
        root = Path(folder).absolute()
        root.mkdir(parents=True, exist_ok=True)
        world = World(given.people, given.days, given.seed, LAST_DAY)
        raise SystemExit(min(parity(root, world, given.cores or [2], given.memory), 1))


if __name__ == "__main__":
    main()
