"""The order of the steps of a night. A crew carries them out: threads of this process, or tasks of Prefect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from siyu.night.building import Building, Checks, Landed
from siyu.night.opening import Opened
from siyu.night.publication import Checked
from siyu.release.releases import Release


@dataclass(frozen=True)
class Outcome:
    """How a step ended, as a line for a log. `is_bad`: the step ended with a bad result, such as a critical failure."""

    message: str
    is_bad: bool = False


@dataclass(frozen=True)
class Step:
    """One piece of work: land a channel, build a model, check a table, publish, load a target."""

    kind: str
    name: str
    work: Callable[[], Outcome]


class Pending(Protocol):
    """A step that has been started."""

    def result(self) -> Any:
        """Wait for the step. Raises what the step raised."""


class Crew(Protocol):
    """Carries out steps."""

    def start(self, step: Step, after: Sequence[Any] = ()) -> Any:
        """Start a step in the background when the steps of `after` have ended. Return a Pending."""

    def do(self, step: Step) -> Any:
        """Carry out a step now, in the foreground. Raises what the step raises."""


def conduct(night: Opened, crew: Crew) -> Release:
    """Land, build, check, publish, load the targets. Return the new release, or the existing one if nothing is new."""
    release = _release(night, crew)
    for name, current in night.targets().items():
        crew.do(Step("target", name, partial(_load_target, night, name, current)))
    return release


def _release(night: Opened, crew: Crew) -> Release:
    """Return the release of the night."""
    landing = [crew.start(Step("land", name, partial(_land, night, name))) for name in night.channels]
    for pending in landing:
        pending.result()
    landed = night.commit()
    standing = landed.standing()
    if standing is not None:
        return standing
    checked = _build_and_check(landed, crew)
    published: list[Release] = []
    crew.do(Step("publish", "", partial(_publish, checked, published)))
    return published[0]


def _build_and_check(landed: Landed, crew: Crew) -> Checked:
    """Build models in the background, in dependency order. Run each suite here as soon as its tables are built."""
    building = landed.start_build()
    built: dict[str, Pending] = {}
    for model, reads in building.graph.items():
        before = [built[read] for read in sorted(reads)]
        built[model] = crew.start(Step("build", model, partial(_build, building, model)), before)
    checks = building.open_checks()
    for table, reads in building.suites.items():
        for model in sorted(reads):
            built[model].result()
        crew.do(Step("check", table, partial(_check, checks, table)))
    for pending in built.values():
        pending.result()
    for table in checks.end_build():
        crew.do(Step("check", table, partial(_check, checks, table)))
    return checks.end()


def _land(night: Opened, channel: str) -> Outcome:
    result = night.land(channel)
    counts = f"{result.rows_landed:,} rows landed, {result.told}"
    return Outcome("; ".join([counts, *result.problems]))


def _build(building: Building, model: str) -> Outcome:
    return Outcome(building.build(model).told)


def _check(checks: Checks, table: str) -> Outcome:
    results = checks.check(table)
    critical = sum(result.stops_release for result in results)
    counts = f"{len(results)} expectations, {sum(not r.success for r in results)} failed"
    return Outcome(f"{counts}, {critical} critical" if critical else counts, is_bad=bool(critical))


def _publish(checked: Checked, published: list[Release]) -> Outcome:
    published.append(checked.publish())
    return Outcome(published[0].name)


def _load_target(night: Opened, name: str, release: Release) -> Outcome:
    line = night.load_target(name, release)
    return Outcome(line.told, is_bad=line.error is not None)
