"""Revenue, its KPIs and its statements in plain Python: from the deals, touches and links of a build database.

Deals are judged one by one, windows are walked day by day; nothing of the models' way is used.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

import duckdb

Key = tuple[date, str, str | None, str]  # day, dimension, member, KPI
Figure = tuple[Any, ...]  # numerator, denominator, value if it is not their quotient
CENT = Decimal("0.01")
OWN = ("channel", "campaign", "scene", "staff", "team", "product_line")
DIMENSIONS = ("total", *OWN, "segment", "industry")
MESSAGES = ("delivered", "clicked", "replied")


def local(moment: datetime) -> date:
    return (moment + timedelta(hours=8)).date()


@dataclass(frozen=True)
class Line:
    """A line of revenue."""

    day: date
    at: datetime
    record: tuple[str, str]
    order: tuple[str, str]
    is_order: bool
    amount: Decimal
    margin: Decimal
    items: int | None
    person: int | None
    account: int | None
    is_private: bool
    members: dict[str, str | None] = field(hash=False)

    @property
    def buyer(self) -> tuple[str, int] | None:
        if self.person is not None:
            return "person", self.person
        return None if self.account is None else ("account", self.account)


class Revenue:
    """What was earned, by whom, and who was reached before."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self.as_of: date = self.rows("select fn_as_of()")[0][0]
        self.days = [row[0] for row in self.rows("select business_date from kpi.business_day order by 1 desc")]
        outside = "select person_key from journey.person_exclusion where kind in ('staff', 'competitor', 'bot')"
        self.outsiders = {row[0] for row in self.rows(outside)}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._con.execute(query).fetchall()

    def of_days(self, dimension: str, code: str = "") -> list[date]:
        """The days that a dimension is kept for; of a cohort, by the day on which its window is over."""
        window = int(self._windows.get(code) or 0)
        return self.days[: (400 if dimension in ("total", "channel") else 62) + window]

    @cached_property
    def _windows(self) -> dict[str, str | None]:
        return dict(self.rows("select kpi_code, window_days from reference.kpis"))

    @cached_property
    def lines(self) -> list[Line]:
        columns = "channel record_id deal_id kind status occurred_at closed_at amount product_id item_count campaign_id"
        names = [*columns.split(), "staff_id", "opportunity_id"]
        deals = [
            dict(zip([*names, "person", "account"], row, strict=True))
            for row in self.rows(
                f"select d.{', d.'.join(names)}, p.person_key, p.account_key from records.deal as d"
                " left join identity.record_person as p using (channel, record_id)"
            )
        ]
        orders = defaultdict(list)
        for deal in deals:
            if deal["kind"] == "order":
                orders[deal["channel"], deal["deal_id"]].append(deal["status"])
        refunded = {(d["channel"], d["deal_id"]) for d in deals if d["kind"] == "refund"}
        fulfilled = {d["opportunity_id"] for d in deals if d["kind"] == "order" and d["status"] != "cancelled"}
        found = []
        for deal in deals:
            key = (deal["channel"], deal["deal_id"])
            counts = {
                "order": deal["status"] != "cancelled" and (deal["status"] != "refunded" or key in refunded),
                "refund": not orders[key] or set(orders[key]) != {"cancelled"},
                "opportunity": deal["status"] == "won" and deal["deal_id"] not in fulfilled,
            }
            moment = deal["closed_at"] if deal["kind"] == "opportunity" else deal["occurred_at"]
            if counts[deal["kind"]] and local(moment) <= self.as_of:
                found.append(self._line(deal, moment))
        return found

    def _line(self, deal: dict[str, Any], moment: datetime) -> Line:
        product, rate = self._products.get(deal["product_id"], (None, None))
        domain, scene = self._campaigns.get(deal["campaign_id"], (None, None))
        amount = deal["amount"] or Decimal(0)
        return Line(
            day=local(moment), at=moment, record=(deal["channel"], deal["record_id"]),
            order=(deal["channel"], deal["deal_id"]), is_order=deal["kind"] != "refund", amount=amount,
            margin=(amount * Decimal(rate or "0.30")).quantize(CENT, ROUND_HALF_UP),
            items=deal["item_count"] if deal["kind"] != "refund" else None,
            person=deal["person"], account=deal["account"],
            is_private=(domain or self._domains.get(deal["channel"])) == "private",
            members={
                "channel": deal["channel"], "campaign": deal["campaign_id"], "scene": scene,
                "staff": deal["staff_id"], "team": self.teams.get(deal["staff_id"]), "product_line": product,
            },
        )  # fmt: skip

    @cached_property
    def _products(self) -> dict[str, tuple[str, str]]:
        return {
            row[0]: row[1:] for row in self.rows("select product_id, product_line, margin_rate from reference.products")
        }

    @cached_property
    def _campaigns(self) -> dict[str, tuple[str, str]]:
        return {row[0]: row[1:] for row in self.rows("select campaign_id, domain, scene from reference.campaigns")}

    @cached_property
    def _domains(self) -> dict[str, str]:
        return dict(self.rows("select channel, domain from kpi.dim_channel"))

    @cached_property
    def teams(self) -> dict[str, str]:
        return dict(self.rows("select staff_id, team from reference.staff"))

    @cached_property
    def segments(self) -> dict[int, list[str]]:
        found = defaultdict(list)
        for person, segment in self.rows("select person_key, segment from audience.segment_member"):
            found[person].append(segment)
        return found

    @cached_property
    def industries(self) -> dict[int, str]:
        tags = "select account_id, tag_value from tags.account_tag where tag_code = 'industry'"
        return dict(
            self.rows(
                f"select a.account_key, t.tag_value from ({tags}) as t join identity.account as a using (account_id)"
            )
        )

    def members(self, line: Line) -> Iterator[tuple[str, str | None]]:
        yield "total", None
        yield from line.members.items()
        yield from (("segment", segment) for segment in self.segments.get(line.person or -1) or [None])
        yield "industry", self.industries.get(line.account or -1)

    @cached_property
    def purchases(self) -> dict[int, list[Line]]:
        """The purchases of each person, in order."""
        found = defaultdict(list)
        for line in sorted(self.lines, key=lambda one: (one.at, one.record)):
            if line.is_order and line.person is not None:
                found[line.person].append(line)
        return found

    @cached_property
    def guides(self) -> dict[date, set[int]]:
        """The guide customers at the end of each day: whom a member of staff reaches, until they ask to be erased."""
        links = self.rows(
            "select p.person_key, l.started_at, least(l.ended_at, e.erased_at) from records.link as l"
            " join identity.record_person as p using (channel, record_id) left join"
            " (select i.person_key, min(d.decided_at) as erased_at from identity.human_decision as d"
            " join identity.one_id as i on d.left_type = i.id_type and d.left_value = i.id_value"
            " where d.decision = 'erase' and d.is_latest group by i.person_key) as e using (person_key)"
            " where l.staff_id is not null and p.person_key is not null"
        )
        found = defaultdict(set)
        for person, started, ended in links:
            day, last = local(started), self.as_of + timedelta(1)
            if ended is not None:
                last = min(last, local(ended))
            while day < last and person not in self.outsiders:
                found[day].add(person)
                day += timedelta(1)
        return found

    @cached_property
    def touches(self) -> list[tuple[Any, ...]]:
        """Touches of known people: person, moment, direction, whether it is a message that arrived, scene, order."""
        return [
            (person, at, direction, direction == "outbound" and staff is not None and outcome in MESSAGES,
             scene or self._campaigns.get(campaign, (None, None))[1], record)
            for person, at, direction, outcome, staff, scene, campaign, *record in self.rows(
                "select p.person_key, t.occurred_at, t.direction, t.outcome, t.staff_id, t.scene, t.campaign_id,"
                " t.channel, t.record_id from records.touch as t join identity.record_person as p"
                " using (channel, record_id) where p.person_key is not null"
            )
        ]  # fmt: skip

    @cached_property
    def messages(self) -> dict[int, set[date]]:
        found = defaultdict(set)
        for person, at, _, is_message, *_ in self.touches:
            if is_message:
                found[person].add(local(at))
        return found

    def scene_before(self, person: int, day: date) -> str | None:
        """The scene of the last touch with a scene before the last purchase of a day."""
        moment = max(line.at for line in self.purchases[person] if line.day == day)
        named = [one for one in self.touches if one[0] == person and one[1] <= moment and one[4]]
        if not named:
            return None
        last = max(one[1] for one in named)
        return str(min((one for one in named if one[1] == last), key=lambda one: one[5])[4])


