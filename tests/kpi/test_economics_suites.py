"""Every expectation about economics fails when its fault is planted, and says nothing about rows that are right."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.models.test_models import Engines
from tests.planting import Fault, Key, Planting, Tables

SUITES = (
    "channel_economics", "cost_day", "staff_cost_month", "campaign_channel", "cost_calendar", "customer",
    "economics_day", "kpi_economics", "kpi_lifetime", "kpi_step_roi", "kpi_private_conversion",
)  # fmt: skip
MONTH, DAY = "2026-06", "2026-06-30"
STEPS = ("acquire", "nurture", "convert", "serve")


def _spend(record: str, campaign: str | None, step: str, amount: int | None, day: str = DAY) -> dict[str, Any]:
    return {"channel": "ads", "record_id": record, "spend_date": day, "campaign_id": campaign, "step": step,
            "amount": amount}  # fmt: skip


def _cost(step: str | None, campaign: str | None, amount: int, day: str = DAY) -> dict[str, Any]:
    return {"cost_date": day, "kind": "spend" if step else "staff", "step": step, "channel": "ads",
            "campaign_id": campaign, "amount": amount}  # fmt: skip


def _economics(level: str, member: str | None, acquire: int, serve: int, **more: Any) -> dict[str, Any]:
    spend = dict.fromkeys((f"spend_{step}" for step in STEPS), 0) | {"spend_acquire": acquire, "spend_serve": serve}
    heads = dict.fromkeys(("staff_cost", "added_people", "new_customers", "margin_365", "revenue"), 0)
    return {"month": MONTH, "level": level, "member": member, **spend, "spend": acquire + serve, **heads, **more}


def _figure(code: str, numerator: int, denominator: int, dimension: str = "total", **more: Any) -> dict[str, Any]:
    return {"as_of_date": DAY, "kpi_code": code, "dimension": dimension, "numerator": numerator,
            "denominator": denominator, "value": 1, **more}  # fmt: skip


# One campaign, a cost without one, a member of staff; P1 bought and got money back, P9 is a bot.
BROUGHT = {"staff_cost": 15, "added_people": 3, "cost_per_add": "3.333333", "new_customers": 1, "cac": 25,
           "margin_365": 24, "revenue": 80}  # fmt: skip
GOOD: Tables = {
    "journey.person_exclusion": [{"person_key": 9, "kind": "bot"}],
    "reference.staff": [{"staff_id": "S1", "role": "sales", "monthly_cost": "15"}],
    "records.spend": [
        _spend("a", "C-1", "acquire", 10), _spend("b", None, "serve", 4), _spend("c", "C-1", "acquire", None),
        _spend("d", "C-1", "acquire", 5000, "2026-07-01"),
    ],
    "kpi.cost_calendar": [{"cost_date": "2026-06-29"}, {"cost_date": DAY}],
    "kpi.campaign_channel": [{"campaign_id": "C-1", "channel": "ads"}],
    "kpi.staff_cost_month": [{"month_date": "2026-06-01", "channel": "ads", "campaign_id": "C-1", "cents": 1500}],
    "kpi.cost_day": [
        _cost("acquire", "C-1", 10), _cost("serve", None, 4), _cost(None, "C-1", 5, "2026-06-29"),
        _cost(None, "C-1", 10),
    ],
    "kpi.economics_day": [{"day": DAY, "channel": "ads", "campaign_id": "C-1", "cost_amount": 25}],
    "kpi.user_asset_statement": [{"month": MONTH, "touchpoint": "all", "added": 3}],
    "kpi.customer": [{"person_key": 1, "first_date": "2026-06-10", "margin_90": 24, "margin_365": 24}],
    "kpi.revenue_line": [
        {"person_key": 1, "kind": "order", "revenue_date": "2026-06-10", "amount": 100, "margin_amount": 30},
        {"person_key": 1, "kind": "refund", "revenue_date": "2026-06-20", "amount": -20, "margin_amount": -6},
        {"person_key": 9, "kind": "order", "revenue_date": "2026-06-20", "amount": 9, "margin_amount": 3},
    ],
    "kpi.channel_economics": [
        _economics("channel", "ads", 10, 4, **BROUGHT), _economics("channel", None, 0, 0, revenue=9),
        _economics("campaign", "C-1", 10, 0, **BROUGHT), _economics("campaign", None, 0, 4, revenue=9),
    ],
    "kpi.kpi_economics": [_figure("cac", 25, 1)],
    "kpi.kpi_lifetime": [_figure(code, 24, 1) for code in ("ltv_90", "ltv_180", "ltv_365")],
    "kpi.kpi_step_roi": [
        _figure("step_roi", 10, 14), _figure("step_roi", 14, 10, "spend_step", member="acquire"),
        _figure("step_roi", -4, 4, "spend_step", member="serve"),
    ],
    "kpi.kpi_private_conversion": [_figure("private_vs_public_conversion", 0, 2)],
}  # fmt: skip

# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("channel_economics", "spend of the month to the cent"): ("channel_economics", 0, {"spend": "14.01"}),
    ("channel_economics", "staff cost of the month to the cent"): ("channel_economics", 2, {"staff_cost": "14.99"}),
    ("channel_economics", "revenue of the month to the cent"): ("channel_economics", 3, {"revenue": "9.01"}),
    ("channel_economics", "people added as in the asset statement"): ("channel_economics", 2, {"added_people": 4}),
    ("channel_economics", "new customers of the month"): ("channel_economics", 0, {"new_customers": 2}),
    ("channel_economics", "steps add up to the spend"): ("channel_economics", 0, {"spend_nurture": "0.01"}),
    ("channel_economics", "costs per head follow from their parts"): ("channel_economics", 0, {"cac": "25.01"}),
    ("cost_day", "spend of each day to the cent"): ("cost_day", 1, {"amount": "4.01"}),
    ("cost_day", "staff cost of each month to the cent"): ("cost_day", 3, {"amount": "10.01"}),
    ("cost_day", "spend has a step and staff have none"): ("cost_day", 1, {"step": None}),
    ("staff_cost_month", "no more than the staff cost"): ("staff_cost_month", 0, {"cents": 1501}),
    ("staff_cost_month", "no negative share"): ("staff_cost_month", 0, {"cents": -1}),
    ("campaign_channel", "every campaign with money has a channel"): ("campaign_channel", 0, {"campaign_id": "C-2"}),
    ("cost_calendar", "days without a gap up to as_of"): ("cost_calendar", 0, {"cost_date": "2026-06-28"}),
    ("customer", "every buyer is a customer"): ("customer", 0, {"person_key": 2}),
    ("customer", "margin of the lines to the cent"): ("customer", 0, {"margin_365": "24.01"}),
    ("economics_day", "costs of all days to the cent"): ("economics_day", 0, {"cost_amount": "25.01"}),
    ("kpi_economics", "people under the line"): ("kpi_economics", 0, {"denominator": 0}),
    ("kpi_lifetime", "the same customers in all windows"): ("kpi_lifetime", 1, {"denominator": 2}),
    ("kpi_step_roi", "steps share the spend of the total"): ("kpi_step_roi", 1, {"denominator": "10.01"}),
    ("kpi_private_conversion", "shares of people"): ("kpi_private_conversion", 0, {"denominator": 0}),
}  # fmt: skip
MORE: list[tuple[Key, Fault]] = [
    # A cost that is missing, that counts although it is of tomorrow, or that only one level has.
    (("channel_economics", "spend of the month to the cent"), ("spend", None, _spend("e", "C-9", "convert", 1))),
    (("channel_economics", "spend of the month to the cent"), ("spend", 3, {"spend_date": DAY})),
    (("channel_economics", "spend of the month to the cent"), ("channel_economics", 3, {"spend": 0})),
    (("channel_economics", "spend of the month to the cent"),
     ("channel_economics", None, _economics("campaign", "C-2", 1, 0))),
    (("channel_economics", "staff cost of the month to the cent"), ("cost_day", None, _cost(None, None, 1))),
    (("channel_economics", "revenue of the month to the cent"), ("revenue_line", 2, {"amount": 10})),
    (("channel_economics", "new customers of the month"), ("channel_economics", 2, {"margin_365": 30})),
    (("channel_economics", "costs per head follow from their parts"), ("channel_economics", 1, {"cac": 0})),
    (("channel_economics", "costs per head follow from their parts"), ("channel_economics", 2, {"cost_per_add": 3})),
    (("channel_economics", "costs per head follow from their parts"), ("channel_economics", 2, {"cost_per_add": None})),
    (("cost_day", "spend of each day to the cent"), ("spend", None, _spend("e", None, "convert", 1, "2026-06-29"))),
    (("cost_day", "spend of each day to the cent"), ("cost_day", None, _cost("convert", None, 1, "2026-06-29"))),
    (("cost_day", "staff cost of each month to the cent"), ("cost_day", 2, {"cost_date": "2026-05-29"})),
    (("cost_day", "spend has a step and staff have none"), ("cost_day", 2, {"step": "serve"})),
    (("customer", "every buyer is a customer"), ("person_exclusion", 0, {"kind": "partner"})),
    (("customer", "margin of the lines to the cent"), ("revenue_line", 1, {"margin_amount": -5})),
    (("economics_day", "costs of all days to the cent"), ("cost_day", 1, {"step": "convert"})),
    (("kpi_economics", "people under the line"), ("kpi_economics", 0, {"value": None})),
    (("kpi_lifetime", "the same customers in all windows"), ("kpi_lifetime", 1, {"dimension": "channel"})),
    (("kpi_private_conversion", "shares of people"), ("kpi_private_conversion", 0, {"numerator": -1})),
]  # fmt: skip
PLANTING = Planting("kpi", SUITES, GOOD)


def test_every_expectation_has_a_fault(suites: dict[str, Suite]) -> None:
    assert set(PLANTING.queries(suites)) == set(FAULTS)


def test_good_rows_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    assert {one: rows for one, rows in PLANTING.found(project, engines, suites).items() if rows} == {}


@pytest.mark.parametrize(("one", "fault"), [*FAULTS.items(), *MORE])
def test_a_fault_is_found(project: Project, suites: dict[str, Suite], engines: Engines, one: Key, fault: Fault) -> None:
    assert PLANTING.found_by(one, project, engines, suites, fault)
