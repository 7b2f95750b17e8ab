"""What net revenue would be in months in which something of the formulas is missing."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from siyu.ask.kpi_what_if import Month, _changed, _drivers, _read, _results, rounded
from siyu.errors import WrongQuestion


def month(revenue: dict[str, Any] | None = None, **lines: tuple[int | None, int | None, int, int]) -> Month:
    columns = ("guide_customers", "people_count", "buyer_count", "net_amount")
    row = {"month": "2026-06", "is_complete": True, "buyers": 0, "orders": 0, "known_amount": 0, "unknown_amount": 0,
           "refund_amount": 0, **(revenue or {})}  # fmt: skip
    return _drivers(row, {line: dict(zip(columns, values, strict=True)) for line, values in lines.items()})


def then(given: Month, *asked: str) -> tuple[Fraction | None, Fraction | None]:
    found = _results(replace(given, drivers=_changed(given, _read(asked))))
    return found["revenue"]["net_revenue"], found["energy"]["net_revenue"]


def test_a_month_of_refunds_alone() -> None:
    given = month(
        {"refund_amount": 50}, reached=(4, 2, 0, -30), not_reached=(None, 2, 0, 0), no_guide=(None,) * 2 + (0, -20)
    )
    assert then(given) == (-50, -50)
    assert then(given, "refunds=+10%") == (-55, -50)
    # One of the 2 people reached buys for 100. The refunds of the month stay.
    assert then(given, "scene_conversion_rate=0.5", "revenue_per_buyer=100") == (-50, 1 * 100 - 50)


def test_a_driver_without_a_figure_needs_a_value() -> None:
    given = month({"refund_amount": 50})
    with pytest.raises(WrongQuestion, match="order_value has no figure in 2026-06 that could change by a percentage"):
        then(given, "order_value=+10%")
    with pytest.raises(WrongQuestion, match="orders_per_buyer has no figure in 2026-06"):
        then(given, "buyers=2")
    with pytest.raises(WrongQuestion, match="order_value has no figure"):
        then(given, "buyers=2", "orders_per_buyer=3")
    assert then(given, "buyers=2", "orders_per_buyer=3", "order_value=10.5") == (13, 0)


def test_a_month_without_guide_customers() -> None:
    given = month({"buyers": 1, "orders": 2, "known_amount": 30}, no_guide=(None, None, 1, 30))
    assert then(given) == (30, 30)
    with pytest.raises(WrongQuestion, match="reach_rate has no figure"):
        then(given, "guide_customers=10")
    wanted = then(given, "guide_customers=10", "reach_rate=1", "scene_conversion_rate=0.1", "revenue_per_buyer=7")
    assert wanted == (30, 37)


def test_everything_can_go_to_nothing() -> None:
    given = month({"buyers": 1, "orders": 2, "known_amount": 30, "unknown_amount": 5}, reached=(2, 1, 1, 35))
    assert then(given, "buyers=-100%", "reach_rate=0") == (5, 0)


@pytest.mark.parametrize(
    ("value", "unit", "wanted"),
    [
        (None, "amount", None),
        (Fraction(1, 3), "amount", "0.33"),
        (Fraction("0.005"), "amount", "0.01"),
        (Fraction("-0.005"), "amount", "-0.01"),
        (Fraction("0.00499999"), "amount", "0.00"),
        (Fraction(2, 3), "rate", "0.666667"),
        (Fraction(10**18) / 3, "amount", "333333333333333333.33"),
    ],
)
def test_rounding(value: Fraction | None, unit: str, wanted: str | None) -> None:
    assert rounded(value, unit) == (None if wanted is None else Decimal(wanted))
