"""The KPIs of revenue in plain Python, figure by figure."""

from __future__ import annotations

import statistics
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.kpi.revenue_reference import Line, Revenue

Key = tuple[date, str, str | None, str]  # day, dimension, member, KPI
Figure = tuple[Any, ...]  # numerator, denominator, value if it is not their quotient


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
    for code, month, dimension, member, target in revenue.files.table(
        "targets", "kpi_code", "month", "dimension", "member", "target"
    ):
        for day in revenue.of_days(dimension):
            if f"{day:%Y-%m}" == month and code == "net_revenue":
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
