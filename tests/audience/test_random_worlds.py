"""Twelve hundred small worlds: models and plain Python give everybody the same next action and place in a playbook."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from siyu.compile.project import Project
from tests.audience.differences import differences
from tests.audience.harness import ActionModels
from tests.audience.random_rules import random_rules
from tests.audience.reference import EXCLUDED, INSIDE, Answers, answers_of
from tests.audience.worlds import worlds

pytestmark = [pytest.mark.scale, pytest.mark.xdist_group("audience_of_random_worlds")]

COUNT = int(os.environ.get("AUDIENCE_WORLDS", "1200"))
SEED = int(os.environ.get("AUDIENCE_SEED", "2"))
AT_LEAST = 5 * COUNT / 2000  # people with each rule, reason and step
RULE_TABLES = 3


@pytest.fixture(scope="module")
def models(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionModels]:
    built = ActionModels(project, worlds(COUNT, SEED), tmp_path_factory.mktemp("actions"))
    yield built
    built.close()


@pytest.fixture(scope="module")
def expected(models: ActionModels) -> Answers:
    return answers_of(models.world())


def test_every_person(models: ActionModels, expected: Answers) -> None:
    found = models.answers()
    told = differences(models.world(), expected, found) if found != expected else []
    assert not told, "\n\n".join(told)


def test_the_worlds_reach_every_rule(models: ActionModels, expected: Answers) -> None:
    """By what the reference says of them: what no world has would be compared with nothing."""
    rules = {rule for (rule,) in models.session.rows("select rule from reference.next_action_rules")}
    given = Counter(action.rule for action in expected.actions.values())
    assert {rule for rule, count in given.items() if count >= AT_LEAST} == rules
    reasons = Counter(expected.gaps.values())
    wanted = {"erased", *EXCLUDED, "partner", "unreachable", "no_consent", "fatigued"}
    assert {reason for reason, count in reasons.items() if count >= AT_LEAST} - {"other"} == wanted
    steps = Counter((position.step_no, position.is_due) for position in expected.positions.values())
    assert {step for step, count in steps.items() if count >= AT_LEAST} == {
        (number, is_due) for number in range(1, 7) for is_due in (False, True)
    } - {(1, False)}  # day 0 is due at once
    without_way = Counter(action.kind for action in expected.actions.values() if action.touchpoint is None)
    assert {kind for kind, count in without_way.items() if count >= AT_LEAST} == set(INSIDE)


def test_other_rules(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Conditions, lists, touchpoints and ties that next_action_rules.csv does not have."""
    some = ActionModels(project, worlds(COUNT // 8, SEED + 1), tmp_path_factory.mktemp("rules"))
    try:
        used: Counter[str] = Counter()
        for number in range(RULE_TABLES):
            some.replace_rules(random_rules(SEED + number))
            desk = some.world()
            expected, found = answers_of(desk), some.answers()
            told = differences(desk, expected, found) if found != expected else []
            assert not told, "\n\n".join([f"seed {SEED + number}", *told])
            used.update({action.rule for action in expected.actions.values()})
        assert sum(used.values()) > 20 * RULE_TABLES
    finally:
        some.close()
