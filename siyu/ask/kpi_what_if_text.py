"""Render what net revenue would be with other drivers, as text and tables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rich.console import Group, JustifyMethod
from rich.text import Text

from siyu.ask.evidence import Row
from siyu.ask.journey_words import joined
from siyu.ask.kpi_text import table_of
from siyu.ask.kpi_words import figure
from siyu.masking import one_line

# How the lines of a formula follow from each other.
SIGNS = {
    "orders_per_buyer": "x", "orders": "=", "order_value": "x", "known_amount": "=", "unknown_amount": "+", "gmv": "=",
    "refunds": "-", "net_revenue": "=", "reach_rate": "x", "people_reached": "=", "scene_conversion_rate": "x",
    "buyers_reached": "=", "revenue_per_buyer": "x", "amount_reached": "=", "amount_not_reached": "+",
    "amount_no_guide": "+",
}  # fmt: skip
COLUMNS: dict[str, JustifyMethod] = {
    "line 项目": "left", "name 名称": "left", "today 当前": "right", "what if 假设": "right", "change 变化": "right",
    "% 变化率": "right",
}  # fmt: skip


def what_if_text(told: Row) -> Group:
    """Return both formulas, today and with the changes that were asked for."""
    asked = ", ".join(f"{one['driver']}={one['given']}" for one in told["changes"])
    running = "" if told["is_complete"] else f", up to 截至 {told['as_of']}"
    parts: list[Any] = [Text(one_line(f"what if 假设 {asked} in {told['month']}{running}"))]
    for formula in told["formulas"]:
        note = "" if formula["is_changed"] else ": no driver of it changes 驱动因素未变"
        parts.append(Text(f"\n{joined(formula['name_en'], formula['name_zh'])}{note}"))
        parts.append(table_of(COLUMNS, [_cells(line) for line in formula["lines"]]))
    parts.append(Text("Each formula by itself: drivers of one do not change the other. 两个公式各自计算，互不影响。"))
    return Group(*parts)


def _cells(line: Row) -> tuple[str, ...]:
    change = line["change"]
    return (
        f"{SIGNS.get(line['line'], ' ')} {line['line']}", joined(line["name_zh"], line["name_en"]),
        _figure(line["today"], line), _figure(line["what_if"], line),
        "" if not change else f"{'+' if change > 0 else ''}{_points(change, line)}",
        "" if not change or line["change_rate"] is None else f"{line['change_rate'] * 100:+.1f} %",
    )  # fmt: skip


def _figure(value: Decimal | None, line: Row) -> str:
    """Format a figure. Half a buyer, as a change can give, is not rounded away."""
    is_whole = value is None or value == value.to_integral_value()
    return figure(value, {"unit": line["unit"]}, 0 if is_whole else 1)


def _points(change: Decimal, line: Row) -> str:
    if line["unit"] == "rate":
        return f"{change * 100:.1f} pp"
    return _figure(change, line)
