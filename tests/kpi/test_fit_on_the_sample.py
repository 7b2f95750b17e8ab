"""The sample: models and plain Python grade product lines and capabilities in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.capability_reference import Capabilities, grade
from tests.kpi.fit_reference import FACTORS, Fit

pytestmark = pytest.mark.xdist_group("fit_on_the_sample")
CLOSE = Fraction(1, 1_000_000)


@pytest.fixture(scope="module")
def fit(night: Ran) -> Iterator[Fit]:
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield Fit(con)
    con.close()


def test_every_factor(fit: Fit) -> None:
    rows = fit.revenue.rows(
        "select product_line, factor, source, figure, basis_count, points, most_points from kpi.product_fit_factor"
    )
    assert {(line, factor) for line, factor, *_ in rows} == {(line, f) for line in fit.lines for f in FACTORS}
    assert {source for _, _, source, *_ in rows} == {"data", "traits", "missing"}
    for line, factor, source, figure, basis, points, most in rows:
        wanted, exact, cases = fit.figure(line, factor)
        assert (source, basis) == (wanted, cases), (line, factor)
        assert (figure is None) == (exact is None), (line, factor)
        assert exact is None or abs(Fraction(figure) - exact) <= CLOSE, (line, factor)
        assert (None if points is None else (points, most)) == fit.points(factor, source, exact), (line, factor)


def test_every_product_line(fit: Fit) -> None:
    rows = fit.revenue.rows(
        "select product_line, grade, points, most_points, customer_count, is_community_fit, margin_amount,"
        " ticket_count, recommended_way from kpi.product_fit order by product_line"
    )
    assert rows == [
        (
            line, *fit.grade(line), len(fit.days(line)), fit.is_community(line), fit.margin(line), fit.tickets(line),
            fit.way(line),
        )
        for line in fit.lines
    ]  # fmt: skip


def test_every_capability(fit: Fit) -> None:
    reference = Capabilities(fit.con)
    rows = fit.revenue.rows(
        "select capability, figure, first_rate, second_rate, score, grade from kpi.capability_score"
        " order by capability_order"
    )
    assert [row[0] for row in rows] == ["product", "training", "service", "activity"]
    for capability, *found, score, letter in rows:
        wanted = getattr(reference, capability)()
        for one, exact in zip(found, wanted, strict=True):
            assert abs(Fraction(one) - exact) <= CLOSE, (capability, found, wanted)
        exact = 50 * (wanted[1] + wanted[2])
        assert abs(Fraction(score) - exact) <= Fraction(1, 200) + CLOSE and letter == grade(exact), capability
