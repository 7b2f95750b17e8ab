"""Every expectation about revenue fails when its fault is planted, and says nothing about rows that are right."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.models.test_models import AS_OF, Engines
from tests.planting import Fault, Key, Planting, Tables

SUITES = (
    "revenue_line", "revenue_month", "guide_stretch", "kpi_contribution", "kpi_energy", "revenue_formula",
    "revenue_bridge", "energy_formula", "customer_summary", "cohort_value",
)  # fmt: skip
MONTH = "2026-06"


def _line(
    record: str, kind: str, day: str, amount: int, person: int | None, account: int | None = None
) -> dict[str, Any]:
    return {
        "channel": "crm" if kind == "opportunity" else "mall", "record_id": record, "deal_id": record, "kind": kind,
        "person_key": person, "one_id": person and f"P{person}", "account_key": account,
        "buyer_key": person or (account and -account - 1), "revenue_date": day, "amount": amount,
        "margin_amount": f"{amount * 0.3:.2f}",
    }  # fmt: skip


def _deal(record: str, kind: str, status: str | None, amount: int, **more: Any) -> dict[str, Any]:
    channel = "crm" if kind == "opportunity" else "mall"
    moment = "2026-06-10 02:00:00"
    return {"channel": channel, "record_id": record, "deal_id": record, "kind": kind, "status": status,
            "occurred_at": moment, "closed_at": moment, "amount": amount, **more}  # fmt: skip


def _formula(dimension: str, member: str | None, buyers: int, orders: int, known: int, refunds: int) -> dict[str, Any]:
    return {
        "month": MONTH, "dimension": dimension, "member": member, "buyers": buyers, "orders": orders,
        "orders_per_buyer": f"{orders / buyers:.6f}", "order_value": f"{known / orders:.6f}", "known_amount": known,
        "unknown_amount": 0, "gmv_amount": known, "refund_amount": refunds, "net_amount": known - refunds,
    }  # fmt: skip


def _driver(driver: str, amount: int, is_weakest: bool = False) -> dict[str, Any]:
    return {"month": MONTH, "basis": "previous", "dimension": "total", "driver": driver, "from_amount": 0,
            "to_amount": 340, "amount": amount, "is_weakest": is_weakest}  # fmt: skip


def _energy(line: str, guides: int | None, people: int | None, buyers: int, net: int) -> dict[str, Any]:
    return {"month": MONTH, "line": line, "guide_customers": guides, "people_count": people, "buyer_count": buyers,
            "net_amount": net}  # fmt: skip


def _cohort(months_since: int, month: str, active: int, buyers: int, revenue: int, margin: int) -> dict[str, Any]:
    return {"cohort_month": "2026-05", "months_since": months_since, "month": month, "people_count": 2,
            "active_count": active, "buyer_count": buyers, "revenue_amount": revenue, "margin_amount": margin,
            "cumulative_margin_amount": margin}  # fmt: skip


# P1 buys twice and gets money back, a company buys, and a member of staff (P9).
GOOD: Tables = {
    "journey.person_exclusion": [{"person_key": 9, "kind": "staff"}],
    "records.deal": [
        _deal("a", "order", "paid", 100), _deal("b", "order", "refunded", 50), _deal("b", "refund", None, -20,
        record_id="r"), _deal("c", "opportunity", "won", 200), _deal("d", "order", "done", 10),
        _deal("e", "order", "cancelled", 5000), _deal("f", "opportunity", "lost", 5000),
        _deal("g", "opportunity", "won", 5000), _deal("h", "order", "paid", 0, opportunity_id="g"),
        _deal("i", "order", "refunded", 5000), _deal("e", "refund", None, -5000, record_id="s"),
        _deal("j", "opportunity", "won", 5000, closed_at="2026-06-30 16:00:00"),
    ],
    "kpi.revenue_line": [
        _line("a", "order", "2026-06-01", 100, 1), _line("b", "order", "2026-06-15", 50, 1),
        _line("r", "refund", "2026-06-20", -20, 1), _line("c", "opportunity", "2026-06-10", 200, None, 5),
        _line("d", "order", "2026-06-10", 10, 9),
    ],
    "kpi.revenue_month": [
        {"month_date": f"{MONTH}-01", "role": "actual", "dimension": dimension, "member": member, "net_amount": net}
        for dimension, member, net in (("total", None, 340), ("channel", "mall", 140), ("channel", "crm", 200))
    ],
    "kpi.guide_stretch": [
        {"person_key": 1, "from_date": "2026-01-01", "to_date": "2026-02-01"},
        {"person_key": 1, "from_date": "2026-02-02", "to_date": "9999-01-01"},
    ],
    "kpi.kpi_contribution": [{"as_of_date": AS_OF, "dimension": "total", "numerator": 90, "denominator": 3}],
    "kpi.kpi_energy": [
        {"as_of_date": AS_OF, "kpi_code": "reach_rate", "dimension": "total", "numerator": 1, "denominator": 2},
    ],
    "kpi.revenue_formula": [
        _formula("total", None, 3, 4, 360, 20), _formula("channel", "mall", 2, 3, 160, 20),
        _formula("channel", "crm", 1, 1, 200, 0),
    ],
    "kpi.revenue_bridge": [
        _driver("buyers", 360), _driver("orders_per_buyer", 0), _driver("order_value", 0),
        _driver("refunds", -20, is_weakest=True), _driver("unknown", 0),
    ],
    "kpi.energy_formula": [
        _energy("reached", 2, 1, 1, 130), _energy("not_reached", None, 1, 0, 0),
        _energy("no_guide", None, None, 2, 210),
    ],
    "kpi.customer_summary": [
        {"one_id": "P1", "first_date": "2026-06-01", "last_date": "2026-06-15", "frequency": 1, "recency": 2,
         "t": "4.142857", "monetary_amount": 50, "revenue_amount": 130},
    ],
    "kpi.cohort_value": [_cohort(0, "2026-05", 2, 0, 0, 0), _cohort(1, MONTH, 1, 1, 130, 39)],
}  # fmt: skip

# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("revenue_line", "every line is landed revenue"): ("revenue_line", 0, {"record_id": "z"}),
    ("revenue_line", "revenue to the cent"): ("revenue_line", 0, {"amount": "100.01"}),
    ("revenue_line", "a buyer is a person, or else a company"): ("revenue_line", 3, {"buyer_key": 5}),
    ("revenue_line", "the margin has the sign of the amount"): ("revenue_line", 2, {"margin_amount": 6}),
    ("revenue_month", "channels add up to the total"): ("revenue_month", 1, {"net_amount": "140.01"}),
    ("guide_stretch", "stretches of a person neither overlap nor touch"): (
        "guide_stretch", 0, {"to_date": "2026-02-02"}),
    ("kpi_contribution", "customers of the window"): ("kpi_contribution", 0, {"denominator": 0}),
    ("kpi_energy", "reached people are guide customers, and buyers are reached"): ("kpi_energy", 0, {"numerator": 3}),
    ("revenue_formula", "orders less refunds are net revenue"): ("revenue_formula", 1, {"gmv_amount": "160.01"}),
    ("revenue_formula", "the factors give the amount of known buyers"): ("revenue_formula", 0, {"buyers": 4}),
    ("revenue_formula", "net revenue of the month to the cent"): ("revenue_formula", 0, {"net_amount": "340.01"}),
    ("revenue_formula", "channels add up to the total"): ("revenue_formula", 2, {"net_amount": "200.01"}),
    ("revenue_bridge", "drivers add up to the change"): ("revenue_bridge", 2, {"amount": "0.01"}),
    ("revenue_bridge", "one weakest driver"): ("revenue_bridge", 3, {"is_weakest": False}),
    ("revenue_bridge", "net revenue as in the formula"): ("revenue_bridge", 0, {"to_amount": "340.01"}),
    ("energy_formula", "lines add up to net revenue"): ("energy_formula", 2, {"net_amount": "210.01"}),
    ("energy_formula", "lines add up to the guide customers"): ("energy_formula", 0, {"guide_customers": 3}),
    ("energy_formula", "buyers are people of the line"): ("energy_formula", 1, {"buyer_count": 2}),
    ("customer_summary", "the convention of Fader and Hardie"): ("customer_summary", 0, {"recency": "4.2"}),
    ("customer_summary", "every customer, and their whole revenue"): (
        "customer_summary", 0, {"revenue_amount": "130.01"}),
    ("cohort_value", "revenue of all cohorts to the cent"): ("cohort_value", 1, {"revenue_amount": "130.01"}),
    ("cohort_value", "cumulative margin"): ("cohort_value", 1, {"cumulative_margin_amount": "39.01"}),
    ("cohort_value", "no more active people or buyers than people"): ("cohort_value", 0, {"active_count": 3}),
}  # fmt: skip
MORE: list[tuple[Key, Fault]] = [
    # A deal that is missing, that counts although it should not, or that counts twice.
    (("revenue_line", "revenue to the cent"), ("deal", None, _deal("k", "order", "paid", 1))),
    (("revenue_line", "revenue to the cent"), ("deal", 5, {"status": "paid"})),
    (("revenue_line", "revenue to the cent"), ("deal", 6, {"status": "won"})),
    (("revenue_line", "revenue to the cent"), ("deal", 8, {"opportunity_id": None})),
    (("revenue_line", "revenue to the cent"), ("deal", 9, {"deal_id": "b"})),
    (("revenue_line", "revenue to the cent"), ("deal", 11, {"closed_at": "2026-06-30 15:00:00"})),
    (("revenue_line", "revenue to the cent"), ("revenue_line", None, _line("c", "opportunity", "2026-06-10", 200, 1))),
    (("revenue_line", "a buyer is a person, or else a company"), ("revenue_line", 0, {"buyer_key": None})),
    (("revenue_line", "the margin has the sign of the amount"), ("revenue_line", 0, {"margin_amount": 101})),
    (("revenue_line", "the margin has the sign of the amount"), ("revenue_line", 0, {"margin_amount": None})),
    (
        ("guide_stretch", "stretches of a person neither overlap nor touch"),
        ("guide_stretch", 0, {"to_date": "2026-01-01"}),
    ),
    (
        ("kpi_energy", "reached people are guide customers, and buyers are reached"),
        ("kpi_energy", 0, {"numerator": -1}),
    ),
    (("revenue_formula", "orders less refunds are net revenue"), ("revenue_formula", 1, {"refund_amount": 0})),
    (("revenue_formula", "orders less refunds are net revenue"), ("revenue_formula", 1, {"unknown_amount": 1})),
    (
        ("revenue_formula", "net revenue of the month to the cent"),
        ("revenue_line", None, _line("z", "order", "2026-07-01", 1, 1)),
    ),
    (("revenue_formula", "channels add up to the total"), ("revenue_formula", 2, {"gmv_amount": "200.01"})),
    (("revenue_formula", "channels add up to the total"), ("revenue_formula", 2, {"refund_amount": "0.01"})),
    (("revenue_bridge", "drivers add up to the change"), ("revenue_bridge", None, _driver("unknown", 0))),
    (("revenue_bridge", "one weakest driver"), ("revenue_bridge", 0, {"is_weakest": True})),
    (("energy_formula", "lines add up to net revenue"), ("revenue_line", 0, {"revenue_date": "2026-05-31"})),
    (
        ("energy_formula", "lines add up to the guide customers"),
        ("energy_formula", None, _energy("none", None, None, 0, 0)),
    ),
    (("customer_summary", "the convention of Fader and Hardie"), ("customer_summary", 0, {"frequency": 0})),
    (("customer_summary", "the convention of Fader and Hardie"), ("customer_summary", 0, {"monetary_amount": None})),
    (("customer_summary", "the convention of Fader and Hardie"), ("customer_summary", 0, {"first_date": "2026-06-16"})),
    (("customer_summary", "every customer, and their whole revenue"), ("revenue_line", 4, {"person_key": 8})),
    (("cohort_value", "revenue of all cohorts to the cent"), ("person_exclusion", 0, {"kind": "partner"})),
    (("cohort_value", "cumulative margin"), ("cohort_value", 1, {"people_count": 3})),
    (("cohort_value", "no more active people or buyers than people"), ("cohort_value", 1, {"buyer_count": 3})),
]  # fmt: skip
PLANTING = Planting("kpi", SUITES, GOOD)


def test_every_expectation_has_a_fault(suites: dict[str, Suite]) -> None:
    assert set(PLANTING.queries(suites)) == set(FAULTS)


def test_good_rows_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    assert {one: rows for one, rows in PLANTING.found(project, engines, suites).items() if rows} == {}


@pytest.mark.parametrize(("one", "fault"), [*FAULTS.items(), *MORE])
def test_a_fault_is_found(project: Project, suites: dict[str, Suite], engines: Engines, one: Key, fault: Fault) -> None:
    assert PLANTING.found_by(one, project, engines, suites, fault)
