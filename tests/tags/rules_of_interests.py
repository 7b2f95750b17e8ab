"""Classes 10 to 15: what a person is interested in, when, how much, and how deep."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from tests.tags.choices import most_frequent
from tests.tags.rules_of_files import mobile_status
from tests.tags.world import Row, World

BEHAVIOURS = ("view", "download", "register", "attend", "interact", "purchase", "service")

# 10 product_interest


def product_interest(world: World, one_id: str) -> dict[str, int]:
    lines = Counter(_line_of(world, touch) for touch in world.inbound(one_id, world.number("interest_days")))
    return {line: count for line, count in lines.items() if line and count >= world.number("interest_touches")}


def _line_of(world: World, touch: Row) -> str | None:
    content = world.content.get(touch["content_id"] or "") or {}
    return world.line_of_product(touch["product_id"]) or world.line_of_product(content.get("product_id"))


def need_status(world: World, one_id: str) -> str:
    deals = world.opportunities.get(one_id, [])
    soon = world.as_of + timedelta(days=world.number("urgent_days"))
    recent = _actions(world.inbound(one_id, world.number("need_days")))
    if any(deal["expected_date"] and deal["expected_date"] <= soon for deal in deals):
        return "urgent"
    if _actions(world.inbound(one_id, world.number("urgent_action_days"))) & world.sincere:
        return "urgent"
    if deals or recent & (world.sincere | {"price_view"}):
        return "active"
    return "latent" if product_interest(world, one_id) else "none"


def _actions(touches: Iterable[Row]) -> set[Any]:
    return {touch["action"] for touch in touches}


def price_interest(world: World, one_id: str) -> str:
    touches = world.inbound(one_id, world.number("need_days"))
    if _actions(touches) & world.sincere:
        return "asked"
    viewed = any(t["action"] == "price_view" or _topic(world, t) == "price" for t in touches)
    return "viewed" if viewed else "none"


def _topic(world: World, touch: Row) -> str | None:
    return (world.content.get(touch["content_id"] or "") or {}).get("topic")


# 11 topic_interest


def top_topic(world: World, one_id: str) -> str | None:
    return most_frequent(
        world.inbound(one_id, world.number("interest_days")),
        {content_id: row["topic"] for content_id, row in world.content.items()},
    )


def decision_factor(world: World, one_id: str) -> str | None:
    days = world.number("interest_days")
    touches = world.inbound(one_id, days)
    matches = {
        "topic": Counter(_topic(world, touch) for touch in touches),
        "action": Counter(touch["action"] for touch in touches),
        "ticket": Counter(t["topic"] for t in world.tickets.get(one_id, []) if world.is_within(t["day"], days)),
    }
    sums: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for row in world.reference("decision_factors"):
        weight = Decimal(row["weight"]) * matches[row["source"]][row["value"]]
        sums[int(row["factor_order"]), row["decision_factor"]] += weight
    best = min(sums, key=lambda factor: (-sums[factor], factor[0]))
    return best[1] if sums[best] > 0 else None


# 12 format_interest


def preferred_format(world: World, one_id: str) -> str | None:
    return most_frequent(
        world.inbound(one_id, world.number("interest_days")),
        {content_id: row["format"] for content_id, row in world.content.items()},
    )


def event_preference(world: World, one_id: str) -> str:
    form_of = {row["action"]: row["form"] for row in world.reference("event_forms")}
    forms = set()
    for touch in world.touches.get(one_id, []):
        is_meeting = touch["action"] in ("visit", "meeting")
        counts = touch["outcome"] != "failed" if is_meeting else touch["direction"] == "inbound"
        if counts and world.is_within(touch["day"], world.number("event_days")):
            forms.add(form_of.get(touch["action"]))
    if {"online", "offline"} <= forms:
        return "both"
    return "online" if "online" in forms else "offline" if "offline" in forms else "none"


def course_progress(world: World, one_id: str) -> str:
    touches = world.inbound(one_id)
    half = Decimal(world.number("course_half_percent")) / 100
    if "course_complete" in _actions(touches):
        return "completed"
    if any(touch["progress"] is not None and touch["progress"] >= half for touch in touches):
        return "half"
    return "enrolled" if "enrol" in _actions(touches) else "none"


# 13 timing


def active_daypart(world: World, one_id: str) -> str | None:
    times = [world.local(touch["at"]) for touch in world.inbound(one_id, world.number("interest_days"))]
    counts = Counter(world.band("active_daypart", at.hour) for at in times if at.time() != time())
    order = world.band_order("active_daypart")
    best = min(order, key=lambda band: (-counts[band], order.index(band)))
    return best if counts[best] else None


def purchase_timing(world: World, one_id: str) -> str | None:
    dates = [deal["expected_date"] for deal in world.opportunities[one_id] if deal["expected_date"]]
    if not dates:
        return "unknown"
    return world.band("purchase_timing", (min(dates) - world.as_of).days)


# 14 activity_rating


def activity_grade(world: World, one_id: str) -> str | None:
    return world.band("activity_grade", len(world.inbound(one_id, world.number("activity_days"))))


def recency_band(world: World, one_id: str) -> str | None:
    last = max(touch["day"] for touch in world.inbound(one_id))
    return world.band("recency_band", world.days_ago(last))


def activity_trend(world: World, one_id: str) -> str:
    days, percent = world.number("activity_days"), world.number("trend_percent")
    now = len(world.inbound(one_id, days))
    before = len(world.inbound(one_id, 2 * days)) - now
    if now * 100 > before * (100 + percent):
        return "rising"
    return "falling" if now * 100 < before * (100 - percent) else "steady"


def active_channels_30d(world: World, one_id: str) -> str:
    return str(len({touch["channel"] for touch in world.inbound(one_id, world.number("activity_days"))}))


# 15 engagement_depth


def sincerity_level(world: World, one_id: str) -> str:
    owned = {row["touchpoint"] for row in world.reference("touchpoints") if row["is_owned"] == "true"}
    if _actions(world.inbound(one_id)) & world.sincere:
        return "ultimate"
    if mobile_status(world, one_id) == "verified":
        return "medium"
    return "shallow" if any(link["touchpoint"] in owned for link in world.open_links(one_id)) else "none"


def behaviour_breadth(world: World, one_id: str) -> str:
    touches = world.inbound(one_id, world.number("interest_days"))
    return str(len({touch["behaviour"] for touch in touches} & set(BEHAVIOURS)))


def watch_depth(world: World, one_id: str) -> str:
    watched = [touch for touch in world.inbound(one_id) if touch["action"] in ("live", "replay")]
    if {"live", "replay"} <= _actions(watched):
        return "rewatched"
    seconds = sum(touch["duration_seconds"] or 0 for touch in watched)
    if watched and seconds >= 60 * world.number("watch_long_minutes"):
        return "long"
    return "short" if watched else "none"


def group_role(world: World, one_id: str) -> str:
    if not any(link["touchpoint"] == "group" for link in world.open_links(one_id)):
        return "none"
    touches = world.inbound(one_id, world.number("activity_days"))
    days = {touch["day"] for touch in touches if touch["action"] == "group_message"}
    return "koc" if len(days) >= world.number("koc_days") else "active" if days else "silent"


PEOPLE = {
    rule.__name__: rule
    for rule in (
        product_interest, need_status, price_interest, top_topic, decision_factor, preferred_format, event_preference,
        course_progress, active_daypart, purchase_timing, activity_grade, recency_band, activity_trend,
        active_channels_30d, sincerity_level, behaviour_breadth, watch_depth, group_role,
    )
}  # fmt: skip
