"""Two sets of answers, and where they differ: who, both answers, and the rows that the rules look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.audience.desk import Desk
from tests.audience.reference import Answers

SHOWN = 3  # people of each table
NAMES = {"actions": "next_action", "gaps": "next_action_gap", "positions": "sop_position"}
# What the rules read of a person, beside touches.
PROFILE = (
    "need_status", "open_ticket", "churn_risk", "renewal_due", "repurchase_status", "advocacy", "cross_sell_gap",
    "top_topic", "preferred_format", "product_interest",
)  # fmt: skip
TOUCH = ("occurred_at", "direction", "outcome", "medium", "content_id")


def differences(desk: Desk, expected: Answers, found: Answers) -> list[str]:
    """One text for each table that differs, with the first people."""
    told = []
    for part, table in NAMES.items():
        wanted, got = getattr(expected, part), getattr(found, part)
        differ = sorted(one for one in {*wanted, *got} if wanted.get(one) != got.get(one))
        if differ:
            lines = [f"{table}: {len(differ)} differ of {len(wanted)} by the rules, {len(got)} in the table"]
            for one in differ[:SHOWN]:
                lines += [f"  {one}", f"    by the rules {wanted.get(one)}", f"    in the table {got.get(one)}"]
                lines += [f"      {row}" for row in evidence(desk, one)]
            told.append("\n".join(lines))
    return told


def evidence(desk: Desk, one: str) -> list[str]:
    profile = desk.profiles.get(one, {})
    rows: dict[str, list[Mapping[str, Any]]] = {
        "person": [desk.persons.get(one, {})],
        "profile": [{name: profile.get(name) for name in PROFILE}],
        "way": sorted(desk.ways.get(one, []), key=lambda way: way["way_no"]),
        "scenario": desk.runs.get(one, []),
        "hand-off": desk.handoffs.get(one, []),
        "invitation": desk.invitations.get(one, []),
        "owner": [{role: staff for (who, role), staff in desk.owner_of.items() if who == one}],
        "touch": [{name: touch[name] for name in TOUCH} for touch in desk.touches.get(one, [])],
    }
    return [f"{kind}: {_short(row)}" for kind, found in rows.items() for row in found if row]


def _short(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items() if value is not None and name != "one_id")
