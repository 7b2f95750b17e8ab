"""The KPIs of economics in plain Python, figure by figure."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.kpi.economics_reference import MOVING, STEPS, WINDOWS, Economics
from tests.kpi.revenue_reference import local
from tests.kpi.revenue_rules import Figure, Key

Cell = tuple[str, str | None]


def acquisition(economics: Economics) -> dict[Key, Figure]:
    """What costs and people of the last days come to."""
    sums: dict[Cell, dict[date, dict[str, Any]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(Decimal)))
    for cost in economics.costs:
        for cell in economics.members(economics.origin_of(cost)):
            sums[cell][cost.day]["acquire"] += cost.amount if cost.step == "acquire" else 0
            sums[cell][cost.day]["paid"] += cost.amount if cost.step != "serve" else 0
    for (day, origin), amount in economics.staff_costs.items():
        for cell in economics.members(origin):
            sums[cell][day]["paid"] += amount
    for day, origin in economics.added:
        for cell in economics.members(origin):
            sums[cell][day]["added"] += 1
    for customer in economics.customers:
        for cell in economics.members(customer.origin):
            sums[cell][customer.day]["customers"] += 1
            for window in WINDOWS:
                sums[cell][customer.day][f"margin_{window}"] += customer.margin[window]
    found: dict[Key, Figure] = {}
    for cell, of_days in sums.items():
        for day in economics.days:
            window = [day - timedelta(back) for back in range(MOVING)]
            one = defaultdict(Decimal)
            for name, value in ((n, v) for at in window for n, v in of_days.get(at, {}).items()):
                one[name] += value
            found |= {(day, *cell, code): figure for code, figure in _of_window(one).items()}
    return found


def _of_window(one: dict[str, Decimal]) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    if one["added"]:
        found["cost_per_add"] = (one["acquire"], one["added"])
    if one["customers"]:
        found["cac"] = (one["paid"], one["customers"])
        if one["paid"]:
            found["ltv_cac"] = (one["margin_365"], one["paid"])
        if one["margin_180"] > 0:
            a_month = one["margin_180"] / 180 * 365 / 12
            found["payback_months"] = (one["paid"], one["margin_180"], one["paid"] / a_month)
    return found


def lifetime(economics: Economics) -> dict[Key, Figure]:
    cells = defaultdict(list)
    for customer in economics.customers:
        for cell in economics.members(customer.origin):
            cells[customer.day, *cell].append(customer)
    return {
        (*cell, f"ltv_{window}"): (sum(one.margin[window] for one in cohort), len(cohort))
        for cell, cohort in cells.items()
        for window in WINDOWS
    }


def step_roi(economics: Economics) -> dict[Key, Figure]:
    found: dict[Key, Figure] = {}
    for step in (*STEPS, None):
        cell: Cell = ("total", None) if step is None else ("spend_step", step)
        lines = [
            line
            for deal, lines in economics.deals.items()
            for line in lines
            if any(step is None or step in economics.steps[campaign] for campaign in economics.met[deal]
                   if economics.steps[campaign])
        ]  # fmt: skip
        spent = [cost for cost in economics.costs if step in (None, cost.step)]
        for day in economics.days:
            first = day - timedelta(MOVING - 1)
            spend = sum((cost.amount for cost in spent if first <= cost.day <= day), Decimal(0))
            if spend:
                margin = sum((line.margin for line in lines if first <= line.day <= day), Decimal(0))
                found[day, *cell, "step_roi"] = (margin - spend, spend)
    return found


def private_conversion(economics: Economics) -> dict[Key, Figure]:
    bought = {p: min(line.day for line in lines) for p, lines in economics.revenue.purchases.items()}
    domains = economics.files.pairs("campaigns", "campaign_id", "domain")
    people = []
    for person, seen in economics.revenue.rows("select person_key, first_seen_at from identity.person"):
        if person in economics.origins:
            channel, campaign = economics.origins[person]
            came = min(local(seen), bought.get(person, date.max))
            is_customer = person in bought and (bought[person] - came).days <= 180
            people.append((came, domains.get(campaign) or economics.files.domains[channel or ""], is_customer))
    found: dict[Key, Figure] = {}
    for day in economics.days:
        recent = [one for one in people if 0 <= (day - one[0]).days < MOVING]
        shares = {}
        for domain in ("private", "public"):
            of_domain = [is_customer for _, where, is_customer in recent if where == domain]
            shares[domain] = (sum(of_domain), len(of_domain))
        (private, all_private), (public, all_public) = shares["private"], shares["public"]
        if all_private and public:
            value = (Decimal(private) / all_private) / (Decimal(public) / all_public)
            found[day, "total", None, "private_vs_public_conversion"] = (
                private * all_public, public * all_private, value,
            )  # fmt: skip
    return found
