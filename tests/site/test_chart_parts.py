"""Parts of charts: marks over bars, steps of a waterfall, colours of their own, units, ticks of small counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from siyu.report.site.charts import figure
from siyu.report.site.definitions import Block, unit_words
from siyu.report.site.rows import Rows

COLUMNS = {
    "month": {"en": "Month", "zh": "月份", "format": "month"},
    "kind": {"en": "Kind", "zh": "类型"},
    "net": {"en": "Net revenue", "zh": "净收入", "format": "amount"},
    "target": {"en": "Target", "zh": "目标", "format": "amount"},
    "people": {"en": "People", "zh": "人数", "format": "count"},
    "hours": {"en": "Hours", "zh": "时长", "format": "number", "unit": "hours"},
}


def _figure(chart: dict[str, Any], *values: dict[str, Any]) -> dict[str, Any]:
    block = Block.model_validate({
        "id": "block", "title": {"en": "t", "zh": "t"}, "reads": ["kpi.t"], "sql": "select 1", "view": "chart",
        "columns": COLUMNS, "chart": chart,
    })  # fmt: skip
    return figure(Rows(block, "select 1", tuple(values[0]), values))


def test_a_target_is_a_mark_at_its_bar() -> None:
    rows = {"month": "2026-05", "net": Decimal("9.50"), "target": None}, {"month": "2026-06", "net": 8, "target": 7}
    bars, marks = _figure({"kind": "bar", "x": "month", "y": ["net"], "marks": ["target"]}, *rows)["data"]
    assert (bars["type"], bars["x"], bars["y"]) == ("bar", ["2026-05", "2026-06"], [9.5, 8])
    assert (marks["mode"], marks["x"], marks["y"]) == ("markers", ["2026-05", "2026-06"], [None, 7])
    assert marks["name"] == {"en": "Target", "zh": "目标"}


def test_steps_of_a_waterfall_say_what_they_are() -> None:
    chart = {"kind": "waterfall", "x": "month", "y": ["net"], "measure": "kind", "horizontal": True}
    steps = (("a", 10_000, "start"), ("b", Decimal("-1500.40"), "change"), ("c", 0, "change"), ("d", 20, "change"),
             ("e", Decimal("8519.60"), "end"))  # fmt: skip
    made = _figure(chart, *({"month": name, "net": value, "kind": kind} for name, value, kind in steps))
    (trace,) = made["data"]
    assert (trace["y"], trace["orientation"]) == (["a", "b", "c", "d", "e"], "h")
    assert trace["measure"] == ["absolute", "relative", "relative", "relative", "total"]
    assert trace["text"] == ["10,000", "-1,500", "0", "+20", "8,520"]
    assert trace["textposition"] == ["auto", "outside", "outside", "outside", "auto"]
    assert made["layout"]["yaxis"]["autorange"] == "reversed"


def test_a_series_has_its_own_colour_whatever_its_place() -> None:
    chart = {"kind": "bar", "x": "month", "y": ["people"], "by": "kind", "colours": {"Dead": "bad"}}
    lively, dead = ({"month": "2026-06", "people": 9, "kind": kind} for kind in ("Lively", "Dead"))
    assert [one["marker"]["color"] for one in _figure(chart, lively, dead)["data"]] == ["@1", "@bad"]
    assert [one["marker"]["color"] for one in _figure(chart, dead)["data"]] == ["@bad"]


def test_counts_of_a_few_have_no_half_ticks() -> None:
    def axis(people: int | None) -> dict[str, Any]:
        chart = {"kind": "bar", "x": "month", "y": ["people"], "horizontal": True}
        axes: dict[str, Any] = _figure(chart, {"month": "2026-06", "people": people})["layout"]
        return dict(axes["xaxis"])

    assert axis(4)["dtick"] == axis(None)["dtick"] == 1
    assert "dtick" not in axis(5)


def test_units_are_written_in_both_languages() -> None:
    assert unit_words("hours") == {"en": "hours", "zh": "小时"}
    assert unit_words("mark") == {"en": "points", "zh": "分"}
    assert unit_words("CNY") == {"en": "CNY", "zh": "CNY"}
    made = _figure({"kind": "line", "x": "month", "y": ["hours"]}, {"month": "2026-06", "hours": 3})
    assert made["layout"]["yaxis"]["title"]["text"] == {"en": "hours", "zh": "小时"}
    assert made["data"][0]["hovertemplate"] == {"en": "%{y:,.2f} hours", "zh": "%{y:,.2f} 小时"}
