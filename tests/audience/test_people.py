"""Who may be on a list, and over which touchpoints: models and plain Python agree on random worlds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from siyu.compile.project import Project
from tests.audience.harness import PeopleModels
from tests.audience.people import audience_person, person_ways
from tests.audience.people_worlds import people_worlds
from tests.tags.world import World

pytestmark = [pytest.mark.scale, pytest.mark.xdist_group("audience_people")]

COUNT = int(os.environ.get("AUDIENCE_WORLDS", "1000")) // 2
SEED = int(os.environ.get("AUDIENCE_SEED", "20260630"))


@pytest.fixture(scope="module")
def models(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeopleModels]:
    built = PeopleModels(project, people_worlds(COUNT, SEED), tmp_path_factory.mktemp("people"))
    yield built
    built.close()


@pytest.fixture(scope="module")
def world(models: PeopleModels) -> World:
    return models.world()


@pytest.fixture(scope="module")
def people(world: World) -> list[dict[str, Any]]:
    return [audience_person(world, one) for one in world.people]


@pytest.fixture(scope="module")
def ways(world: World) -> list[dict[str, Any]]:
    return [way for one in world.people for way in person_ways(world, one)]


def test_people(models: PeopleModels, people: list[dict[str, Any]]) -> None:
    found = models.session.named_rows("select * from audience.audience_person")
    assert differing(people, found, ("one_id",)) == []


def test_ways(models: PeopleModels, ways: list[dict[str, Any]]) -> None:
    found = models.session.named_rows("select * from audience.person_way")
    assert differing(ways, found, ("one_id", "touchpoint")) == []


def test_the_worlds_reach_every_case(people: list[dict[str, Any]], ways: list[dict[str, Any]]) -> None:
    """By what the reference says: a case that no world has would be compared with nothing."""
    audiences = Counter(person["audience"] for person in people)
    assert set(audiences) == {"prospect", "customer", "partner", "kept_out"}
    assert min(audiences.values()) >= 10
    for name in ("is_erased", "is_silent", "is_fatigued", "is_won"):
        assert min(Counter(person[name] for person in people).values()) >= 10, name
    verdicts = Counter(
        (way["is_unsubscribed"], way["is_marketing_allowed"], way["is_personal_allowed"]) for way in ways
    )
    allowed = {(False, marketing, personal) for marketing in (False, True) for personal in (False, True)}
    assert set(verdicts) == {(True, False, False), *allowed}
    assert min(verdicts.values()) >= 10


def differing(
    expected: list[dict[str, Any]], found: list[dict[str, Any]], key: tuple[str, ...]
) -> list[tuple[Any, Any]]:
    """By key: the columns that differ, as the reference has them and as the table has them."""
    wanted, got = ({tuple(row[name] for name in key): row for row in rows} for rows in (expected, found))
    assert len(wanted) == len(expected)
    assert len(got) == len(found)
    told = []
    for one in sorted({*wanted, *got}, key=str):
        mine, theirs = wanted.get(one), got.get(one)
        if mine is None or theirs is None:
            told.append((one, f"only {'the reference' if mine else 'the table'} has it"))
        elif mine != theirs:
            names = {*mine, *theirs}
            told.append((one, {n: (mine.get(n), theirs.get(n)) for n in names if mine.get(n) != theirs.get(n)}))
    return told
