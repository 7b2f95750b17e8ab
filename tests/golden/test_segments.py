"""The segments on the sample: each has people, and those are the ones that plain Python finds in the release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pytest

from tests.golden.conftest import Ran

AS_OF = date(2026, 6, 30)
Person = Mapping[str, Any]


def days(day: date | None) -> int:
    return 10_000 if day is None else (AS_OF - day).days


def listed(text: str | None) -> set[str]:
    return set((text or "").split(", "))


def answered_since(person: Person, moment: datetime) -> bool:
    """Whether we reached the person, or talked with them, at that moment or later."""
    return any(
        touch["occurred_at"] >= moment
        for touch in person["touches"]
        if (touch["direction"] == "outbound" and touch["outcome"] != "failed" and touch["medium"] != "group")
        or touch["outcome"] in ("answered", "replied")
        or (touch["action"] in ("visit", "meeting") and touch["outcome"] != "failed")
    )


def waits_on_wecom(person: Person) -> bool:
    return bool(person["wecom_since"]) and days(person["wecom_date"]) < 30 and not answered_since(
        person, person["wecom_since"]
    )  # fmt: skip


def waits_after_an_event(person: Person) -> bool:
    visits = [t for t in person["touches"] if t["action"] == "badge_scan" and days(t["occurred_date"]) < 30]
    last = max((visit["occurred_at"] for visit in visits), default=None)
    later = [touch for touch in person["touches"] if last and touch["occurred_at"] > last]
    return last is not None and not answered_since({"touches": later}, last)


def silent_days(person: Person) -> int:
    acted = [touch["occurred_date"] for touch in person["touches"] if touch["direction"] == "inbound"]
    return days(max(acted, default=None))


# segment -> the audiences of its people, and its rule.
RULES: dict[str, tuple[set[str], Callable[[Person], bool]]] = {
    "hot_leads_without_owner": (
        {"prospect"},
        lambda p: p["is_lead"] and p["lead_score_band"] in ("hot", "ripe") and p["owner_staff"] is None,
    ),
    "price_interest_gone_silent": (
        {"prospect"}, lambda p: p["price_interest"] in ("asked", "viewed") and silent_days(p) >= 7,
    ),
    "dormant_decision_makers": (
        {"prospect"}, lambda p: p["buying_role"] == "decision_maker" and silent_days(p) >= 30,
    ),
    "missing_decision_maker": (
        {"prospect"},
        lambda p: p["account_stage"] in ("intent", "pending")
        and "decision_maker" not in listed(p["buying_group_coverage"]),
    ),
    "followers_not_on_wecom": (
        {"prospect"},
        lambda p: p["is_lead"]
        and "official_account" in listed(p["reachable_touchpoints"])
        and "wecom" not in listed(p["reachable_touchpoints"]),
    ),
    "wecom_without_service": ({"prospect", "customer"}, waits_on_wecom),
    "event_visitors_without_follow_up": ({"prospect", "customer"}, waits_after_an_event),
    "replay_watchers": (
        {"prospect", "customer"},
        lambda p: any(t["action"] == "replay" and days(t["occurred_date"]) < 180 for t in p["touches"]),
    ),
    "unfinished_courses": ({"prospect", "customer"}, lambda p: p["course_progress"] in ("enrolled", "half")),
    "silent_customers": ({"customer"}, lambda p: silent_days(p) >= 30),
    "customers_due_for_renewal": ({"customer"}, lambda p: p["renewal_due"] in ("due", "overdue")),
    "cross_sell_lookalikes": ({"customer"}, lambda p: p["cross_sell_gap"] is not None),
    "second_purchase_customers": (
        {"customer"}, lambda p: p["repurchase_status"] == "one_time" and p["rfm_segment"] in ("new", "develop"),
    ),
    "champions": ({"customer"}, lambda p: p["rfm_segment"] == "champion"),
    "promoters_to_ask": (
        {"customer"}, lambda p: p["advocacy"] == "promoter" and p["open_ticket"] not in ("open", "overdue"),
    ),
    "customers_at_risk": (
        {"customer"},
        lambda p: p["churn_risk"] == "high" or (p["open_ticket"] == "overdue" and p["activity_trend"] == "falling"),
    ),
    "leads_with_missing_data": (
        {"prospect"},
        lambda p: p["is_lead"]
        and (p["real_name_status"] == "none" or (p["mobile_status"] != "verified" and p["email_kind"] != "corporate")),
    ),
    "active_leads_without_progress": (
        {"prospect"},
        lambda p: p["journey_stage"] == "intent"
        and p["stage_age_band"] in ("31-90", "91+")
        and p["recency_band"] in ("0-7", "8-30"),
    ),
    "sincere_leads_to_call": (
        {"prospect"}, lambda p: p["sincerity_level"] == "ultimate" and p["touch_fatigue"] != "over",
    ),
    "buyers_of_this_quarter": ({"prospect"}, lambda p: p["purchase_timing"] in ("now", "quarter")),
    "thorough_viewers": (
        {"prospect"},
        lambda p: p["watch_depth"] in ("long", "rewatched")
        and int(p["behaviour_breadth"]) >= 4
        and int(p["active_channels_30d"] or 0) >= 2,
    ),
    "voices_in_groups": ({"prospect", "customer"}, lambda p: p["group_role"] in ("active", "koc")),
    "valuable_and_unsatisfied": (
        {"customer"},
        lambda p: p["service_satisfaction"] in ("unsatisfied", "neutral")
        and (p["ltv_band"] in ("10k-50k", "50k+") or p["customer_tier"] in ("strategic", "key")),
    ),
    "owners_out_of_warranty": ({"customer"}, lambda p: p["warranty_status"] == "expired"),
    "partners_to_train": ({"partner"}, lambda p: p["completed_count"] == 0),
    "trained_partners_without_deals": ({"partner"}, lambda p: p["completed_count"] and p["deal_count"] == 0),
    "competitors_kept_out": ({"kept_out"}, lambda p: p["relationship_type"] == "competitor"),
    "learners_kept_out": ({"kept_out"}, lambda p: p["relationship_type"] == "learner"),
}  # fmt: skip


def _dicts(con: Any, sql: str) -> list[dict[str, Any]]:
    found = con.execute(sql)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def people(night: Ran) -> list[dict[str, Any]]:
    """Everybody of the release, with their touches, WeCom links, partner figures and audience."""
    con = night.connect_raw()
    touches: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for touch in _dicts(con, "select one_id, occurred_at, occurred_date, direction, outcome, medium, action"
                             " from journey.person_touch"):  # fmt: skip
        touches[touch["one_id"]].append(touch)
    links = _dicts(con, "select r.one_id, max(l.started_at) as wecom_since, max(l.started_date) as wecom_date"
                        " from records.link as l join identity.record_person as r using (channel, record_id)"
                        " where l.touchpoint = 'wecom' and (l.ended_at is null or l.ended_date > '2026-06-30')"
                        " group by r.one_id")  # fmt: skip
    partners = _dicts(con, "select one_id, completed_count, deal_count from journey.partner")
    more = {row["one_id"]: row for row in links}
    trained = {row["one_id"]: row for row in partners}
    erased = {one_id for (one_id,) in con.execute(
        "select i.one_id from identity.identity_rule as d join identity.one_id as i"
        " on d.left_type = i.id_type and d.left_value = i.id_value where d.decision = 'erase'").fetchall()}  # fmt: skip
    nobody = {"wecom_since": None, "wecom_date": None, "completed_count": None, "deal_count": None}
    found = []
    for person in _dicts(con, "select * from tags.person_profile"):
        one_id, kind = person["one_id"], person["relationship_type"]
        if one_id not in erased:
            audience = kind if kind in ("prospect", "customer", "partner") else "kept_out"
            own = nobody | more.get(one_id, {}) | trained.get(one_id, {})
            found.append(person | own | {"audience": audience, "touches": touches[one_id]})
    return found


def test_each_segment_has_the_people_whom_its_rule_finds(night: Ran, people: list[dict[str, Any]]) -> None:
    con = night.connect()
    members: dict[str, set[str]] = defaultdict(set)
    for segment, one_id in con.execute("select segment, one_id from audience.segment_member").fetchall():
        members[segment].add(one_id)
    expected = {
        segment: {p["one_id"] for p in people if p["audience"] in audiences and rule(p)}
        for segment, (audiences, rule) in RULES.items()
    }
    assert all(expected.values()), "each segment has somebody on the sample"
    assert members.keys() == expected.keys()
    for segment, found in members.items():
        assert found == expected[segment], segment


def test_sizes_and_members_agree_and_everybody_came_for_data(night: Ran) -> None:
    con = night.connect()
    sizes = "select segment, person_count, came_data_count, person_count_before from audience.segment"
    found = con.execute(sizes).fetchall()
    counted = dict(con.execute("select segment, count(*) from audience.segment_member group by segment").fetchall())
    assert len(found) == len(RULES)
    assert {segment: count for segment, count, _, _ in found} == counted
    assert all(came == count and before is None for _, count, came, before in found)
    texts = "select count(*) from audience.segment_member where why_zh is null or why_en is null or since_date is null"
    assert con.execute(texts).fetchall() == [(0,)]
