"""The suites of sales and teams find what would make figures wrong: every expectation names a planted fault."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.models.test_models import Engines
from tests.planting import Fault, Key, Planting, Tables

SUITES = ("staff_head", "staff_work", "kpi_handoff", "kpi_per_head", "kpi_partner", "team_efficiency")
DAY, MONTH = "2026-06-30", "2026-06"
AT = f"{DAY} 02:00:00"
# Everybody, a team of one of our own people and half a head of a vendor, and these two.
HEADS = {("total", None): "1.5", ("team", "north"): "1.5", ("staff", "S1"): 1, ("staff", "V1"): "0.5"}
WORK: dict[str, tuple[Any, ...]] = {
    "revenue_per_head": (107, 100, 100, 0), "leads_per_head": (2, 1, 1, 0), "contacts_per_head": (3, 3, 2, 1),
    "projects_per_head": (1, 1, 1, 1), "subprojects_per_head": (2, 2, 1, 1),
}  # fmt: skip


def _figure(code: str, dimension: str, member: str | None, part: Any, whole: Any = None) -> dict[str, Any]:
    return {"as_of_date": DAY, "kpi_code": code, "dimension": dimension, "member": member, "numerator": part,
            "denominator": whole}  # fmt: skip


def _row(team: str | None, kind: str, member: str | None, *work: Any, heads: Any = None, cost: Any = None) -> Any:
    names = ("contacts", "leads", "revenue", "projects", "subprojects")
    return {"month": MONTH, "team": team, "unit_kind": kind, "member": member, "heads": heads, "cost": cost,
            **dict(zip(names, work, strict=True))}  # fmt: skip


def _by_head(row: dict[str, Any], *figures: Any) -> dict[str, Any]:
    names = ("contacts_per_head", "leads_per_head", "revenue_per_head", "projects_per_head")
    return row | dict(zip(names, figures, strict=True))


GOOD: Tables = {
    "kpi.business_day": [{"business_date": "2026-06-29"}, {"business_date": DAY}],
    "reference.sla": [{"step": "sdr_to_sales", "urgency": "normal", "hours_to_accept": "48"}],
    "kpi.dim_staff": [{"staff_id": "S1", "team": "north"}, {"staff_id": "V1", "team": "north"}],
    "kpi.revenue_line": [
        {"channel": "crm", "record_id": "a", "person_key": 1, "revenue_at": AT, "revenue_date": DAY, "amount": 100},
        {"channel": "crm", "record_id": "b", "person_key": 2, "revenue_at": AT, "revenue_date": DAY, "amount": 7},
    ],
    "kpi.lead_start": [{"person_key": 1, "lead_date": DAY}, {"person_key": 2, "lead_date": DAY}],
    "journey.partner": [{"person_key": 1, "since_at": "2026-01-01 02:00:00"}],
    "audience.lead_handoff": [
        {"person_key": 1, "step": "marketing_to_sdr", "qualified_at": AT, "due_at": f"{DAY} 06:00:00",
         "accepted_at": f"{DAY} 03:00:00"},
    ],
    "kpi.staff_head": [
        {"staff_id": "S1", "unit_kind": "staff", "heads": 1}, {"staff_id": "V1", "unit_kind": "vendor", "heads": "0.5"},
    ],
    "kpi.staff_work": [
        {"work_date": DAY, "staff_id": "S1", "contacts": 2, "leads": 1, "revenue": 100},
        {"work_date": DAY, "staff_id": "V1", "contacts": 1, "leads": 0, "revenue": 0},
        {"work_date": DAY, "contacts": 0, "leads": 1, "revenue": 7},
    ],
    "kpi.kpi_handoff": [
        _figure(code, dimension, member, part, 1)
        for code, part in (("handoff_hours", 2), ("handoff_accept_rate", 1), ("mql_to_sql", 0))
        for dimension, member in (("total", None), ("channel", "crm"))
    ],
    "kpi.kpi_per_head": [
        _figure(code, *cell, part, heads)
        for code, parts in WORK.items()
        for (cell, heads), part in zip(HEADS.items(), parts, strict=True)
    ],
    "kpi.kpi_partner": [
        _figure("partner_revenue", "total", None, 100), _figure("partner_revenue", "channel", "crm", 100),
        _figure("partner_training", "total", None, 0, 1),
    ],
    "kpi.team_efficiency": [
        _by_head(_row("north", "team", "north", 3, 1, 100, 1, 2, heads=2), "1.5", "0.5", 50, "0.5"),
        _by_head(_row("north", "staff", "S1", 2, 1, 100, 1, 1, heads=1), 2, 1, 100, 1),
        _by_head(_row("north", "vendor", "Acme", 1, 0, 0, 1, 1, heads=1, cost=5000), 1, 0, 0, 1),
        _row(None, "team", None, 0, 1, 7, 0, 0), _row(None, "staff", None, 0, 1, 7, 0, 0),
    ],
}  # fmt: skip

# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("staff_head", "one of our own people is one head"): ("staff_head", 0, {"heads": "0.9"}),
    ("staff_head", "everybody of staff.csv"): ("dim_staff", None, {"staff_id": "S2"}),
    ("staff_work", "no negative counts"): ("staff_work", 0, {"contacts": -1}),
    ("staff_work", "net revenue of each day to the cent"): ("staff_work", 2, {"revenue": "7.01"}),
    ("staff_work", "every lead"): ("staff_work", 2, {"leads": 0}),
    ("kpi_handoff", "part of the whole"): ("kpi_handoff", 2, {"numerator": 2}),
    ("kpi_handoff", "members add up to the total"): ("kpi_handoff", 1, {"numerator": "2.01"}),
    ("kpi_handoff", "every hand-off"): ("lead_handoff", 0, {"due_at": None}),
    ("kpi_handoff", "the window covers the deadlines of sla.csv"): ("sla", 0, {"hours_to_accept": "49"}),
    ("kpi_per_head", "heads of everybody"): ("kpi_per_head", 0, {"denominator": 0}),
    ("kpi_per_head", "counts never fall below 0"): ("kpi_per_head", 7, {"numerator": -1}),
    ("kpi_per_head", "each campaign has a scene, or none"): ("kpi_per_head", 18, {"numerator": 0}),
    ("kpi_per_head", "members are part of the total"): ("kpi_per_head", 11, {"numerator": 2}),
    ("kpi_per_head", "the same heads in all dimensions"): ("kpi_per_head", 3, {"denominator": "0.4"}),
    ("kpi_partner", "trained partners are partners"): ("kpi_partner", 2, {"numerator": 2}),
    ("kpi_partner", "members add up to the total"): ("kpi_partner", 1, {"numerator": "99.99"}),
    ("kpi_partner", "all revenue of partners to the cent"): ("kpi_partner", 0, {"numerator": "100.01"}),
    ("kpi_partner", "every partner of today"): ("partner", None, {"person_key": 3, "since_at": AT}),
    ("team_efficiency", "net revenue of the month to the cent"): ("team_efficiency", 4, {"revenue": "7.01"}),
    ("team_efficiency", "people and vendors add up to their team"): ("team_efficiency", 2, {"contacts": 2}),
    ("team_efficiency", "every lead of the month"): ("team_efficiency", 3, {"leads": 0}),
    ("team_efficiency", "a team has the campaigns of its people"): ("team_efficiency", 0, {"projects": 3}),
    ("team_efficiency", "figures are by head"): ("team_efficiency", 0, {"revenue_per_head": "50.01"}),
    ("team_efficiency", "no wage of a single person"): ("team_efficiency", 0, {"cost": 15000}),
}
MORE: list[tuple[Key, Fault]] = [
    (("staff_head", "one of our own people is one head"), ("staff_head", 1, {"heads": None})),
    (("staff_head", "one of our own people is one head"), ("staff_head", 1, {"heads": -1})),
    (("staff_work", "no negative counts"), ("staff_work", 0, {"leads": None})),
    (("staff_work", "net revenue of each day to the cent"), ("revenue_line", 1, {"revenue_date": "2026-06-29"})),
    (("staff_work", "every lead"), ("lead_start", None, {"person_key": 3, "lead_date": DAY})),
    (("kpi_handoff", "part of the whole"), ("kpi_handoff", 0, {"denominator": 0})),
    (("kpi_handoff", "part of the whole"), ("kpi_handoff", 0, {"numerator": -1})),
    (("kpi_handoff", "members add up to the total"), ("kpi_handoff", 5, {"denominator": 2})),
    (("kpi_handoff", "every hand-off"), ("lead_handoff", 0, {"accepted_at": None})),
    (("kpi_handoff", "every hand-off"), ("lead_handoff", 0, {"step": "sdr_to_sales"})),
    (("kpi_per_head", "heads of everybody"), ("kpi_per_head", 0, {"denominator": None})),
    (("kpi_per_head", "members are part of the total"), ("kpi_per_head", 13, {"numerator": 2})),
    (("kpi_per_head", "the same heads in all dimensions"), ("kpi_per_head", 1, {"denominator": "1.6"})),
    (("kpi_partner", "trained partners are partners"), ("kpi_partner", 2, {"numerator": -1})),
    (("kpi_partner", "all revenue of partners to the cent"), ("partner", 0, {"since_at": f"{DAY} 03:00:00"})),
    (("team_efficiency", "net revenue of the month to the cent"), ("team_efficiency", 3, {"revenue": "7.01"})),
    (("team_efficiency", "net revenue of the month to the cent"), ("revenue_line", 1, {"amount": "7.01"})),
    (
        ("team_efficiency", "net revenue of the month to the cent"),
        ("revenue_line", None, {"channel": "crm", "record_id": "c", "revenue_date": "2026-07-01", "amount": 1}),
    ),
    (("team_efficiency", "people and vendors add up to their team"), ("team_efficiency", 2, {"heads": "0.5"})),
    (("team_efficiency", "people and vendors add up to their team"), ("team_efficiency", 1, {"leads": 0})),
    (("team_efficiency", "people and vendors add up to their team"), ("team_efficiency", 1, {"team": "south"})),
    (("team_efficiency", "a team has the campaigns of its people"), ("team_efficiency", 0, {"projects": 0})),
    (("team_efficiency", "a team has the campaigns of its people"), ("team_efficiency", 0, {"subprojects": 3})),
    (("team_efficiency", "figures are by head"), ("team_efficiency", 1, {"contacts_per_head": 3})),
    (("team_efficiency", "figures are by head"), ("team_efficiency", 1, {"revenue_per_head": None})),
    (("team_efficiency", "no wage of a single person"), ("team_efficiency", 1, {"cost": 10000})),
]
PLANTING = Planting("kpi", SUITES, GOOD)


def test_every_expectation_has_a_fault(suites: dict[str, Suite]) -> None:
    assert set(PLANTING.queries(suites)) == set(FAULTS)


def test_good_rows_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    assert {one: rows for one, rows in PLANTING.found(project, engines, suites).items() if rows} == {}


@pytest.mark.parametrize(("one", "fault"), [*FAULTS.items(), *MORE])
def test_a_fault_is_found(project: Project, suites: dict[str, Suite], engines: Engines, one: Key, fault: Fault) -> None:
    assert PLANTING.found_by(one, project, engines, suites, fault)


def test_large_amounts_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    """Revenue in won or rupiah: a figure by head has as many digits as a double has."""
    row = _row("north", "vendor", "Big", 0, 0, 0, 0, 0, heads="11.27", cost=None) | {
        "revenue": "876543210987.65", "revenue_per_head": "77776682430.137536",
    }  # fmt: skip
    found = PLANTING.found(project, engines, suites, ("team_efficiency", None, row))
    assert not found["team_efficiency", "figures are by head"]
    off = row | {"revenue_per_head": "77776682430.139533"}
    assert PLANTING.found(project, engines, suites, ("team_efficiency", None, off))[
        "team_efficiency", "figures are by head"
    ]
