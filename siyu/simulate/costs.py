"""What is spent beside ads: booths, speakers, rewards, service, and a campaign that brings nobody."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from siyu.simulate.delivery import Delivery, csv_text
from siyu.simulate.world import STEP_DAYS, World

# A campaign that nobody came from, and that campaigns.csv does not list.
UNLISTED = "C-MAGAZINE"
# By month: campaign, step, least and most thousands, what it was for.
MONTHLY = (
    ("C-ACADEMY", "nurture", 2, 5, "讲师课酬"),
    ("C-REFERRAL", "convert", 1, 4, "推荐奖励"),
    ("C-SERVICE", "serve", 2, 6, "服务群运营"),
    (UNLISTED, "acquire", 3, 6, "杂志广告"),
    (None, "acquire", 1, 2, "品牌宣传册"),
)
Cost = tuple[int, str | None, str | None, int, str | None, str]  # day, campaign, step, amount, currency, note


def write_costs(world: World, out: Delivery) -> None:
    """Write the costs of campaigns. They have a random stream of their own, so that no other file depends on them."""
    costs = sorted(_costs(world, Random(f"{world.seed} costs")), key=lambda cost: cost[0])
    for number, (day, campaign, step, amount, currency, note) in enumerate(costs, start=1):
        row = {"cost_id": f"F{number:05d}", "day": world.dates[day], "campaign_id": campaign, "step": step,
               "amount": f"{amount}.00", "currency": currency, "note": note}  # fmt: skip
        file = out.place("ads", "costs", day, "csv")
        if file is not None:
            out.line(file, csv_text(row.values()), csv_text(row))
    out.close()


def _costs(world: World, chance: Random) -> Iterator[Cost]:
    """Yield the costs of each exhibition, live show and month. One step is left to the campaign."""
    for campaign in world.campaigns:
        first = campaign.first_day
        if campaign.entry == "exhibition":
            yield first, campaign.campaign_id, "acquire", chance.randint(15, 30) * 1000, "CNY", "展位"
            yield first, campaign.campaign_id, None, chance.randint(1, 4) * 1000, "EUR", "展台设计"
            yield first, campaign.campaign_id, "nurture", chance.randint(1, 5) * 1000, None, "礼品"
        if campaign.entry == "webinar":
            yield first, campaign.campaign_id, "nurture", chance.randint(5, 20) * 100, None, "主播费用"
    for day in range(min(9, world.days - 1), world.days, STEP_DAYS):
        for name, step, least, most, note in MONTHLY:
            yield day, name, step, chance.randint(least * 10, most * 10) * 100, None, note
