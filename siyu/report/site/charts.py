"""Charts as figures of Plotly, made of the rows of a block. The pages bring Plotly's own script.

Colours are names such as @1, @good or, lighter, @1/40, which the script of the site replaces by those of the light or
dark theme. A text that is an object {en, zh} is replaced by that of the chosen language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from siyu.report.site.definitions import Chart, Column
from siyu.report.site.rows import Rows, jsonable, shown

Trace = dict[str, Any]
SERIES = 8  # colours
MEASURES = {"start": "absolute", "change": "relative", "end": "total"}  # steps of a waterfall, in Plotly's words
TICKS = {"rate": ",.0%", "count": ",.0f", "amount": ",.0f", "ratio": ",.2~f", "number": ",.2~f"}
HOVERS = {"rate": ",.1%", "count": ",.0f", "amount": ",.2f", "ratio": ",.2f", "number": ",.2f"}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")  # so that lines differ without colours, too
DAY = 86_400_000  # milliseconds
PAD = 18  # pixels between the nodes of a Sankey diagram


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
    along, up = _axis(columns[chart.x]), _value_axis(columns[chart.y[0]])
    if chart.kind == "line" and columns[chart.x].format in TICKS:
        along = {"type": "linear"}
    if columns[chart.y[0]].format == "count" and _is_small(rows, chart):
        up["dtick"] = 1  # no half people
    names = {"type": "category", "autorange": "reversed", "showgrid": False, "ticks": ""}
    if chart.kind == "heatmap":
        along, up = {"type": "category", "showgrid": False, "ticks": ""}, names
        if columns[chart.x].format not in ("month", "text"):
            along["title"] = _title(_label(columns[chart.x]))
    elif chart.horizontal or chart.kind == "funnel":
        along, up = up, names
    if chart.stacked:
        layout["barmode"] = "relative"
    if chart.horizontal and not chart.stacked:
        layout["margin"] = {"r": 56}  # for the text beside the longest bar
    return layout | {"xaxis": along, "yaxis": up}


def _is_small(rows: Rows, chart: Chart) -> bool:
    return all(value is None or abs(value) < 5 for name in chart.y for value in rows.column(name))


def _axis(column: Column) -> dict[str, Any]:
    if column.format in ("date", "moment"):
        return {"type": "date", "tickformat": "%m-%d\n%Y", "hoverformat": "%Y-%m-%d"}  # in no language
    return {"type": "category", "showgrid": False}


def _value_axis(column: Column) -> dict[str, Any]:
    axis: dict[str, Any] = {"tickformat": TICKS[column.format]} if column.format in TICKS else {}
    return axis | ({"title": _title(column.units)} if column.unit else {})


def _title(words: dict[str, str]) -> dict[str, Any]:
    return {"text": words, "font": {"size": 12, "color": "@dim"}}


def _label(column: Column) -> dict[str, str]:
    return {"en": column.en, "zh": column.zh}


def _hover(column: Column, axis: str = "y") -> dict[str, str]:
    form = HOVERS.get(column.format, "")
    value = f"%{{{axis}:{form}}}" if form else f"%{{{axis}}}"
    return {language: f"{value} {unit}".rstrip() for language, unit in column.units.items()}


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
    along, traces = _x(rows, chart.x), _band(rows, chart) if chart.band else []
    for number, (name, column, found) in enumerate(_series(rows, chart)):
        values = [jsonable(rows.column(column)[i]) for i in found]
        known = sum(value is not None for value in values)
        colour, dash = _paint(rows, chart, number, column, found), DASHES[number % len(DASHES)]
        traces.append({
            "type": "scatter", "mode": "lines" if known > 1 else "lines+markers", "name": name,
            "x": [along[i] for i in found], "y": values,
            "line": {"width": 2, "color": colour, "dash": dash},
            "hovertemplate": _hover(rows.block.columns[column]),
        })  # fmt: skip
    return traces


def _band(rows: Rows, chart: Chart) -> list[Trace]:
    """A band is made of bars from its lower to its upper edge, so that a day without one leaves a gap."""
    low, high = (rows.block.columns[edge] for edge in chart.band)
    edges = [tuple(row[edge] for edge in chart.band) for row in rows.values]
    ends = [edge if None not in edge else (None, None) for edge in edges]
    return [{
        "type": "bar", "x": _x(rows, chart.x), "base": [jsonable(bottom) for bottom, _ in ends],
        "y": [None if top is None else jsonable(top - bottom) for bottom, top in ends],
        "width": DAY if rows.block.columns[chart.x].format in ("date", "moment") else 1,
        "marker": {"color": "@band", "line": {"width": 0}}, "hoverinfo": "skip",
        "name": {"en": f"{low.en} – {high.en}", "zh": f"{low.zh} – {high.zh}"},
    }]  # fmt: skip


def _bar(rows: Rows, chart: Chart) -> list[Trace]:
    along, traces = _x(rows, chart.x), []
    length, place = _ends(chart)
    series = _series(rows, chart)
    for number, (name, column, found) in enumerate(series):
        values = rows.column(column)
        traces.append({
            "type": "bar", "name": name, place: [along[i] for i in found],
            length: [jsonable(values[i]) for i in found], "orientation": "h" if chart.horizontal else "v",
            "marker": {"color": _paint(rows, chart, number, column, found)},
            "hovertemplate": _hover(rows.block.columns[column], length),
        })  # fmt: skip
    if chart.horizontal and len(series) == 1:
        form = TICKS.get(rows.block.columns[chart.y[0]].format, "")
        traces[0] |= {
            "texttemplate": f"%{{x:{form}}}", "insidetextfont": {"color": "@paper"}, "constraintext": "none",
            "textangle": 0, "cliponaxis": False,
        }  # fmt: skip
    for mark in chart.marks:
        traces.append({
            "type": "scatter", "mode": "markers", "name": _label(rows.block.columns[mark]), place: along,
            length: [jsonable(value) for value in rows.column(mark)],
            "marker": {"symbol": "line-ns" if chart.horizontal else "line-ew", "size": 26,
                       "line": {"width": 3, "color": "@ink"}},
            "hovertemplate": _hover(rows.block.columns[mark], length),
        })  # fmt: skip
    return traces


def _ends(chart: Chart) -> tuple[str, str]:
    """Return the axis of the values and the axis of what they belong to."""
    return ("x", "y") if chart.horizontal else ("y", "x")


def _heatmap(rows: Rows, chart: Chart) -> list[Trace]:
    column = rows.block.columns[chart.value]
    form = TICKS.get(column.format, "").replace("~", "")  # cells of one length
    return [{
        "type": "heatmap", "x": _x(rows, chart.x), "y": _x(rows, chart.y[0]),
        "z": [jsonable(value) for value in rows.column(chart.value)], "colorscale": "@scale", "xgap": 2, "ygap": 2,
        "texttemplate": f"%{{z:{form}}}", "showscale": False, "hoverongaps": False,
        "textfont": {"color": "@ink"},
    }]  # fmt: skip


def _sankey(rows: Rows, chart: Chart) -> list[Trace]:
    """Every pair of a side and a value is a node, so that a stage can be on both sides, in the order of rows."""
    nodes: dict[tuple[str, str], float] = {}
    words: dict[tuple[str, str], Any] = {}
    ends: dict[str, list[int]] = {}
    values = [jsonable(value) for value in rows.column(chart.value)]
    for side in (chart.source, chart.target):
        keys = [(side, str(value)) for value in rows.column(side)]
        for key, word, value in zip(keys, rows.words(side), values, strict=True):
            nodes[key] = nodes.get(key, 0) + (value or 0)
            words[key] = word
        ends[side] = [list(nodes).index(key) for key in keys]
    form = rows.block.columns[chart.value].format
    return [{
        "type": "sankey", "arrangement": "snap",
        "node": {"label": [_counted(words[key], shown(total, form)) for key, total in nodes.items()], "pad": PAD,
                 "thickness": 14, "color": "@1", "x": [0.001 if side == chart.source else 0.999 for side, _ in nodes],
                 "y": _middles(nodes, chart.height), "hovertemplate": "%{label}<extra></extra>"},
        "link": {"source": ends[chart.source], "target": ends[chart.target], "value": values,
                 "color": _link_colours(rows, chart), "label": rows.words(chart.by) if chart.by else [],
                 "hovertemplate": "%{source.label} → %{target.label}<br>%{value:,.0f} %{label}<extra></extra>"},
    }]  # fmt: skip


def _counted(words: Any, count: str) -> Any:
    return {key: f"{word} {count}" for key, word in words.items()} if isinstance(words, dict) else f"{words} {count}"


def _middles(nodes: Mapping[tuple[str, str], float], height: int) -> list[float]:
    """Return where the middle of each node lies on its side, from 0 to 1. Between two nodes is a gap."""
    sides = list(dict.fromkeys(side for side, _ in nodes))
    gap = PAD / height
    room = 1 - gap * (max(sum(one == side for one, _ in nodes) for side in sides) - 1)
    before = dict.fromkeys(sides, 0.0)
    whole = max(sum(size for (one, _), size in nodes.items() if one == side) for side in sides) or 1
    places = []
    for (side, _), size in nodes.items():
        length = room * size / whole
        places.append(round(min(max(before[side] + length / 2, 0.001), 0.999), 4))
        before[side] += length + gap
    return places


def _link_colours(rows: Rows, chart: Chart) -> Any:
    """A flow has a light colour: that of its value of `by`, if there is one."""
    if not chart.by:
        return "@1/40"
    known = list(dict.fromkeys(rows.column(chart.by)))
    return [f"{_colour(known.index(value))}/40" for value in rows.column(chart.by)]


def _waterfall(rows: Rows, chart: Chart) -> list[Trace]:
    column = rows.block.columns[chart.y[0]]
    length, place = _ends(chart)
    values = rows.column(chart.y[0])
    measures = rows.column(chart.measure) if chart.measure else ["change"] * len(values)
    texts = [_step(value, measure, column) for value, measure in zip(values, measures, strict=True)]
    return [{
        "type": "waterfall", place: _x(rows, chart.x), length: [jsonable(value) for value in values],
        "orientation": "h" if chart.horizontal else "v", "measure": [MEASURES.get(one, one) for one in measures],
        "increasing": {"marker": {"color": "@good"}}, "decreasing": {"marker": {"color": "@bad"}},
        "totals": {"marker": {"color": "@1"}}, "connector": {"line": {"color": "@line", "width": 1}},
        "hovertemplate": _hover(column, length), "text": texts,
        "textposition": [_side(value, measure) for value, measure in zip(values, measures, strict=True)],
        "insidetextfont": {"color": "@paper"}, "constraintext": "none", "textangle": 0, "cliponaxis": False,
    }]  # fmt: skip


def _side(value: Any, measure: str) -> str:
    """Return where the text of a step stands: that of the start and the end inside, where nothing runs into it."""
    return "outside" if measure in ("change", "relative") or not value else "auto"


def _step(value: Any, measure: str, column: Column) -> str:
    """Write the text at a step: changes with their sign, amounts without cents."""
    text = shown(value, "count" if column.format == "amount" else column.format)
    return f"+{text}" if value is not None and value > 0 and measure in ("change", "relative") else text


def _funnel(rows: Rows, chart: Chart) -> list[Trace]:
    return [{
        "type": "funnel", "y": _x(rows, chart.x), "x": [jsonable(value) for value in rows.column(chart.y[0])],
        "marker": {"color": "@1"}, "textinfo": "value+percent initial", "insidetextfont": {"color": "@paper"},
    }]  # fmt: skip


def _paint(rows: Rows, chart: Chart, number: int, column: str, found: list[int]) -> str:
    """Return the colour of a series: the one that the chart gives it, or that of its number."""
    key = str(rows.values[found[0]][chart.by]) if chart.by else column
    return f"@{chart.colours[key]}" if key in chart.colours else _colour(number)


def _colour(number: int) -> str:
    return f"@{number % SERIES + 1}"


KINDS: dict[str, Callable[[Rows, Chart], list[Trace]]] = {
    "line": _line, "bar": _bar, "heatmap": _heatmap, "sankey": _sankey, "waterfall": _waterfall, "funnel": _funnel,
}  # fmt: skip
