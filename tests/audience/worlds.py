"""Small worlds for the next action: one person, and others who differ from them in one thing or two.

So whatever decides between two people stands side by side, on both sides of every border. Thousands of worlds lie in
one database. They share only content, events and rules. Moments are UTC.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from tests.tags.making import AS_OF, END, MOMENTS, TIMES, Maker

Person = dict[str, Any]
WAYS = ("wecom", "mobile", "official_account", "group", "email", "mall", "weibo")
STAGES = ("visitor", "potential", "profiled", "intent", "pending", "won")
CONTENT_STAGES = dict(
    zip(STAGES, ("awareness", "awareness", "nurture", "selection", "selection", "advocacy"), strict=True)
)
SCENARIOS = ("wechat", "online_event", "offline_event", "mall", "course_nurture", "of_a_layer")
DAYS = (0, 1, 2, 3, 4, 6, 7, 8, 13, 14, 15, 29, 30, 31, 60)
MICROSECOND = timedelta(microseconds=1)

# Three items of each stage but one: whoever had them all gets none. Some have no topic, no format, no known product.
CONTENT = """content_id,content_stage,topic,format,product_id,name_zh
A1,awareness,price,article,P-B,甲
A2,awareness,quality,video,P-A,乙
A3,awareness,quality,article,P-C,丙
A4,awareness,,,,丁
N1,nurture,price,video,P-B,甲
N2,nurture,price,article,P-?,乙
N3,nurture,quality,case,P-A,丙
S2,selection,quality,case,P-A,甲
S1,selection,quality,case,P-A,乙
S3,selection,price,white_paper,P-B,丙
V1,advocacy,price,course,P-C,甲
"""
PRODUCTS = "product_id,product_line,name_zh\nP-A,Alpha,甲\nP-B,Beta,乙\nP-C,,丙\n"
EVENTS = {"E3": 1, "E1": 6, "E2": 6, "E4": 20}  # days after as_of


def worlds(count: int, seed: int, size: int = 8) -> dict[str, list[dict[str, Any]]]:
    """Rows by table, of so many worlds of so many people."""
    maker = Maker(seed, step=max(1, 5_000_000 // (count * size)))
    for name, text in (("content", CONTENT), ("products", PRODUCTS)):
        maker.rows[f"reference.{name}"] = list(csv.DictReader(StringIO(text)))
    for event, days in EVENTS.items():
        maker.add("audience.invite_event", event_id=event, event_date=AS_OF + timedelta(days=days))
    for number in range(count):
        first = {name: feature(maker) for name, feature in FEATURES.items()}
        for no in range(size):
            person = dict(first)
            for name in maker.chance.sample(list(FEATURES), min(no, maker.one(1, 1, 2, 3))):
                person[name] = FEATURES[name](maker)
            write(maker, number * size + no, person)
    return maker.rows


# What people differ in.


def _audience(maker: Maker) -> Person:
    is_erased = maker.happens(0.04)
    kind = maker.one(*("prospect",) * 9, *("customer",) * 5, "partner", "learner", "competitor", "bot", "staff")
    is_kept_out = is_erased or kind not in ("prospect", "customer", "partner")
    return {"relationship_type": kind, "is_erased": is_erased, "audience": "kept_out" if is_kept_out else kind}


def _stage(maker: Maker) -> Person:
    stage = maker.one(*STAGES, *STAGES[:5], None)
    # A person without a stage has no content stage, either; whoever sets one means awareness.
    content = CONTENT_STAGES[stage] if stage else maker.one(None, "awareness")
    rank = STAGES.index(stage) + 1 if stage else 0
    return {"stage": stage, "stage_rank": rank, "is_won": stage == "won", "content_stage": content}


def _silence(maker: Maker) -> Person:
    days = maker.one(None, 0, 5, 6, 7, 7, 8, 8, 30, 89, 90, 91)
    return {"silent_days": days, "is_silent": days is None or days >= 7}


def _profile(maker: Maker) -> Person:
    """Mostly nothing, so that rules of low priority have their turn."""

    def rare(*values: str) -> str | None:
        return maker.one(*values) if maker.happens(0.15) else maker.one(None, "none")  # type: ignore[no-any-return]

    return {
        "need_status": rare("urgent", "active", "active", "latent"),
        "open_ticket": rare("open", "overdue") if maker.happens(0.5) else None,
        "churn_risk": rare("low", "medium", "high"),
        "renewal_due": rare("due", "overdue"),
        "repurchase_status": rare("lapsed", "repeat", "one_time"),
        "advocacy": rare("promoter", "referrer", "passive"),
        "cross_sell_gap": maker.one("Alpha", "Alpha, Beta") if maker.happens(0.2) else None,
    }


def _taste(maker: Maker) -> Person:
    return {
        "top_topic": maker.one(None, "price", "quality", "delivery"),
        "preferred_format": maker.one(None, "article", "video", "case", "course"),
        "product_interest": maker.one(None, "Alpha", "Beta, Gamma", "Alphabet", "Alphabet, Gamma"),
    }


def _ways(maker: Maker) -> list[Person]:
    found = []
    for touchpoint in maker.chance.sample(WAYS, maker.one(0, 1, 1, 2, 2, 3, 4)):
        is_unsubscribed = maker.happens(0.1)
        personal = not is_unsubscribed and maker.happens(0.8)
        marketing = personal and maker.happens(0.7)
        found.append(
            {"touchpoint": touchpoint, "way_no": len(found) + 1, "is_unsubscribed": is_unsubscribed,
             "is_marketing_allowed": marketing, "is_personal_allowed": personal}
        )  # fmt: skip
    maker.chance.shuffle(found)  # the order of rows says nothing
    return found


def _runs(maker: Maker) -> list[Person]:
    """Scenarios that the person entered, often at one moment, each with the steps that they reached."""
    found = []
    for scenario in maker.chance.sample(SCENARIOS, maker.one(0, 1, 1, 2, 3)):
        entered = _before_the_end(maker, DAYS)
        for step_no in range(1, maker.one(1, 2, 3) + 1):
            reached = entered + timedelta(hours=step_no - 1)
            found.append({"scenario": scenario, "step_no": step_no, "entered_at": entered, "reached_at": reached})
    return found


def _before_the_end(maker: Maker, days: tuple[int, ...]) -> datetime:
    return min(maker.when(days) if maker.happens(0.8) else maker.latest, END - MICROSECOND)


def _touches(maker: Maker) -> list[Person]:
    """What they had, and what we sent since they entered a scenario: right before it, at that moment, and after it."""
    found = []
    items = [row["content_id"] for row in csv.DictReader(StringIO(CONTENT))]
    for content in maker.chance.sample(items, maker.one(0, 0, 1, 3, 6, 10)):
        at = MOMENTS[maker.one(40, 100, 380), maker.one(*TIMES)]
        found.append({"occurred_at": at, "content_id": content, **_sent(maker)})
    for _ in range(maker.one(0, 1, 1, 2, 3, 5, 7, 9)):
        found.append({"since": maker.one(-MICROSECOND, timedelta(), MICROSECOND, timedelta(days=1)), **_sent(maker)})
    return found


def _sent(maker: Maker) -> Person:
    return {
        "direction": maker.one("outbound", "outbound", "outbound", "inbound"),
        "outcome": maker.one("delivered", "sent", "answered", None, "failed"),
        "medium": maker.one("one_to_one", "email", "call", None, "group"),
    }


def _handoffs(maker: Maker) -> list[Person]:
    if not maker.happens(0.15):
        return []
    return [
        {"step": step, "status": maker.one("open", "open", "accepted", "returned", "won", "lost"),
         "owner_staff": maker.one("S-1", "S-2", None), "due_at": END + timedelta(hours=maker.one(-30, 0, 5, 48))}
        for step in maker.one(("marketing_to_sdr",), ("sdr_to_sales",), ("sdr_to_sales", "marketing_to_sdr"))
    ]  # fmt: skip


def _invitations(maker: Maker) -> list[Person]:
    """Their touchpoint is put in where the person is written, since it is one that is allowed."""
    events = maker.chance.sample(list(EVENTS), maker.one(1, 2, 3, 4)) if maker.happens(0.15) else []
    return [{"event_id": event, "inviter_staff": maker.one("S-1", "S-3", None)} for event in events]


FEATURES: dict[str, Callable[[Maker], Any]] = {
    "audience": _audience,
    "stage": _stage,
    "silence": _silence,
    "consent_status": lambda maker: maker.one("granted", "unknown", "unknown", "refused"),
    "is_dormant": lambda maker: maker.one(False, False, True),
    "is_fatigued": lambda maker: maker.happens(0.15),
    "our_touch_count": lambda maker: maker.one(0, 1, 4, 5, 5, 6, 6, 7),
    "profile": _profile,
    "taste": _taste,
    "ways": _ways,
    "runs": _runs,
    "touches": _touches,
    "handoffs": _handoffs,
    "invitations": _invitations,
    "owners": lambda maker: {role: maker.one("S-1", "S-2", "S-3", None) for role in ("sdr", "sales", "service")},
}


# Their rows.


def write(maker: Maker, key: int, person: Person) -> None:
    who = {"person_key": key, "one_id": f"P{maker.ids[key]}"}
    flat = {name: person[name] for name in ("consent_status", "is_dormant", "is_fatigued", "our_touch_count")}
    facts = {**person["audience"], **person["stage"], **person["silence"], **flat}
    maker.add(
        "audience.audience_person",
        **who,
        **facts,
        recent_touch_count=2 * person["is_fatigued"],
        is_lead=False,
        owner_staff=maker.one("S-own", None),
    )
    maker.add("identity.person", **who)
    maker.add("tags.person_profile", one_id=who["one_id"], **person["profile"], **person["taste"])
    for table, rows in (("audience.person_way", person["ways"]), ("audience.lead_handoff", person["handoffs"])):
        for row in rows:
            maker.add(table, **who, **row)
    allowed = [way["touchpoint"] for way in person["ways"] if way["is_marketing_allowed"]]
    for row in person["invitations"]:
        if allowed:  # nobody else is invited
            maker.add("audience.invite_list", **who, **row, touchpoint=maker.one(*allowed))
    for role, staff in person["owners"].items():
        if staff:
            maker.add("audience.person_owner", one_id=who["one_id"], role=role, staff_id=staff)
    for run in person["runs"]:
        maker.add("journey.scenario_step", **who, **run)
    entered = max((run["entered_at"] for run in person["runs"]), default=END - timedelta(days=20))
    for touch in person["touches"]:
        at = touch.get("occurred_at") or min(entered + touch["since"], END - MICROSECOND)
        columns = {name: value for name, value in touch.items() if name not in ("occurred_at", "since")}
        maker.record("touch", who, None, channel="outreach", occurred_at=at, **columns)
