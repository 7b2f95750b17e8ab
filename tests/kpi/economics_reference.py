"""Costs, and the people and customers they were spent on, in plain Python, from the sample's files.

Costs are read from the files of ads and of outreach, staff and their touches from theirs; days are walked one by one.
Who a record belongs to, and who brought a person, is read from a build database, as in the references of revenue and of
people.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

import duckdb

from tests.golden.exported import local_day, utc
from tests.kpi.people_reference import People
from tests.kpi.revenue_reference import CENT, Line, Revenue, local

SELLERS = ("sales", "sdr", "marketing")
STEPS = ("acquire", "nurture", "convert", "serve")
WINDOWS = (90, 180, 365)
MOVING, ROI_DAYS = 30, 90
Origin = tuple[str | None, str | None]  # channel and campaign


@dataclass(frozen=True)
class Cost:
    """Money spent, with the channel of the file that says so."""

    day: date
    channel: str
    campaign: str | None
    step: str
    amount: Decimal


@dataclass(frozen=True)
class Customer:
    """Somebody who bought, by the day of the first purchase."""

    day: date
    origin: Origin
    margin: dict[int, Decimal]  # within so many days


def month_of(day: date) -> str:
    return f"{day:%Y-%m}"


class Economics:
    """What was spent, by whom people were brought, and what they brought in."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.revenue, self.people = Revenue(con), People(con)
        self.files = self.revenue.files
        self.as_of, self.outsiders = self.revenue.as_of, self.revenue.outsiders
        first = min(self.revenue.days[-1], *(cost.day for cost in self.costs))
        self.days = [first + timedelta(back) for back in range((self.as_of - first).days + 1)]

    @cached_property
    def costs(self) -> list[Cost]:
        files, found = self.files.files, []
        steps = self.files.pairs("campaigns", "campaign_id", "step")
        for export, amount in (("ads/spend", "cost"), ("ads/costs", "amount")):
            for row in files.things(export):
                day, campaign = date.fromisoformat(row["day"]), row["campaign_id"] or None
                step = row.get("step") or steps.get(campaign) or "acquire"
                found.append(Cost(day, "ads", campaign, step, files.yuan(row[amount], row["currency"], day)))
        sent: dict[tuple[date, str | None], Decimal] = defaultdict(Decimal)
        for row in files.things("outreach/sends"):
            sent[local_day(utc(row["sent_at"])), row["campaign_id"] or None] += Decimal(row["cost"])
        for (day, campaign), cost in sent.items():
            step = steps.get(campaign) or "nurture"
            found.append(Cost(day, "outreach", campaign, step, cost.quantize(CENT, ROUND_HALF_UP)))
        return [cost for cost in found if cost.day <= self.as_of]

    @cached_property
    def origins(self) -> dict[int, Origin]:
        """The channel and campaign that brought each person whom KPIs count."""
        rows = self.revenue.rows("select person_key, first_channel, source_campaign_id from identity.person")
        return {person: (channel, campaign) for person, channel, campaign in rows if person not in self.outsiders}

    @cached_property
    def channels(self) -> dict[str, str]:
        """The channel of each campaign: that of most of its people, or else that of most of its money."""
        brought: dict[str, Counter[str]] = defaultdict(Counter)
        paid: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for channel, campaign in self.origins.values():
            if campaign is not None and channel is not None:
                brought[campaign][channel] += 1
        for cost in self.costs:
            if cost.campaign is not None:
                paid[cost.campaign][cost.channel] += cost.amount
        return {
            campaign: min(by, key=lambda channel: (-by[channel], channel))
            for by_campaign in (paid, brought)
            for campaign, by in by_campaign.items()
        }

    def origin_of(self, cost: Cost) -> Origin:
        return self.channels.get(cost.campaign or "", cost.channel), cost.campaign

    @cached_property
    def steps(self) -> dict[str, set[str]]:
        """The steps of each campaign, by the list and by its money."""
        found = defaultdict(set)
        for campaign, step in self.files.table("campaigns", "campaign_id", "step"):
            found[campaign].add(step)
        for cost in self.costs:
            if cost.campaign is not None:
                found[cost.campaign].add(cost.step)
        return found

    @cached_property
    def staff_costs(self) -> dict[tuple[date, Origin], Decimal]:
        """What sellers and marketers cost, by day and by whose people they were in touch with, in cents."""
        found: dict[tuple[date, Origin], Decimal] = defaultdict(Decimal)
        for month in sorted({month_of(day) for day in self.days}):
            days = [day for day in self.days if month_of(day) == month]
            cells = self._staff_month(month, days)
            largest = max(cells, key=lambda o: (cells[o], _before(o[0]), _before(o[1])))
            total, before = sum(cells.values()), Counter[Origin]()
            for number, _ in enumerate(days, start=1):
                until = Counter({o: cents * number // len(days) for o, cents in cells.items() if o != largest})
                until[largest] = total * number // len(days) - sum(until.values())
                for origin in cells:
                    found[days[number - 1], origin] += Decimal(until[origin] - before[origin]) / 100
                before = until
        return found

    def _staff_month(self, month: str, days: list[date]) -> dict[Origin, int]:
        """The cents of a month by origin. Whoever was in touch with nobody costs, too: by (None, None)."""
        length = ((days[0].replace(day=1) + timedelta(32)).replace(day=1) - timedelta(1)).day
        cells: Counter[Origin] = Counter()
        for staff, role, monthly in self.files.table("staff", "staff_id", "role", "monthly_cost"):
            if role not in SELLERS or not monthly:
                continue
            whole = int(Decimal(monthly) * 100)
            cents = whole * days[-1].day // length - whole * (days[0].day - 1) // length
            touched = self._touched[month, staff]
            shares = {origin: cents * count // sum(touched.values()) for origin, count in touched.items()}
            largest = max(touched, key=lambda o: (touched[o], _before(o[0]), _before(o[1])), default=(None, None))
            cells.update(shares)
            cells[largest] += cents - sum(shares.values())
        return dict(cells)

    @cached_property
    def _touched(self) -> dict[tuple[str, str], Counter[Origin]]:
        found: dict[tuple[str, str], Counter[Origin]] = defaultdict(Counter)
        for *record, at, outcome, staff in self.files.rows("touch", "occurred_at, outcome, staff_id"):
            person, _ = self.revenue.owned.get((record[0], record[1]), (None, None))
            if person in self.origins and staff is not None and outcome != "failed":
                found[month_of(local(at)), staff][self.origins[person]] += 1  # type: ignore[index]
        return found

    @cached_property
    def added(self) -> list[tuple[date, Origin]]:
        """When each person could be reached for the first time."""
        starts: dict[int, date] = {}
        for link in self.people.links:
            day = local(link.start)
            starts[link.person] = min(day, starts.get(link.person, day))
        return [(day, self.origins[person]) for person, day in starts.items()]

    @cached_property
    def customers(self) -> list[Customer]:
        found = []
        for person, purchases in self.revenue.purchases.items():
            if person in self.outsiders:
                continue
            first = min(line.day for line in purchases)
            ages = [((line.day - first).days, line.margin) for line in self.revenue.lines if line.person == person]
            margin = {n: sum((m for age, m in ages if 0 <= age <= n), Decimal(0)) for n in WINDOWS}
            found.append(Customer(first, self.origins[person], margin))
        return found

    @cached_property
    def met(self) -> dict[tuple[str, str, int], set[str]]:
        """The campaigns that the buyer of each deal met before it."""
        touched = defaultdict(list)
        for *record, at, outcome, campaign in self.files.rows("touch", "occurred_at, outcome, campaign_id"):
            person, _ = self.revenue.owned.get((record[0], record[1]), (None, None))
            if campaign is not None and outcome != "failed":
                touched[person].append((at, campaign))
        found = {}
        for deal, lines in self.deals.items():
            at = min([line.at for line in lines if line.is_order] or [line.at for line in lines])
            found[deal] = {
                campaign
                for moment, campaign in touched[deal[2]]
                if moment <= at and (local(at) - local(moment)).days < ROI_DAYS
            }
        return found

    @cached_property
    def deals(self) -> dict[tuple[str, str, int], list[Line]]:
        found = defaultdict(list)
        for line in self.revenue.lines:
            if line.person is not None and line.person not in self.outsiders:
                found[*line.order, line.person].append(line)
        return found

    def members(self, origin: Origin) -> Iterator[tuple[str, str | None]]:
        channel, campaign = origin
        scenes = self.files.pairs("campaigns", "campaign_id", "scene")
        yield from (("total", None), ("channel", channel), ("campaign", campaign), ("scene", scenes.get(campaign)))


def _before(name: str | None) -> tuple[int, ...]:
    """A key that is larger for names that come first; None comes last."""
    return (0,) if name is None else (1, *(-ord(letter) for letter in name), 1)
