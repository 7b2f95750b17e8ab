"""The sample: models and plain Python give the same revenue, to the cent."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.revenue_reference import DIMENSIONS, Line, Revenue, local
from tests.kpi.revenue_rules import Figure, Key, attainment, contribution, energy, of_the_day, repurchase

pytestmark = pytest.mark.xdist_group("revenue_on_the_sample")
ROUNDING = Decimal("0.000001")


@pytest.fixture(scope="module")
def revenue(night: Ran) -> Iterator[Revenue]:
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield Revenue(con)
    con.close()


def _is_wrong(wanted: Figure, found: tuple[Any, ...]) -> bool:
    numerator, denominator, value = found
    if numerator != wanted[0] or (wanted[1] is not None and denominator != wanted[1]):
        return True
    if len(wanted) > 2:
        return bool(value != wanted[2])
    if wanted[1] is None:
        return bool(value != wanted[0])
    if wanted[1] == 0:
        return value is not None
    # Both parts are equal to the cent; only the quotient is rounded.
    return abs(value - Decimal(wanted[0]) / Decimal(wanted[1])) > ROUNDING


@pytest.mark.parametrize("rule", [of_the_day, repurchase, contribution, attainment, energy])
def test_every_figure(revenue: Revenue, rule: Callable[[Revenue], dict[Key, Figure]]) -> None:
    wanted = {key: figure for key, figure in rule(revenue).items() if key[0] in revenue.of_days(key[1], key[3])}
    codes = "', '".join(sorted({key[3] for key in wanted}))
    dimensions = "', '".join(sorted({key[1] for key in wanted}))
    found = {
        row[:4]: row[4:]
        for row in revenue.rows(
            "select as_of_date, dimension, member, kpi_code, numerator, denominator, value from kpi.kpi_value"
            f" where kpi_code in ('{codes}') and dimension in ('{dimensions}')"
        )
    }
    wrong = {key: (figure, found.get(key)) for key, figure in wanted.items()
             if key not in found or _is_wrong(figure, found[key])}  # fmt: skip
    assert wrong == {}
    surplus = {key: figure for key, figure in found.items() if key not in wanted and figure[0]}
    assert surplus == {}
    if rule is of_the_day:
        assert set(DIMENSIONS) == {key[1] for key in wanted}


def _months(lines: list[Line]) -> dict[str, list[Line]]:
    found = defaultdict(list)
    for line in lines:
        found[f"{line.day:%Y-%m}"].append(line)
    return found


def test_the_bridge_by_the_formula_of_the_paper(revenue: Revenue) -> None:
    """Ang (2005): the change by a factor is the logarithmic mean times the logarithm of its ratio."""
    states = {}
    for month, lines in _months(revenue.lines).items():
        orders = [line for line in lines if line.is_order and line.buyer]
        states[month] = (
            len({line.buyer for line in orders}),
            len({line.order for line in orders}),
            sum(line.amount for line in orders),
            sum(line.amount for line in lines if not line.is_order),
        )
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for month, driver, amount in revenue.rows(
        "select month, driver, amount from kpi.revenue_bridge where dimension = 'total' and basis = 'previous'"
    ):
        found[month][driver] = amount
    months = sorted(states)
    assert list(months[1:]) == sorted(found)
    for before, month in pairwise(months):
        (b0, o0, g0, r0), (b1, o1, g1, r1) = states[before], states[month]
        mean = float(g1 - g0) / math.log(g1 / g0)
        wanted = (mean * math.log(b1 / b0), mean * math.log(o1 / b1 / (o0 / b0)), mean * math.log(g1 * o0 / (g0 * o1)))
        for driver, amount in zip(("buyers", "orders_per_buyer", "order_value"), wanted, strict=True):
            assert float(found[month][driver]) == pytest.approx(amount, abs=0.02), (month, driver)
        assert (found[month]["refunds"], found[month]["unknown"]) == (r1 - r0, 0)
        assert sum(found[month].values()) == g1 + r1 - g0 - r0


def test_the_energy_formula(revenue: Revenue) -> None:
    rows = revenue.rows(
        "select month, line, guide_customers, people_count, buyer_count, reach_rate, scene_conversion_rate,"
        " revenue_per_buyer, net_amount from kpi.energy_formula"
    )
    found = {row[:2]: row[2:] for row in rows}
    months = _months(revenue.lines)
    for month, lines in months.items():
        days = [day for day in revenue.days if f"{day:%Y-%m}" == month]
        guides = set().union(*(revenue.guides[day] for day in days))
        reached = {person for person in guides if set(days) & revenue.messages.get(person, set())}
        for name, group in (("reached", reached), ("not_reached", guides - reached)):
            own = [line for line in lines if line.person in group]
            buyers = {line.buyer for line in own if line.is_order}
            assert found[month, name][1:3] == (len(group), len(buyers)), (month, name)
            assert found[month, name][-1] == sum(line.amount for line in own), (month, name)
        rest = [line for line in lines if line.person not in guides]
        assert found[month, "no_guide"][2] == len({line.buyer for line in rest if line.is_order} - {None})
        assert found[month, "no_guide"][-1] == sum(line.amount for line in rest)
        guide_customers, _, _, *factors, net = found[month, "reached"]
        assert guide_customers == len(guides)
        assert math.prod(map(float, (guide_customers, *factors))) == pytest.approx(float(net), rel=1e-4)
    assert len(rows) == 3 * len(months)


def test_customers_and_cohorts(revenue: Revenue) -> None:
    lines_of = defaultdict(list)
    for line in revenue.lines:
        if line.person is not None and line.person not in revenue.outsiders:
            lines_of[line.person].append(line)
    customers = {}
    for person, lines in lines_of.items():
        days = defaultdict(Decimal)
        for line in lines:
            if line.is_order:
                days[line.day] += line.amount
        first, *later = sorted(days)
        mean = sum((days[day] for day in later), Decimal(0)) / len(later) if later else None
        customers[person] = (
            len(later), (max(days) - first) / timedelta(7), (revenue.as_of - first) / timedelta(7), mean,
            sum(line.amount for line in lines), sum(line.margin for line in lines),
        )  # fmt: skip
    found = {
        row[0]: row[1:]
        for row in revenue.rows(
            "select p.person_key, s.frequency, s.recency, s.t, s.monetary_amount, s.revenue_amount, s.margin_amount"
            " from kpi.customer_summary as s join identity.person as p using (one_id)"
        )
    }
    assert found.keys() == customers.keys()
    for person, wanted in customers.items():
        for value, one in zip(found[person], wanted, strict=True):
            assert (value is None) == (one is None), person
            assert value is None or float(value) == pytest.approx(float(one), abs=0.006), person
    _check_cohorts(revenue, lines_of)


def _check_cohorts(revenue: Revenue, lines_of: dict[int, list[Line]]) -> None:
    begun = {
        person: f"{local(at):%Y-%m}"
        for person, at in revenue.rows("select person_key, first_seen_at from identity.person")
        if person not in revenue.outsiders
    }
    active = defaultdict(set)
    for person, at, direction, *_ in revenue.touches:
        if direction == "inbound" and person in begun:
            active[begun[person], f"{local(at):%Y-%m}"].add(person)
    spent: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for person, lines in lines_of.items():
        for line in lines:
            spent[begun[person], f"{line.day:%Y-%m}"].append(line)
    rows = revenue.rows(
        "select cohort_month, month, people_count, active_count, buyer_count, order_count, revenue_amount,"
        " margin_amount, ltv_per_person from kpi.cohort_value order by cohort_month, months_since"
    )
    margin: dict[str, Decimal] = defaultdict(Decimal)
    for cohort, month, people, active_count, buyers, orders, amount, earned, ltv in rows:
        bought = [line for line in spent[cohort, month] if line.is_order]
        assert people == sum(one == cohort for one in begun.values())
        assert active_count == len(active[cohort, month])
        assert (buyers, orders) == (len({line.person for line in bought}), len({line.order for line in bought}))
        assert (amount, earned) == tuple(
            sum(getattr(line, name) for line in spent[cohort, month]) for name in ("amount", "margin")
        )
        margin[cohort] += earned
        assert float(ltv) == pytest.approx(float(margin[cohort]) / people, abs=1e-5)
    assert sum(row[6] for row in rows) == sum(line.amount for lines in lines_of.values() for line in lines)
