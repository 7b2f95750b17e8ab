"""Two sets of tags, and where they differ: the tag, who, both values, and the rows that the rule looks at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.tags.reference import Tags
from tests.tags.world import World

SHOWN = 3  # people of each tag
ROWS = 25  # of each of them
# What the rules of a class look at.
EVIDENCE = {
    "01": ("person", "contacts"),
    "02": ("person",),
    "03": ("person", "company"),
    "04": ("person", "contacts", "touches", "links"),
    "05": ("lines", "deals", "links", "touches", "exclusion"),
    "06": ("person", "links", "contacts", "touches"),
    "07": ("company",),
    "08": ("company", "lines", "members"),
    "09": ("devices", "lines"),
    "10": ("deals", "touches"),
    "11": ("touches", "tickets"),
    "12": ("touches",),
    "13": ("touches", "deals"),
    "14": ("touches",),
    "15": ("person", "contacts", "links", "touches"),
    "16": ("lines", "devices", "company"),
    "17": ("stage", "touches", "tickets", "links"),
    "18": ("tickets",),
}
# The columns of a touch that the rules of a class read, beside its moment, channel, record and direction.
TOUCH_COLUMNS = {
    "04": ("campaign_id",),
    "05": ("action", "outcome", "staff_id"),
    "06": ("medium", "outcome"),
    "10": ("action", "product_id", "content_id"),
    "11": ("action", "content_id"),
    "12": ("action", "content_id", "outcome", "progress"),
    "13": (),
    "14": (),
    "15": ("action", "behaviour", "duration_seconds"),
    "17": ("action", "content_id", "medium", "outcome"),
}
ALWAYS = ("occurred_at", "channel", "record_id", "direction")
NOISE = ("landed_seq", "user_agent", "cookie_id", "unionid", "openid", "one_id", "account_id", "day", "at")


def tags_in(rows: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, set[str]]]:
    """Rows of person_tag or account_tag (who, tag_code, tag_value) by tag and person or company."""
    found: dict[str, dict[str, set[str]]] = {}
    for one, code, value in rows:
        values = found.setdefault(code, {}).setdefault(one, set())
        values.add(f"{value} (twice)" if value in values else str(value))
    return found


def differences(world: World, expected: Tags, found: Tags) -> list[str]:
    """One text for each tag of a level on which they differ, with the first people or companies."""
    classes = {row["tag_code"]: row["class_no"] for row in world.reference("tags")}
    told = []
    for level in ("person", "account"):
        for code in sorted({*expected[level], *found[level]}):
            wanted, got = expected[level].get(code, {}), found[level].get(code, {})
            differ = sorted(one for one in {*wanted, *got} if wanted.get(one) != got.get(one))
            if differ:
                lines = [
                    f"{code} ({level}): {len(differ)} differ of {len(wanted)} by the rule, {len(got)} in the table"
                ]
                for one in differ[:SHOWN]:
                    lines.append(f"  {one}: by the rule {_listed(wanted, one)}, in the table {_listed(got, one)}")
                    lines += [f"      {row}" for row in evidence(world, classes[code], one)[:ROWS]]
                told.append("\n".join(lines))
    return told


def _listed(values: dict[str, set[str]], one: str) -> str:
    return ", ".join(sorted(values.get(one, set()))) or "nothing"


def evidence(world: World, class_no: str, one: str) -> list[str]:
    """The rows that the rules of a class look at, without empty columns."""
    company = world.company_of.get(one, one)
    rows: dict[str, list[Any]] = {
        "person": [world.people.get(one, {})],
        "company": [world.companies.get(company, {})],
        "contacts": world.contacts.get(one, []),
        "touches": [
            {name: touch[name] for name in (*ALWAYS, *TOUCH_COLUMNS.get(class_no, ()))}
            for touch in sorted(world.touches.get(one, []), key=lambda touch: str(touch["at"]), reverse=True)
        ],
        "links": world.links.get(one, []),
        "tickets": world.tickets.get(one, []),
        "deals": world.opportunities.get(one, []),
        "lines": [vars(line) for line in world.lines_of_buyer.get(one, [])],
        "devices": world.devices.get(company, []),
        "members": [world.people[row["one_id"]] for row in world.members.get(one, [])],
        "exclusion": [{"kind": world.exclusions[one]}] if one in world.exclusions else [],
        "stage": [world.stages[one], {"score": world.scores.get(one)}] if one in world.stages else [],
    }
    return [f"{kind}: {_short(row)}" for kind in EVIDENCE[class_no] for row in rows[kind] if row]


def _short(row: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items() if value is not None and name not in NOISE)


def wrong_scores(
    expected: Mapping[tuple[str, str, str], int], rows: Iterable[tuple[str, str, str, Any]]
) -> list[tuple[str, str, str, Any, Any]]:
    """tag_code, who, value, score by the rule and in the table, where these differ."""
    codes = {code for code, _, _ in expected}
    found = {(code, one, value): score for code, one, value, score in rows if code in codes}
    keys = sorted({*expected, *found})
    return [(*key, expected.get(key), found.get(key)) for key in keys if expected.get(key) != found.get(key)]
