"""The tags in plain Python: slow, obvious, and written from the column `rule` of tags.csv.

Each rule is a function of the world and one person or company. It returns a value, several values, several values
with their scores, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.tags import rules_of_companies, rules_of_files, rules_of_interests, rules_of_value
from tests.tags.world import World

Answer = str | set[str] | dict[str, int] | None
Rule = Callable[[World, str], Answer]
# level -> tag_code -> one_id or account_id -> values
Tags = dict[str, dict[str, dict[str, set[str]]]]

RULES: dict[str, dict[str, Rule]] = {
    "person": {**rules_of_files.PEOPLE, **rules_of_interests.PEOPLE, **rules_of_value.PEOPLE},
    "account": {**rules_of_companies.COMPANIES, **rules_of_value.COMPANIES},
}

SCORED = (("person", "product_interest"), ("person", "cross_sell_gap"), ("account", "owned_product_lines"))


def tags_of(world: World) -> Tags:
    """The values of every tag of tags.csv, for those it applies to."""
    found: Tags = {"person": {}, "account": {}}
    for row in world.reference("tags"):
        levels, scopes = row["level"].split(", "), row["applies_to"].split(", ")
        for level, scope in zip(levels, scopes, strict=True):
            rule = RULES[level][row["tag_code"]]
            found[level][row["tag_code"]] = applied(world, rule, scope_of(world, scope))
    return found


def scope_of(world: World, scope: str) -> set[str]:
    if scope == "reachable":
        return {one_id for one_id in world.people if rules_of_files.reachable_touchpoints(world, one_id)}
    return world.scopes[scope]


def applied(world: World, rule: Rule, to: set[str]) -> dict[str, set[str]]:
    answers = {one: rule(world, one) for one in to}
    return {one: {answer} if isinstance(answer, str) else set(answer) for one, answer in answers.items() if answer}


def scores_of(world: World) -> dict[tuple[str, str, str], int]:
    """(tag_code, one_id or account_id, value) -> score, of the tags whose rule says what the score is."""
    scopes = {row["tag_code"]: row["applies_to"] for row in world.reference("tags")}
    found = {}
    for level, code in SCORED:
        for one in scope_of(world, scopes[code]):
            answer = RULES[level][code](world, one)
            assert isinstance(answer, dict)
            found.update({(code, one, value): score for value, score in answer.items()})
    return found
