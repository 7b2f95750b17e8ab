"""Fifteen hundred small worlds: models and plain Python give the same tags, on both sides of every border in time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.tags.differences import differences, wrong_scores
from tests.tags.harness import Models, compiled
from tests.tags.random_worlds import worlds
from tests.tags.reference import Tags, scores_of, tags_of
from tests.tags.world import World

pytestmark = [pytest.mark.scale, pytest.mark.xdist_group("tags_of_random_worlds")]

COUNT = int(os.environ.get("TAG_WORLDS", "1500"))
SEED = int(os.environ.get("TAG_SEED", "20260630"))
AT_LEAST = 10  # of 3,000 worlds, with each value


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    root = tmp_path_factory.mktemp("tags")
    project = compiled(root)
    built = Models(project, worlds(COUNT, SEED), root)
    try:
        yield built
    finally:
        built.close()
        project.binder.close()


@pytest.fixture(scope="module")
def world(models: Models) -> World:
    return models.world()


@pytest.fixture(scope="module")
def expected(world: World) -> Tags:
    return tags_of(world)


def test_every_tag_of_every_person_and_company(models: Models, world: World, expected: Tags) -> None:
    told = differences(world, expected, models.tags())
    assert not told, "\n\n".join([f"{len(told)} tags differ", *told])


def test_scores_that_a_rule_defines(models: Models, world: World) -> None:
    wrong = wrong_scores(scores_of(world), models.scores())
    assert not wrong, f"{len(wrong)} differ: {wrong[:10]}"


def test_the_worlds_reach_every_value(world: World, expected: Tags) -> None:
    """By what the reference says of them: a value that no world has would be compared with nothing."""
    wanted = {(row["tag_code"], row["tag_value"]) for row in world.reference("tag_values")}
    wanted |= {("rfm_segment", row["rfm_segment"]) for row in world.reference("rfm_segments")}
    counts = Counter(
        (code, value)
        for given in expected.values()
        for code, answers in given.items()
        for values in answers.values()
        for value in values
    )
    too_few = {pair: counts[pair] for pair in wanted if counts[pair] < AT_LEAST * COUNT / 3000}
    assert not too_few
    assert not {pair for pair in counts if pair[0] in {code for code, _ in wanted}} - wanted, (
        "values that nobody listed"
    )
