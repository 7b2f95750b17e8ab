"""One night in a process of its own, timed by phase: the steps of `siyu run`, in the same order on the same threads.

"start" is the interpreter and the imports. "prepare" is the commit of the landing and the tables that models read.
"end" closes the databases and writes the status page. CPU seconds are those of the process and of its children.
Run by night.py and overhead.py.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measuring import Cost, cost

from siyu.build.parallel import Workers
from siyu.night.conductor import Outcome, Step, conduct
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.night.run import Threads
from siyu.settings import load_settings


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
    taken = cost([sys.executable, str(Path(__file__).resolve()), str(target)], environment, root)
    figures = Figures(**json.loads(target.read_text(encoding="utf-8")))
    if figures.status != status:
        raise SystemExit(f"the night ended with {figures.status!r}, not {status!r}")
    return taken, figures


def print_phases(phases: Sequence[tuple[str, float, float]], whole: Cost) -> None:
    """A line a phase, and the whole process."""
    for phase, wall, cpu in phases:
        print(f"    {phase:<32} {wall:8.2f} {cpu:8.2f}")
    print(f"    {'whole process':<32} {whole.wall:8.2f} {whole.cpu:8.2f}")


if __name__ == "__main__":
    work_a_night(Path(sys.argv[1]))
