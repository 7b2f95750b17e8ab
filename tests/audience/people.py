"""Who may be on a list, and over which touchpoints we reach people: in plain Python, from the same words as the models.

A person who refused may not be written to over any touchpoint. Whoever unsubscribed from a touchpoint may not be
written to over it, unless a link to it is open that began later. Apart from that, consent_rules.csv decides.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from tests.tags.rules_of_files import (
    best_touchpoint,
    consent_status,
    owner_staff,
    reachable_touchpoints,
    relationship_type,
    sales_territory,
)
from tests.tags.rules_of_value import arrived_touches
from tests.tags.world import World

KEPT_OUT = ("learner", "competitor", "bot", "staff")


def audience_person(world: World, one: str) -> dict[str, Any]:
    stage, company = world.stages.get(one, {}), world.company_of.get(one)
    is_erased, kind = one in erased(world), relationship_type(world, one)
    recent = len(recent_touches(world, one))
    last = max((touch["at"] for touch in world.inbound(one) if touch["at"]), default=None)
    silent_days = None if last is None else world.days_ago(world.day(last))
    return {
        "one_id": one,
        "person_key": world.people[one]["person_key"],
        "account_id": company,
        "account_key": world.companies[company]["account_key"] if company else None,
        "audience": "kept_out" if is_erased or kind in KEPT_OUT else kind,
        "relationship_type": kind,
        "is_erased": is_erased,
        "consent_status": consent_status(world, one),
        "stage": stage.get("stage"),
        "stage_rank": stage.get("stage_rank", 0),
        "is_won": stage.get("stage") == "won",
        "content_stage": stage.get("content_stage"),
        "is_dormant": stage.get("is_dormant", False),
        "is_lead": stage.get("is_lead", False),
        "lead_score": world.scores.get(one, Decimal(0)),
        "last_inbound_at": last,
        "silent_days": silent_days,
        "is_silent": silent_days is None or silent_days >= world.number("silent_days"),
        "our_touch_count": len(arrived_touches(world, one)),
        "recent_touch_count": recent,
        "is_fatigued": recent >= world.number("fatigue_touches"),
        "owner_staff": owner_staff(world, one),
        "sales_territory": sales_territory(world, one),
    }


@cache
def erased(world: World) -> frozenset[str]:
    """People with an identifier that somebody asked to erase."""
    asked = {
        (row["left_type"], row["left_value"])
        for row in world.tables["identity.identity_rule"]
        if row["decision"] == "erase"
    }
    found = [row for row in world.tables["identity.one_id"] if (row["id_type"], row["id_value"]) in asked]
    return frozenset(str(row["one_id"]) for row in found)


def recent_touches(world: World, one: str) -> list[dict[str, Any]]:
    """Touches of ours in the last fatigue_days days that did not fail."""
    days = world.number("fatigue_days")
    return [t for t in world.outbound(one) if world.is_within(t["day"], days) and t["outcome"] != "failed"]


def person_ways(world: World, one: str) -> list[dict[str, Any]]:
    """Each touchpoint that reaches a person, the best one first, then by touchpoint_order."""
    best = best_touchpoint(world, one)
    order = {row["touchpoint"]: int(row["touchpoint_order"]) for row in world.reference("touchpoints")}
    ways = sorted(reachable_touchpoints(world, one), key=lambda way: (way != best, order[way]))
    consent = consent_status(world, one)
    found = []
    for number, way in enumerate(ways, start=1):
        is_unsubscribed = has_unsubscribed(world, one, way)
        basis = {"marketing": None, "personal": None} if is_unsubscribed else bases(world, way)
        found.append(
            {
                "one_id": one,
                "person_key": world.people[one]["person_key"],
                "touchpoint": way,
                "way_no": number,
                "is_unsubscribed": is_unsubscribed,
                "is_marketing_allowed": is_enough(basis["marketing"], consent),
                "is_personal_allowed": is_enough(basis["personal"], consent),
            }
        )
    return found


def bases(world: World, way: str) -> dict[str, str | None]:
    """What consent_rules.csv asks for, by purpose; a touchpoint that it does not list is not allowed."""
    rows = [row for row in world.reference("consent_rules") if row["touchpoint"] == way]
    return {purpose: rows[0][f"{purpose}_basis"] if rows else None for purpose in ("marketing", "personal")}


def is_enough(basis: str | None, consent: str) -> bool:
    """link: the open link, which every way but mobile and email has. Nothing outweighs a refusal."""
    if basis == "granted":
        return consent == "granted"
    return basis in ("link", "not_refused") and consent != "refused"


def has_unsubscribed(world: World, one: str, way: str) -> bool:
    """Did a touch over a touchpoint fail because they unsubscribed, and is no link open that began later?"""
    media = {row["medium"]: row["touchpoint"] for row in world.reference("touchpoint_media")}
    said = [
        touch["at"]
        for touch in world.touches.get(one, [])
        if touch["failed_reason"] == "unsubscribed" and media.get(touch["medium"]) == way
    ]
    opened = [link["at"] for link in world.open_links(one) if link["touchpoint"] == way]
    return bool(said) and not any(at > max(said) for at in opened)