def of_the_day(revenue: Revenue) -> dict[Key, Figure]:
    """The KPIs of the deals of a day."""
    cells = defaultdict(list)
    for line in revenue.lines:
        for dimension, member in revenue.members(line):
            cells[line.day, dimension, member].append(line)
    found: dict[Key, Figure] = {}
    for (day, dimension, member), lines in cells.items():
        for code, figure in _sums(revenue, lines, day).items():
            found[day, dimension, member, code] = figure
    return found


def _sums(revenue: Revenue, lines: list[Line], day: date) -> dict[str, Figure]:
    orders = [one for one in lines if one.is_order]
    gmv, net = (sum((one.amount for one in some), Decimal(0)) for some in (orders, lines))
    unknown = sum((one.amount for one in lines if one.buyer is None), Decimal(0))
    people = {one.person for one in orders} - {None}
    buyers = {one.buyer for one in orders} - {None}
    counted = [one for one in orders if one.items is not None]
    found: dict[str, Figure] = {
        "gmv": (gmv, None), "refunds": (gmv - net, None), "net_revenue": (net, None),
        "margin": (sum(one.margin for one in lines), None), "buyers": (len(people), None),
        "new_buyers": (sum(revenue.purchases[p][0].day == day for p in people if p is not None), None),
        "buyer_accounts": (len({one.account for one in orders} - {None}), None),
        "orders": (len({one.order for one in orders}), None),
        "revenue_per_buyer": (net - unknown, len(buyers)),
        "order_value": (gmv, len({one.order for one in orders})),
        "orders_per_buyer": (len({one.order for one in orders if one.buyer}), len(buyers)),
        "private_revenue_share": (sum(one.amount for one in lines if one.is_private), net),
        "unknown_revenue": (unknown, None), "unknown_revenue_share": (unknown, net),
    }  # fmt: skip
    if counted:
        items = [one.items or 0 for one in counted]
        found["items_per_order"] = (sum(items), len({one.order for one in counted}))
        known = [one for one in counted if one.buyer]
        found["items_per_buyer"] = (sum(one.items or 0 for one in known), len({one.buyer for one in known}))
    return found


