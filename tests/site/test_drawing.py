"""How rows become bands, flows, bars behind values and links."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from siyu.report.site.charts import figure
from siyu.report.site.definitions import Block
from siyu.report.site.rows import Rows, shown


def rows_of(columns: dict[str, Any], values: list[dict[str, Any]], **chart: Any) -> Rows:
    named = {name: {"en": name, "zh": name, **column} for name, column in columns.items()}
    view: dict[str, Any] = {"view": "chart", "chart": chart} if chart else {}
    words = {"en": "a", "zh": "一"}
    block = Block(id="a", title=words, reads=("a.b",), sql="select", columns=named, **view)
    return Rows(block, "select", tuple(values[0]), tuple(values))


def test_a_band_has_a_gap_where_an_edge_is_unknown_and_is_exact() -> None:
    values = [
        {"day": date(2026, 6, 1), "value": Decimal("2"), "low": Decimal("0.1"), "high": Decimal("0.3")},
        {"day": date(2026, 6, 2), "value": Decimal("5"), "low": None, "high": Decimal("9")},
    ]
    columns = {"day": {"format": "date"}, "value": {}, "low": {}, "high": {}}
    band, line = figure(rows_of(columns, values, kind="line", x="day", y=("value",), band=("low", "high")))["data"]
    assert (band["base"], band["y"]) == ([0.1, None], [0.2, None])
    assert line["y"] == [2.0, 5.0]


def test_flows_keep_the_order_of_rows_and_their_nodes_fit_the_drawing() -> None:
    values = [{"of": "x", "to": to, "n": n, "way": way} for to, n, way in (("b", 3, "on"), ("a", 1, "back"))]
    columns = {"of": {}, "to": {}, "n": {"format": "count"}, "way": {}}
    (trace,) = figure(rows_of(columns, values, kind="sankey", source="of", target="to", value="n", by="way"))["data"]
    assert trace["node"]["label"] == ["x 4", "b 3", "a 1"]
    assert trace["link"]["source"] == [0, 0]
    assert trace["link"]["target"] == [1, 2]
    assert trace["link"]["color"][0] != trace["link"]["color"][1]
    above, below = trace["node"]["y"][1:]
    assert 0 < above < below < 1


def test_bars_are_parts_of_one_or_of_the_greatest_value_and_links_name_other_columns() -> None:
    columns = {
        "name": {"link": "x.html#{code}"},
        "rate": {"format": "rate", "bar": True},
        "people": {"format": "count", "bar": True},
        "plain": {"format": "count"},
    }
    values = [
        {"name": "A", "code": "a", "rate": Decimal("0.4"), "people": 5, "plain": 1},
        {"name": "B", "code": "b", "rate": None, "people": 20, "plain": 2},
    ]
    first, second = rows_of(columns, values).cells()
    assert [cell.share for cell in first] == [None, 0.4, 0.25, None]
    assert [cell.share for cell in second] == [None, None, 1.0, None]
    assert (first[0].href, second[0].href) == ("x.html#a", "x.html#b")


def test_nothing_is_less_than_nothing() -> None:
    assert shown(Decimal("-0.001"), "ratio") == "0.00" and shown(-0.0001, "rate") == "0.0 %"
    assert shown(Decimal("-1234.5"), "amount") == "-1,234.50" and shown(7, "count") == "7"
