"""Seats and fatigue: the models and plain Python invite the same people, in random worlds with many ties."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest

from siyu.build.materialization import build_model
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from tests.audience.invitations import Candidate, Row, Tables, give_seats
from tests.loading import load_rows
from tests.models.test_models import AS_OF, Engines, fill

WORLDS = int(os.environ.get("INVITE_WORLDS", "150"))
SEED = int(os.environ.get("INVITE_SEED", "7"))
MODELS = ("audience.invite_cut_start", "audience.invite_wish", "audience.invite_cut", "audience.invite_choice")
Worlds = list[list[Candidate]]
# (event_id, person_key) -> (reason, invite_no)
Found = dict[tuple[str, int], tuple[str | None, int | None]]


def world(number: int, limit: int) -> list[Candidate]:
    """Events with few seats, people who may hear of few of them, scores and lead scores with many ties."""
    chance = Random(f"{SEED} seats {number}")
    first = date.fromisoformat(AS_OF)
    events = [
        {
            "event_id": f"W{number}-E{i}",
            "event_date": str(first + timedelta(days=chance.randint(1, 3))),
            "seats": str(chance.choice((1, 1, 2, 3, 8))),
        }
        for i in range(chance.randint(1, 9))
    ]
    found = []
    for i in range(chance.randint(1, 14)):
        person = {
            "one_id": f"W{number}-P{chance.randint(0, 10**6)}-{i}",
            "person_key": number * 100 + i,
            "lead_score": Decimal(chance.choice(("0", "1.5", "1.500000001", "20"))),
            "recent_touch_count": chance.randrange(limit),
        }
        for event in events:
            if chance.random() < 0.7:
                one = Candidate(event, person, {}, {"topic": chance.choice((40, 45, 50, 60))})
                one.touchpoint = "wecom"
                one.reason = "no_consent" if chance.random() < 0.1 else None
                found.append(one)
    return found


@pytest.fixture(scope="module")
def limit(project: Project) -> int:
    """The threshold fatigue_touches."""
    with project.references["thresholds"].path.open(encoding="utf-8") as file:
        return next(int(line.split(",")[1]) for line in file if line.startswith("fatigue_touches,"))


@pytest.fixture(scope="module")
def worlds(limit: int) -> Worlds:
    return [world(number, limit) for number in range(WORLDS)]


@pytest.fixture(scope="module")
def found(
    project: Project, engines: Engines, worlds: Worlds, limit: int, tmp_path_factory: pytest.TempPathFactory
) -> Found:
    """What the models choose, for all worlds in one build."""
    everybody = [one for candidates in worlds for one in candidates]
    standing = [
        {
            "event_id": one.event["event_id"], "person_key": one.person["person_key"], "one_id": one.person["one_id"],
            "score": one.score, "lead_score": one.person["lead_score"], "touchpoint": one.touchpoint,
            "open_touches": limit - one.person["recent_touch_count"], "reason": one.reason or "",
        }
        for one in everybody
    ]  # fmt: skip
    events = {one.event["event_id"]: one.event for one in everybody}
    with engines.at(AS_OF) as (engine, session):
        given: dict[str, list[Row]] = {
            "audience.coming_event": list(events.values()),
            "audience.invite_standing": standing,
        }
        for name, loaded in given.items():
            fill(session, relation(name), {c.name: c.type for c in project.binder.columns(relation(name))}, [])
            load_rows(session, tmp_path_factory.mktemp("worlds"), name, loaded)
        for name in MODELS:
            build_model(engine, project, name)
        rows = session.rows("select event_id, person_key, reason, invite_no from audience.invite_choice")
    return {(event_id, key): (reason, number) for event_id, key, reason, number in rows}


def _expected(worlds: Worlds, limit: int) -> Found:
    thresholds: dict[str, list[Row]] = {"thresholds": [{"threshold": "fatigue_touches", "value": str(limit)}]}
    tables = Tables(date.fromisoformat(AS_OF), thresholds, [], {}, [], [], [])
    wanted: Found = {}
    for candidates in deepcopy(worlds):
        seated = give_seats(tables, candidates)
        for one in candidates:
            guests = seated.get(one.event["event_id"], [])
            number = guests.index(one) + 1 if one in guests else None
            wanted[one.event["event_id"], one.person["person_key"]] = (one.reason, number)
    return wanted


def test_the_same_invitations(found: Found, worlds: Worlds, limit: int) -> None:
    wanted = _expected(worlds, limit)
    assert [(key, wanted[key], found.get(key)) for key in wanted if wanted[key] != found.get(key)] == []
    assert len(found) == len(wanted)
    reasons = Counter(reason for reason, _ in found.values())
    assert min(reasons[reason] for reason in (None, "no_seat", "fatigued", "no_consent")) > WORLDS / 2


def test_nobody_would_change_places(found: Found, worlds: Worlds, limit: int) -> None:
    """What the rules promise: no seat stays empty, and no seat goes to somebody who fits less, while a person who fits
    the event and may still hear from us wants it."""
    for candidates in worlds:
        guests = defaultdict(list)
        invited = defaultdict(list)
        for one in candidates:
            if found[one.event["event_id"], one.person["person_key"]][0] is None:
                guests[one.event["event_id"]].append(one)
                invited[one.person["person_key"]].append(one)
        for one in candidates:
            own, others = invited[one.person["person_key"]], guests[one.event["event_id"]]
            assert len(own) <= limit - one.person["recent_touch_count"] and len(others) <= int(one.event["seats"])
            if found[one.event["event_id"], one.person["person_key"]][0] == "no_seat":
                assert len(others) == int(one.event["seats"])
                assert all(guest.score >= one.score for guest in others)
            if found[one.event["event_id"], one.person["person_key"]][0] == "fatigued":
                assert len(own) == limit - one.person["recent_touch_count"]
                assert all(better.score >= one.score for better in own)
