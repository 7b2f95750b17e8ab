"""The reference itself, on one person, P, and cases that are easy to check by hand."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from functools import cache
from io import StringIO
from typing import Any

import pytest

from tests.audience.desk import Desk
from tests.audience.reference import Action, answers_of
from tests.audience.worlds import CONTENT, PRODUCTS
from tests.tags.making import AS_OF, END, TIMEZONE
from tests.tags.test_reference import reference_tables
from tests.tags.world import Settings

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
PERSON = {
    "one_id": "P", "person_key": 1, "audience": "prospect", "relationship_type": "prospect", "is_erased": False,
    "consent_status": "unknown", "stage": "profiled", "is_won": False, "content_stage": "nurture",
    "is_dormant": False, "silent_days": 7, "is_silent": True, "our_touch_count": 5, "is_fatigued": False,
}  # fmt: skip
CUSTOMER = {
    "audience": "customer", "relationship_type": "customer", "stage": "won", "is_won": True,
    "content_stage": "advocacy",
}  # fmt: skip
TOUCHES = dict.fromkeys(("outcome", "medium", "content_id")) | {"direction": "outbound"}
LOST = {"silent_days": 3, "is_silent": False}  # so that no rule about silence holds
EVERYTHING = ("N1", "N2", "N3")  # of the stage nurture


def way(touchpoint: str, number: int = 1, *, marketing: bool = True, personal: bool = True) -> dict[str, Any]:
    allowed = {"is_marketing_allowed": marketing, "is_personal_allowed": personal}
    return {"touchpoint": touchpoint, "way_no": number, "is_unsubscribed": False, **allowed}


def handoff(step: str, status: str = "open", owner: str = "S-1") -> dict[str, Any]:
    return {"step": step, "status": status, "owner_staff": owner, "due_at": END + timedelta(hours=len(step))}


def run(scenario: str, entered_at: datetime) -> dict[str, Any]:
    return {"scenario": scenario, "step_no": 1, "entered_at": entered_at}


def invitation(event: str, touchpoint: str = "wecom") -> dict[str, Any]:
    return {"event_id": event, "inviter_staff": f"S-{event}", "touchpoint": touchpoint}


@cache
def base_tables() -> dict[str, list[dict[str, Any]]]:
    return reference_tables()


def desk_of(person: dict[str, Any] | None = None, **given: Any) -> Desk:
    """`given`: ways, touches, handoffs, runs, invitations as rows, owners as role -> staff, profile as columns."""
    tables = dict(base_tables())
    for name, text in (("content", CONTENT), ("products", PRODUCTS)):
        tables[f"reference.{name}"] = list(csv.DictReader(StringIO(text)))
    tables["audience.audience_person"] = [{**PERSON, **(person or {})}]
    tables["tags.person_profile"] = [{"one_id": "P", **given.get("profile", {})}]
    tables["audience.person_way"] = given.get("ways", [way("wecom")])
    tables["audience.lead_handoff"] = given.get("handoffs", [])
    tables["journey.scenario_step"] = given.get("runs", [])
    tables["audience.invite_list"] = given.get("invitations", [])
    tables["audience.invite_event"] = [{"event_id": f"E{n}", "event_date": AS_OF + n % 3 * DAY} for n in (3, 1, 4, 2)]
    owners = given.get("owners", {"sdr": "S-sdr", "sales": "S-sales"})
    tables["audience.person_owner"] = [{"role": role, "staff_id": staff} for role, staff in owners.items()]
    touches = [
        {**TOUCHES, "channel": "crm", "record_id": f"R{n}", **row} for n, row in enumerate(given.get("touches", []))
    ]
    tables["records.touch"] = touches
    tables["identity.record_person"] = [
        {"channel": "crm", "record_id": row["record_id"], "one_id": "P", "account_id": None} for row in touches
    ]
    for name in ("person_way", "lead_handoff", "invite_list", "person_owner"):
        tables[f"audience.{name}"] = [{"one_id": "P", **row} for row in tables[f"audience.{name}"]]
    tables["journey.scenario_step"] = [{"one_id": "P", **row} for row in tables["journey.scenario_step"]]
    return Desk(tables, Settings(AS_OF, TIMEZONE, {}, {}))


def action_of(person: dict[str, Any] | None = None, **given: Any) -> Action | None:
    return answers_of(desk_of(person, **given)).actions.get("P")


def had(*content: str) -> list[dict[str, Any]]:
    """Long ago, in any direction, and even if it failed."""
    return [
        {"occurred_at": END - 300 * DAY, "content_id": item, "direction": "inbound", "outcome": "failed"}
        for item in content
    ]


ONE_RULE = [
    # What the person is like, what is known of them, and the rule that gives the action.
    ({}, {}, "under_touched"),
    ({"silent_days": 6}, {}, None),
    ({"silent_days": None}, {}, "under_touched"),  # never acted
    ({"our_touch_count": 6}, {}, None),
    ({}, {"touches": had(*EVERYTHING)}, "under_touched_call"),
    ({}, {"ways": [way("mobile", marketing=False)]}, "under_touched_call"),
    ({"is_fatigued": True}, {}, None),
    ({}, {"ways": []}, None),
    ({"is_dormant": True}, {}, "asleep"),
    ({"is_dormant": True, "stage": None}, {}, "under_touched"),  # no stage is none of the stages of the rule
    (LOST, {"profile": {"need_status": "active"}}, None),
    ({}, {"profile": {"need_status": "active"}}, "active_need"),
    (LOST, {"profile": {"need_status": "urgent"}}, "urgent_need"),
    (LOST, {"profile": {"need_status": "urgent", "open_ticket": "open"}}, "ticket_open"),
    ({**LOST, "is_fatigued": True, "consent_status": "refused"}, {"profile": {"open_ticket": "overdue"}, "ways": []},
     "ticket_overdue"),
    ({"audience": "kept_out"}, {"profile": {"open_ticket": "overdue"}}, None),
    ({"audience": "partner"}, {"profile": {"open_ticket": "open"}}, "ticket_open"),
    ({"audience": "partner"}, {}, None),
    ({**LOST, "is_fatigued": True}, {"handoffs": [handoff("sdr_to_sales")], "ways": []}, "lead_to_take"),
    ({**LOST, "consent_status": "refused"}, {"handoffs": [handoff("sdr_to_sales")]}, None),
    (LOST, {"handoffs": [handoff("sdr_to_sales", "accepted")]}, None),
    (CUSTOMER, {"profile": {"churn_risk": "medium"}}, "customer_at_risk"),
    (CUSTOMER, {"profile": {"churn_risk": "low", "renewal_due": "overdue"}}, "renewal"),
    (CUSTOMER, {"profile": {"repurchase_status": "lapsed"}}, "lapsed_buyer"),
    (CUSTOMER, {"profile": {"cross_sell_gap": "Servo", "advocacy": "promoter"}}, "cross_sell"),
    (CUSTOMER, {"profile": {"advocacy": "referrer"}}, "referral"),
    (CUSTOMER, {"profile": {"advocacy": "passive"}}, "under_touched"),
    (CUSTOMER | LOST, {"profile": {"advocacy": "passive"}}, None),
    (LOST, {"runs": [run("wechat", END - 1 * DAY)]}, "playbook"),  # day 0 of the playbook, at the first moment of as_of
    ({**LOST, "is_won": True}, {"runs": [run("wechat", END - 1 * DAY)]}, None),
]  # fmt: skip


@pytest.mark.parametrize(("person", "given", "rule"), ONE_RULE)
def test_the_rule(person: dict[str, Any], given: dict[str, Any], rule: str | None) -> None:
    action = action_of(person, **given)
    assert (action.rule if action else None) == rule


def test_the_way_that_is_allowed_for_the_purpose_comes_first() -> None:
    ways = [way("email", 3), way("mobile", 1, marketing=False), way("group", 2, marketing=False, personal=False)]
    sent, called = action_of(ways=ways), action_of(ways=ways, touches=had(*EVERYTHING))
    assert sent and (sent.kind, sent.touchpoint, sent.owner_staff) == ("send_content", "email", "S-sdr")
    assert called and (called.kind, called.touchpoint) == ("follow_up", "mobile")


def test_content_by_topic_then_format_then_product() -> None:
    profile = {"top_topic": "price", "preferred_format": "case", "product_interest": "Beta, Gamma"}
    sent = action_of(profile=profile)
    assert sent and sent.content_id == "N1"  # both about prices, none a case, the first about Beta
    sent = action_of(profile={**profile, "top_topic": None})
    assert sent and sent.content_id == "N3"
    sent = action_of(profile=profile, touches=had("N1"))
    assert sent and sent.content_id == "N2"
    sent = action_of({"stage": None, "content_stage": None})
    assert sent and sent.content_id == "A1"  # awareness


def test_a_playbook_has_touchpoints_and_formats_of_its_own() -> None:
    """Second step of the scenario wechat: official_account or wecom, a case."""
    given = {
        "runs": [run("wechat", END - 3 * DAY)],
        "touches": [{"occurred_at": END - 3 * DAY, "outcome": None, "medium": None}],
        "profile": {"preferred_format": "article"},
    }
    ways = [way("mobile", 1), way("wecom", 2), way("official_account", 3, marketing=False)]
    sent = action_of(LOST, ways=ways, **given)
    assert sent == Action(
        "send_content", "playbook", 100, "wecom", "N3", None, "wechat", 2, "S-sdr", END + DAY - timedelta(seconds=1)
    )  # fmt: skip
    sent = action_of(LOST, ways=ways[:1], **given)
    assert sent and sent.touchpoint == "mobile"  # any other way


def test_a_handoff_has_an_owner_and_a_time_of_its_own() -> None:
    rows = [handoff("marketing_to_sdr", owner="S-1"), handoff("sdr_to_sales", owner="S-2")]
    action = action_of(handoffs=rows)
    assert action and (action.owner_staff, action.due_at, action.touchpoint) == ("S-2", rows[1]["due_at"], "wecom")
    action = action_of(handoffs=[rows[0], {**rows[1], "status": "returned"}])
    assert action and (action.owner_staff, action.due_at) == ("S-1", rows[0]["due_at"])


def test_the_earliest_event_is_the_one_to_invite_to() -> None:
    rows = [invitation("E2"), invitation("E4", "email"), invitation("E1", "email")]
    action = action_of(invitations=rows, ways=[way("wecom"), way("email", 2)])
    assert action and (action.event_id, action.touchpoint, action.owner_staff) == ("E1", "email", "S-E1")
    assert action.due_at == END + 3 * DAY - timedelta(seconds=1)
    action = action_of(LOST, invitations=rows, ways=[way("wecom")])
    assert action is None  # the way of the invitation is not allowed


POSITIONS = [
    # Moments of entry by scenario, moments of our touches: scenario, days, step, due.
    ([("wechat", END - DAY)], [], ("wechat", 0, 1, True)),
    ([("wechat", END - DAY - MICROSECOND)], [], ("wechat", 1, 1, True)),
    ([("wechat", END - DAY)], [END - DAY], ("wechat", 0, 2, False)),
    ([("wechat", END - DAY)], [END - DAY - MICROSECOND], ("wechat", 0, 1, True)),
    ([("wechat", END - 2 * DAY)], [END - DAY], ("wechat", 1, 2, True)),
    ([("wechat", END - 3 * DAY)], [END - DAY] * 2, ("wechat", 2, 3, False)),
    ([("wechat", END - 90 * DAY)], [END - DAY] * 5, ("wechat", 89, 6, True)),
    ([("wechat", END - 90 * DAY)], [END - DAY] * 6, None),
    ([("wechat", END - 9 * DAY), ("mall", END - 8 * DAY)], [], ("mall", 7, 1, True)),
    ([("wechat", END - 9 * DAY), ("mall", END - 9 * DAY)], [], ("mall", 8, 1, True)),
    ([("of_a_layer", END - DAY), ("mall", END - 9 * DAY)], [], None),  # a scenario without a playbook
]


@pytest.mark.parametrize(("entries", "sent", "position"), POSITIONS)
def test_the_place_in_a_playbook(
    entries: list[tuple[str, datetime]], sent: list[datetime], position: tuple[Any, ...] | None
) -> None:
    runs, touches = [run(*entry) for entry in entries], [{"occurred_at": at} for at in sent]
    for ignored in ({"outcome": "failed"}, {"medium": "group"}, {"direction": "inbound"}):
        touches.append({"occurred_at": END - MICROSECOND, **ignored})
    found = answers_of(desk_of(runs=runs, touches=touches)).positions.get("P")
    assert (found and (found.scenario, found.days_since_entry, found.step_no, found.is_due)) == position


GAPS = [
    ({"audience": "kept_out", "is_erased": True, "relationship_type": "bot"}, {}, "erased"),
    ({"audience": "kept_out", "relationship_type": "bot"}, {"ways": []}, "bot"),
    ({"audience": "partner", "relationship_type": "partner"}, {"ways": []}, "partner"),
    ({"is_fatigued": True}, {"ways": []}, "unreachable"),
    ({"is_fatigued": True}, {"ways": [way("mobile", marketing=False, personal=False)]}, "no_consent"),
    ({"is_fatigued": True}, {}, "fatigued"),
    ({"is_fatigued": True, "our_touch_count": 6}, {}, None),
    ({"is_fatigued": True, **LOST}, {}, None),
    ({**CUSTOMER, "is_fatigued": True}, {}, None),  # won
    ({}, {}, None),  # has an action
]


@pytest.mark.parametrize(("person", "given", "reason"), GAPS)
def test_why_somebody_has_no_action(person: dict[str, Any], given: dict[str, Any], reason: str | None) -> None:
    assert answers_of(desk_of(person, **given)).gaps.get("P") == reason
