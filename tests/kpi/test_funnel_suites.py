"""Every expectation about the funnel fails when its fault is planted, and says nothing about rows that are right."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.models.test_models import AS_OF, Engines
from tests.planting import Fault, Key, Planting, Tables

SUITES = (
    "stage_reached", "lead_start", "lead_contact", "lead_state", "kpi_funnel", "kpi_win_rate", "kpi_scenario",
    "kpi_lead_touch", "funnel", "scenario_funnel", "trust_funnel",
)  # fmt: skip
STAGES = ("visitor", "potential", "profiled", "intent", "pending", "won")
MONDAY = "2026-06-01"
HOUR = f"{MONDAY} 02:00:00"
LATER = "2026-06-05 02:00:00"


def _move(person: int, stage: str, moved_at: str = HOUR) -> dict[str, Any]:
    return {"person_key": person, "to_stage": stage, "moved_at": moved_at, "direction": "forward"}


def _reached(person: int, rank: int, reached_at: str = HOUR, skipped: bool = False) -> dict[str, Any]:
    return {"person_key": person, "stage_rank": rank, "stage": STAGES[rank - 1], "reached_at": reached_at,
            "reached_date": reached_at[:10], "is_skipped": skipped}  # fmt: skip


def _figure(code: str, dimension: str, member: str | None, part: int, whole: int | None, day: str) -> dict[str, Any]:
    return {"as_of_date": day, "kpi_code": code, "dimension": dimension, "member": member, "numerator": part,
            "denominator": whole, "value": part if whole is None else f"{part / whole:.6f}"}  # fmt: skip


def _step(person: int, step: int, skipped: int) -> dict[str, Any]:
    return {"person_key": person, "scenario": "mall", "step_no": step, "entered_at": HOUR, "reached_at": HOUR,
            "skipped_count": skipped}  # fmt: skip


def _stage_row(rank: int, reached: int, before: int | None, days: int | None) -> dict[str, Any]:
    rate = f"{reached / before:.6f}" if before else None
    return {"cohort_week": MONDAY, "channel": "crm", "stage": STAGES[rank - 1], "stage_rank": rank, "reached": reached,
            "rate_from_before": rate, "median_days": days}  # fmt: skip


def _trust_row(number: int, step: str, reached: int, before: int | None) -> dict[str, Any]:
    rate = f"{reached / before:.6f}" if before else None
    return {"cohort_week": MONDAY, "trust_step": step, "step_no": number, "reached": reached,
            "rate": f"{reached / 2:.6f}", "rate_from_before": rate}  # fmt: skip


# P1 is a lead that is open, silent and got one touch; P2 was won on the fifth; P3 is staff.
GOOD: Tables = {
    "journey.stage_transition": [
        _move(1, "visitor"), _move(1, "profiled"), _move(2, "profiled"), _move(2, "won", LATER), _move(3, "won"),
    ],
    "journey.person_exclusion": [{"person_key": 3, "kind": "staff"}],
    "journey.person_stage": [
        {"person_key": 1, "one_id": "P1", "stage": "profiled", "is_lead": True, "trust_step": "lead"},
        {"person_key": 2, "one_id": "P2", "stage": "won", "is_lead": True, "trust_step": "loyal"},
        {"person_key": 3, "one_id": "P3", "stage": "won", "is_lead": False, "trust_step": "won", "exclusion": "staff"},
    ],
    "tags.person_scope": [{"one_id": f"P{i}", "person_key": i} for i in (1, 2, 3)],
    "tags.person_tag": [
        {"one_id": "P1", "tag_code": "six_touch_progress", "tag_value": "1", "score": 1},
        {"one_id": "P2", "tag_code": "six_touch_progress", "tag_value": "0", "score": 0},
    ],
    "audience.audience_person": [
        {"one_id": "P1", "person_key": 1, "is_lead": True, "is_won": False, "is_silent": True, "our_touch_count": 1},
        {"one_id": "P2", "person_key": 2, "is_lead": True, "is_won": True, "is_silent": True, "our_touch_count": 0},
    ],
    "journey.scenario_step": [_step(1, 1, 0), _step(1, 3, 1), _step(2, 1, 0), _step(3, 2, 1)],
    "records.deal": [
        {"channel": "crm", "record_id": "a", "deal_id": "1", "kind": "opportunity", "status": "won", "closed_at": HOUR},
        {"channel": "crm", "record_id": "b", "kind": "opportunity", "status": "lost", "closed_at": HOUR},
        {"channel": "crm", "record_id": "c", "deal_id": "O3", "kind": "opportunity", "status": "open"},
    ],
    "kpi.business_day": [{"business_date": MONDAY}, {"business_date": AS_OF}],
    "kpi.stage_reached": [
        _reached(1, 1), _reached(1, 2, skipped=True), _reached(1, 3),
        _reached(2, 1, skipped=True), _reached(2, 2, skipped=True), _reached(2, 3),
        _reached(2, 4, LATER, True), _reached(2, 5, LATER, True), _reached(2, 6, LATER),
    ],
    "kpi.lead_start": [
        {"person_key": 1, "lead_at": HOUR, "lead_date": MONDAY},
        {"person_key": 2, "lead_at": HOUR, "lead_date": MONDAY, "won_at": LATER, "won_date": LATER[:10]},
    ],
    "kpi.lead_contact": [{"person_key": 1, "medium": "sms", "first_at": HOUR, "first_date": MONDAY}],
    "kpi.lead_state": [
        {"person_key": 1, "from_date": MONDAY, "to_date": "2026-06-09", "touch_count": 1, "is_silent": False},
        {"person_key": 1, "from_date": "2026-06-09", "touch_count": 1, "is_silent": True},
        {"person_key": 2, "from_date": MONDAY, "to_date": LATER[:10], "touch_count": 0, "is_silent": True},
    ],
    "kpi.kpi_funnel": [
        _figure("lead_to_won", "total", None, 1, 2, MONDAY), _figure("lead_to_won", "channel", "crm", 1, 2, MONDAY),
        _figure("stage_conversion", "stage", "potential", 2, 2, MONDAY),
        _figure("stage_days", "stage", "won", 4, 1, LATER[:10]),
    ],
    "kpi.kpi_win_rate": [
        _figure("win_rate", "total", None, 1, 2, MONDAY), _figure("win_rate", "channel", "crm", 1, 2, MONDAY),
        _figure("win_rate", "staff", "S1", 1, 1, MONDAY), _figure("win_rate", "staff", None, 0, 1, MONDAY),
    ],
    "kpi.kpi_scenario": [
        _figure("scenario_step_rate", "scenario_step", f"mall:{step}", part, 2, MONDAY)
        for step, part in ((1, 2), (2, 0), (3, 1))
    ],
    "kpi.kpi_lead_touch": [
        _figure("six_touch_share", "touch_count", "1", 1, 1, AS_OF),
        _figure("six_touch_share", "touch_count", "0", 0, 1, AS_OF),
        _figure("conversion_by_touches", "touch_count", "1", 0, 1, MONDAY),
        _figure("conversion_by_touches", "touch_count", "0", 1, 1, MONDAY),
        _figure("undertouched_leads", "total", None, 1, None, AS_OF),
    ],
    "kpi.funnel": [
        _stage_row(1, 2, None, None), _stage_row(2, 2, 2, None), _stage_row(3, 2, 2, None), _stage_row(4, 1, 2, 4),
        _stage_row(5, 1, 1, None), _stage_row(6, 1, 1, None),
    ],
    "kpi.scenario_funnel": [
        {"scenario": "mall", "step_no": step, "entered": 2, "reached": reached, "rate": rate, "median_days": days,
         "skipped": skipped}
        for step, reached, rate, days, skipped in ((1, 2, 1, 0, 0), (2, 0, 0, None, 1), (3, 1, "0.5", 0, 0))
    ],
    "kpi.trust_funnel": [
        _trust_row(1, "lead", 2, None), _trust_row(2, "settled", 1, 2), _trust_row(3, "won", 1, 1),
        _trust_row(4, "loyal", 1, 1),
    ],
}  # fmt: skip

# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("stage_reached", "stages in their order, without gaps"): ("stage_reached", 2, {"stage_rank": 4}),
    ("stage_reached", "the last one is entered"): ("stage_reached", 2, {"is_skipped": True}),
    ("stage_reached", "everybody who has a stage"): ("stage_transition", None, _move(4, "visitor")),
    ("lead_start", "nobody whom a rule excludes"): ("person_exclusion", None, {"person_key": 1, "kind": "learner"}),
    ("lead_start", "won after they became leads"): ("lead_start", 1, {"lead_at": "2026-06-05 02:00:01"}),
    ("lead_start", "every lead of today"): ("lead_start", 0, {"person_key": 9}),
    ("lead_start", "everybody who is won"): ("lead_start", 1, {"won_at": None}),
    ("lead_contact", "as many as the tag says"): ("lead_contact", None, {"person_key": 1, "medium": "email"}),
    ("lead_state", "stretches without overlap"): ("lead_state", 0, {"to_date": "2026-06-10"}),
    ("lead_state", "touches only become more"): ("lead_state", 0, {"touch_count": 2}),
    ("lead_state", "the open leads of today"): ("lead_state", 2, {"to_date": None}),
    ("lead_state", "as silent and as touched as the audience says"): ("audience_person", 0, {"is_silent": False}),
    ("kpi_funnel", "part of the whole"): ("kpi_funnel", 2, {"numerator": 3}),
    ("kpi_funnel", "a median of days"): ("kpi_funnel", 3, {"value": 5}),
    ("kpi_funnel", "members add up to the total"): ("kpi_funnel", 1, {"numerator": 0}),
    ("kpi_win_rate", "part of the whole"): ("kpi_win_rate", 2, {"numerator": 2}),
    ("kpi_win_rate", "members add up to the total"): ("kpi_win_rate", 3, {"denominator": 2}),
    ("kpi_win_rate", "every closed opportunity"): ("deal", 2, {"status": "lost", "closed_at": HOUR}),
    ("kpi_scenario", "part of the whole"): ("kpi_scenario", 0, {"numerator": 3}),
    ("kpi_scenario", "one number of entries for all steps of a day"): ("kpi_scenario", 2, {"denominator": 3}),
    ("kpi_scenario", "everybody who entered"): ("scenario_step", None, _step(4, 1, 0)),
    ("kpi_lead_touch", "part of the whole"): ("kpi_lead_touch", 2, {"numerator": 2}),
    ("kpi_lead_touch", "every open lead has a number of touches"): ("kpi_lead_touch", 1, {"numerator": 1}),
    ("kpi_lead_touch", "tonight as the tag says"): ("person_tag", 0, {"tag_value": "2"}),
    ("kpi_lead_touch", "tonight as the audience says"): ("audience_person", 0, {"our_touch_count": 6}),
    ("kpi_lead_touch", "the leads of each day"): ("kpi_lead_touch", 2, {"denominator": 2}),
    ("funnel", "a week begins on Monday"): ("funnel", 0, {"cohort_week": "2026-06-02"}),
    ("funnel", "each stage is part of the one before"): ("funnel", 3, {"reached": 3}),
    ("funnel", "days only of people who moved"): ("funnel", 0, {"median_days": 0}),
    ("funnel", "everybody who came"): ("stage_transition", None, _move(2, "pending", LATER) | {"person_key": 4}),
    ("funnel", "the KPI says the same"): ("kpi_funnel", 2, {"denominator": 3}),
    ("scenario_funnel", "parts of those who entered"): ("scenario_funnel", 1, {"skipped": 3}),
    ("scenario_funnel", "days only of people who came"): ("scenario_funnel", 1, {"median_days": 0}),
    ("scenario_funnel", "everybody who entered"): ("scenario_step", None, _step(4, 1, 0)),
    ("scenario_funnel", "skipped as the journey says"): ("scenario_step", 1, {"skipped_count": 0}),
    ("trust_funnel", "a week begins on Monday"): ("trust_funnel", 0, {"cohort_week": "2026-06-02"}),
    ("trust_funnel", "each step is part of the one before"): ("trust_funnel", 2, {"reached": 2}),
    ("trust_funnel", "everybody on their step"): ("person_stage", 0, {"trust_step": "settled"}),
}
MORE: list[tuple[Key, Fault]] = [
    (("stage_reached", "stages in their order, without gaps"), ("stage_reached", 0, {"reached_at": LATER})),
    (("stage_reached", "everybody who has a stage"), ("person_exclusion", None, {"person_key": 1, "kind": "bot"})),
    (("lead_state", "the open leads of today"), ("lead_state", 1, {"to_date": AS_OF})),
    (("lead_state", "stretches without overlap"), ("lead_state", 2, {"to_date": MONDAY})),
    (("lead_state", "as silent and as touched as the audience says"), ("audience_person", 0, {"our_touch_count": 2})),
    (("kpi_funnel", "a median of days"), ("kpi_funnel", 3, {"value": None})),
    (("kpi_funnel", "members add up to the total"), ("kpi_funnel", 1, {"denominator": 3})),
    (("kpi_win_rate", "every closed opportunity"), ("kpi_win_rate", 0, {"denominator": 3})),
    (("kpi_lead_touch", "tonight as the audience says"), ("kpi_lead_touch", 4, {"numerator": 0})),
    (("kpi_lead_touch", "the leads of each day"), ("kpi_funnel", 0, {"denominator": 3})),
    (("funnel", "each stage is part of the one before"), ("funnel", 1, {"rate_from_before": None})),
    (("funnel", "everybody who came"), ("funnel", 5, {"reached": 0})),
    (("funnel", "the KPI says the same"), ("kpi_funnel", 2, {"numerator": 1})),
    (("scenario_funnel", "parts of those who entered"), ("scenario_funnel", 0, {"rate": None})),
    (("scenario_funnel", "everybody who entered"), ("scenario_funnel", 2, {"entered": 3})),
    (("scenario_funnel", "skipped as the journey says"), ("scenario_funnel", 1, {"skipped": 0})),
    (("trust_funnel", "each step is part of the one before"), ("trust_funnel", 1, {"rate_from_before": None})),
    (("trust_funnel", "everybody on their step"), ("trust_funnel", 3, {"reached": 0})),
]
PLANTING = Planting("kpi", SUITES, GOOD)


def test_every_expectation_has_a_fault(suites: dict[str, Suite]) -> None:
    assert set(PLANTING.queries(suites)) == set(FAULTS)


def test_good_rows_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    assert {one: rows for one, rows in PLANTING.found(project, engines, suites).items() if rows} == {}


@pytest.mark.parametrize(("one", "fault"), [*FAULTS.items(), *MORE])
def test_a_fault_is_found(project: Project, suites: dict[str, Suite], engines: Engines, one: Key, fault: Fault) -> None:
    assert PLANTING.found_by(one, project, engines, suites, fault)
