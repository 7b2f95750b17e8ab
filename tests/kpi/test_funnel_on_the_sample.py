"""The sample: models and plain Python give the same funnel."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.funnel_reference import KPIS, Funnel, Values, is_kept
from tests.kpi.funnel_tables import funnel_rows, scenario_rows, trust_rows

pytestmark = pytest.mark.xdist_group("funnel_on_the_sample")
CLOSE = Fraction(1, 1_000_000)


@pytest.fixture(scope="module")
def funnel(night: Ran) -> Iterator[Funnel]:
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield Funnel(con)
    con.close()


def found_values(funnel: Funnel, code: str) -> Values:
    rows = funnel.rows(
        "select dimension, member, as_of_date, numerator, denominator, value from kpi.kpi_value"
        f" where kpi_code = '{code}'"
    )
    return {
        (dimension, member, day): (part, whole, Fraction(value)) for dimension, member, day, part, whole, value in rows
    }


def differing(wanted: dict[Any, tuple[Any, ...]], found: dict[Any, tuple[Any, ...]]) -> dict[Any, Any]:
    """What differs: counts exactly, values by rounding only."""
    return {
        key: (wanted.get(key), found.get(key))
        for key in wanted.keys() | found.keys()
        if key not in wanted or key not in found or not all(map(_is_same, wanted[key], found[key]))
    }


def _is_same(wanted: Any, found: Any) -> bool:
    if wanted is None or found is None:
        return wanted is found
    return abs(Fraction(wanted) - Fraction(found)) <= CLOSE


@pytest.mark.parametrize("code", KPIS)
def test_every_figure(funnel: Funnel, code: str) -> None:
    wanted = {cell: value for cell, value in KPIS[code](funnel).items() if is_kept(code, cell)}
    found = found_values(funnel, code)
    if code == "lead_to_won":
        found = {cell: value for cell, value in found.items() if cell[0] == "total"}
    if code == "undertouched_leads":
        found = {cell: value for cell, value in found.items() if value[0]}
    assert wanted
    assert differing(wanted, found) == {}


def test_the_funnel_by_week(funnel: Funnel) -> None:
    rows = funnel.rows("select cohort_week, channel, stage, reached, median_days from kpi.funnel where reached > 0")
    assert differing(funnel_rows(funnel), {row[:3]: row[3:] for row in rows}) == {}


def test_the_funnel_by_scenario(funnel: Funnel) -> None:
    rows = funnel.rows("select scenario, step_no, entered, reached, median_days, skipped from kpi.scenario_funnel")
    assert differing(scenario_rows(funnel), {row[:2]: row[2:] for row in rows}) == {}


def test_the_funnel_by_step_of_trust(funnel: Funnel) -> None:
    rows = funnel.rows("select cohort_week, trust_step, reached from kpi.trust_funnel where reached > 0")
    assert differing(trust_rows(funnel), {row[:2]: row[2:] for row in rows}) == {}


def test_rates_are_those_of_the_counts(funnel: Funnel) -> None:
    """Every rate of the tables, from the counts beside it."""
    for table, order in (("funnel", "channel, stage_rank"), ("trust_funnel", "step_no")):
        before: dict[tuple[Any, ...], int] = {}
        group = "cohort_week, channel" if table == "funnel" else "cohort_week, null"
        for week, channel, reached, rate in funnel.rows(
            f"select {group}, reached, rate_from_before from kpi.{table} order by cohort_week, {order}"
        ):
            base = before.get((week, channel))
            assert _is_same(Fraction(reached, base) if base else None, rate), (table, week, channel)
            before[week, channel] = reached
    for entered, reached, rate in funnel.rows("select entered, reached, rate from kpi.scenario_funnel"):
        assert _is_same(Fraction(reached, entered) if entered else None, rate)
