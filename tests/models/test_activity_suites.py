"""The suites of the KPIs of activity and of WeCom: each check is silent on sound figures and names a planted fault."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite, rows_query
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from tests.models.test_models import AS_OF, Engines, fill

DAY, OTHER_DAY = "2026-06-30", "2026-06-29"
Rows = list[dict[str, Any]]
World = dict[str, Rows]


def _figure(code: str, numerator: int, denominator: int | None = None, **more: Any) -> dict[str, Any]:
    figure = {"as_of_date": DAY, "kpi_code": code, "dimension": "total", "member": None}
    return figure | {"numerator": numerator, "denominator": denominator} | more


def _staff(member: str | None) -> dict[str, Any]:
    return {"dimension": "staff", "member": member}


ACTIVE = [_figure("dau", 1), _figure("wau", 2), _figure("mau", 2), _figure("visit_frequency", 3, 2)]
TOUCHES: World = {
    "journey.person_touch": [{"person_key": key, "direction": "inbound", "occurred_date": DAY} for key in (1, 1, 2)],
    "journey.person_exclusion": [{"person_key": 2, "kind": "bot"}],
    "kpi.business_day": [{"business_date": DAY}],
}
REACHED = [_figure("active_rate", 1, 2), _figure("interaction_rate", 0, 2)]
LINKS: World = {
    "tags.person_link": [
        {"person_key": key, "touchpoint": "wecom", "started_at": "2026-06-01 01:00:00"} for key in (1, 1, 2, 3)
    ],
    "journey.person_exclusion": [{"person_key": 3, "kind": "staff"}],
}
MEMBERS: World = {
    "kpi.kpi_entity_member": [
        {"level": "person", "entity_key": key, "dimension": "campaign", "member": "C-A"} for key in (1, 2)
    ],
    "journey.person_exclusion": [{"person_key": 9, "kind": "bot"}, {"person_key": 2, "kind": "learner"}],
    "journey.person_touch": [{"person_key": 1, "occurred_date": DAY}],
}
ADDED = [_figure("service_success_rate", 1, 2), _figure("service_success_rate", 1, 2, **_staff("S1"))]
ACTIVE_DAYS = [
    {"person_key": 1, "channel": "crm", "active_date": OTHER_DAY, "days_after": 1},
    {"person_key": 1, "channel": "crm", "active_date": DAY, "days_after": 30},
]
CASES: list[tuple[str, str, World, Rows, Rows]] = [
    ("kpi.kpi_activity", "a month holds its weeks, a week its days", {}, ACTIVE, [_figure("dau", 3), *ACTIVE[1:]]),
    ("kpi.kpi_activity", "a month holds its weeks, a week its days", {}, ACTIVE, [*ACTIVE[:3],
        _figure("visit_frequency", 3, 1)]),
    ("kpi.kpi_activity", "people of the day are those of the touches", TOUCHES, ACTIVE, [_figure("dau", 2)]),
    ("kpi.kpi_activity", "people of the day are those of the touches", TOUCHES, ACTIVE, ACTIVE[1:]),
    ("kpi.kpi_activity", "people add up over the members they belong to", {},
        [_figure("mau", 2), _figure("mau", 1, **_staff("S1")), _figure("mau", 1, **_staff(None))],
        [_figure("mau", 2), _figure("mau", 2, **_staff("S1")), _figure("mau", 1, **_staff(None))]),
    ("kpi.kpi_interaction", "part of the whole", {}, REACHED, [_figure("active_rate", 3, 2)]),
    ("kpi.kpi_interaction", "both rates have the same people below", {}, REACHED, [REACHED[0], _figure(
        "interaction_rate", 0, 3)]),
    ("kpi.kpi_interaction", "reachable people are those of reachable_people", {"kpi.kpi_reach": [_figure(
        "reachable_people", 2)]}, REACHED, [_figure("active_rate", 1, 3)]),
    ("kpi.kpi_interaction", "people add up over the members they belong to", {},
        [*REACHED, _figure("active_rate", 1, 2, **_staff("S1"))], [*REACHED, _figure("active_rate", 1, 1,
        **_staff("S1"))]),
    ("kpi.kpi_content", "no member has more people than the total", {},
        [_figure("content_reach", 2), _figure("content_reach", 2, **_staff("S1"))],
        [_figure("content_reach", 2), _figure("content_reach", 3, **_staff("S1"))]),
    ("kpi.kpi_asks", "part of the whole", {}, [_figure("cta_completion", 1, 1)], [_figure("cta_completion", 2, 1)]),
    ("kpi.kpi_asks", "asks add up", {},
        [_figure("cta_completion", 1, 2), _figure("cta_completion", 1, 2, dimension="ask_level", member="1")],
        [_figure("cta_completion", 1, 2), _figure("cta_completion", 0, 2, dimension="ask_level", member="1")]),
    ("kpi.kpi_wecom", "part of the whole", {}, ADDED, [_figure("traffic_success_rate", 2, 1)]),
    ("kpi.kpi_wecom", "added people add up", {}, ADDED, [ADDED[0], _figure("service_success_rate", 1, 1,
        **_staff("S1"))]),
    ("kpi.kpi_wecom", "people are added once", LINKS, ADDED, [*ADDED, _figure("service_success_rate", 0, 1,
        as_of_date=OTHER_DAY)]),
    ("kpi.kpi_person", "whoever stands for others belongs to the same members", MEMBERS,
        [{"person_key": 2, "peer_key": 1}], [{"person_key": 2, "peer_key": 3}]),
    ("kpi.kpi_person", "whoever is excluded is not counted", MEMBERS,
        [{"person_key": 2, "peer_key": 1}], [{"person_key": 9, "peer_key": 9}]),
    ("kpi.active_day", "the last day of everybody counts to the end of the window", MEMBERS,
        ACTIVE_DAYS, [ACTIVE_DAYS[0] | {"days_after": 30}, ACTIVE_DAYS[1]]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "described", "world", "sound", "planted"), CASES)
def test_a_planted_fault_is_named(
    project: Project, suites: dict[str, Suite], engines: Engines,
    table: str, described: str, world: World, sound: Rows, planted: Rows,
) -> None:  # fmt: skip
    (expectation,) = (e for e in suites[table].expectations if e.kwargs.get("description") == described)
    assert expectation.severity == "critical"
    with engines.at(AS_OF) as (_, session):
        for name, rows in world.items():
            fill(session, relation(name), {c.name: c.type for c in project.binder.columns(relation(name))}, rows)
        columns = {c.name: c.type for c in project.binder.columns(relation(table))}
        for rows, is_named in ((sound, False), (planted, True)):
            fill(session, relation(table), columns, rows)
            assert bool(session.rows(rows_query(expectation, relation(table)))) == is_named, rows
