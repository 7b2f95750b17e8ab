"""The tables of the funnel in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

from tests.kpi.funnel_reference import STAGES, Funnel, day_of, steps_of, visits_of

TRUST = ("lead", "settled", "won", "loyal")
Rows = dict[tuple[Any, ...], tuple[Any, ...]]


def week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _middle(days: Iterable[int]) -> Fraction | None:
    listed = list(days)
    return Fraction(median(listed)) if listed else None


def funnel_rows(funnel: Funnel) -> Rows:
    """(week, channel, stage) -> reached, median days; stages that nobody reached are left out."""
    people: dict[tuple[date, str | None, int], list[int]] = defaultdict(list)
    for person, stages in funnel.reached.items():
        for rank in stages:
            people[week_of(day_of(stages[1])), funnel.belongs[person]["channel"], rank].append(person)
    return {
        (week, channel, STAGES[rank - 1]): (
            len(members),
            _middle(
                (day_of(funnel.reached[p][rank]) - day_of(funnel.reached[p][rank - 1])).days
                for p in members
                if rank > 1 and not funnel.is_skipped(p, rank - 1)
            ),
        )
        for (week, channel, rank), members in people.items()
    }


def scenario_rows(funnel: Funnel) -> Rows:
    """(scenario, step) -> entered, reached, median days, skipped."""
    visits, found = visits_of(funnel), {}
    for name, step in steps_of(funnel):
        entered = {person for person, scenario, *_ in visits if scenario == name}
        came = {person: (end - start).days for person, *at, start, end in visits if at == [name, step]}
        later = {person for person, scenario, number, *_ in visits if scenario == name and number > step}
        found[name, step] = (len(entered), len(came), _middle(came.values()), len(later - set(came)))
    return found


def trust_rows(funnel: Funnel) -> Rows:
    """(week, step) -> reached; steps that nobody reached are left out."""
    found: Counter[tuple[date, str]] = Counter()
    for person, step in funnel.rows("select person_key, trust_step from journey.person_stage"):
        if person not in funnel.excluded:
            week = week_of(day_of(funnel.reached[person][1]))
            found.update((week, one) for one in TRUST[: TRUST.index(step) + 1])
    return {key: (count,) for key, count in found.items()}
