"""Every expectation about service and groups fails when its fault is planted, and passes rows that are right."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.models.test_models import AS_OF, Engines
from tests.planting import Fault, Key, Planting, Tables

SUITES = (
    "ticket_case", "kpi_service", "kpi_tickets", "group_member", "group_writing", "group_span", "kpi_groups",
    "kpi_group_cohorts", "group_health",
)  # fmt: skip
MONDAY, BEFORE = "2026-06-29", "2026-06-22"


def _figure(code: str, numerator: int | str, denominator: int | None = None, dimension: str = "total",
            member: str | None = None, **more: Any) -> dict[str, Any]:  # fmt: skip
    return {"as_of_date": AS_OF, "kpi_code": code, "dimension": dimension, "member": member, "numerator": numerator,
            "denominator": denominator, **more}  # fmt: skip


def _member(person: int, joined: str, left: str | None = None, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "chat_id": "G1", "group_kind": "flash", "person_key": person, "stretch_no": number,
        "joined_at": f"{joined} 02:00:00", "joined_date": joined, "left_at": left and f"{left} 02:00:00",
        "left_date": left, "is_left": left is not None, "is_dissolved": False, **more,
    }  # fmt: skip


def _link(record: str, person: int, started: str, ended: str | None = None) -> dict[str, Any]:
    return {"channel": "g", "record_id": record, "person_key": person, "touchpoint": "group",
            "started_at": f"{started} 02:00:00", "ended_at": ended and f"{ended} 02:00:00"}  # fmt: skip


def _week(week: str, until: str, **more: Any) -> dict[str, Any]:
    return {
        "chat_id": "G1", "week": week, "until_date": until, "group_kind": "flash", "opening_members": 1, "joined": 0,
        "left_members": 0, "other_exits": 0, "members": 1, "active_members": 0, "messages": 0, "member_messages": 0,
        "koc": 0, "sieve_members": 1, "sieve_reached": 1, "deals": 0, "revenue": 0, "flash_members": 2,
        "flash_buyers": 1, "is_dead": False, "overdue_members": 0, "is_at_risk": False, "is_dissolved": False, **more,
    }  # fmt: skip


# One ticket is answered late and open, one is solved, one is of staff (P9). P1 stays in a group, P2 left it; the group
# was silent from 15 to 22 June. P1 bought on 23 June.
GOOD: Tables = {
    "journey.person_exclusion": [{"person_key": 9, "kind": "staff"}],
    "identity.record_person": [{"channel": "s", "record_id": "c", "person_key": 9}],
    "records.ticket": [
        {"channel": "s", "record_id": record, "opened_at": moment}
        for record, moment in (
            ("a", "2026-06-28 02:00:00"), ("b", "2026-06-28 02:00:00"), ("c", "2026-06-28 02:00:00"),
            ("d", "2026-06-30 16:00:00"),
        )
    ],
    "kpi.ticket_case": [
        {"channel": "s", "record_id": "a", "opened_date": "2026-06-28", "reply_minutes": 600,
         "breach_date": "2026-06-28", "marked_date": "2026-06-28"},
        {"channel": "s", "record_id": "b", "opened_date": "2026-06-28", "reply_minutes": 10,
         "resolved_date": AS_OF, "resolution_hours": 48, "marked_date": AS_OF, "csat": 4},
    ],
    "kpi.kpi_service": [
        *(_figure("first_reply_minutes", 20, 2, *where, value=10)
          for where in (("total", None), ("channel", "s"), ("staff", None), ("team", None))),
        *(_figure("csat", 4, 1, *where, value=4) for where in (("total", None), ("channel", "s"), ("industry", None))),
        *(_figure("sla_breaches", 1, None, *where, value=1) | {"as_of_date": "2026-06-28"}
          for where in (("total", None), ("channel", "s"), ("industry", None))),
        _figure("nps", -1, 1, value=-1),
    ],
    "kpi.kpi_tickets": [
        _figure("open_tickets", 1), _figure("open_tickets", 1, None, "channel", "s"),
        _figure("open_tickets", 1, None, "industry", None), _figure("tickets_per_customer", 2, 1),
    ],
    "kpi.business_day": [{"business_date": "2026-06-01", "days_ago": 29}, {"business_date": AS_OF, "days_ago": 0}],
    "kpi.group_member": [
        _member(1, "2026-06-01"), _member(2, "2026-06-02", "2026-06-10"), _member(2, "2026-06-11", "2026-06-26", 2),
    ],
    "kpi.group_writing": [
        {"chat_id": "G1", "person_key": 1, "written_date": "2026-06-01", "stretch_no": 1},
        {"chat_id": "G1", "person_key": 3, "written_date": "2026-06-22"},
    ],
    "kpi.group_span": [
        {"chat_id": "G1", "state": "live", "from_date": "2026-06-01"},
        {"chat_id": "G1", "state": "dead", "from_date": "2026-06-15", "to_date": "2026-06-22"},
    ],
    "kpi.kpi_groups": [
        _figure(code, part, whole, *where)
        for where in (("total", None), ("group_kind", "flash"))
        for code, part, whole in (("groups", 1, None), ("dead_groups", 0, None), ("members", 1, None),
                                  ("leave_rate", 0, 1))
    ],
    "kpi.kpi_group_cohorts": [
        _figure(code, part, whole, *where) | {"as_of_date": day}
        for where in (("total", None), ("group_kind", "flash"))
        for code, part, whole, day in (("group_conversion", 1, 3, "2026-06-01"), ("group_uplift", -1, 2, "2026-06-01"))
    ],
    "records.link": [
        {"channel": "g", "record_id": record, "touchpoint": "group", "holder_id": "G1"} for record in ("x", "y", "z")
    ],
    "kpi.reachable_link": [
        _link("x", 1, "2026-06-01"), _link("y", 1, "2026-06-05"), _link("z", 2, "2026-06-11", "2026-06-26"),
    ],
    "kpi.revenue_line": [
        {"channel": "m", "record_id": "o", "person_key": 1, "amount": "10.50", "revenue_at": "2026-06-23 02:00:00",
         "revenue_date": "2026-06-23"},
        {"channel": "m", "record_id": "p", "person_key": 2, "amount": "5.00", "revenue_at": "2026-06-27 02:00:00",
         "revenue_date": "2026-06-27"},
    ],
    "records.group_day": [
        {"channel": "g", "record_id": "t", "group_id": "G1", "day": "2026-06-24", "messages": 5, "member_messages": 2},
        {"channel": "g", "record_id": "u", "group_id": "G1", "day": "2026-06-28", "messages": 1, "member_messages": 1},
        {"channel": "g", "record_id": "v", "group_id": "G1", "day": "2026-07-01", "messages": 1, "member_messages": 1},
    ],
    "kpi.group_health": [
        _week(BEFORE, "2026-06-28", opening_members=2, left_members=1, messages=6, member_messages=3, revenue="10.50",
              deals=1),
        _week(MONDAY, AS_OF),
    ],
}  # fmt: skip

# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("ticket_case", "no time runs backwards"): ("ticket_case", 0, {"reply_minutes": -1}),
    ("ticket_case", "every ticket"): ("ticket", 3, {"opened_at": "2026-06-30 15:00:00"}),
    ("kpi_service", "replies add up"): ("kpi_service", 2, {"numerator": 19}),
    ("kpi_service", "tickets add up"): ("kpi_service", 6, {"denominator": 2}),
    ("kpi_service", "marks and times are within their scale"): ("kpi_service", 4, {"value": 6}),
    ("kpi_service", "every breach"): ("ticket_case", 1, {"breach_date": "2026-06-28"}),
    ("kpi_tickets", "open tickets of tonight"): ("ticket_case", 1, {"resolved_date": None}),
    ("kpi_tickets", "no stock is negative"): ("kpi_tickets", 3, {"denominator": 0}),
    ("kpi_tickets", "tickets add up"): ("kpi_tickets", 1, {"numerator": 2}),
    ("group_member", "memberships neither overlap nor touch"): (
        "group_member", 1, {"left_at": "2026-06-11 02:00:00"}),
    ("group_member", "nobody leaves before joining, or leaves and is still there"): (
        "group_member", 0, {"is_left": True}),
    ("group_writing", "members write"): ("group_writing", 0, {"written_date": "2026-05-31"}),
    ("group_span", "a span has days"): ("group_span", 1, {"to_date": "2026-06-15"}),
    ("group_span", "dead groups are live"): ("group_span", 1, {"from_date": "2026-05-31"}),
    ("kpi_groups", "members and groups of tonight"): ("group_member", 2, {"left_date": None}),
    ("kpi_groups", "parts of the whole"): ("kpi_groups", 3, {"numerator": 2}),
    ("kpi_groups", "dead groups are groups"): ("kpi_groups", 1, {"numerator": 2}),
    ("kpi_groups", "kinds add up"): ("kpi_groups", 6, {"numerator": 2}),
    ("kpi_group_cohorts", "parts of the whole"): ("kpi_group_cohorts", 0, {"numerator": 4}),
    ("kpi_group_cohorts", "kinds add up"): ("kpi_group_cohorts", 3, {"numerator": 0}),
    ("kpi_group_cohorts", "everybody who joined"): ("group_member", None, _member(4, AS_OF)),
    ("group_health", "a week begins on Monday"): ("group_health", 1, {"week": "2026-06-30"}),
    ("group_health", "next opening is closing"): ("group_health", 1, {"opening_members": 2}),
    ("group_health", "the week balances"): ("group_health", 0, {"left_members": 0}),
    ("group_health", "parts of the whole"): ("group_health", 0, {"active_members": 3}),
    ("group_health", "members and dead groups of tonight"): ("group_health", 1, {"is_dead": True}),
    ("group_health", "messages of the week"): ("group_health", 0, {"messages": 7}),
    ("group_health", "revenue of members to the cent"): ("group_health", 0, {"revenue": "10.51"}),
    ("group_health", "a dissolved group is over"): ("group_health", 0, {"is_dissolved": True}),
    ("group_health", "at risk by overdue tickets, flash groups by what they sell"): (
        "group_health", 1, {"is_at_risk": True}),
}  # fmt: skip
MORE: list[tuple[Key, Fault]] = [
    (("ticket_case", "no time runs backwards"), ("ticket_case", 1, {"resolution_hours": "-0.01"})),
    (("ticket_case", "no time runs backwards"), ("ticket_case", 1, {"resolved_date": "2026-06-27"})),
    (("ticket_case", "no time runs backwards"), ("ticket_case", 0, {"breach_date": "2026-07-01"})),
    (("ticket_case", "every ticket"), ("person_exclusion", 0, {"kind": "partner"})),
    (("kpi_service", "replies add up"), ("kpi_service", 0, {"denominator": 3})),
    (("kpi_service", "tickets add up"), ("kpi_service", 8, {"numerator": 2})),
    (("kpi_service", "marks and times are within their scale"), ("kpi_service", 10, {"value": "-1.01"})),
    (("kpi_service", "marks and times are within their scale"), ("kpi_service", 0, {"value": -1})),
    (("kpi_tickets", "no stock is negative"), ("kpi_tickets", 0, {"numerator": -1})),
    (("kpi_tickets", "tickets add up"), ("kpi_tickets", 2, {"numerator": 0})),
    (("group_member", "memberships neither overlap nor touch"), ("group_member", 2, {"stretch_no": 3})),
    (
        ("group_member", "nobody leaves before joining, or leaves and is still there"),
        ("group_member", 1, {"left_at": "2026-06-01 02:00:00"}),
    ),
    (
        ("group_member", "nobody leaves before joining, or leaves and is still there"),
        ("group_member", 1, {"is_dissolved": True}),
    ),
    (("group_writing", "members write"), ("group_writing", 0, {"stretch_no": 2})),
    (("group_span", "a span has days"), ("group_span", 0, {"from_date": "2026-07-01"})),
    (("group_span", "dead groups are live"), ("group_span", 0, {"to_date": "2026-06-20"})),
    (("kpi_groups", "members and groups of tonight"), ("kpi_groups", 0, {"numerator": 2})),
    (("kpi_groups", "parts of the whole"), ("kpi_groups", 2, {"denominator": 1})),
    (("kpi_group_cohorts", "parts of the whole"), ("kpi_group_cohorts", 1, {"denominator": 0})),
    (("kpi_group_cohorts", "everybody who joined"), ("kpi_group_cohorts", 1, {"denominator": 3})),
    (("group_health", "a week begins on Monday"), ("group_health", 1, {"until_date": "2026-07-01"})),
    (("group_health", "parts of the whole"), ("group_health", 0, {"sieve_reached": 2})),
    (("group_health", "parts of the whole"), ("group_health", 0, {"member_messages": 7})),
    (("group_health", "parts of the whole"), ("group_health", 0, {"flash_buyers": 3})),
    (("group_health", "members and dead groups of tonight"), ("group_health", 1, {"members": 2})),
    (("group_health", "members and dead groups of tonight"), ("group_health", 1, {"group_kind": None})),
    (("group_health", "messages of the week"), ("group_day", 0, {"member_messages": 3})),
    (("group_health", "revenue of members to the cent"), ("reachable_link", 2, {"ended_at": None})),
    (("group_health", "a dissolved group is over"), ("group_health", 1, {"is_dissolved": True})),
    (
        ("group_health", "at risk by overdue tickets, flash groups by what they sell"),
        ("group_health", 1, {"flash_members": None}),
    ),
]  # fmt: skip
PLANTING = Planting("kpi", SUITES, GOOD)


def test_every_expectation_has_a_fault(suites: dict[str, Suite]) -> None:
    assert set(PLANTING.queries(suites)) == set(FAULTS)


def test_good_rows_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    assert {one: rows for one, rows in PLANTING.found(project, engines, suites).items() if rows} == {}


@pytest.mark.parametrize(("one", "fault"), [*FAULTS.items(), *MORE])
def test_a_fault_is_found(project: Project, suites: dict[str, Suite], engines: Engines, one: Key, fault: Fault) -> None:
    assert PLANTING.found_by(one, project, engines, suites, fault)
