"""How figures of KPIs are written: units, bands, sparklines and marks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from siyu.ask.kpi_evidence import _values
from siyu.ask.kpi_words import edge, figure, marks, part, scale, sparkline
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.seeds.references import Reference


def kpi(unit: str, numerator_unit: str | None = None) -> dict[str, Any]:
    return {"unit": unit, "numerator_unit": numerator_unit}


@pytest.mark.parametrize(
    ("value", "of", "wanted"),
    [
        (None, kpi("count"), "–"),
        (Decimal("1234"), kpi("count"), "1,234"),
        (Decimal("0.12345"), kpi("rate"), "12.3 %"),
        (Decimal("0"), kpi("rate"), "0.0 %"),
        (Decimal("1234.5"), kpi("amount"), "1,234.50"),
        (Decimal("-1234.5"), kpi("amount"), "-1,234.50"),
        (Decimal("0.0123"), kpi("ratio", "count"), "0.0123"),
        (Decimal("12.5"), kpi("ratio", "count"), "12.50"),
        (Decimal("0.5"), kpi("ratio", "amount"), "0.50"),
        (Decimal("3"), kpi("days"), "3.00"),
    ],
)
def test_a_figure_has_the_form_of_its_unit(value: Decimal | None, of: dict[str, Any], wanted: str) -> None:
    assert figure(value, of) == wanted


def test_a_band_ends_where_figures_do() -> None:
    assert edge(Decimal("-4.9"), kpi("count")) == "0.0"
    assert edge(Decimal("6.94"), kpi("count")) == "6.9"
    assert (edge(Decimal("-0.3"), kpi("rate")), edge(Decimal("1.3"), kpi("rate"))) == ("0.0 %", "100.0 %")
    assert edge(Decimal("-20"), kpi("amount")) == "-20.00"
    assert edge(None, kpi("rate")) == "–"


def test_parts_of_amounts_have_cents() -> None:
    assert part(Decimal("7.00"), kpi("rate")) == "7"
    assert part(Decimal("7.50"), kpi("ratio", "count")) == "7.50"
    assert part(Decimal("7.00"), kpi("ratio", "amount")) == "7.00"
    assert part(None, kpi("count")) == "–"


def test_a_sparkline_fills_its_scale() -> None:
    assert sparkline([0, 4, 8, None, 16], 0.0, 8.0) == "▁▅█·█"
    assert sparkline([-8, 0, 8], -8.0, 8.0) == "▁▅█"
    assert sparkline([0, None], 0.0, 0.0) == "▁·"


def test_a_scale_holds_values_and_bands_up_to_twice_as_far() -> None:
    assert scale([2, None, 6]) == (0.0, 6.0)
    assert scale([-2, 6]) == (-2.0, 6.0)
    assert scale([2, 6], [8, None]) == (0.0, 8.0)
    assert scale([2, 6], [1000]) == (0.0, 12.0)
    assert scale([0.5], [1.4], 1.0) == (0.0, 1.0)
    assert scale([None]) == (0.0, 0.0)


def test_marks_say_how_to_read_each_day() -> None:
    days = [{"status": name} for name in ("ok", "watch", "alert", "no_baseline", "immature", "stale")]
    assert marks([None, *days]) == "· w!?is"


@pytest.mark.parametrize("rows", [[], [("it's", ""), ("b", "2")]])
def test_a_reference_table_is_a_relation_even_without_rows(tmp_path: Any, rows: list[tuple[str, str]]) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("\n".join(["chat_id,kind", *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    engine = DuckEngine(None, RunInputs("2026-06-30", "Asia/Shanghai", ""))
    session = engine.session()
    relation = _values(Reference("groups", path, "", ("chat_id", "kind")))
    assert session.rows(f"select chat_id, kind from {relation} as g where kind is null or kind = '2'") == [
        (code, kind or None) for code, kind in rows
    ]
    session.close()
    engine.close()
