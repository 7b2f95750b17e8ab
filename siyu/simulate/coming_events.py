"""The coming events that a company plans: live shows, salons, a customers' day, a partner conference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from siyu.simulate.names import REGIONS
from siyu.simulate.world import World

HEADER = "event_id,event_date,form,place,topic,product_line,seats,inviting_role,audience,campaign_id,name_zh,name_en"
FEWEST_SEATS, MOST_SEATS = 2, 100_000  # no event of a rule table has more seats


@dataclass(frozen=True)
class _Plan:
    """An event, `days` days after the last day of the world. `seats` are a share of all people."""

    name: str
    days: int
    form: str
    topic: str | None
    product: str | None
    seats: float
    role: str
    audience: str | None
    name_zh: str
    name_en: str


PLANS = (
    _Plan("SALON-1", -4, "offline", "compliance", "P-SERVO", 0.1, "sales", "people", "沙龙", "Salon"),
    _Plan("LIVE-A", 6, "online", "quality", "P-ROBOT", 0.5, "sdr", None, "直播", "Webinar"),
    _Plan("LIVE-B", 9, "online", "price", "P-SERVO", 0.5, "sdr", "people", "加场直播", "Webinar, second session"),
    _Plan("SALON-2", 13, "offline", "delivery", "P-SENSOR", 0.008, "sales", "prospects", "沙龙", "Salon"),
    _Plan("CUSTOMERS", 20, "offline", "service", "P-VISION", 0.05, "sales", "customers", "客户日", "Customers' day"),
    _Plan(
        "PARTNERS", 27, "online", "application", "P-PLC", 0.05, "sales", "partners", "伙伴大会", "Partner conference"
    ),
    _Plan("OPEN-DAY", 34, "offline", None, "P-ROBOT", 0.1, "sdr", "people", "开放日", "Open day"),
)


def coming_events(
    world: World, topics: Mapping[str, str], products: Mapping[str, tuple[str, str]]
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of events.csv. `topics` and `products` are names.

    The second session of a live show has the campaign of the last one: who registered there has seen it.
    """
    chance = Random(f"{world.seed} events")
    shows = [campaign.campaign_id for campaign in world.campaigns if campaign.entry == "webinar"]
    for plan in PLANS:
        zh, en = products[plan.product] if plan.product else ("", "")
        yield (
            f"E-{plan.name}",
            (world.last_day + timedelta(days=plan.days)).isoformat(),
            plan.form,
            chance.choice(REGIONS)[0] if plan.form == "offline" else None,
            plan.topic,
            plan.product[2:].title() if plan.product else None,
            min(max(round(world.people * plan.seats), FEWEST_SEATS), MOST_SEATS),
            plan.role,
            plan.audience,
            shows[-1] if plan.name == "LIVE-B" and shows else None,
            f"{zh}{topics[plan.topic] if plan.topic else ''}{plan.name_zh}",
            f"{plan.name_en}: {', '.join(filter(None, (en, plan.topic)))}",
        )
