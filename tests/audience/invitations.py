"""The rules of invitations in plain Python: docs/audience.md, events.csv, invite_points.csv and invite_reasons.csv.

Written from the rules, not from the SQL. Seats are given out one after another, as a person with a list would do it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
PARTS = ("topic", "product", "form", "place", "activity", "stage")
KINDS_OF_NOBODY = ("learner", "competitor", "bot", "staff")
NOT_MEANT = ("erased", *KINDS_OF_NOBODY, "kept_out", "wrong_audience", "too_far")
FITTING = ("already_registered", "unreachable", "no_consent", "fatigued", "no_seat")
MEANT_FOR = {
    "prospects": {"prospect"}, "customers": {"customer"}, "people": {"prospect", "customer"}, "partners": {"partner"},
}  # fmt: skip


@dataclass
class Tables:
    """What the rules read."""

    as_of: date
    reference: Mapping[str, list[Row]]
    people: Sequence[Row]
    profiles: Mapping[str, Row]
    ways: Sequence[Row]
    owners: Sequence[Row]
    touches: Sequence[Row]

    def number(self, threshold: str) -> int:
        return next(int(row["value"]) for row in self.reference["thresholds"] if row["threshold"] == threshold)

    def points(self, part: str, condition: str | None) -> Row:
        """The row of invite_points.csv."""
        nothing = {"points": "0", "leaves_out": "false"}
        rows = self.reference["invite_points"]
        return next((row for row in rows if (row["part"], row["condition"]) == (part, condition)), nothing)


@dataclass
class Candidate:
    """A person who fits an event."""

    event: Row
    person: Row
    conditions: dict[str, str | None]
    points: dict[str, int]
    reason: str | None = None
    touchpoint: str | None = None
    score: int = field(init=False)

    def __post_init__(self) -> None:
        self.score = sum(self.points.values())


def coming(tables: Tables) -> list[Row]:
    """Events after as_of."""
    return [row for row in tables.reference["events"] if date.fromisoformat(str(row["event_date"])) > tables.as_of]


def _listed(text: str | None) -> list[str]:
    return text.split(", ") if text else []


def conditions_of(tables: Tables, event: Row, person: Row) -> dict[str, str | None]:
    """Which condition holds for each part."""
    profile = tables.profiles[person["one_id"]]
    territory = {row["province"]: row["territory"] for row in tables.reference["territories"]}
    found: dict[str, str | None] = {"activity": profile["activity_grade"], "stage": person["stage"]}
    found["topic"] = "top_topic" if event["topic"] and profile["top_topic"] == event["topic"] else None
    products = []
    if event["product_line"] in _listed(profile["product_interest"]):
        products.append("product_interest")
    if person["audience"] == "customer" and event["product_line"] in _listed(profile["owned_product_lines"]):
        products.append("owned")
    products.sort(key=lambda condition: int(tables.points("product", condition)["points"]), reverse=True)
    found["product"] = products[0] if products else None
    preference = profile["event_preference"]
    if preference in ("online", "offline"):
        found["form"] = "same" if preference == event["form"] else "other"
    else:
        found["form"] = "both" if preference == "both" else "none"
    if event["form"] == "online":
        found["place"] = "online"
    elif profile["province"] is None:
        found["place"] = "unknown"
    elif profile["province"] == event["place"]:
        found["place"] = "same_province"
    elif profile["sales_territory"] and profile["sales_territory"] == territory.get(event["place"]):
        found["place"] = "same_territory"
    else:
        found["place"] = "elsewhere"
    return found


def candidates(tables: Tables) -> list[Candidate]:
    """Everybody who fits a coming event, with the reason that does not depend on others."""
    found = []
    for event in coming(tables):
        for person in tables.people:
            conditions = conditions_of(tables, event, person)
            points = {part: int(tables.points(part, conditions[part])["points"]) for part in PARTS}
            one = Candidate(event, person, conditions, points)
            if one.score >= tables.number("invite_points_min") and points["topic"] + points["product"] > 0:
                found.append(one)
    _judge(tables, found)
    return found


def _judge(tables: Tables, found: list[Candidate]) -> None:
    came = {
        (touch["campaign_id"], touch["person_key"])
        for touch in tables.touches
        if touch["direction"] == "inbound" and touch["behaviour"] in ("register", "attend") and touch["campaign_id"]
    }
    ways = defaultdict(list)
    for way in sorted(tables.ways, key=lambda way: int(way["way_no"])):
        ways[way["one_id"]].append(way)
    for one in found:
        allowed = [way["touchpoint"] for way in ways[one.person["one_id"]] if way["is_marketing_allowed"]]
        one.touchpoint = allowed[0] if allowed else None
        one.reason = _reason(tables, one, came, bool(ways[one.person["one_id"]]))


def _reason(tables: Tables, one: Candidate, came: set[tuple[str, int]], is_reached: bool) -> str | None:
    person, event = one.person, one.event
    kind = person["relationship_type"]
    checks = [
        ("erased", person["is_erased"]),
        (kind if kind in KINDS_OF_NOBODY else "kept_out", person["audience"] == "kept_out"),
        ("wrong_audience", person["audience"] not in MEANT_FOR[event["audience"] or "people"]),
        ("too_far", tables.points("place", one.conditions["place"])["leaves_out"] == "true"),
        ("already_registered", (event.get("campaign_id"), person["person_key"]) in came),
        ("unreachable", not is_reached),
        ("no_consent", one.touchpoint is None),
        ("fatigued", person["is_fatigued"]),
    ]
    return next((reason for reason, holds in checks if holds), None)


def _place(one: Candidate) -> tuple[int, Decimal, str]:
    """In which order an event takes people: the smallest first."""
    return (-one.score, -Decimal(one.person["lead_score"]), one.person["one_id"])


def _wish(one: Candidate) -> tuple[int, str, str]:
    """In which order a person asks for events: the smallest first."""
    return (-one.score, str(one.event["event_date"]), one.event["event_id"])


def give_seats(tables: Tables, found: list[Candidate]) -> dict[str, list[Candidate]]:
    """Return who is invited, by event and in order. The others get their reason."""
    by_person: dict[str, list[Candidate]] = defaultdict(list)
    for one in found:
        if one.reason is None:
            by_person[one.person["one_id"]].append(one)
    seated: dict[str, list[Candidate]] = defaultdict(list)
    waiting = {one_id: sorted(wishes, key=_wish) for one_id, wishes in by_person.items()}
    free = {
        one_id: tables.number("fatigue_touches") - wishes[0].person["recent_touch_count"]
        for one_id, wishes in by_person.items()
    }
    asking = sorted(waiting)
    while asking:
        one_id = asking.pop()
        while free[one_id] > 0 and waiting[one_id]:
            wish = waiting[one_id].pop(0)
            guests = seated[wish.event["event_id"]]
            guests.append(wish)
            free[one_id] -= 1
            if len(guests) > int(wish.event["seats"]):
                last = max(guests, key=_place)
                guests.remove(last)
                free[last.person["one_id"]] += 1
                asking.append(last.person["one_id"])
    most = {one_id: tables.number("fatigue_touches") - wishes[0].person["recent_touch_count"]
            for one_id, wishes in by_person.items()}  # fmt: skip
    for one_id, wishes in by_person.items():
        invited = 0
        for wish in sorted(wishes, key=_wish):
            if wish in seated[wish.event["event_id"]]:
                invited += 1
            else:
                wish.reason = "fatigued" if invited >= most[one_id] else "no_seat"
    return {event_id: sorted(guests, key=_place) for event_id, guests in seated.items()}


def why(tables: Tables, one: Candidate, language: str) -> str:
    """What gave points, in words."""
    name = f"name_{language}"
    values = {(row["tag_code"], row["tag_value"]): row[name] for row in tables.reference["tag_values"]}
    lines = [row[name] for row in tables.reference["products"] if row["product_line"] == one.event["product_line"]]
    stages = {row["stage"]: row[name] for row in tables.reference["stages"]}
    territories = {row["province"]: row["territory"] for row in tables.reference["territories"]}
    form = values["event_preference", one.event["form"]]
    near = one.conditions["place"] == "same_territory"
    said = {
        "topic": one.event["topic"],
        "product": lines[0] if len(lines) == 1 else one.event["product_line"],
        "form": form.lower() if language == "en" else form,
        "place": territories.get(one.event["place"]) if near else one.event["place"],
        "activity": values.get(("activity_grade", str(one.conditions["activity"]))),
        "stage": stages.get(one.person["stage"]),
    }
    texts = [
        tables.points(part, one.conditions[part])[f"why_{language}"].replace("{value}", said[part] or "")
        for part in PARTS
        if one.points[part] > 0
    ]
    return ("；" if language == "zh" else "; ").join(texts)


def invitations(tables: Tables) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the rows of invite_list, invite_left_out and invite_event."""
    found = candidates(tables)
    seated = give_seats(tables, found)
    owner = {(row["one_id"], row["role"]): row for row in tables.owners}
    listed = []
    for event_id, guests in seated.items():
        for number, one in enumerate(guests, start=1):
            own = one.person["owner_staff"]
            tagged = {"staff_id": own, "basis": "owner"} if own else {}
            inviter = owner.get((one.person["one_id"], one.event["inviting_role"]), tagged)
            listed.append({
                "event_id": event_id, "one_id": one.person["one_id"], "person_key": one.person["person_key"],
                "invite_no": number, "score": one.score, **{f"{part}_points": one.points[part] for part in PARTS},
                "why_zh": why(tables, one, "zh"), "why_en": why(tables, one, "en"),
                "inviter_staff": inviter.get("staff_id"), "inviter_basis": inviter.get("basis"),
                "touchpoint": one.touchpoint,
            })  # fmt: skip
    counts = Counter((one.event["event_id"], one.reason) for one in found if one.reason)
    names = {row["reason"]: row for row in tables.reference["invite_reasons"]}
    left_out = [
        {
            "event_id": event_id, "reason": reason, "reason_zh": names[reason]["name_zh"],
            "reason_en": names[reason]["name_en"], "person_count": count,
        }
        for (event_id, reason), count in counts.items()
    ]  # fmt: skip
    return listed, left_out, [_event_row(event, found) for event in coming(tables)]


def _event_row(event: Row, found: list[Candidate]) -> Row:
    own = [one for one in found if one.event is event]
    counts = Counter(one.reason for one in own)
    kept_out = sum(counts[reason] for reason in ("erased", *KINDS_OF_NOBODY, "kept_out"))
    return {
        "event_id": event["event_id"], "seats": int(event["seats"]), "audience": event["audience"] or "people",
        "match_count": len(own), "kept_out_count": kept_out, "wrong_audience_count": counts["wrong_audience"],
        "too_far_count": counts["too_far"], "fitting_count": sum(one.reason not in NOT_MEANT for one in own),
        "invited_count": counts[None], **{f"{reason}_count": counts[reason] for reason in FITTING},
    }  # fmt: skip
