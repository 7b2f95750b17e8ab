"""Tables of rules that nobody would write: every condition in use, lists, equal priorities, rules that never apply."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.audience.reference import MARKETING, PERSONAL
from tests.audience.worlds import STAGES, WAYS

KINDS = (*MARKETING, *PERSONAL)
ROLES = ("sdr", "sales", "service")
Condition = Callable[[Random], str]
# Condition -> values to choose from; several of them make a list.
VALUES: dict[str, tuple[str, ...]] = {
    "stage": STAGES,
    "need_status": ("urgent", "active", "latent", "none"),
    "open_ticket": ("open", "overdue", "none"),
    "churn_risk": ("low", "medium", "high", "none"),
    "renewal_due": ("due", "overdue", "none"),
    "repurchase_status": ("lapsed", "repeat", "one_time", "none"),
    "advocacy": ("promoter", "referrer", "passive", "none"),
    "handoff_status": ("open", "accepted", "returned", "won", "lost"),
}
YES_OR_NO = ("has_cross_sell_gap", "is_invited", "is_sop_due", "is_dormant")


def _some_of(values: tuple[str, ...]) -> Condition:
    return lambda chance: "|".join(chance.sample(values, chance.choice((1, 1, 2, 3))))


CONDITIONS: dict[str, Condition] = {
    **{column: _some_of(values) for column, values in VALUES.items()},
    **{column: lambda chance: chance.choice(("true", "true", "false")) for column in YES_OR_NO},
    "silent_days_from": lambda chance: chance.choice(("1", "7", "8", "90")),
    "our_touches_to": lambda chance: chance.choice(("0", "4", "5", "6")),
}


def random_rules(seed: int, count: int = 60) -> list[dict[str, Any]]:
    chance = Random(seed)
    names = [f"r{number:02d}" for number in range(count)]
    chance.shuffle(names)  # ties by rule are no ties by row
    return [_rule(chance, name) for name in names]


def _rule(chance: Random, name: str) -> dict[str, Any]:
    kind = chance.choice(KINDS)
    columns = chance.sample(sorted(CONDITIONS), chance.choice((1, 2, 2, 3)))
    conditions = {column: CONDITIONS[column](chance) for column in columns}
    if kind == "hand_off":
        conditions["handoff_status"] = "open"  # whose owner and time are those of the action
    if kind == "invite":
        conditions["is_invited"] = "true"
        conditions.pop("is_sop_due", None)
    # An invitation and a step of a playbook name touchpoints of their own.
    is_free = kind != "invite" and conditions.get("is_sop_due") != "true" and chance.random() < 0.4
    return {
        "rule": name,
        "kind": kind,
        "priority": chance.choice((10, 20, 30, 40)),
        "audience": "|".join(chance.sample(("prospect", "customer", "partner"), chance.choice((0, 1, 2, 3)))) or None,
        **conditions,
        "touchpoint": "|".join(chance.sample(WAYS, chance.choice((1, 2)))) if is_free else None,
        "due_days": chance.choice((0, 1, 7, 14)),
        "owner_role": chance.choice(ROLES),
        "why_zh": "原因",
        "why_en": "Why.",
    }
