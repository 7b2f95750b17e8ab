"""Classes 01 to 06: what is known of a person, where they come from, and how we reach them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.tags.choices import earliest, first_match, latest, province_of
from tests.tags.world import Row, World

# 01 contact_file


def real_name_status(world: World, one_id: str) -> str:
    person = world.people[one_id]
    if not person["full_name"]:
        return "none"
    channels = {c["channel"] for c in world.contacts.get(one_id, []) if c["full_name"] == person["full_name"]}
    best = {
        row["channel"]
        for row in world.reference("source_priority")
        if row["attribute"] == "full_name" and int(row["priority"]) == 1
    }
    enough = len(channels) >= world.number("verified_name_channels")
    return "verified" if enough or person["full_name_channel"] in best else "claimed"


def mobile_status(world: World, one_id: str) -> str:
    mobile = world.people[one_id]["mobile"]
    if not mobile:
        return "none"
    theirs = [contact for contact in world.contacts.get(one_id, []) if contact["mobile"] == mobile]
    is_own = any(contact["mobile_source"] != "staff_remark" for contact in theirs)
    return "verified" if is_own else "unverified"


def email_kind(world: World, one_id: str) -> str:
    email = world.people[one_id]["email"]
    if not email:
        return "none"
    free = {row["email_domain"] for row in world.reference("free_mail_domains")}
    return "free" if email.rpartition("@")[2] in free else "corporate"


# 02 job_role


def job_function(world: World, one_id: str) -> str | None:
    title = world.people[one_id]["title"]
    return first_match(world.reference("job_functions"), "function_order", "job_function", title)


def seniority(world: World, one_id: str) -> str | None:
    return first_match(world.reference("seniorities"), "seniority_order", "seniority", world.people[one_id]["title"])


def buying_role(world: World, one_id: str) -> str | None:
    return first_match(world.reference("buying_roles"), "role_order", "buying_role", world.people[one_id]["title"])


# 03 region


def province(world: World, one_id: str) -> str | None:
    own = province_of(world, world.people[one_id]["province"])
    company = world.companies.get(world.company_of.get(one_id, ""), {})
    return own or province_of(world, company.get("province"))


def sales_territory(world: World, one_id: str) -> str | None:
    territories = {row["province"]: row["territory"] for row in world.reference("territories")}
    return territories.get(province(world, one_id) or "")


# 04 acquisition


def first_channel(world: World, one_id: str) -> str | None:
    return world.people[one_id]["first_channel"]  # type: ignore[no-any-return]


def first_campaign(world: World, one_id: str) -> str | None:
    contacts = [{**c, "campaign_id": c["source_campaign_id"]} for c in world.contacts.get(one_id, [])]
    named = [row for row in contacts + world.inbound(one_id) if row["campaign_id"] in world.campaigns]
    first = earliest(named)
    return str(first["campaign_id"]) if first else None


def first_domain(world: World, one_id: str) -> str | None:
    records = world.contacts.get(one_id, []) + world.links.get(one_id, [])
    campaign = world.campaigns.get(first_campaign(world, one_id) or "")
    if any(row["referrer_value"] is not None for row in records) or (campaign and campaign["scene"] == "referral"):
        return "referral"
    if campaign and campaign["domain"]:
        return str(campaign["domain"])
    return world.settings.domains.get(first_channel(world, one_id) or "")


def add_way(world: World, one_id: str) -> str | None:
    first = earliest(c for c in world.contacts.get(one_id, []) if c["channel"] == "wecom" and c["add_way"])
    if first is None:
        return None
    # The staging model of WeCom already gives the name of a code.
    names = {word: row["name"] for row in world.reference("wecom_add_ways") for word in (row["add_way"], row["name"])}
    return str(names.get(first["add_way"], "unknown"))


# 05 relationship


def relationship_type(world: World, one_id: str) -> str:
    kind = world.exclusions.get(one_id)
    if kind in ("staff", "bot", "competitor", "partner"):
        return kind
    if one_id in world.scopes["buyers"]:
        return "customer"
    return "learner" if kind == "learner" else "prospect"


def owner_staff(world: World, one_id: str) -> str | None:
    open_ = _ours(world, world.opportunities.get(one_id, []), "staff_id")
    if open_:
        last = max(deal["occurred_at"] for deal in open_)
        first = min((d for d in open_ if d["occurred_at"] == last), key=lambda d: (d["channel"], d["deal_id"]))
        return str(first["staff_id"])
    held = _ours(world, [x for x in world.open_links(one_id) if x["touchpoint"] == "wecom"], "holder_id")
    if held:
        last = max(link["started_at"] for link in held)
        return min(str(link["holder_id"]) for link in held if link["started_at"] == last)
    talks = _ours(world, [t for t in world.touches.get(one_id, []) if is_two_way(t)], "staff_id")
    if talks:
        last = max(touch["at"] for touch in talks)
        first = min((t for t in talks if t["at"] == last), key=lambda t: (t["channel"], t["record_id"]))
        return str(first["staff_id"])
    return None


def _ours(world: World, rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    return [row for row in rows if row[column] in world.staff]


def is_two_way(touch: Row) -> bool:
    is_meeting = touch["action"] in ("visit", "meeting") and touch["outcome"] != "failed"
    return touch["outcome"] in ("answered", "replied") or is_meeting


# 06 reachability


def reachable_touchpoints(world: World, one_id: str) -> set[str]:
    known = {row["touchpoint"] for row in world.reference("touchpoints")}
    found = {link["touchpoint"] for link in world.open_links(one_id)} & known
    person = world.people[one_id]
    return found | {name for name in ("mobile", "email") if person[name]} & known


def best_touchpoint(world: World, one_id: str) -> str | None:
    media = {row["medium"]: row["touchpoint"] for row in world.reference("touchpoint_media")}
    touches = world.inbound(one_id, world.number("interest_days"))
    counts = Counter(media.get(touch["medium"]) for touch in touches)
    order = {row["touchpoint"]: int(row["touchpoint_order"]) for row in world.reference("touchpoints")}
    ways = reachable_touchpoints(world, one_id)
    return min(ways, key=lambda way: (-counts[way], order[way]), default=None)


def consent_status(world: World, one_id: str) -> str:
    last = latest(c for c in world.contacts.get(one_id, []) if c["consent"] in ("yes", "no"))
    if last is None:
        return "unknown"
    return "granted" if last["consent"] == "yes" else "refused"


def touch_fatigue(world: World, one_id: str) -> str | None:
    days = world.number("fatigue_days")
    ours = [t for t in world.outbound(one_id) if world.is_within(t["day"], days) and t["outcome"] != "failed"]
    return world.band("touch_fatigue", len(ours))


PEOPLE = {
    rule.__name__: rule
    for rule in (
        real_name_status, mobile_status, email_kind, job_function, seniority, buying_role, province, sales_territory,
        first_channel, first_campaign, first_domain, add_way, relationship_type, owner_staff, reachable_touchpoints,
        best_touchpoint, consent_status, touch_fatigue,
    )
}  # fmt: skip
