"""Every expectation about product fit and capabilities finds its planted fault, and nothing in rows that are right."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.models.test_models import Engines
from tests.planting import Fault, Key, Planting, Tables

SUITES = (
    "line_purchase", "line_customer", "line_audience", "line_service", "fit_figure", "product_fit_factor",
    "product_fit", "capability_content", "capability_ticket", "capability_event", "capability_score",
)  # fmt: skip
FACTORS = (
    "trial_cost", "brand_power", "loyalty", "purchase_cycle", "audience_precision", "differentiation",
    "price_per_order",
)  # fmt: skip


def _factor(line: str, factor: str, source: str = "data") -> dict[str, Any]:
    known = {"figure": 1, "unit": "days", "points": 1, "most_points": 2} if source != "missing" else {}
    basis = {"basis_count": 5} if source == "data" else {}
    return {"product_line": line, "factor": factor, "source": source, **known, **basis}


def _fit(line: str, grade: str | None, way: str | None, known: int, customers: int) -> dict[str, Any]:
    points = dict.fromkeys(FACTORS[:known], 1)
    return {
        "product_line": line, "grade": grade, "recommended_way": way, "points": known, "most_points": 2 * known,
        "fit_rate": "0.5", "coverage_rate": f"{known / 7:.6f}", "known_factors": known, "customer_count": customers,
        "is_community_fit": True, "is_service_covered": True, **points,
    }  # fmt: skip


def _score(capability: str, score: Any, grade: str | None, first: Any, second: Any, basis: int) -> dict[str, Any]:
    return {"capability": capability, "score": score, "grade": grade, "first_rate": first, "second_rate": second,
            "basis_count": basis}  # fmt: skip


GOOD: Tables = {
    "journey.person_exclusion": [{"person_key": 9, "kind": "staff"}],
    "kpi.dim_product": [{"product_id": "A", "product_line": "Servo"}, {"product_id": "B", "product_line": "Robot"}],
    "kpi.revenue_line": [
        {"channel": "mall", "deal_id": "o", "kind": "order", "product_id": "A", "buyer_key": 1, "amount": "10.50"},
        {"channel": "mall", "deal_id": "o", "kind": "order", "product_id": "A", "buyer_key": 1, "amount": 5},
        {"channel": "mall", "deal_id": "o", "kind": "refund", "product_id": "A", "buyer_key": 1, "amount": -5},
    ],
    "kpi.line_purchase": [
        {"channel": "mall", "deal_id": "o", "product_line": "Servo", "buyer_key": 1, "person_key": 1,
         "amount": "15.50"},
    ],
    "kpi.line_customer": [
        {"product_line": "Servo", "level": "person", "entity_key": 1},
        {"product_line": "Servo", "level": "account", "entity_key": 1},
    ],
    "kpi.line_audience": [
        {"product_line": "Servo", "tag_code": "industry", "top_count": 1, "known_count": 1},
        {"product_line": "Servo", "tag_code": "top_topic", "top_count": 1, "known_count": 1},
    ],
    "kpi.line_service": [
        {"product_line": "Servo", "known_tickets": 1, "ticket_count": "1.50"},
        {"product_line": "Robot", "known_tickets": 0},
    ],
    "kpi.fit_figure": [
        {"product_line": "Servo", "factor": "loyalty", "source": "data", "figure": "0.5", "basis_count": 3},
        {"product_line": "Servo", "factor": "trial_cost", "source": "data", "figure": 500, "basis_count": 3},
        {"product_line": "Servo", "factor": "loyalty", "source": "traits", "figure": 5},
    ],
    "kpi.product_fit_factor": [
        *(_factor("Servo", factor) for factor in FACTORS),
        *(_factor("Robot", factor, "traits" if factor in FACTORS[:3] else "missing") for factor in FACTORS),
    ],
    "kpi.kpi_person": [{"person_key": 1}, {"person_key": 2}],
    "journey.person_stage": [
        {"person_key": 1, "content_stage": "awareness"}, {"person_key": 2, "content_stage": "awareness"},
        {"person_key": 9, "content_stage": "awareness"},
    ],
    "kpi.capability_content": [
        {"content_stage": "awareness", "people_count": 2, "seen_count": 1, "content_count": 1},
        {"content_stage": "nurture", "people_count": 0, "seen_count": 0, "content_count": 0},
    ],
    "kpi.capability_ticket": [
        {"channel": "s", "record_id": "a", "reply_hours": 1, "is_in_time": True},
        {"channel": "s", "record_id": "b", "is_in_time": False},
    ],
    "kpi.capability_event": [
        {"campaign_id": "A", "first_date": "2026-06-30", "participant_count": 3},
        {"campaign_id": "B", "first_date": "2026-06-01", "participant_count": 4},
    ],
    "kpi.capability_score": [
        _score("product", 75, "A", "0.5", 1, 2), _score("training", None, None, None, None, 0),
        _score("service", "74.99", "B", "0.7499", None, 2), _score("activity", 24, "D", "0.4", "0.08", 7),
    ],
    "kpi.product_fit": [_fit("Servo", "mostly", "community", 7, 1), _fit("Robot", None, None, 3, 0)],
}  # fmt: skip

# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("line_purchase", "the amount of its revenue lines, to the cent"): ("line_purchase", 0, {"amount": "15.51"}),
    ("line_purchase", "staff, competitors and bots are no buyers"): ("line_purchase", 0, {"person_key": 9}),
    ("line_audience", "the most frequent are part of all"): ("line_audience", 0, {"top_count": 2}),
    ("line_audience", "no more customers than there are"): ("line_audience", 0, {"known_count": 2}),
    ("line_service", "tickets are there or unknown"): ("line_service", 0, {"ticket_count": "0.99"}),
    ("line_service", "every product line"): ("line_service", 1, {"product_line": "Robots"}),
    ("fit_figure", "shares, days and amounts are in range"): ("fit_figure", 0, {"figure": "1.01"}),
    ("fit_figure", "data rest on cases"): ("fit_figure", 0, {"basis_count": None}),
    ("product_fit_factor", "seven factors of every product line"): (
        "product_fit_factor", None, _factor("Servo", "beauty")),
    ("product_fit_factor", "missing factors have no points"): ("product_fit_factor", 13, {"points": 0}),
    ("product_fit_factor", "points are part of the most points"): ("product_fit_factor", 0, {"points": 3}),
    ("product_fit_factor", "data rest on enough cases"): ("product_fit_factor", 0, {"basis_count": 4}),
    ("product_fit", "every product line"): ("product_fit", 1, {"product_line": "Robots"}),
    ("product_fit", "points of the seven factors"): ("product_fit_factor", 0, {"points": 2}),
    ("product_fit", "rates lie between 0 and 1"): ("product_fit", 0, {"fit_rate": "1.1"}),
    ("product_fit", "a grade where enough is known"): ("product_fit", 1, {"grade": "all"}),
    ("product_fit", "lines that barely fit are advertised in public"): ("product_fit", 0, {"grade": "barely"}),
    ("product_fit", "buyers as in line_purchase"): ("product_fit", 0, {"customer_count": 2}),
    ("capability_content", "who saw it is one of the people"): ("capability_content", 0, {"seen_count": 3}),
    ("capability_content", "everybody in a stage"): ("capability_content", 0, {"people_count": 3}),
    ("capability_ticket", "answers in time are answers"): ("capability_ticket", 1, {"is_in_time": True}),
    ("capability_event", "somebody took part"): ("capability_event", 0, {"participant_count": 0}),
    ("capability_score", "four capabilities"): ("capability_score", None, _score("product", 0, "D", 0, 0, 2)),
    ("capability_score", "scores follow from the shares"): ("capability_score", 0, {"second_rate": "0.9"}),
    ("capability_score", "grades follow from the scores"): ("capability_score", 0, {"score": "74.99"}),
    ("capability_score", "the records that it rests on"): ("capability_score", 3, {"basis_count": 8}),
}  # fmt: skip
MORE: list[tuple[Key, Fault]] = [
    (("line_purchase", "the amount of its revenue lines, to the cent"), ("revenue_line", 1, {"kind": "refund"})),
    (("line_audience", "the most frequent are part of all"), ("line_audience", 0, {"top_count": None})),
    (("line_audience", "no more customers than there are"), ("line_customer", 0, {"level": "account"})),
    (("line_service", "tickets are there or unknown"), ("line_service", 0, {"ticket_count": None})),
    (("fit_figure", "shares, days and amounts are in range"), ("fit_figure", 1, {"figure": -1})),
    (("fit_figure", "shares, days and amounts are in range"), ("fit_figure", 2, {"figure": 6})),
    (("fit_figure", "data rest on cases"), ("fit_figure", 2, {"basis_count": 3})),
    (("product_fit_factor", "seven factors of every product line"), ("dim_product", 1, {"product_line": "Plc"})),
    (("product_fit_factor", "missing factors have no points"), ("product_fit_factor", 0, {"figure": None})),
    (("product_fit_factor", "missing factors have no points"), ("product_fit_factor", 0, {"unit": None})),
    (("product_fit_factor", "points are part of the most points"), ("product_fit_factor", 0, {"most_points": None})),
    (("product_fit_factor", "data rest on enough cases"), ("product_fit_factor", 7, {"basis_count": 5})),
    (("product_fit", "points of the seven factors"), ("product_fit", 0, {"loyalty": 0})),
    (("product_fit", "points of the seven factors"), ("product_fit_factor", 0, {"most_points": 3})),
    (("product_fit", "points of the seven factors"), ("product_fit_factor", 0, {"points": None})),
    (("product_fit", "rates lie between 0 and 1"), ("product_fit", 0, {"fit_rate": None})),
    (("product_fit", "rates lie between 0 and 1"), ("product_fit", 0, {"coverage_rate": "1.1"})),
    (("product_fit", "a grade where enough is known"), ("product_fit", 0, {"recommended_way": None})),
    (("product_fit", "a grade where enough is known"), ("product_fit", 0, {"known_factors": 3})),
    (
        ("product_fit", "lines that barely fit are advertised in public"),
        ("product_fit", 0, {"is_community_fit": False}),
    ),
    (
        ("product_fit", "lines that barely fit are advertised in public"),
        ("product_fit", 0, {"recommended_way": "service_group", "is_service_covered": False}),
    ),
    (("product_fit", "buyers as in line_purchase"), ("line_purchase", 0, {"product_line": "Robot"})),
    (("capability_content", "who saw it is one of the people"), ("capability_content", 0, {"seen_count": -1})),
    (("capability_content", "everybody in a stage"), ("person_stage", 0, {"content_stage": "nurture"})),
    (("capability_ticket", "answers in time are answers"), ("capability_ticket", 0, {"reply_hours": "-0.1"})),
    (("capability_event", "somebody took part"), ("capability_event", 0, {"first_date": "2026-07-01"})),
    (("capability_event", "somebody took part"), ("capability_event", 0, {"participant_count": None})),
    (("capability_score", "scores follow from the shares"), ("capability_score", 2, {"score": 50})),
    (("capability_score", "scores follow from the shares"), ("capability_score", 1, {"score": 0})),
    (("capability_score", "scores follow from the shares"), ("capability_score", 3, {"first_rate": "1.1"})),
    (("capability_score", "grades follow from the scores"), ("capability_score", 3, {"grade": "C"})),
    (("capability_score", "grades follow from the scores"), ("capability_score", 2, {"grade": None})),
    (("capability_score", "the records that it rests on"), ("capability_content", 1, {"people_count": 1})),
    (("capability_score", "the records that it rests on"), ("capability_ticket", None, {"record_id": "c"})),
    (("capability_score", "the records that it rests on"), ("capability_event", 1, {"participant_count": 5})),
]  # fmt: skip
PLANTING = Planting("kpi", SUITES, GOOD)


def test_every_expectation_has_a_fault(suites: dict[str, Suite]) -> None:
    assert set(PLANTING.queries(suites)) == set(FAULTS)


def test_good_rows_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    assert {one: rows for one, rows in PLANTING.found(project, engines, suites).items() if rows} == {}


@pytest.mark.parametrize(("one", "fault"), [*FAULTS.items(), *MORE])
def test_a_fault_is_found(project: Project, suites: dict[str, Suite], engines: Engines, one: Key, fault: Fault) -> None:
    assert PLANTING.found_by(one, project, engines, suites, fault)
