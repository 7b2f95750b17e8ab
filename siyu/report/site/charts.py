"""Charts as figures of Plotly, made of the rows of a block. The pages bring Plotly's own script.

Colours are names such as @1 or @good, which the script of the site replaces by those of the light or dark theme. A text
that is an object {en, zh} is replaced by that of the chosen language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from siyu.report.site.definitions import Chart, Column
from siyu.report.site.rows import Rows, jsonable, shown

Trace = dict[str, Any]
SERIES = 8  # colours
TICKS = {"rate": ",.0%", "count": ",.0f", "amount": ",.0f", "ratio": ",.2f", "number": ",.2f"}
HOVERS = {"rate": ",.1%", "count": ",.0f", "amount": ",.2f", "ratio": ",.2f", "number": ",.2f"}


def figure(rows: Rows) -> dict[str, Any]:
    """Return the figure of a block: data, layout."""
    chart = rows.block.chart
    if chart is None or not rows.values:
        return {}
    return {"data": KINDS[chart.kind](rows, chart), "layout": _layout(rows, chart)}


def _layout(rows: Rows, chart: Chart) -> dict[str, Any]:
    layout: dict[str, Any] = {"height": chart.height}
    if chart.kind == "sankey":
        return layout
    columns = rows.block.columns
    along, up = {"type": _axis(columns[chart.x])}, _value_axis(columns[chart.y[0]])
    if chart.kind == "heatmap":
        along, up = {"type": "category"}, {"type": "category", "autorange": "reversed"}
    elif chart.horizontal or chart.kind == "funnel":
        along, up = up, {"type": "category", "autorange": "reversed"}
    if chart.stacked:
        layout["barmode"] = "relative"
    return layout | {"xaxis": along, "yaxis": up}


def _axis(column: Column) -> str:
    return "date" if column.format in ("date", "moment") else "category"


def _value_axis(column: Column) -> dict[str, Any]:
    axis: dict[str, Any] = {"tickformat": TICKS[column.format]} if column.format in TICKS else {}
    return axis | ({"title": {"text": column.unit}} if column.unit else {})


def _label(column: Column) -> dict[str, str]:
    return {"en": column.en, "zh": column.zh}


def _hover(column: Column, axis: str = "y") -> str:
    form = HOVERS.get(column.format, "")
    return f"%{{{axis}:{form}}} {column.unit}".rstrip() if form else f"%{{{axis}}}"


def _x(rows: Rows, name: str) -> list[Any]:
    """Return what stands along an axis; months as 2026-06."""
    if rows.block.columns[name].format == "month":
        return [shown(value, "month") for value in rows.column(name)]
    return rows.words(name)


def _series(rows: Rows, chart: Chart) -> list[tuple[Any, str, list[int]]]:
    """Return (name, column, row numbers) of each series: one for each y column, or each value of `by`."""
    if not chart.by:
        return [(_label(rows.block.columns[name]), name, list(range(len(rows.values)))) for name in chart.y]
    names = rows.words(chart.by)
    numbers: dict[str, list[int]] = {}
    for number, value in enumerate(rows.column(chart.by)):
        numbers.setdefault(str(value), []).append(number)
    return [(names[found[0]], chart.y[0], found) for found in numbers.values()]


def _line(rows: Rows, chart: Chart) -> list[Trace]:
    along, traces = _x(rows, chart.x), []
    if chart.band:
        for edge, fill in zip(chart.band, (None, "tonexty"), strict=True):
            traces.append({
                "type": "scatter", "mode": "lines", "x": along, "y": [jsonable(v) for v in rows.column(edge)],
                "line": {"width": 0, "color": "@band"}, "fill": fill, "fillcolor": "@band",
                "name": _label(rows.block.columns[edge]), "showlegend": False, "hoverinfo": "skip",
            })  # fmt: skip
    for number, (name, column, found) in enumerate(_series(rows, chart)):
        values = rows.column(column)
        traces.append({
            "type": "scatter", "mode": "lines", "name": name, "x": [along[i] for i in found],
            "y": [jsonable(values[i]) for i in found], "line": {"width": 2, "color": _colour(number)},
            "hovertemplate": _hover(rows.block.columns[column]),
        })  # fmt: skip
    return traces


def _bar(rows: Rows, chart: Chart) -> list[Trace]:
    along, traces = _x(rows, chart.x), []
    for number, (name, column, found) in enumerate(_series(rows, chart)):
        values = rows.column(column)
        length, place = ("x", "y") if chart.horizontal else ("y", "x")
        traces.append({
            "type": "bar", "name": name, place: [along[i] for i in found],
            length: [jsonable(values[i]) for i in found], "orientation": "h" if chart.horizontal else "v",
            "marker": {"color": _colour(number)}, "hovertemplate": _hover(rows.block.columns[column], length),
        })  # fmt: skip
    return traces


def _heatmap(rows: Rows, chart: Chart) -> list[Trace]:
    column = rows.block.columns[chart.value]
    return [{
        "type": "heatmap", "x": _x(rows, chart.x), "y": _x(rows, chart.y[0]),
        "z": [jsonable(value) for value in rows.column(chart.value)], "colorscale": "@scale", "xgap": 2, "ygap": 2,
        "texttemplate": f"%{{z:{TICKS.get(column.format, '')}}}", "showscale": False, "hoverongaps": False,
    }]  # fmt: skip


def _sankey(rows: Rows, chart: Chart) -> list[Trace]:
    """Every pair of a column and a value is a node, so that a stage can be on both sides."""
    nodes: dict[tuple[str, str], int] = {}
    labels: list[Any] = []
    ends: dict[str, list[int]] = {}
    for side in (chart.source, chart.target):
        for value, words in zip(rows.column(side), rows.words(side), strict=True):
            if (side, str(value)) not in nodes:
                nodes[side, str(value)] = len(labels)
                labels.append(words)
        ends[side] = [nodes[side, str(value)] for value in rows.column(side)]
    return [{
        "type": "sankey", "node": {"label": labels, "pad": 16, "thickness": 14, "color": "@1"},
        "link": {"source": ends[chart.source], "target": ends[chart.target],
                 "value": [jsonable(value) for value in rows.column(chart.value)], "color": "@band"},
    }]  # fmt: skip


def _waterfall(rows: Rows, chart: Chart) -> list[Trace]:
    column = rows.block.columns[chart.y[0]]
    measures = rows.column(chart.measure) if chart.measure else ["relative"] * len(rows.values)
    return [{
        "type": "waterfall", "x": _x(rows, chart.x), "y": [jsonable(value) for value in rows.column(chart.y[0])],
        "measure": measures, "increasing": {"marker": {"color": "@good"}},
        "decreasing": {"marker": {"color": "@bad"}}, "totals": {"marker": {"color": "@1"}},
        "connector": {"line": {"color": "@line", "width": 1}}, "hovertemplate": _hover(column),
        "text": [shown(value, column.format) for value in rows.column(chart.y[0])], "textposition": "outside",
    }]  # fmt: skip


def _funnel(rows: Rows, chart: Chart) -> list[Trace]:
    return [{
        "type": "funnel", "y": _x(rows, chart.x), "x": [jsonable(value) for value in rows.column(chart.y[0])],
        "marker": {"color": "@1"}, "textinfo": "value+percent initial",
    }]  # fmt: skip


def _colour(number: int) -> str:
    return f"@{number % SERIES + 1}"


KINDS: dict[str, Callable[[Rows, Chart], list[Trace]]] = {
    "line": _line, "bar": _bar, "heatmap": _heatmap, "sankey": _sankey, "waterfall": _waterfall, "funnel": _funnel,
}  # fmt: skip
