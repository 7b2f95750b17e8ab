"""Classes 16 to 18, and the tier of class 05: what somebody is worth, where they stand, and how we serve them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from tests.tags.choices import latest
from tests.tags.purchases import Line
from tests.tags.rules_of_companies import industry, owned_product_lines
from tests.tags.world import World

ARRIVED = ("delivered", "clicked", "replied", "answered")

# 05 relationship


def customer_tier(world: World, buyer: str) -> str | None:
    return world.band("customer_tier", net_amount(world, buyer, world.number("tier_days")))


def net_amount(world: World, buyer: str, days: int) -> Decimal:
    lines = world.lines_of_buyer.get(buyer, [])
    return sum((line.amount for line in lines if world.is_within(line.day, days)), Decimal(0))


# 16 value


def rfm_segment(world: World, buyer: str) -> str | None:
    days = world.number("rfm_days")
    ago = {world.days_ago(line.day) for line in world.purchases(buyer)}
    answers = {
        "is_recent": bool(ago) and min(ago) < world.number("rfm_recent_days"),
        "is_frequent": len({n for n in ago if n < days}) >= world.number("rfm_purchase_days"),
        "is_monetary": net_amount(world, buyer, days) >= world.number("rfm_amount"),
    }
    for row in world.reference("rfm_segments"):
        if all(row[name] == str(answer).lower() for name, answer in answers.items()):
            return str(row["rfm_segment"])
    return None


def ltv_band(world: World, buyer: str) -> str | None:
    lines = world.lines_of_buyer.get(buyer, [])
    return world.band("ltv_band", sum((line.amount * _margin(world, line) for line in lines), Decimal(0)))


def _margin(world: World, line: Line) -> Decimal:
    rate = (world.products.get(line.product_id or "") or {}).get("margin_rate")
    return Decimal(rate) if rate else Decimal(world.number("default_margin_percent")) / 100


def cross_sell_gap(world: World, one_id: str) -> dict[str, int]:
    company = world.company_of.get(one_id)
    if company is None:
        return {}
    owners = owners_by_industry(world).get(industry(world, company) or "", {})
    if len(owners) < world.number("peer_companies"):
        return {}
    bought = {world.line_of_product(line.product_id) for line in world.purchases(one_id)}
    missing = set().union(*owners.values()) - set(owned_product_lines(world, company)) - bought
    counts = {line: sum(line in owned for owned in owners.values()) for line in missing}
    percent = world.number("peer_percent")
    return {line: 100 * count // len(owners) for line, count in counts.items() if 100 * count >= percent * len(owners)}


def owners_by_industry(world: World) -> Mapping[str, Mapping[str, set[str]]]:
    """Industry -> company -> the product lines that it owns; companies without one do not count."""
    if not world.owners_by_industry:
        for company in world.companies:
            owned, known = owned_product_lines(world, company), industry(world, company)
            if owned and known:
                world.owners_by_industry[known][company] = set(owned)
    return world.owners_by_industry


def repurchase_status(world: World, one_id: str) -> str:
    ago = {world.days_ago(line.day) for line in world.purchases(one_id)}
    if not ago:
        return "none"
    if min(ago) >= world.number("lapse_days"):
        return "lapsed"
    return "repeat" if len(ago) >= 2 else "one_time"


def renewal_due(world: World, one_id: str) -> str:
    devices = world.devices.get(world.company_of[one_id], [])
    ends = [device["warranty_until"] for device in devices if device["warranty_until"]]
    days = timedelta(days=world.number("renewal_days"))
    if any(world.as_of - days <= end < world.as_of for end in ends):
        return "overdue"
    return "due" if any(world.as_of <= end < world.as_of + days for end in ends) else "none"


# 17 lifecycle


def journey_stage(world: World, one_id: str) -> str | None:
    stage = world.stages.get(one_id)
    return str(stage["stage"]) if stage else None


def stage_age_band(world: World, one_id: str) -> str | None:
    stage = world.stages.get(one_id)
    return world.band("stage_age_band", stage["days_in_stage"]) if stage else None


def lead_score_band(world: World, one_id: str) -> str | None:
    return world.band("lead_score_band", world.scores.get(one_id, Decimal(0)))


def six_touch_progress(world: World, one_id: str) -> str | None:
    return world.band("six_touch_progress", len(arrived_touches(world, one_id)))


def arrived_touches(world: World, one_id: str) -> set[tuple[str | None, str | None]]:
    """Content and medium of the touches of ours that arrived."""
    arrived = set()
    for touch in world.outbound(one_id):
        is_meeting = touch["action"] in ("visit", "meeting") and touch["outcome"] != "failed"
        if (touch["outcome"] in ARRIVED or is_meeting) and touch["medium"] != "group":
            arrived.add((touch["content_id"], touch["medium"]))
    return arrived


def churn_risk(world: World, one_id: str) -> str | None:
    days = world.number("churn_days")
    tickets = [ticket for ticket in world.tickets.get(one_id, []) if world.is_within(ticket["day"], days)]
    signs = (
        not world.inbound(one_id, world.number("churn_silent_days")),
        any(ticket["topic"] == "complaint" for ticket in tickets),
        any(ticket["csat"] is not None and ticket["csat"] <= world.number("churn_csat") for ticket in tickets),
        any(
            link["ended_by"] == "person"
            and world.is_over(link["ended_at"])
            and world.is_within(world.day(link["ended_at"]), days)
            for link in world.links.get(one_id, [])
        ),
    )
    return world.band("churn_risk", sum(signs))


# 18 service


def open_ticket(world: World, one_id: str) -> str:
    unresolved = [ticket for ticket in world.tickets[one_id] if not world.is_over(ticket["resolved_at"])]
    if any(world.days_ago(ticket["day"]) >= world.number("ticket_days") for ticket in unresolved):
        return "overdue"
    return "open" if unresolved else "none"


def service_satisfaction(world: World, one_id: str) -> str | None:
    last = latest(ticket for ticket in world.tickets[one_id] if ticket["csat"] is not None)
    return world.band("service_satisfaction", last["csat"]) if last else None


def advocacy(world: World, one_id: str) -> str:
    if one_id in world.referrers:
        return "referrer"
    last = latest(ticket for ticket in world.tickets.get(one_id, []) if ticket["nps"] is not None)
    return "promoter" if last and last["nps"] >= world.number("promoter_nps") else "none"


COMPANIES = {rule.__name__: rule for rule in (customer_tier, rfm_segment, ltv_band)}
PEOPLE = {
    **COMPANIES,
    **{
        rule.__name__: rule
        for rule in (
            cross_sell_gap, repurchase_status, renewal_due, journey_stage, stage_age_band, lead_score_band,
            six_touch_progress, churn_risk, open_ticket, service_satisfaction, advocacy,
        )
    },
}  # fmt: skip
