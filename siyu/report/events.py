"""Events that a run reports while it works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siyu.build.materialization import ModelRun
    from siyu.check.suites import CheckResult
    from siyu.landing.channel import ChannelLanding


@dataclass(frozen=True)
class Event:
    """An event to show while a run works. `total` is how many events of its kind the run will report."""

    kind: str
    name: str
    detail: str
    total: int = 0
    is_bad: bool = False


def landed(result: ChannelLanding, total: int) -> Event:
    """Return the event of a channel that has landed."""
    told = [f"{result.rows_landed:,} rows, {result.told}", *result.problems]
    return Event("landed", result.channel, "; ".join(told), total, is_bad=bool(result.problems))


def built(result: ModelRun, total: int) -> Event:
    """Return the event of a model that has been built."""
    return Event("built", result.model, result.told, total)


def checked(table: str, results: Sequence[CheckResult], total: int) -> Event:
    """Return the event of a suite that has run."""
    broken = sum(not result.success for result in results)
    return Event("checked", table, f"{len(results)} expectations, {broken} failed", total, is_bad=bool(broken))
