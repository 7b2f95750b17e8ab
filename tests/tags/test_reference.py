"""The reference itself, on cases that are easy to check by hand."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from siyu.layers import base_layer
from tests.tags.making import AS_OF, END, TIMEZONE
from tests.tags.reference import RULES, scope_of
from tests.tags.world import Settings, World

VARIABLES = {"activity_days": 30, "trend_percent": 20}
LAST = END - timedelta(microseconds=1)
DAY = timedelta(days=1)
EMPTY: dict[str, dict[str, Any]] = {
    "contact": {},
    "touch": dict.fromkeys(
        ("behaviour", "action", "outcome", "medium", "content_id", "product_id", "campaign_id", "staff_id",
         "duration_seconds", "progress")
    ) | {"direction": "inbound"},
    "ticket": dict.fromkeys(("resolved_at", "csat", "nps", "topic")),
    "link": dict.fromkeys(("ended_at", "ended_by", "holder_id", "referrer_type", "referrer_value")),
    "deal": dict.fromkeys(
        ("status", "closed_at", "product_id", "purchase_path", "opportunity_id", "expected_date", "staff_id")
    ),
}  # fmt: skip
PERSON = dict.fromkeys(("full_name", "full_name_channel", "mobile", "email", "title", "province", "first_channel"))


def reference_tables() -> dict[str, list[dict[str, Any]]]:
    found = {}
    for path in (base_layer() / "seeds" / "reference").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            found[f"reference.{path.stem}"] = [dict(row) for row in csv.DictReader(file)]
    return found


def world_of(*records: tuple[str, dict[str, Any]], **person: Any) -> World:
    """One person, P, with records of (shape, columns)."""
    tables = reference_tables()
    tables["identity.person"] = [{**PERSON, **person, "one_id": "P", "person_key": 1}]
    tables["identity.record_person"] = []
    for number, (shape, columns) in enumerate(records):
        named = {"channel": "crm", "record_id": f"R{number}"}
        tables.setdefault(f"records.{shape}", []).append({**named, **EMPTY[shape], **columns})
        tables["identity.record_person"].append({**named, "one_id": "P", "account_id": None})
        if columns.get("kind") == "order":
            hold = {"person_key": 1, "channel": "crm", "kind": "order", "deal_id": columns["deal_id"]}
            tables.setdefault("journey.deal_hold", []).append({**hold, "hold": "won", "held_to": None})
    return World(tables, Settings(AS_OF, TIMEZONE, VARIABLES, {"crm": "private"}))


def touch(at: datetime, **columns: Any) -> tuple[str, dict[str, Any]]:
    return "touch", {"occurred_at": at, **columns}


def order(at: datetime, amount: str) -> tuple[str, dict[str, Any]]:
    columns = {"occurred_at": at, "kind": "order", "deal_id": f"O{at}", "amount": Decimal(amount)}
    return "deal", columns


CASES = [
    ("activity_grade", [touch(END - 30 * DAY)], "D"),  # the first moment of the last 30 days
    ("activity_grade", [touch(END - 30 * DAY - timedelta(microseconds=1))], "dormant"),
    ("recency_band", [touch(END - 8 * DAY)], "0-7"),  # 7 days ago, at midnight
    ("recency_band", [touch(LAST - 8 * DAY)], "8-30"),
    ("activity_trend", [touch(LAST - n * DAY) for n in (0, 0, 0, 0, 0, 0, 31, 31, 31, 31, 31)], "steady"),  # 20 % above
    ("activity_trend", [touch(LAST - n * DAY) for n in (0, 0, 0, 0, 0, 31, 31, 31, 31)], "rising"),  # 25 % above
    ("active_daypart", [touch(END - DAY)] * 2 + [touch(END - DAY + timedelta(hours=9))], "morning"),
    ("watch_depth", [touch(LAST, action="live", duration_seconds=900)] * 2, "long"),
    ("watch_depth", [touch(LAST, action="live", duration_seconds=899), touch(LAST, action="replay")], "rewatched"),
    ("open_ticket", [("ticket", {"opened_at": END - 3 * DAY})], "open"),  # two days before as_of, at midnight
    ("open_ticket", [("ticket", {"opened_at": END - 4 * DAY, "resolved_at": END})], "overdue"),  # resolved later
    ("open_ticket", [("ticket", {"opened_at": END - 4 * DAY, "resolved_at": LAST})], "none"),
    ("repurchase_status", [order(END - 120 * DAY, "1")], "one_time"),  # 119 days before as_of
    ("repurchase_status", [order(LAST - 120 * DAY, "1")], "lapsed"),
    ("repurchase_status", [order(LAST, "1"), order(LAST - DAY, "1")], "repeat"),
    ("rfm_segment", [order(END - 90 * DAY, "20000")], "develop"),
    ("rfm_segment", [order(LAST - 90 * DAY, "19999.99")], "lost"),
    ("customer_tier", [order(END - 365 * DAY, "10000")], "regular"),
    ("customer_tier", [order(LAST - 365 * DAY, "10000")], "small"),
    ("ltv_band", [order(LAST, "3333.33")], "0-1k"),  # 999.999
    ("six_touch_progress", [touch(LAST, direction="outbound", action="visit")] * 2, "1"),
    ("group_role", [("link", {"touchpoint": "group", "started_at": END - DAY, "ended_at": END})], "silent"),
    ("churn_risk", [order(LAST, "1"), touch(END - 60 * DAY)], "low"),
    ("churn_risk", [order(LAST, "1"), touch(LAST - 60 * DAY)], "medium"),
    ("sincerity_level", [touch(END - 900 * DAY, action="quote_request")], "ultimate"),
]


@pytest.mark.parametrize(("code", "records", "value"), CASES)
def test_a_rule(code: str, records: list[tuple[str, dict[str, Any]]], value: str) -> None:
    assert RULES["person"][code](world_of(*records), "P") == value


def test_a_staff_remark_is_no_verified_mobile() -> None:
    said = {"observed_at": LAST, "mobile": "+8613912345678", "full_name": None}
    for source, value in (("staff_remark", "unverified"), (None, "verified"), ("self", "verified")):
        world = world_of(("contact", {**said, "mobile_source": source}), mobile="+8613912345678")
        assert RULES["person"]["mobile_status"](world, "P") == value


def test_only_those_with_a_way_to_them_are_reachable() -> None:
    assert scope_of(world_of(), "reachable") == set()
    assert scope_of(world_of(email="a@firm.cn"), "reachable") == {"P"}


def test_every_tag_has_a_rule() -> None:
    rows = reference_tables()["reference.tags"]
    listed = {(level, row["tag_code"]) for row in rows for level in row["level"].split(", ")}
    assert {(level, code) for level, rules in RULES.items() for code in rules} == listed
