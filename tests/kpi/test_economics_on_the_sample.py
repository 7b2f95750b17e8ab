"""The sample: models and plain Python give the same costs and returns, to the cent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.economics_reference import STEPS, WINDOWS, Economics, Origin, month_of
from tests.kpi.economics_rules import acquisition, lifetime, private_conversion, step_roi
from tests.kpi.revenue_rules import Figure, Key

pytestmark = pytest.mark.xdist_group("economics_on_the_sample")
ROUNDING = Decimal("0.000001")
Row = dict[str, Any]


@pytest.fixture(scope="module")
def economics(night: Ran) -> Iterator[Economics]:
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield Economics(con)
    con.close()


def _is_wrong(wanted: Figure, found: tuple[Any, ...]) -> bool:
    numerator, denominator, value = found
    expected = wanted[2] if len(wanted) > 2 else Decimal(wanted[0]) / Decimal(wanted[1])
    return (numerator, denominator) != tuple(wanted[:2]) or abs(value - expected) > ROUNDING


@pytest.mark.parametrize("rule", [acquisition, lifetime, step_roi, private_conversion])
def test_every_figure(economics: Economics, rule: Callable[[Economics], dict[Key, Figure]]) -> None:
    kept = {(key[1], key[3]): set(economics.revenue.of_days(key[1], key[3])) for key in rule(economics)}
    wanted = {key: figure for key, figure in rule(economics).items() if key[0] in kept[key[1], key[3]]}
    codes = "', '".join(sorted({key[3] for key in wanted}))
    found = {
        row[:4]: row[4:]
        for row in economics.revenue.rows(
            "select as_of_date, dimension, member, kpi_code, numerator, denominator, value from kpi.kpi_value"
            f" where kpi_code in ('{codes}') and value is not null"
        )
    }
    wrong = {key: (figure, found.get(key)) for key, figure in wanted.items()
             if key not in found or _is_wrong(figure, found[key])}  # fmt: skip
    assert wrong == {}
    assert found.keys() - wanted.keys() == set()
    assert len(wanted) > 100


def _sums(economics: Economics) -> dict[tuple[str, str, str | None], Row]:
    """Month, level and member -> what is added up."""
    found: dict[tuple[str, str, str | None], Row] = defaultdict(lambda: defaultdict(Decimal))

    def add(month: str, origin: Origin, **more: Any) -> None:
        for level, member in zip(("channel", "campaign"), origin, strict=True):
            for name, value in more.items():
                found[month, level, member][name] += value

    for cost in economics.costs:
        add(month_of(cost.day), economics.origin_of(cost), **{f"spend_{cost.step}": cost.amount})
    for (day, origin), amount in economics.staff_costs.items():
        add(month_of(day), origin, staff_cost=amount)
    for day, origin in economics.added:
        if day >= economics.days[0]:
            add(month_of(day), origin, added_people=1)
    for customer in economics.customers:
        margins = {f"margin_{window}": customer.margin[window] for window in WINDOWS}
        add(month_of(customer.day), customer.origin, new_customers=1, **margins)
    for line in economics.revenue.lines:
        add(month_of(line.day), economics.origins.get(line.person or -1, (None, None)), revenue=line.amount)
    return found


def _returns(economics: Economics) -> dict[tuple[str, str, str | None, str], Decimal]:
    """Month, level, member and step -> margin of the deals whose buyer its campaigns met."""
    found: dict[tuple[str, str, str | None, str], Decimal] = defaultdict(Decimal)
    for deal, lines in economics.deals.items():
        cells = {
            (level, member, step)
            for campaign in economics.met[deal]
            for step in economics.steps[campaign]
            for level, member in (("channel", economics.channels.get(campaign)), ("campaign", campaign))
        }
        for line in lines:
            for cell in cells:
                found[month_of(line.day), *cell] += line.margin
    return found


def test_channel_economics(economics: Economics) -> None:
    wanted, returns = _sums(economics), _returns(economics)
    added = (*(f"spend_{step}" for step in STEPS), "staff_cost", "added_people", "new_customers", "revenue",
             *(f"margin_{window}" for window in WINDOWS))  # fmt: skip
    ratios = ("cost_per_add", "cac", *(f"ltv_{window}" for window in WINDOWS), "ltv_cac", "payback_months",
              *(f"roi_{step}" for step in STEPS))  # fmt: skip
    columns = (*added, *ratios, *(f"returned_{step}" for step in STEPS), "reason")
    rows = economics.revenue.rows(f"select month, level, member, {', '.join(columns)} from kpi.channel_economics")
    found = {row[:3]: dict(zip(columns, row[3:], strict=True)) for row in rows}
    wanted = {key: one for key, one in wanted.items() if any(one.values()) or key in found}
    assert found.keys() == wanted.keys()
    for key, one in wanted.items():
        told = found[key]
        assert {name: told[name] for name in added} == {name: one[name] for name in added}, key
        for step in STEPS:
            assert told[f"returned_{step}"] == returns[*key, step], (key, step)
        expected = _ratios(one, {step: returns[*key, step] for step in STEPS})
        for name in ratios:
            value = expected[name]
            assert (value is None) == (told[name] is None), (key, name)
            assert value is None or abs(told[name] - value) <= ROUNDING, (key, name)
    assert {told["reason"] for told in found.values()} >= {None, "spend_without_people", "people_without_spend"}
    nobody = [told["reason"] for key, told in found.items() if key[1:] == ("campaign", "C-MAGAZINE")]
    assert nobody == ["spend_without_people"] * 6


def _ratios(one: Row, returns: dict[str, Decimal]) -> dict[str, Decimal | None]:
    paid = sum(one[name] for name in ("spend_acquire", "spend_nurture", "spend_convert", "staff_cost"))
    people, margin = one["new_customers"], one["margin_180"]
    found: dict[str, Decimal | None] = {
        "cost_per_add": _over(one["spend_acquire"], one["added_people"]),
        "cac": _over(paid, people),
        "ltv_cac": _over(one["margin_365"], paid) if people else None,
        "payback_months": paid / (margin / 180 * 365 / 12) if people and margin > 0 else None,
    }
    found |= {f"ltv_{window}": _over(one[f"margin_{window}"], people) for window in WINDOWS}
    for step, margin in returns.items():
        spend = one[f"spend_{step}"]
        found[f"roi_{step}"] = _over(margin - spend, spend)
    return found


def _over(part: Decimal, whole: Decimal) -> Decimal | None:
    return part / whole if whole else None
