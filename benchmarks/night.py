"""What nights cost: simulated people from export files to a release, each night a process of its own.

The exports are simulated first, which is not counted. A first night starts from an empty warehouse, without a compile
cache; a second process finds nothing new. Then the files of one more day are delivered (`night_world.py`), and the next
night is timed, beside a full night over the same files in an empty warehouse, and beside the same next night in a copy
of the warehouse without its build database: that one builds everything again and has to write equal tables. The
yardstick (`yardstick.py`), a plain DuckDB script over the same files as the first night, runs in between.

Phases are those of `night_process.py`. Models build several at a time and suites run beside them, so their sums are
more than the wall seconds of the phase. The growth between two sizes is the exponent e in CPU seconds ~ touches ** e:
1 is in proportion.

    python benchmarks/night.py                                       10,000 and 100,000 people
    python benchmarks/night.py --touches 100000 --touches 400000     two sizes, and the growth between them
    python benchmarks/night.py --people 2000 --keep nights
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from measuring import KEY, Cost, plain_environment, size
from night_process import Figures, print_phases, timed_night
from night_world import LAST_DAY, World, deliver, equal_tables, run_yardstick, working_copy

from siyu.release.releases import PUBLIC, RESTRICTED

PEOPLE = (10_000, 100_000)
TOUCHES_A_PERSON = 13.5  # in 180 days: 67,292 touches of 5,000 people, 271,343 of 20,000, 1,361,353 of 100,000
SLOWEST = 10
TOUCH = "records.touch"
COMPILE = "open and compile"  # a warehouse keeps what it has compiled


@dataclass(frozen=True)
class Measured:
    """A first night: how many touches it built, and what it and its phases took."""

    touches: int
    whole: Cost
    phases: Sequence[tuple[str, float, float]]


def report(root: Path, world: World) -> Measured:
    """Work the nights of a world, and print."""
    folder = world.folder(root)
    exports = working_copy(folder, root / f"exports_{world.name}")
    warehouses = {name: root / f"warehouse_{world.name}_{name}" for name in ("nights", "rebuilt", "full")}
    for warehouse in warehouses.values():
        shutil.rmtree(warehouse, ignore_errors=True)
    environments = {
        name: plain_environment(exports=exports, warehouse=path, salt=KEY) for name, path in warehouses.items()
    }
    first, figures = timed_night(root, environments["nights"], "published")
    print_first(world, folder, warehouses["nights"], first, figures)
    again, nothing_new = timed_night(root, environments["nights"], "nothing new")
    print("  once more, with nothing new")
    print_phases(nothing_new.phases, again)
    print(f"    {'peak memory':<32} {again.memory:8,.0f} MiB", flush=True)
    print_yardstick(root, exports, first, figures)
    shutil.copytree(
        warehouses["nights"], warehouses["rebuilt"], symlinks=True, ignore=shutil.ignore_patterns("build")
    )  # fmt: skip
    delivered = deliver(folder, exports)
    nights = {name: timed_night(root, environments[name], "published") for name in warehouses}
    print_next(delivered, nights)
    return Measured(int(figures.rows[TOUCH] or 0), first, figures.phases)


def print_first(world: World, folder: Path, warehouse: Path, taken: Cost, figures: Figures) -> None:
    """The first night: its phases, sizes, and slowest models and suites."""
    exports = size(folder) - size(folder / "truth") - sum(size(night) for night in folder.glob("night=*"))
    print(f"\n{world.people:,} people, {world.days} days, {figures.rows[TOUCH]:,} touches (rows of {TOUCH})")
    print(f"    {exports:,.0f} MiB of exports, {figures.rows_landed:,} rows landed")
    print(f"    {'phase':<32} {'wall s':>8} {'CPU s':>8}")
    print_phases(figures.phases, taken)
    models, suites = (figures.seconds[kind] for kind in ("build", "check"))
    built = f"{len(models)} models, in sum"
    print(f"    {built:<32} {sum(models.values()):8.2f}")
    checked = f"{len(suites)} suites, in sum"
    print(f"    {checked:<32} {sum(suites.values()):8.2f}   {figures.expectations} expectations")
    print(f"    {'peak memory':<32} {taken.memory:8,.0f} MiB")
    print_sizes(warehouse, Path(figures.release))
    print_slowest("models", models, figures.rows)
    print_slowest("suites", suites, {})


def print_yardstick(root: Path, exports: Path, night: Cost, figures: Figures) -> None:
    """The plain script over the same files, and how many times as much the night took."""
    taken, told = run_yardstick(root, exports)
    rows = told["rows"]
    print(
        f"  yardstick: a plain DuckDB script, {rows['touch']:,} touches of {rows['people']:,} people,"
        f" {told['rounds']} rounds of components"
    )
    print(f"    {'whole process':<32} {taken.wall:8.2f} {taken.cpu:8.2f}   {taken.memory:,.0f} MiB")
    print(f"    {'siyu / yardstick':<32} {night.wall / taken.wall:8.1f} {night.cpu / taken.cpu:8.1f}")
    print(
        f"    {'the same for each touch':<32} "
        + " ".join(
            f"{one / int(figures.rows[TOUCH] or 1) / (other / rows['touch']):8.1f}"
            for one, other in ((night.wall, taken.wall), (night.cpu, taken.cpu))
        ),
        flush=True,
    )


def print_next(delivered: date, nights: dict[str, tuple[Cost, Figures]]) -> None:
    """The next night beside the full one: seconds of each phase, the share of the full night, and equal tables."""
    (full, figures), (following, small) = nights["full"], nights["nights"]
    print(f"  the next night, {delivered}: {small.rows_landed:,} rows landed")
    print(f"    {'phase':<32} {'wall s':>8} {'CPU s':>8} {'full':>8} {'CPU s':>8}")
    of_full = {phase: (wall, cpu) for phase, wall, cpu in figures.phases}
    rows = [(phase, wall, cpu, *of_full.get(phase, (0.0, 0.0))) for phase, wall, cpu in small.phases]
    small_compile = next((wall, cpu) for phase, wall, cpu in small.phases if phase == COMPILE)
    full_compile = of_full[COMPILE]
    rows.append(("whole process", following.wall, following.cpu, full.wall, full.cpu))
    for phase, *seconds in rows:
        print(f"    {phase:<32} " + " ".join(f"{value:8.2f}" for value in seconds))
    print(f"    {'share of the full night':<32} {following.wall / full.wall:8.0%} {following.cpu / full.cpu:8.0%}")
    warm = (following.wall - small_compile[0]) / (full.wall - full_compile[0])
    warm_cpu = (following.cpu - small_compile[1]) / (full.cpu - full_compile[1])
    print(f"    {'the same without compiling':<32} {warm:8.0%} {warm_cpu:8.0%}")
    for name, what in (("rebuilt", "the same night without the build database"), ("full", "the full night")):
        equal, tables, others = equal_tables(Path(small.release), Path(nights[name][1].release))
        differing = f"; not {', '.join(others[:SLOWEST])}{' …' if len(others) > SLOWEST else ''}" if others else ""
        print(f"    {equal} of {tables} tables equal those of {what}{differing}", flush=True)


def print_sizes(warehouse: Path, release: Path) -> None:
    """MiB of what the night wrote."""
    written = {
        "landed Parquet": warehouse / "landed",
        "build database": warehouse / "build",
        "release: public database": release / PUBLIC,
        "release: Parquet": release / "parquet",
        "release: restricted database": release / RESTRICTED,
    }
    for title, path in written.items():
        print(f"    {title:<32} {size(path):8,.1f} MiB")


def print_slowest(title: str, seconds: dict[str, float], rows: dict[str, int | None]) -> None:
    """The ten that took longest."""
    print(f"  slowest {title}")
    for name, taken in sorted(seconds.items(), key=lambda item: -item[1])[:SLOWEST]:
        count = rows.get(name)
        print(f"    {name:<44} {taken:8.2f} s" + (f" {count:>12,} rows" if count is not None else ""))


def print_growth(sizes: Sequence[Measured]) -> None:
    """The exponent of growth of CPU seconds between one size and the next, by phase and for the whole night."""
    for less, more in pairwise(sizes):
        if less.touches == more.touches:
            continue
        print(f"\ngrowth from {less.touches:,} to {more.touches:,} touches: exponent of CPU seconds")
        before = {phase: cpu for phase, _, cpu in less.phases}
        rows = [(phase, before.get(phase, 0.0), cpu) for phase, _, cpu in more.phases]
        for phase, one, other in [*rows, ("whole process", less.whole.cpu, more.whole.cpu)]:
            told = f"{exponent(one, other, less.touches, more.touches):8.2f}" if one > 0 and other > 0 else f"{'-':>8}"
            print(f"    {phase:<32} {told}   {one:,.2f} to {other:,.2f} s")


def exponent(one: float, other: float, less: int, more: int) -> float:
    """The e for which seconds grow as touches ** e."""
    return math.log(other / one) / math.log(more / less)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, action="append", help="How many; may be given several times.")
    parser.add_argument("--touches", type=int, action="append", help="About how many touches, instead of people.")
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--last-day", type=date.fromisoformat, default=LAST_DAY, help="The last simulated day.")
    parser.add_argument("--seed", type=int, default=4242)
    parser.add_argument("--keep", type=Path, help="Folder for exports and warehouses; kept, and exports used again.")
    arguments = parser.parse_args()
    for_touches = [round(touches / (TOUCHES_A_PERSON * arguments.days / 180)) for touches in arguments.touches or []]
    sizes = sorted([*(arguments.people or []), *for_touches]) or PEOPLE
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    with nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        print_growth(
            [report(root, World(people, arguments.days, arguments.seed, arguments.last_day)) for people in sizes]
        )


if __name__ == "__main__":
    main()
