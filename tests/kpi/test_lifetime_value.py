"""kpi.customer_summary is what models of customer lifetime value read: fitted to it, they find how buyers were made.

Buyers are simulated by the assumptions of BG/NBD (Fader, Hardie and Lee, "Counting your customers the easy way",
Marketing Science 24 (2005) 275-284) and of Gamma-Gamma (Fader and Hardie, "The Gamma-Gamma Model of Monetary Value",
2013). Their purchases go through the model, and both likelihoods are maximised over its columns. A first purchase that
counts as a repeated one, days in place of weeks, or a mean over all purchases gives other parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from siyu.build.materialization import build_model
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import Session
from tests.models.test_models import AS_OF, Engines, fill

pytestmark = pytest.mark.xdist_group("lifetime_value")

PEOPLE = 6000
WEEKS = 104
R, ALPHA, A, B = 0.8, 6.0, 1.2, 3.5  # of the paper: purchases a week are Gamma(r, alpha), dropping out is Beta(a, b)
P, Q, V = 6.0, 4.0, 150.0  # an amount is Gamma(p, nu), nu is Gamma(q, v)
LAST = date.fromisoformat(AS_OF)
DAYS = 7  # value_unit_days

Vector = np.ndarray[Any, np.dtype[np.float64]]


def _purchase_days(random: np.random.Generator) -> Iterator[list[date]]:
    """The days of purchase of each buyer, the first one first."""
    for rate, dropout in zip(random.gamma(R, 1 / ALPHA, PEOPLE), random.beta(A, B, PEOPLE), strict=True):
        begin = LAST - timedelta(days=int(random.integers(20 * DAYS, WEEKS * DAYS)))
        days, moment = [begin], 0.0
        while random.random() >= (dropout if len(days) > 1 else 0.0):
            moment += random.exponential(1 / rate)
            if moment * DAYS > (LAST - begin).days:
                break
            days.append(begin + timedelta(days=int(moment * DAYS)))
        yield days


@pytest.fixture(scope="module")
def summary(project: Project, engines: Engines) -> dict[str, Vector]:
    """The columns of kpi.customer_summary over simulated purchases."""
    random = np.random.default_rng(20)
    rows: list[tuple[object, ...]] = []
    for person, days in enumerate(_purchase_days(random)):
        spend = random.gamma(Q, 1 / V)
        amounts = random.gamma(P, 1 / spend, len(days))
        rows += [
            (f"P{person}", person, day, "mall", f"{person}-{number}", "order", round(float(amount), 2))
            for number, (day, amount) in enumerate(zip(days, amounts, strict=True))
        ]
    with engines.at(AS_OF) as (engine, session):
        for name in ("kpi.revenue_line", "journey.person_exclusion"):
            fill(session, relation(name), {c.name: c.type for c in project.binder.columns(relation(name))}, [])
        _insert(session, rows)
        build_model(engine, project, "kpi.customer_summary")
        found = session.rows(
            f"select frequency, recency, t, monetary_amount from {relation('kpi.customer_summary')} order by one_id"
        )
    columns = zip(*found, strict=True)
    names = ("frequency", "recency", "t", "monetary")
    return {
        name: np.array([np.nan if v is None else float(v) for v in column])
        for name, column in zip(names, columns, strict=True)
    }


def _insert(session: Session, rows: list[tuple[object, ...]]) -> None:
    columns = "one_id, person_key, revenue_date, channel, deal_id, kind, amount"
    for begin in range(0, len(rows), 1000):
        part = rows[begin : begin + 1000]
        marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(part))
        session.execute(
            f"insert into {relation('kpi.revenue_line')} ({columns}) values {marks}",
            [value for row in part for value in row],
        )


def _fitted(likelihood: Callable[[Vector], float], start: Sequence[float]) -> Vector:
    """The parameters, all above 0, with the greatest likelihood. `start` has their orders of magnitude."""
    found = minimize(
        lambda logs: -likelihood(np.exp(logs)), np.log(np.array(start)), method="Nelder-Mead",
        options={"maxiter": 4000, "maxfev": 4000, "xatol": 1e-5, "fatol": 1e-3},
    )  # fmt: skip
    assert found.success, found.message
    return np.asarray(np.exp(found.x))


def _bg_nbd(x: Vector, t_x: Vector, t: Vector) -> Callable[[Vector], float]:
    """The log likelihood of BG/NBD, equation (6) of the paper, in the form of Fader, Hardie and Lee."""

    def likelihood(parameters: Vector) -> float:
        r, alpha, a, b = parameters
        shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        alive = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + t)
        repeated = np.maximum(x, 1)
        gone = betaln(a + 1, b + repeated - 1) - betaln(a, b) - (r + x) * np.log(alpha + t_x)
        return float(np.sum(shared + np.where(x > 0, np.logaddexp(alive, gone), alive)))

    return likelihood


def _gamma_gamma(x: Vector, mean: Vector) -> Callable[[Vector], float]:
    """The log likelihood of Gamma-Gamma, equation (1a) of the note, for buyers with x repeated purchases."""

    def likelihood(parameters: Vector) -> float:
        p, q, v = parameters
        return float(
            np.sum(
                gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
                + (p * x - 1) * np.log(mean) + (p * x) * np.log(x) - (p * x + q) * np.log(x * mean + v)
            )
        )  # fmt: skip

    return likelihood


def test_bg_nbd_finds_how_buyers_come_back(summary: dict[str, Vector]) -> None:
    found = _fitted(_bg_nbd(summary["frequency"], summary["recency"], summary["t"]), (1.0, 1.0, 1.0, 1.0))
    r, alpha, a, b = found
    assert (r, alpha) == (pytest.approx(R, rel=0.1), pytest.approx(ALPHA, rel=0.1)), found
    assert a / (a + b) == pytest.approx(A / (A + B), rel=0.1), found


def test_gamma_gamma_finds_what_buyers_spend(summary: dict[str, Vector]) -> None:
    again = summary["frequency"] > 0
    assert np.isnan(summary["monetary"][~again]).all()
    mean = summary["monetary"][again]
    p, q, v = _fitted(_gamma_gamma(summary["frequency"][again], mean), (1.0, 1.0, float(np.mean(mean))))
    assert (p, q) == (pytest.approx(P, rel=0.15), pytest.approx(Q, rel=0.15)), (p, q, v)
    assert p * v / (q - 1) == pytest.approx(P * V / (Q - 1), rel=0.05), (p, q, v)  # the mean amount of a purchase


@pytest.mark.parametrize("wrong", ["first purchase counts", "days instead of weeks"])
def test_another_convention_gives_other_parameters(summary: dict[str, Vector], wrong: str) -> None:
    x, t_x, t = summary["frequency"], summary["recency"], summary["t"]
    if wrong == "first purchase counts":
        x = x + 1
    else:
        t_x, t = t_x * DAYS, t * DAYS
    r, alpha, _, _ = _fitted(_bg_nbd(x, t_x, t), (1.0, 1.0, 1.0, 1.0))
    assert abs(r / R - 1) > 0.2 or abs(alpha / ALPHA - 1) > 0.2
