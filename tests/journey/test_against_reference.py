"""Nasty histories: models and plain Python say the same of every move, every interval and every score.

JOURNEY_HISTORIES sets how many; 10,000 before a release.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.journey.harness import Models, compiled, one_id_of, records_of, rules_of_tests
from tests.journey.histories import AT_LEAST, DIRECTIONS, PARTS, REASONS, STAGES, histories
from tests.journey.reference import (
    Person,
    Rules,
    ScorePart,
    identified,
    inbound_touches,
    intervals_of,
    is_excluded,
    is_partner,
    known_touches,
    score_events,
    score_parts,
    setbacks_of,
    transitions_of,
    worth_at,
)

pytestmark = [pytest.mark.scale, pytest.mark.xdist_group("journey_against_reference")]

COUNT = int(os.environ.get("JOURNEY_HISTORIES", "2000"))
SEED = int(os.environ.get("JOURNEY_SEED", "20260630"))
SHOWN = 3


@pytest.fixture(scope="module")
def people() -> dict[int, Person]:
    return histories(COUNT, SEED)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return rules_of_tests()


@pytest.fixture(scope="module")
def models(people: dict[int, Person], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    root = tmp_path_factory.mktemp("journey")
    project = compiled(root)
    built = Models(project, people, root)
    try:
        yield built
    finally:
        built.close()
        project.binder.close()


def compare(people: Mapping[int, Person], found: Mapping[str, list[Any]], told: Callable[[Person], list[Any]]) -> None:
    """Raises with the histories of the first people of whom the two say something else."""
    differ = []
    for key, person in people.items():
        expected, got = Counter(told(person)), Counter(found.get(one_id_of(key), []))
        if expected != got:
            differ.append((key, person, list((expected - got).elements()), list((got - expected).elements())))
    text = "\n\n".join(_told(*one) for one in differ[:SHOWN])
    assert not differ, f"{len(differ)} of {len(people)} people differ\n{text}"


def _told(key: int, person: Person, missing: list[Any], extra: list[Any]) -> str:
    lines = [f"== {one_id_of(key)}"]
    rows = [*records_of(person), *person.exclusions]
    lines += [f"   {row}" for row in sorted(rows, key=_moment_of)]
    lines += [f"   expected {row}" for row in missing] + [f"   found    {row}" for row in extra]
    return "\n".join(lines)


def _moment_of(row: Any) -> datetime:
    for name in ("occurred_at", "observed_at", "started_at", "since_at"):
        if hasattr(row, name):
            return getattr(row, name)  # type: ignore[no-any-return]
    raise AssertionError(row)


def test_transitions(models: Models, people: dict[int, Person], rules: Rules) -> None:
    compare(people, models.transitions(), lambda person: transitions_of(person, rules))


def test_intervals(models: Models, people: dict[int, Person], rules: Rules) -> None:
    compare(people, models.intervals(), lambda person: intervals_of(person, rules))


def test_where_everyone_stands(models: Models, people: dict[int, Person], rules: Rules) -> None:
    def standing(person: Person) -> list[Any]:
        moves, intervals = transitions_of(person, rules), intervals_of(person, rules)
        if not moves:
            return []
        days = (rules.as_of - rules.business_day(moves[-1].moved_at)).days
        stage, since_at = moves[-1].to_stage, moves[-1].moved_at
        is_lead = rules.ranks[stage] >= rules.lead_rank and not is_excluded(person, rules.end)
        return [(stage, intervals[-1].is_dormant, since_at, days, is_lead)]

    compare(people, models.standing(), standing)


def test_score_parts(models: Models, people: dict[int, Person], rules: Rules) -> None:
    def told(part: ScorePart) -> tuple[Any, ...]:
        event = part.event
        rule = event.rule if event.part != "call_to_action" else None
        evidence = (event.channel, event.record_id, event.occurred_at)
        return (event.part, rule, *evidence, event.listed_points, event.points, part.halvings, part.decay, part.score)

    compare(people, models.parts(), lambda person: [told(part) for part in score_parts(person, rules)])


def test_scores(models: Models, people: dict[int, Person], rules: Rules) -> None:
    def score(person: Person) -> list[Any]:
        parts = score_parts(person, rules)
        if not parts:
            return []
        by_part: dict[str, Decimal] = defaultdict(Decimal)
        for part in parts:
            by_part[part.event.part] += part.score
        last = max(part.event.occurred_at for part in parts)
        return [(sum(by_part.values()), *(by_part[name] for name in PARTS), len(parts), last)]

    compare(people, models.scores(), score)


def reached(person: Person, rules: Rules) -> set[Any]:
    """What a history is an example of."""
    moves, parts, setbacks = transitions_of(person, rules), score_parts(person, rules), setbacks_of(person, rules)
    intervals, events = intervals_of(person, rules), score_events(person, rules)
    touches, known = inbound_touches(person, rules), identified(person, rules)
    moments = {touch.occurred_at for touch in touches}
    ends = {end for row in person.exclusions for end in (row.since_at, row.until_at) if end}
    deals = [deal.occurred_at for deal in person.deals]
    first = min(moments, default=None)
    ranks = [(rules.ranks.get(move.from_stage or "", 0), rules.ranks[move.to_stage]) for move in moves]
    days = {rules.half_life * number for number in range(1, rules.halvings + 1)}
    signs = sorted(moments)
    facts = {
        "dormant": any(row.is_dormant for row in intervals),
        "woken": any(a.is_dormant and not b.is_dormant for a, b in itertools.pairwise(intervals)),
        "moved while dormant": any(a.is_dormant and b.is_dormant for a, b in itertools.pairwise(intervals)),
        "a touch at 90 days": any(b - a == rules.dormant_after for a, b in itertools.pairwise(signs)),
        "a stage skipped": any(to > at + 1 for at, to in ranks),
        "two moves of a moment": len({move.moved_at for move in moves}) < len(moves),
        "two setbacks": len(setbacks) > 1,
        "two setbacks of a moment": len({s.at for s in setbacks}) < len(setbacks),
        "a setback that moves nobody": len(setbacks) > sum(move.direction == "back" for move in moves),
        "evidence at a setback": any(setback.at in moments for setback in setbacks),
        "capped": any(event.points < event.listed_points for event in events),
        "right at the threshold": any(worth_at(events, at, rules) == rules.intent_score for at in moments),
        "halved at this moment": any(at - event.occurred_at in days for event in events for at in moments),
        "halved at the end": any(rules.end - part.event.occurred_at in days for part in parts),
        "points gone": len(parts) < len(events),
        "an exclusion begins or ends at a touch": bool(ends & moments),
        "excluded at a touch, and not at another": len({is_excluded(person, at) for at in moments}) == 2,
        "a partner at a touch, and not at another": len({is_partner(person, at) for at in moments}) == 2,
        "identified after the first touch": bool(known and first and known.at > first),
        "identified before the first touch": bool(known and first and known.at < first),
        "a deal before the first touch": bool(first and deals and min(deals) < first),
        "touches, none inbound": bool(known_touches(person, rules)) and not touches,
        "a part refunded": any(d.kind == "refund" for d in person.deals) and not setbacks,
        "something after as_of": any(_moment_of(row) >= rules.end for row in records_of(person)),
    }
    return (
        {name for name, is_so in facts.items() if is_so}
        | {("stage", move.to_stage) for move in moves}
        | {("direction", move.direction) for move in moves}
        | {(move.to_stage, move.reason) for move in moves}
        | {("part", part.event.part) for part in parts}
        | {("all", name) for name in facts}
    )


def test_the_histories_reach_everything(people: dict[int, Person], rules: Rules) -> None:
    """By what the reference says of them."""
    counts = Counter(what for person in people.values() for what in reached(person, rules))
    wanted = [("stage", stage) for stage in STAGES] + [("direction", direction) for direction in DIRECTIONS]
    wanted += [(stage, reason) for stage, reasons in REASONS.items() for reason in reasons]
    wanted += [("part", part) for part in PARTS]
    named = [what[1] for what in counts if isinstance(what, tuple) and what[0] == "all"]
    too_few = {what: counts[what] for what in [*wanted, *named] if counts[what] < AT_LEAST * COUNT // 10_000}
    assert not too_few
    beyond = {what for what in counts if isinstance(what, tuple) and what[0] != "all"} - set(wanted)
    assert not beyond, "a stage, direction or reason that no rule knows"
