"""The worlds of the tags, in which people also unsubscribe, open links again, and ask to be erased."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO
from random import Random
from typing import Any

from tests.tags.making import END, TABLES
from tests.tags.random_worlds import worlds

Rows = dict[str, list[dict[str, Any]]]
BEFORE, AFTER = timedelta(microseconds=-1), timedelta(microseconds=1)
# mobile and email have no links, so whoever unsubscribed from them stays unsubscribed.
MEDIA_OF = {
    "wecom": ("one_to_one", "moments", "wecom"), "official_account": ("official_account",), "mall": ("mall",),
    "group": ("group",), "weibo": ("weibo",), "mobile": ("call", "sms"), "email": ("email",),
}  # fmt: skip
# With every basis for either purpose, and without the touchpoint mall.
CONSENT_RULES = """touchpoint,marketing_basis,personal_basis,why
official_account,link,link,
wecom,granted,link,
group,not_refused,never,
weibo,never,link,
mini_program,granted,granted,
mobile,granted,not_refused,
email,not_refused,not_refused,
"""


def people_worlds(count: int, seed: int) -> Rows:
    rows, chance = worlds(count, seed), Random(seed)
    for name, text in TABLES.items():
        rows[f"reference.{name}"] = [_known(row) for row in csv.DictReader(StringIO(text))]
    rows["reference.consent_rules"] = list(csv.DictReader(StringIO(CONSENT_RULES)))
    owners = {row["record_id"]: row for row in rows["identity.record_person"]}
    for stage in rows["journey.person_stage"]:
        stage["is_dormant"], stage["is_lead"] = chance.choice((True, False)), chance.choice((True, False))
        stage["stage_rank"] = chance.randrange(1, 7)
        stage["content_stage"] = chance.choice(("awareness", "nurture", "selection", "advocacy"))
    for link in list(rows["records.link"]):
        owner = owners[link["record_id"]]
        if owner["one_id"] and link["touchpoint"] in MEDIA_OF and chance.random() < 0.5:
            around = link["started_at"] + chance.choice((BEFORE, timedelta(), AFTER))
            _fails(rows, chance, owner, MEDIA_OF[link["touchpoint"]], around)
    for person in rows["identity.person"]:
        if chance.random() < 0.3:
            _fails(rows, chance, person, MEDIA_OF[chance.choice(("mobile", "email"))], END + BEFORE)
        if chance.random() < 0.2:
            _writes_often(rows, chance, person)
        if chance.random() < 0.05:
            _decision(rows, chance, person)
    return rows


def _known(row: dict[str, Any]) -> dict[str, Any]:
    """Without empty values, and without English names, which some tables leave out."""
    return {name: value for name, value in row.items() if value and name != "name_en"}


def _touch(rows: Rows, owner: dict[str, Any], at: Any, **columns: Any) -> None:
    named = {"channel": "outreach", "record_id": f"U{len(rows['records.touch'])}"}
    rows["records.touch"].append(
        {**named, "landed_seq": 1, "occurred_at": min(at, END + BEFORE), "direction": "outbound", **columns}
    )
    who = {name: owner.get(name) for name in ("person_key", "one_id", "account_key", "account_id")}
    rows["identity.record_person"].append({**named, **who})


def _fails(rows: Rows, chance: Random, owner: dict[str, Any], media: tuple[str, ...], at: Any) -> None:
    reason = chance.choice(("unsubscribed", "unsubscribed", "unsubscribed", "unreachable", None))
    direction = chance.choice(("outbound",) * 9 + ("inbound",))
    medium = chance.choice((*media, media[0]))
    _touch(rows, owner, at, direction=direction, medium=medium, outcome="failed", failed_reason=reason)


def _writes_often(rows: Rows, chance: Random, owner: dict[str, Any]) -> None:
    """So many touches of ours around the first moment of the last seven days that fatigue decides."""
    first = END - timedelta(days=7)
    for _ in range(chance.choice((1, 2, 2, 3, 4))):
        at = first + chance.choice((BEFORE, timedelta(), AFTER, timedelta(days=3), timedelta(days=6, hours=23)))
        outcome = chance.choice(("delivered", "sent", None, "failed", "answered"))
        _touch(rows, owner, at, medium=chance.choice(("email", "call", "group", None)), outcome=outcome)


def _decision(rows: Rows, chance: Random, person: dict[str, Any]) -> None:
    """To erase a person, or to do something else to their identifiers."""
    number = len(rows["identity.human_decision"]) + 1
    key = person["person_key"]
    columns = {
        "rule_no": number, "decision": chance.choice(("erase", "erase", "erase", "exclude")),
        "left_type": chance.choice(("crm_contact_id", "crm_contact_id", "mobile")), "left_value": f"K{key}",
        "decided_at": END - timedelta(days=3),
    }  # fmt: skip
    rows["identity.human_decision"].append({**columns, "is_latest": True})
    rows["identity.identity_rule"].append(columns)
