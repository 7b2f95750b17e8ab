"""`siyu kpi --what-if`: net revenue of a month if some of its drivers were different, by both formulas, exactly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from siyu.ask.evidence import Row
from siyu.ask.kpi_lookup import SCHEMA
from siyu.ask.list_names import code_of
from siyu.ask.lookup import Lookup, current_release
from siyu.errors import WrongQuestion
from siyu.settings import Settings

COMMAND = "siyu kpi --what-if"
ASKED = re.compile(r"\s*([^=]*[^=\s])\s*=\s*(?:([+-])\s*(\d{1,9}(?:\.\d{1,6})?)\s*%|(\d{1,15}(?:\.\d{1,6})?))\s*")
WRITE = "write a change such as buyers=+10% or refunds=-5%, or a value such as order_value=1200."
# unit, Chinese and English name. The order is that of the formulas.
DRIVERS = {
    "buyers": ("count", "成交客户数", "Buyers"),
    "orders_per_buyer": ("ratio", "人均订单数", "Orders per buyer"),
    "order_value": ("amount", "笔单价", "Order value"),
    "refunds": ("amount", "退款额", "Refunds"),
    "guide_customers": ("count", "导购客群资产数", "Guide customers"),
    "reach_rate": ("rate", "营销传递率", "Reach of guide customers"),
    "scene_conversion_rate": ("rate", "场景转化率", "Scene conversion rate"),
    "revenue_per_buyer": ("amount", "客单价", "Revenue per buyer reached"),
}
RESULTS = {
    "orders": ("count", "订单数", "Orders"),
    "known_amount": ("amount", "已识别客户成交额", "Orders of known buyers"),
    "unknown_amount": ("amount", "未识别客户成交额", "Orders of unknown buyers"),
    "gmv": ("amount", "成交总额", "Gross merchandise value"),
    "net_revenue": ("amount", "净收入", "Net revenue"),
    "people_reached": ("count", "已触达客群", "Guide customers reached"),
    "buyers_reached": ("count", "已触达成交客户数", "Buyers among them"),
    "amount_reached": ("amount", "已触达客群收入", "Revenue of guide customers reached"),
    "amount_not_reached": ("amount", "未触达客群收入", "Revenue of guide customers not reached"),
    "amount_no_guide": ("amount", "非导购与未识别客户收入", "Revenue of all other buyers"),
}
LINES = DRIVERS | RESULTS
FORMULAS = (
    ("revenue", "收入公式", "Revenue formula", (
        "buyers", "orders_per_buyer", "orders", "order_value", "known_amount", "unknown_amount", "gmv", "refunds",
        "net_revenue",
    )),
    ("energy", "私域能量公式", "Energy formula", (
        "guide_customers", "reach_rate", "people_reached", "scene_conversion_rate", "buyers_reached",
        "revenue_per_buyer", "amount_reached", "amount_not_reached", "amount_no_guide", "net_revenue",
    )),
)  # fmt: skip
Values = dict[str, Fraction | None]  # NULL = no figure, such as the order value of a month without orders


@dataclass(frozen=True)
class Change:
    """What is asked for: a driver, and the percentage by which it changes or its new value."""

    driver: str
    given: str
    percent: Fraction | None
    value: Fraction | None


@dataclass(frozen=True)
class Month:
    """A month: its drivers, and the amounts that no driver changes."""

    month: str
    is_complete: bool
    drivers: Values
    fixed: Mapping[str, Fraction]


def kpi_what_if(settings: Settings, asked: Sequence[str], on: date | None = None) -> Row:
    """Return both formulas of revenue, as they are and with other drivers. Ready for JSON, rounded only here.

    The month is that of `on`, or the latest. Raises WrongQuestion for a driver that does not exist, a change that
    cannot be read or that makes a rate larger than 1, and a driver that has no figure to change.
    """
    changes = _read(asked)
    with current_release(settings, is_raw=False) as lookup:
        month = _month(lookup, on)
        told = {"release": lookup.release.name, "as_of": lookup.release.as_of}
    other = replace(month, drivers=_changed(month, changes))
    today, then = _results(month), _results(other)
    return {
        **told,
        "month": month.month,
        "is_complete": month.is_complete,
        "changes": [{"driver": one.driver, "given": one.given} for one in changes],
        "formulas": [
            {
                "formula": formula, "name_zh": zh, "name_en": en,
                "is_changed": any(one.driver in lines for one in changes),
                "lines": [_line(line, today[formula][line], then[formula][line]) for line in lines],
            }
            for formula, zh, en, lines in FORMULAS
        ],
    }  # fmt: skip


def _read(asked: Sequence[str]) -> list[Change]:
    found: dict[str, Change] = {}
    names = {driver: [zh, en] for driver, (_, zh, en) in DRIVERS.items()}
    for text in asked:
        read = ASKED.fullmatch(text)
        if read is None:
            raise WrongQuestion(f"{text!r} is not a change of a driver", COMMAND, WRITE)
        name, sign, percent, value = read.groups()
        driver = code_of(name, names, "driver", COMMAND)
        if driver in found:
            raise WrongQuestion(f"{driver} is changed twice", COMMAND, "name each driver once.")
        by = Fraction(f"{sign}{percent}") if percent else None
        found[driver] = Change(driver, text.partition("=")[2].strip(), by, Fraction(value) if value else None)
    return list(found.values())


def _month(lookup: Lookup, on: date | None) -> Month:
    formula, energy = (lookup.relation(name, SCHEMA) for name in ("revenue_formula", "energy_formula"))
    session = lookup.session
    rows = session.named_rows(
        "select month, buyers, orders, known_amount, unknown_amount, refund_amount, is_complete"
        f" from {formula} where dimension = 'total' and (? is null or month = ?) order by month desc limit 1",
        [on and f"{on:%Y-%m}"] * 2,
    )
    if not rows:
        when = f" of {on:%Y-%m}" if on else ""
        raise WrongQuestion(f"there is no revenue{when}", f"the release {lookup.release.name}", "name another --date.")
    lines = {
        row["line"]: row
        for row in session.named_rows(
            f"select line, guide_customers, people_count, buyer_count, net_amount from {energy} where month = ?",
            [rows[0]["month"]],
        )
    }
    return _drivers(rows[0], lines)


def _drivers(row: Row, lines: Mapping[str, Row]) -> Month:
    none = {"guide_customers": 0, "people_count": 0, "buyer_count": 0, "net_amount": 0}
    reached, not_reached, no_guide = (lines.get(line, none) for line in ("reached", "not_reached", "no_guide"))
    drivers: Values = {
        "buyers": Fraction(row["buyers"]),
        "orders_per_buyer": _share(row["orders"], row["buyers"]),
        "order_value": _share(row["known_amount"], row["orders"]),
        "refunds": Fraction(row["refund_amount"]),
        "guide_customers": Fraction(reached["guide_customers"] or 0),
        "reach_rate": _share(reached["people_count"], reached["guide_customers"]),
        "scene_conversion_rate": _share(reached["buyer_count"], reached["people_count"]),
        "revenue_per_buyer": _share(reached["net_amount"], reached["buyer_count"]),
    }
    # Refunds of people who bought nothing in the month stay as they are.
    rest = 0 if reached["buyer_count"] else reached["net_amount"]
    fixed = {
        "unknown_amount": row["unknown_amount"], "amount_not_reached": not_reached["net_amount"],
        "amount_no_guide": no_guide["net_amount"], "rest": rest,
    }  # fmt: skip
    amounts = {name: Fraction(amount) for name, amount in fixed.items()}
    return Month(row["month"], row["is_complete"], drivers, amounts)


def _share(part: Any, whole: Any) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None


def _changed(month: Month, changes: Sequence[Change]) -> Values:
    drivers = dict(month.drivers)
    for change in changes:
        drivers[change.driver] = value = _new_value(change, drivers[change.driver], month.month)
        if DRIVERS[change.driver][0] == "rate" and value > 1:
            raise WrongQuestion(
                f"{change.driver}={change.given} makes the rate {float(value):.4g}, which is more than 1",
                COMMAND,
                "a rate is a part of the whole: write a smaller change, or a value from 0 to 1.",
            )
    return drivers


def _new_value(change: Change, today: Fraction | None, month: str) -> Fraction:
    if change.value is not None:
        return change.value
    if today is None:
        fix = f"write a value, such as {change.driver}=1."
        raise WrongQuestion(f"{change.driver} has no figure in {month} that could change by a percentage", COMMAND, fix)
    factor = 1 + (change.percent or Fraction(0)) / 100
    if factor < 0:
        raise WrongQuestion(
            f"{change.driver}={change.given} makes it less than nothing", COMMAND, "write at most -100%."
        )
    return today * factor


def _results(month: Month) -> dict[str, dict[str, Fraction | None]]:
    """Return the lines of both formulas."""
    drivers, fixed = month.drivers, month.fixed
    orders = _product(month, "buyers", "orders_per_buyer")
    known = _product(month, "buyers", "orders_per_buyer", "order_value")
    gmv = known + fixed["unknown_amount"]
    people = _product(month, "guide_customers", "reach_rate")
    buyers = _product(month, "guide_customers", "reach_rate", "scene_conversion_rate")
    reached = fixed["rest"] + _product(
        month, "guide_customers", "reach_rate", "scene_conversion_rate", "revenue_per_buyer"
    )
    others = {name: fixed[name] for name in ("amount_not_reached", "amount_no_guide")}
    return {
        "revenue": {
            **drivers, "orders": orders, "known_amount": known, "unknown_amount": fixed["unknown_amount"], "gmv": gmv,
            "net_revenue": gmv - (drivers["refunds"] or 0),
        },
        "energy": {
            **drivers, "people_reached": people, "buyers_reached": buyers, "amount_reached": reached, **others,
            "net_revenue": reached + sum(others.values()),
        },
    }  # fmt: skip


def _product(month: Month, *drivers: str) -> Fraction:
    """Return the product of drivers. 0 of anything is 0, also of what has no figure."""
    product = Fraction(1)
    for driver in drivers:
        value = month.drivers[driver]
        if not product:
            return product
        if value is None:
            raise WrongQuestion(
                f"{driver} has no figure in {month.month}", COMMAND, f"give it a value, too, such as {driver}=1."
            )
        product *= value
    return product


def _line(line: str, today: Fraction | None, then: Fraction | None) -> Row:
    unit, zh, en = LINES[line]
    change = then - today if today is not None and then is not None else None
    return {
        "line": line, "name_zh": zh, "name_en": en, "unit": unit, "is_driver": line in DRIVERS,
        "today": rounded(today, unit), "what_if": rounded(then, unit), "change": rounded(change, unit),
        "change_rate": rounded(change / today, "rate") if change is not None and today else None,
    }  # fmt: skip


def rounded(value: Fraction | None, unit: str) -> Decimal | None:
    """Return a figure as a decimal: an amount to the cent, everything else with six decimals; halves away from 0."""
    if value is None:
        return None
    digits = 2 if unit == "amount" else 6
    scaled = abs(value) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-digits)