def repurchase(revenue: Revenue) -> dict[Key, Figure]:
    begun, again = defaultdict(list), defaultdict(list)
    for person, lines in revenue.purchases.items():
        if person in revenue.outsiders:
            continue
        days = sorted({one.day for one in lines})
        gap = (days[1] - days[0]).days if len(days) > 1 else None
        for dimension, member in revenue.members(lines[0]):
            begun[days[0], dimension, member].append(gap)
            if gap is not None:
                again[days[1], dimension, member].append(gap)
    found: dict[Key, Figure] = {
        (*cell, "repurchase_days"): (sum(gaps), len(gaps), statistics.median(gaps)) for cell, gaps in again.items()
    }
    for cell, all_gaps in begun.items():
        for days_ in (90, 180, 365):
            within = sum(gap is not None and gap <= days_ for gap in all_gaps)
            found[(*cell, f"repurchase_rate_{days_}")] = (within, len(all_gaps))
    return found


def contribution(revenue: Revenue) -> dict[Key, Figure]:
    cells = defaultdict(list)
    for line in revenue.lines:
        if line.buyer:
            for dimension, member in revenue.members(line):
                cells[dimension, member].append(line)
    found: dict[Key, Figure] = {}
    for (dimension, member), lines in cells.items():
        for day in revenue.of_days(dimension):
            window = [one for one in lines if day - timedelta(365) < one.day <= day]
            customers = {one.buyer for one in window if one.is_order}
            if customers:
                margin = sum(one.margin for one in window)
                found[day, dimension, member, "contribution_per_customer"] = (margin, len(customers))
    return found


def attainment(revenue: Revenue) -> dict[Key, Figure]:
    found: dict[Key, Figure] = {}
    targets = "select month, dimension, member, target from reference.targets where kpi_code = 'net_revenue'"
    for month, dimension, member, target in revenue.rows(targets):
        for day in revenue.of_days(dimension):
            if f"{day:%Y-%m}" == month:
                so_far = sum(
                    one.amount
                    for one in revenue.lines
                    if f"{one.day:%Y-%m}" == month and one.day <= day and (dimension, member) in revenue.members(one)
                )
                found[day, dimension, member, "target_attainment"] = (so_far, Decimal(target))
    return found


def energy(revenue: Revenue) -> dict[Key, Figure]:
    """Reach and conversion of the guide customers of each day; dimensions of people are left out but their team's."""
    owners = dict(
        revenue.rows(
            "select p.person_key, t.owner_staff from tags.person_profile as t join identity.person as p using (one_id)"
            " where t.owner_staff is not null"
        )
    )
    found: dict[Key, Figure] = {}
    for day in revenue.days:
        window = {day - timedelta(back) for back in range(30)}
        cells: dict[tuple[str, str | None], list[int]] = defaultdict(lambda: [0, 0, 0])
        scenes: dict[str | None, int] = defaultdict(int)
        for person in revenue.guides[day]:
            is_reached = bool(window & revenue.messages.get(person, set()))
            bought = window & {one.day for one in revenue.purchases.get(person, [])} if is_reached else set()
            cells_of = [
                ("total", None),
                ("staff", owners.get(person)),
                ("team", revenue.teams.get(owners.get(person, ""))),
            ]
            for cell in cells_of:
                cells[cell] = [a + b for a, b in zip(cells[cell], (1, int(is_reached), int(bool(bought))), strict=True)]
            if bought and day in revenue.of_days("scene"):
                scenes[revenue.scene_before(person, max(bought))] += 1
        for cell, (guides, reached, buyers) in cells.items():
            if day in revenue.of_days(cell[0]):
                found[(day, *cell, "reach_rate")] = (reached, guides)
                if reached:
                    found[(day, *cell, "scene_conversion_rate")] = (buyers, reached)
        for scene, buyers in scenes.items():
            found[day, "scene", scene, "scene_conversion_rate"] = (buyers, cells["total", None][1])
    return found
