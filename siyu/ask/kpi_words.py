"""The words and figures of KPIs, as terminals show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from siyu.ask.evidence import Row

DIRECTIONS = {"up": "up is good 越高越好", "down": "down is good 越低越好"}
PHASES = {"launch": "启动期", "growth": "成长期", "steady": "稳定期"}
FAMILIES = {
    "assets": "资产", "activity": "活跃", "wecom": "企微", "funnel": "漏斗", "revenue": "收入", "economics": "经济",
    "sales": "销售", "service": "服务", "groups": "社群",
}  # fmt: skip
BLOCKS = "▁▂▃▄▅▆▇█"
NO_FIGURE = "·"
MARKS = {"watch": "w", "alert": "!", "no_baseline": "?", "immature": "i", "stale": "s"}
LEGEND = (
    "! alert 预警, w watch 关注, ? no baseline 无基线, i immature 未成熟, s stale 数据过期, · no figure 无数据,"
    " space 空格 ok 正常"
)


def figure(value: Any, kpi: Mapping[str, Any], decimals: int = 0) -> str:
    """Format a value in the unit of a KPI: 12.3 % for a rate, 12,345.60 for an amount, 7 for a count; a dash for None.

    `decimals` are those of a count: the edge of a band lies between two counts. A small ratio has four decimals.
    """
    if value is None:
        return "–"
    if kpi["unit"] == "rate":
        return f"{Decimal(value) * 100:.1f} %"
    if kpi["unit"] == "count":
        return f"{value:,.{decimals}f}"
    is_small = kpi["unit"] == "ratio" and 0 < abs(value) < 10 and kpi.get("numerator_unit") != "amount"
    return f"{value:,.4f}" if is_small else f"{value:,.2f}"


def part(value: Any, kpi: Mapping[str, Any]) -> str:
    """Format a numerator of a KPI: two decimals if it is an amount."""
    if value is None:
        return "–"
    is_amount = "amount" in (kpi["unit"], kpi.get("numerator_unit"))
    return f"{value:,.2f}" if is_amount else f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def edge(value: Any, kpi: Mapping[str, Any]) -> str:
    """Format a baseline or an edge of a band. A band may reach further than figures can: no count is below 0."""
    if value is None:
        return "–"
    if kpi["unit"] in ("count", "rate"):
        value = max(value, Decimal(0))
    return figure(min(value, Decimal(1)) if kpi["unit"] == "rate" else value, kpi, 1)


def benchmark(row: Mapping[str, Any], kpi: Mapping[str, Any]) -> str:
    """Return what is usual elsewhere, as `70.0 %` or `40.0 % to 50.0 %`; empty for a figure with a baseline."""
    if row.get("benchmark_low") is None:
        return ""
    return " to ".join(dict.fromkeys(figure(row[name], kpi, 1) for name in ("benchmark_low", "benchmark_high")))


def sparkline(values: Sequence[Any], low: float, high: float) -> str:
    """Return a character for each value, on a scale from low to high. A value beyond it has the last block."""
    step = (high - low) / len(BLOCKS)
    return "".join(NO_FIGURE if value is None else BLOCKS[_block(float(value), low, step)] for value in values)


def _block(value: float, low: float, step: float) -> int:
    return min(max(int((value - low) / step), 0), len(BLOCKS) - 1) if step > 0 else 0


def scale(values: Sequence[Any], edges: Sequence[Any] = (), most: float | None = None) -> tuple[float, float]:
    """Return the ends of a scale that holds all values, and edges of bands up to twice as far as the values reach.

    It begins at 0 unless a value is negative, and ends at `most`, if given.
    """
    known = [float(value) for value in values if value is not None] or [0.0]
    low, high = min(0.0, *known), max(0.0, *known)
    reach = high - low
    high = max([high, *(min(float(edge), high + reach) for edge in edges if edge is not None)])
    return low, high if most is None else min(high, most)


def marks(days: Sequence[Row | None]) -> str:
    """Return a character for each day that says how its figure is to be read; a space for ok."""
    return "".join(NO_FIGURE if day is None else MARKS.get(day["status"], " ") for day in days)
