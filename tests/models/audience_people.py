"""Planted people, by name: what the models of the audience read about each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
ITEMS = ("N1", "N2", "N3")  # of the stage nurture
LONG_AGO, LATELY = "2026-03-02", "2026-06-28"


@dataclass(frozen=True)
class Someone:
    """A person who is silent and heard nothing from us, unless something else is said."""

    relationship: str = "prospect"
    consent: str | None = None
    links: tuple[str, ...] = ("wecom",)
    mobile: bool = False
    email: bool = False
    stage: str = "profiled"
    tags: Row = field(default_factory=dict)  # columns of the profile
    silent_days: int | None = 30
    heard: int = 0  # touches of ours within the last days
    had: tuple[str, ...] = ()  # items
    unsubscribed: str | None = None  # a medium
    is_erased: bool = False
    handoff: str | None = None  # a status
    invited: str | None = None  # a touchpoint
    entered: str | None = None  # a scenario


# Every reason to be contacted at once.
WANTED: Row = {
    "tags": {"need_status": "urgent", "churn_risk": "high", "renewal_due": "due", "repurchase_status": "lapsed",
             "advocacy": "promoter", "cross_sell_gap": "Servo"},
    "mobile": True, "email": True, "consent": "granted", "invited": "wecom", "entered": "wechat",
}  # fmt: skip

PEOPLE = {
    # Nobody may contact them, whatever they need.
    "competitor": Someone("competitor", **WANTED, handoff="open"),
    "learner": Someone("learner", **WANTED, handoff="open"),
    "bot": Someone("bot", **WANTED, handoff="open"),
    "staff": Someone("staff", **WANTED, handoff="open"),
    "erased": Someone(**WANTED, handoff="open", is_erased=True),
    "erased_customer": Someone("customer", **WANTED, is_erased=True, stage="won"),
    # Partners: no list of prospects or customers, but an answer to a ticket.
    "partner": Someone("partner", **WANTED, handoff="open"),
    "partner_with_ticket": Someone("partner", tags={"open_ticket": "overdue", "need_status": "urgent"}),
    # Consent.
    "refused": Someone(consent="refused", mobile=True, tags={"need_status": "urgent"}, handoff="open", invited="wecom"),
    "refused_with_ticket": Someone(consent="refused", mobile=True, tags={"open_ticket": "open"}),
    "no_consent_to_adverts": Someone(links=(), mobile=True, email=True, invited="mobile", entered="wechat"),
    "customer_without_consent": Someone(
        "customer", links=(), mobile=True, stage="won", tags={"churn_risk": "high", "advocacy": "promoter"}
    ),
    "customer_with_consent": Someone(
        "customer", links=(), mobile=True, consent="granted", stage="won", tags={"churn_risk": "high"}
    ),
    "unsubscribed": Someone(links=(), email=True, consent="granted", unsubscribed="email", invited="email"),
    "unreachable": Someone(links=(), tags={"need_status": "urgent"}),
    # Two touches of ours in the last days are the limit.
    "over_the_limit": Someone(**WANTED, heard=2),
    "customer_over_the_limit": Someone("customer", **WANTED, heard=2, stage="won"),
    "over_the_limit_with_lead": Someone(mobile=True, heard=3, handoff="open", tags={"need_status": "urgent"}),
    "over_the_limit_with_ticket": Someone(heard=2, tags={"open_ticket": "open"}),
    "below_the_limit": Someone(heard=1, tags={"need_status": "urgent"}),
    # Content.
    "new_reader": Someone(),
    "reader": Someone(had=("N1", "N3")),
    "well_read": Someone(had=ITEMS),
    "starter": Someone(entered="mall"),
    # The rest.
    "invited": Someone(invited="wecom"),
    "talking": Someone(silent_days=0),
    "never_heard_of": Someone(silent_days=None, links=("group",)),
}
STAGES = {"profiled": ("nurture", 3), "won": ("advocacy", 6)}


def given() -> dict[str, list[Row]]:
    """The rows of the relations that the models of the audience read."""
    tables: dict[str, list[Row]] = {
        "reference.content": [{"content_id": item, "content_stage": "nurture", "format": "video"} for item in ITEMS],
        "reference.products": [],
        "audience.invite_event": [{"event_id": "E1", "event_date": "2026-07-05"}],
    }
    for key, (name, someone) in enumerate(PEOPLE.items(), start=1):
        for table, row in _rows(key, name, someone):
            tables.setdefault(table, []).append(row)
    return tables


def _rows(key: int, name: str, someone: Someone) -> list[tuple[str, Row]]:
    who: Row = {"one_id": name, "person_key": key}
    content_stage, rank = STAGES[someone.stage]
    contact = {
        "mobile": f"+86139{key:08}" if someone.mobile else None,
        "email": f"{name}@b.cn" if someone.email else None,
    }
    stage = {"stage": someone.stage, "stage_rank": rank, "content_stage": content_stage, "is_dormant": False}
    rows: list[tuple[str, Row]] = [
        ("identity.person", who | contact),
        ("identity.one_id", who | {"id_type": "unionid", "id_value": name}),
        ("tags.person_scope", dict(who)),
        ("tags.person_profile", {"one_id": name, "relationship_type": someone.relationship,
                                 "consent_status": someone.consent, **someone.tags}),
        ("journey.person_stage", who | stage),
        ("tags.person_tag", {"one_id": name, "tag_code": "six_touch_progress", "score": someone.heard}),
        ("audience.person_owner", {"one_id": name, "role": "sales", "staff_id": "S1"}),
    ]  # fmt: skip
    rows += [
        ("tags.person_link", {"person_key": key} | {"touchpoint": link, "started_at": f"{LONG_AGO} 02:00:00"})
        for link in someone.links
    ]
    rows += [_touch(key, "outbound", LATELY, f"heard{no}", None) for no in range(someone.heard)]
    rows += [_touch(key, "inbound", LONG_AGO, f"had{item}", item) for item in someone.had]
    if someone.silent_days is not None:
        rows.append(("tags.person_activity", {"person_key": key} | {"days_since": someone.silent_days}))
    if someone.unsubscribed:
        record = {"channel": "outreach", "record_id": f"{name}#no"}
        rows.append(("records.touch", record | {"medium": someone.unsubscribed, "failed_reason": "unsubscribed",
                                                "occurred_at": f"{LATELY} 02:00:00"}))  # fmt: skip
        rows.append(("identity.record_person", record | {"person_key": key}))
    if someone.is_erased:
        rows.append(("identity.human_decision", {"decision": "erase", "is_latest": True, "left_type": "unionid",
                                                 "left_value": name}))  # fmt: skip
    if someone.handoff:
        rows.append(("audience.lead_handoff", who | {"step": "sdr_to_sales", "status": someone.handoff,
                                                     "owner_staff": "S2", "due_at": f"{LATELY} 16:00:00"}))  # fmt: skip
    if someone.invited:
        rows.append(("audience.invite_list", who | {"event_id": "E1", "inviter_staff": "S3",
                                                    "touchpoint": someone.invited}))  # fmt: skip
    if someone.entered:
        rows.append(("journey.scenario_step", {"person_key": key} | {"scenario": someone.entered,
                                                              "entered_at": f"{LONG_AGO} 02:00:00"}))  # fmt: skip
    return rows


def _touch(key: int, direction: str, day: str, record: str, item: str | None) -> tuple[str, Row]:
    told = {"channel": "outreach", "record_id": f"{key}:{record}", "direction": direction, "content_id": item,
            "occurred_at": f"{day} 02:00:00", "occurred_date": day, "outcome": "sent", "medium": "wecom"}  # fmt: skip
    return "journey.person_touch", {"person_key": key} | told
