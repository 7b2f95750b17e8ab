"""Render the catalog of KPIs and the series of a KPI as text and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from rich.cells import cell_len
from rich.console import Group, JustifyMethod
from rich.table import Table
from rich.text import Text

from siyu.ask.evidence import Row
from siyu.ask.journey_words import both, count, joined
from siyu.ask.kpi_words import (
    DIRECTIONS,
    FAMILIES,
    LEGEND,
    PHASES,
    benchmark,
    edge,
    figure,
    marks,
    scale,
    sparkline,
)
from siyu.masking import one_line
from siyu.seeds.kpi_tables import STATUSES, UNITS, listed

LISTED_DAYS = 7  # of a series; --json has all
DAY_COLUMNS = (
    "date 日期",
    "value 值",
    "baseline 基线",
    "low 下限",
    "high 上限",
    "month's target 月目标",
    "status 状态",
)


def catalog_text(told: Row) -> Group:
    """Return the catalog: a table a family, with the figure of the day, its baseline and its status."""
    kpis: Sequence[Row] = told["kpis"]
    parts: list[Any] = [Text(f"{count(len(kpis), 'KPI')} 指标 on {told['day']}, as of {told['as_of']}")]
    width = max((len(row["kpi_code"]) for row in kpis), default=0)
    for family, rows in groupby(kpis, key=lambda row: row["family"]):
        parts += [Text(f"\n{both(family, FAMILIES)}"), _catalog_table(list(rows), told["day"], width)]
    if any(row["window_days"] for row in kpis):
        note = "with a date 带日期: the last day whose window has closed 窗口已结束的最近一天"
        parts.append(Text(f"\n{note}"))
    if any(benchmark(row, row) for row in kpis):
        parts.append(Text("(in brackets 括号内): usual elsewhere, no baseline yet 暂无基线，行业参考值"))
    return Group(*parts)


def _catalog_table(kpis: Sequence[Row], day: date, width: int) -> Table:
    rows = [
        (
            ("* " if row["is_core"] else "  ") + row["kpi_code"].ljust(width), joined(row["name_zh"], row["name_en"]),
            figure(row["value"], row), _usual(row, row), _status(row),
            str(row["as_of_date"]) if row["as_of_date"] != day else "",
        )
        for row in kpis
    ]  # fmt: skip
    return table_of(
        {"KPI 指标": "left", "name 名称": "left", "value 值": "right", "baseline 基线": "right",
         "status 状态": "left", "day 日期": "left"},
        rows,
    )  # fmt: skip


def _usual(row: Row, kpi: Row) -> str:
    """Return the baseline of a figure, or what is usual elsewhere."""
    elsewhere = benchmark(row, kpi)
    return f"({elsewhere})" if elsewhere else edge(row["baseline"], kpi)


def benchmark_line(row: Row, kpi: Row) -> str:
    """Return what is usual elsewhere for a figure without a baseline, as a line."""
    return one_line(f"  no baseline yet, elsewhere 暂无基线，行业参考 {benchmark(row, kpi)}: {kpi['benchmark_source']}")


def _status(row: Row) -> str:
    own = listed(row["dimensions"])
    return f"by {own[0]}" if "total" not in own else both(row["status"], STATUSES) or "–"


def series_text(told: Row) -> Group:
    """Return the series of a KPI: of one member with its band and its latest days, or a line a member."""
    head = [*kpi_lines(told["kpi"]), "", _headline(told)]
    days = calendar(told)
    elsewhere = [row for row in shown_days(told) if benchmark(row, told["kpi"])]
    if elsewhere:
        head.append(benchmark_line(elsewhere[-1], told["kpi"]))
    if "members" in told:
        return Group(Text("\n".join(head)), _members_table(told, days), Text(LEGEND))
    if not told["days"]:
        return Group(Text("\n".join([*head, "no figures in these days 这些日期没有数据"])))
    return Group(Text("\n".join([*head, *_pictures(told, days), ""])), _days_table(told))


def kpi_lines(kpi: Row) -> Iterator[str]:
    """Yield what a KPI is: names, formula in both languages, unit, direction, window and owner."""
    yield one_line(f"{kpi['kpi_code']}  {kpi['name_zh']} {kpi['name_en']}")
    yield one_line(f"  {kpi['formula']}")
    if kpi["formula_zh"]:
        yield one_line(f"  {kpi['formula_zh']}")
    window = f"window 窗口 {count(kpi['window_days'], 'day')} 天" if kpi["window_days"] else ""
    facts = (
        f"unit 单位 {both(kpi['unit'], UNITS)}", DIRECTIONS[kpi["direction"]], window,
        f"phase 阶段 {both(kpi['phase'], PHASES)}", f"owner 负责 {kpi['owner']}" if kpi["owner"] else "",
        f"dimensions 维度 {kpi['dimensions']}",
    )  # fmt: skip
    yield one_line(f"  {'; '.join(filter(None, facts))}")


def place_text(told: Row) -> str:
    """Return the dimension and the member of an answer, as `channel 渠道 mall 商城 Mall`."""
    dimension = joined(told["dimension"]["dimension"], told["dimension"]["name_zh"])
    member = told.get("member")
    if member is None or told["dimension"]["dimension"] == "total":
        return one_line(dimension)
    names = dict.fromkeys(filter(None, (member["member"], member["name_zh"], member["name_en"])))
    return one_line(joined(dimension, *names))


def _headline(told: Row) -> str:
    first, last = told["first_day"], told["last_day"]
    size = "" if "members" not in told else f", {count(len(told['members']), 'member')} 成员, largest first 大者在前"
    return f"{place_text(told)}, {first} to {last} ({count((last - first).days + 1, 'day')} 天){size}"


def shown_days(told: Row) -> list[Row]:
    """Return the rows of all days and members of an answer."""
    return [row for member in told.get("members", [told]) for row in member["days"]]


def calendar(told: Row) -> list[date]:
    """Return every day that an answer covers."""
    first, last = told["first_day"], told["last_day"]
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def by_day(rows: Sequence[Row], days: Sequence[date]) -> list[Row | None]:
    """Return the figure of each day, None for a day without one."""
    found = {row["as_of_date"]: row for row in rows if row["value"] is not None or row["status"] == "stale"}
    return [found.get(day) for day in days]


def _pictures(told: Row, days: Sequence[date]) -> Iterator[str]:
    """Yield the lines of the values, of the edges of the band on the same scale, and of the marks."""
    rows = by_day(told["days"], days)
    lines = {name: [row[name] if row else None for row in rows] for name in ("high", "value", "low")}
    kpi = told["kpi"]
    low, high = scale(lines["value"], lines["high"], 1.0 if kpi["unit"] == "rate" else None)
    ends = f"{figure(Decimal(repr(low)), kpi, 1)} to {figure(Decimal(repr(high)), kpi, 1)}"
    has_band = any(edge is not None for edge in lines["high"])
    labels = {"high": "high 上限", "value": "value 值", "low": "low 下限"}
    for name, values in lines.items():
        if name == "value" or has_band:
            shown = sparkline(values, low, high)
            yield f"  {_padded(labels[name])}{shown}" + (f"  scale 刻度 {ends}" if name == "value" else "")
    marked = marks(rows)
    if marked.strip():
        yield f"  {_padded('marks 标记')}{marked}"
        yield f"  {LEGEND}"


def _padded(label: str) -> str:
    return label + " " * (12 - cell_len(label))


def _days_table(told: Row) -> Table:
    """Return the latest days with figure, baseline, band, target and status."""
    kpi = told["kpi"]
    rows = []
    for row in told["days"][-LISTED_DAYS:]:
        edges = (edge(row[name], kpi) for name in ("baseline", "low", "high"))
        figures = (figure(row["value"], kpi), *edges, figure(row["target"], kpi))
        rows.append((str(row["as_of_date"]), *figures, both(row["status"], STATUSES)))
    texts = (DAY_COLUMNS[0], DAY_COLUMNS[-1])
    return table_of({name: "left" if name in texts else "right" for name in DAY_COLUMNS}, rows)


def _members_table(told: Row, days: Sequence[date]) -> Table:
    kpi = told["kpi"]
    lines = []
    for member in told["members"]:
        rows = by_day(member["days"], days)
        values = [row["value"] if row else None for row in rows]
        last = member["latest"] or {"value": None, "baseline": None, "status": None, "as_of_date": "–"}
        lines.append((
            member["member"] or "unknown", member_name(member), sparkline(values, *scale(values)),
            figure(last["value"], kpi), str(last["as_of_date"]), edge(last["baseline"], kpi),
            both(last["status"], STATUSES) or "–", marks(rows).rstrip(),
        ))  # fmt: skip
    return table_of(
        {"member 成员": "left", "name 名称": "left", f"{len(days)} days 天": "left", "latest 最近": "right",
         "on 日期": "left", "baseline 基线": "right", "status 状态": "left", "marks 标记": "left"},
        lines,
    )  # fmt: skip


def member_name(row: Row) -> str:
    """Return the Chinese and the English name of a member, once if they are the same."""
    return " ".join(dict.fromkeys(filter(None, (row["member_zh"], row["member_en"]))))


def table_of(columns: Mapping[str, JustifyMethod], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table whose lines never break: on a narrow terminal, names are cut, figures never."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for place, (title, justify) in enumerate(columns.items()):
        is_name = title.startswith("name")
        width = max([cell_len(title), *(cell_len(row[place]) for row in rows)])
        least = min(width, 8) if is_name else width
        table.add_column(title, justify=justify, no_wrap=True, overflow="ellipsis", min_width=least)
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    return table
