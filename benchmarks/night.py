"""What one night costs: simulated people from export files to a release, each night a process of its own.

The exports are simulated first, which is not counted. The night is the one of `siyu run`: the same steps in the same
order on the same threads, carried by a crew that times them. It starts from an empty warehouse, without a compile
cache. A second process then finds nothing new.

"start" is the interpreter and the imports. "prepare" is the commit of the landing and the tables that models read.
"end" closes the databases and writes the status page. CPU seconds are those of the process and of its children.
Models build several at a time and suites run beside them, so their sums are more than the wall seconds of the phase.

    python benchmarks/night.py                    10,000 and 100,000 people
    python benchmarks/night.py --people 2000 --keep nights
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measuring import KEY, Cost, cost, plain_environment, size

from siyu.build.parallel import Workers
from siyu.night.conductor import Outcome, Step, conduct
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.night.run import Threads
from siyu.release.releases import PUBLIC, RESTRICTED
from siyu.settings import load_settings

PEOPLE = (10_000, 100_000)
SLOWEST = 10


@dataclass
class Clock:
    """Wall and CPU seconds since the process started, by the phase that ended then."""

    started: float
    ends: dict[str, tuple[float, float]] = field(default_factory=dict)

    def mark(self, phase: str) -> None:
        """A phase ended, as far as is known: a later mark replaces this one."""
        self.ends[phase] = time.time() - self.started, sum(os.times()[:4])

    def phases(self) -> list[tuple[str, float, float]]:
        """Phase, wall seconds, CPU seconds."""
        ends = [(0.0, 0.0), *self.ends.values()]
        return [
            (phase, wall - wall_before, cpu - cpu_before)
            for (phase, (wall, cpu)), (wall_before, cpu_before) in zip(self.ends.items(), ends, strict=False)
        ]


@dataclass
class TimedCrew:
    """The crew of `siyu run`, timed. `seconds` is kind -> name -> wall seconds of the step."""

    threads: Threads
    clock: Clock
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)

    def start(self, step: Step, after: Sequence[Future[Any]] = ()) -> Future[Outcome]:
        """Start a step in a thread once those before it have ended."""
        if step.kind == "build" and "prepare" not in self.clock.ends:
            self.clock.mark("prepare")
        return self.threads.start(self._timed(step), after)

    def do(self, step: Step) -> Outcome:
        """Carry out a step in this thread."""
        if step.kind == "publish":
            self.clock.mark("build and check")
        return self.threads.do(self._timed(step))

    def _timed(self, step: Step) -> Step:
        def work() -> Outcome:
            started = time.perf_counter()
            outcome = step.work()
            self.seconds.setdefault(step.kind, {})[step.name] = time.perf_counter() - started
            if step.kind in ("land", "publish"):
                self.clock.mark(step.kind)
            return outcome

        return Step(step.kind, step.name, work)


@dataclass(frozen=True)
class Figures:
    """What a timed night tells. `phases` are phase, wall seconds, CPU seconds."""

    status: str
    release: str
    rows_landed: int
    expectations: int
    phases: list[tuple[str, float, float]]
    seconds: dict[str, dict[str, float]]
    rows: dict[str, int | None]


def work_a_night(target: Path) -> None:
    """One night of the settings in the environment, in this process. Its figures go to a file."""
    clock = Clock(float(os.environ["BENCHMARK_STARTED"]))
    clock.mark("start")
    settings = load_settings()
    night = Night(settings, Request())
    with night as opened, Workers(settings.cores) as workers:
        clock.mark("open and compile")
        crew = TimedCrew(Threads(workers), clock)
        conduct(opened, crew)
    clock.mark("end")
    report = night.report
    figures = Figures(
        status=report.status,
        release=str(report.release),
        rows_landed=sum(channel.rows_landed for channel in report.channels),
        expectations=len(report.checks),
        phases=clock.phases(),
        seconds=crew.seconds,
        rows={model.model: model.row_count for model in report.models},
    )
    target.write_text(json.dumps(vars(figures)), encoding="utf-8")


def timed_night(root: Path, environment: dict[str, str], status: str) -> tuple[Cost, Figures]:
    """One night in a process of its own, which has to end with this status."""
    target = root / "figures.json"
    taken = cost([sys.executable, str(Path(__file__).resolve()), "--work", str(target)], environment, root)
    figures = Figures(**json.loads(target.read_text(encoding="utf-8")))
    if figures.status != status:
        raise SystemExit(f"the night ended with {figures.status!r}, not {status!r}")
    return taken, figures


def print_phases(phases: Sequence[tuple[str, float, float]], whole: Cost) -> None:
    """A line a phase, and the whole process."""
    for phase, wall, cpu in phases:
        print(f"    {phase:<32} {wall:8.2f} {cpu:8.2f}")
    print(f"    {'whole process':<32} {whole.wall:8.2f} {whole.cpu:8.2f}")


def simulate(root: Path, people: int, days: int, seed: int) -> Path:
    """The exports of a world, and the folder they are in. A world that was kept is used again."""
    world = root / f"world_{people}_{days}_{seed}"
    if not (world / "exports.yml").is_file():
        options = {"--people": people, "--days": days, "--seed": seed, "--out": world}
        words = [str(word) for option in options.items() for word in option]
        cost([sys.executable, "-m", "siyu", "simulate", *words], plain_environment(), root)
    return world


def report(root: Path, people: int, days: int, seed: int) -> None:
    """Simulate, work the night twice, and print."""
    world = simulate(root, people, days, seed)
    warehouse = root / f"warehouse_{people}_{days}_{seed}"
    shutil.rmtree(warehouse, ignore_errors=True)
    environment = plain_environment(exports=world, warehouse=warehouse, salt=KEY)
    first, figures = timed_night(root, environment, "published")
    again, nothing_new = timed_night(root, environment, "nothing new")
    exports = size(world) - size(world / "truth")
    print(f"\n{people:,} people, {days} days: {exports:,.0f} MiB of exports, {figures.rows_landed:,} rows landed")
    print(f"    {'phase':<32} {'wall s':>8} {'CPU s':>8}")
    print_phases(figures.phases, first)
    models, suites = (figures.seconds[kind] for kind in ("build", "check"))
    built = f"{len(models)} models, in sum"
    print(f"    {built:<32} {sum(models.values()):8.2f}")
    print(
        f"    {f'{len(suites)} suites, in sum':<32} {sum(suites.values()):8.2f}   {figures.expectations} expectations"
    )
    print(f"    {'peak memory':<32} {first.memory:8,.0f} MiB")
    print_sizes(warehouse, Path(figures.release))
    print_slowest("models", models, figures.rows)
    print_slowest("suites", suites, {})
    print("  once more, with nothing new")
    print_phases(nothing_new.phases, again)
    print(f"    {'peak memory':<32} {again.memory:8,.0f} MiB", flush=True)


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


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, action="append", help="How many; may be given several times.")
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--seed", type=int, default=4242)
    parser.add_argument("--keep", type=Path, help="Folder for exports and warehouses; kept, and exports used again.")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work_a_night(arguments.work)
        return
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    with nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory() as folder:
        for people in arguments.people or PEOPLE:
            report(Path(folder).resolve(), people, arguments.days, arguments.seed)


if __name__ == "__main__":
    main()
