"""Every expectation about user assets fails when its fault is planted, and says nothing about rows that are right."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.models.test_models import AS_OF, Engines
from tests.planting import Fault, Key, Planting, Tables

SUITES = (
    "reachable_link", "reachable_stretch", "reachable_flow", "guide_customer", "user_asset_statement", "kpi_reach",
    "kpi_new_people", "kpi_identity", "kpi_tags",
)  # fmt: skip
FLOWS = ("added_count", "returned_count", "lost_count", "erased_count", "leaver_count")
LINES = ("opening", "added", "returned", "lost", "erased", "closing", "restated")


def _flow(dimension: str, member: str | None, day: str, *counts: int) -> dict[str, Any]:
    return {"dimension": dimension, "member": member, "flow_date": day, **dict(zip(FLOWS, counts, strict=True))}


def _line(month: str, touchpoint: str, until: str, *counts: int | None) -> dict[str, Any]:
    return {"month": month, "touchpoint": touchpoint, "until_date": until, **dict(zip(LINES, counts, strict=True))}


def _figure(code: str, numerator: int, denominator: int | None = None, dimension: str = "total",
            member: str | None = None) -> dict[str, Any]:  # fmt: skip
    return {"as_of_date": AS_OF, "kpi_code": code, "dimension": dimension, "member": member, "numerator": numerator,
            "denominator": denominator}  # fmt: skip


# P1 has been on WeCom since May, with S1 and later S2, too; P2 came in June and left; P3 was erased; P4 is staff.
GOOD: Tables = {
    "journey.person_exclusion": [{"person_key": 4, "kind": "staff"}],
    "identity.human_decision": [
        {"decision": "erase", "decided_at": "2026-06-10 02:00:00", "left_type": "mobile", "left_value": "m3",
         "is_latest": True},
    ],
    "identity.one_id": [{"id_type": "mobile", "id_value": f"m{i}", "person_key": i} for i in (1, 2, 3)],
    "identity.person": [
        {"one_id": f"P{i}", "person_key": i, "first_seen_at": "2026-05-01 02:00:00"} for i in (1, 2, 3, 4)
    ],
    "identity.record_person": [
        {"channel": "wecom", "record_id": record, "person_key": i}
        for record, i in (("a", 1), ("b", 1), ("c", 2), ("d", 3), ("e", 4))
    ],
    "records.link": [
        {"channel": "wecom", "record_id": "a", "touchpoint": "wecom", "started_at": "2026-05-01 02:00:00"},
        {"channel": "wecom", "record_id": "b", "touchpoint": "wecom", "started_at": "2026-05-02 02:00:00"},
        {"channel": "wecom", "record_id": "c", "touchpoint": "wecom", "started_at": "2026-06-01 02:00:00",
         "ended_at": "2026-06-02 02:00:00"},
        {"channel": "wecom", "record_id": "d", "touchpoint": "wecom", "started_at": "2026-06-01 02:00:00"},
        {"channel": "wecom", "record_id": "e", "touchpoint": "wecom", "started_at": "2026-06-01 02:00:00"},
    ],
    "kpi.reachable_link": [
        {"channel": "wecom", "record_id": "a", "person_key": 1, "started_at": "2026-05-01 02:00:00"},
        {"channel": "wecom", "record_id": "b", "person_key": 1, "started_at": "2026-05-02 02:00:00"},
        {"channel": "wecom", "record_id": "c", "person_key": 2, "started_at": "2026-06-01 02:00:00",
         "ended_at": "2026-06-02 02:00:00"},
        {"channel": "wecom", "record_id": "d", "person_key": 3, "started_at": "2026-06-01 02:00:00",
         "ended_at": "2026-06-10 02:00:00"},
    ],
    "kpi.reachable_stretch": [
        {"dimension": dimension, "member": member, "person_key": i, "stretch_no": 1, "reachable_from": begun,
         "reachable_to": ended}
        for dimension, member in (("total", None), ("touchpoint", "wecom"))
        for i, begun, ended in ((1, "2026-05-01 02:00:00", None), (2, "2026-06-01 02:00:00", "2026-06-02 02:00:00"),
                                (3, "2026-06-01 02:00:00", "2026-06-10 02:00:00"))
    ],
    "kpi.reachable_flow": [
        _flow(dimension, member, day, *counts)
        for dimension, member in (("total", None), ("touchpoint", "wecom"))
        for day, *counts in (("2026-05-01", 1, 0, 0, 0, 0), ("2026-06-01", 2, 0, 0, 0, 0),
                             ("2026-06-02", 0, 0, 1, 0, 1), ("2026-06-10", 0, 0, 0, 1, 0))
    ],
    "kpi.guide_customer": [
        {"person_key": 1, "staff_id": "S1", "began_at": "2026-05-01 02:00:00", "held_from": "2026-05-01 02:00:00",
         "held_to": "2026-06-05 02:00:00", "is_owner": True},
        {"person_key": 1, "staff_id": "S2", "began_at": "2026-05-02 02:00:00", "held_from": "2026-05-02 02:00:00",
         "held_to": "2026-06-05 02:00:00", "is_owner": False},
        {"person_key": 1, "staff_id": "S2", "began_at": "2026-05-02 02:00:00", "held_from": "2026-06-05 02:00:00",
         "is_owner": True},
        {"person_key": 1, "staff_id": "S3", "began_at": "2026-05-03 02:00:00", "held_from": "2026-05-03 02:00:00",
         "is_owner": False},
    ],
    "kpi.user_asset_statement": [
        _line(month, touchpoint, until, *counts)
        for touchpoint in ("all", "wecom")
        for month, until, *counts in (("2026-05", "2026-05-31", 0, 1, 0, 0, 0, 1, 0),
                                      ("2026-06", AS_OF, 1, 2, 0, 1, 1, 1, None))
    ],
    "kpi.kpi_reach": [
        _figure("reachable_people", 1), _figure("reachable_people", 1, None, "touchpoint", "wecom"),
        _figure("guide_customers", 1), _figure("guide_customers_held", 2), _figure("unfollow_rate", 0, 1),
    ],
    "kpi.kpi_new_people": [
        _figure("follow_add_rate", 1, 2), _figure("referrals_per_referrer", 3, 2),
        _figure("referred_share", 1, 2) | {"as_of_date": "2026-06-01"},
    ],
    "kpi.kpi_identity": [
        _figure("match_rate", 2, 3), _figure("match_rate", 2, 2, "channel", "crm"),
        _figure("match_rate", 0, 1, "channel", "mall"), _figure("cross_channel_rate", 1, 3),
    ],
    "kpi.kpi_tags": [_figure("tag_coverage", 1, 2), _figure("tags_per_person", 5, 2), _figure("usable_tags", 1, 2)],
}  # fmt: skip

# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("reachable_link", "an end after the beginning"): ("reachable_link", 2, {"ended_at": "2026-05-31 02:00:00"}),
    ("reachable_link", "nobody who does not count"): ("reachable_link", 0, {"person_key": 4}),
    ("reachable_link", "nobody after the erasure"): ("reachable_link", 3, {"ended_at": None}),
    ("reachable_stretch", "stretches do not touch"): (
        "reachable_stretch", None,
        {"dimension": "total", "person_key": 2, "stretch_no": 2, "reachable_from": "2026-06-02 02:00:00"}),
    ("reachable_stretch", "an end after the beginning"): (
        "reachable_stretch", 1, {"reachable_to": "2026-05-31 02:00:00"}),
    ("reachable_stretch", "everybody once in total"): ("reachable_stretch", 0, {"dimension": "channel"}),
    ("reachable_flow", "nobody leaves who never came"): ("reachable_flow", 2, {"lost_count": 4}),
    ("reachable_flow", "every stretch is a flow"): ("reachable_flow", 0, {"added_count": 2}),
    ("guide_customer", "a part of some length"): ("guide_customer", 0, {"held_to": "2026-05-01 02:00:00"}),
    ("guide_customer", "one owner at a time"): ("guide_customer", 0, {"held_to": "2026-06-06 02:00:00"}),
    ("guide_customer", "whoever is held has an owner"): ("guide_customer", 2, {"is_owner": False}),
    ("guide_customer", "the owner began first"): ("guide_customer", 3, {"began_at": "2026-05-01 03:00:00"}),
    ("user_asset_statement", "the statement balances"): ("user_asset_statement", 1, {"lost": 0}),
    ("user_asset_statement", "next opening is closing"): ("user_asset_statement", 1, {"opening": 2}),
    ("user_asset_statement", "no month is missing"): ("user_asset_statement", 0, {"month": "2026-04"}),
    ("user_asset_statement", "no line is negative"): ("user_asset_statement", 0, {"erased": -1}),
    ("user_asset_statement", "closing is who can be reached"): ("link", 2, {"ended_at": None}),
    ("user_asset_statement", "nobody counts twice in all"): ("user_asset_statement", 1, {"closing": 2}),
    ("user_asset_statement", "the past as it was published"): ("user_asset_statement", 0, {"restated": 1}),
    ("kpi_reach", "reachable people are the closing of the statement"): ("kpi_reach", 1, {"numerator": 2}),
    ("kpi_reach", "guide customers are people"): ("kpi_reach", 2, {"numerator": 2}),
    ("kpi_reach", "nobody owns more people than they hold"): ("kpi_reach", 3, {"numerator": 0}),
    ("kpi_reach", "no stock is negative"): ("kpi_reach", 0, {"numerator": -1}),
    ("kpi_new_people", "part of the whole"): ("kpi_new_people", 0, {"numerator": 3}),
    ("kpi_new_people", "every referrer referred somebody"): ("kpi_new_people", 1, {"numerator": 1}),
    ("kpi_new_people", "newcomers are added people"): ("kpi_new_people", 2, {"denominator": 3}),
    ("kpi_identity", "part of the whole"): ("kpi_identity", 0, {"numerator": 4}),
    ("kpi_identity", "records of channels add up"): ("kpi_identity", 2, {"denominator": 2}),
    ("kpi_identity", "everybody who is known"): ("kpi_identity", 3, {"denominator": 4}),
    ("kpi_tags", "part of the whole"): ("kpi_tags", 2, {"numerator": 3}),
    ("kpi_tags", "nothing after as_of"): ("kpi_tags", 0, {"as_of_date": "2026-07-01"}),
}  # fmt: skip
MORE: list[tuple[Key, Fault]] = [
    (("reachable_link", "nobody after the erasure"), ("reachable_link", 3, {"ended_at": "2026-06-11 02:00:00"})),
    (("user_asset_statement", "the statement balances"), ("user_asset_statement", 1, {"returned": None})),
    # A link that is missing in the statement, a line that is missing, and somebody who does not count.
    (("user_asset_statement", "closing is who can be reached"), ("link", 0, {"touchpoint": "mall"})),
    (
        ("user_asset_statement", "closing is who can be reached"),
        ("user_asset_statement", 3, {"until_date": "2026-06-29"}),
    ),
    (("user_asset_statement", "closing is who can be reached"), ("person_exclusion", 0, {"kind": "partner"})),
    (("user_asset_statement", "closing is who can be reached"), ("human_decision", 0, {"is_latest": False})),
    (("user_asset_statement", "nobody counts twice in all"), ("user_asset_statement", 3, {"closing": 2})),
    (("guide_customer", "whoever is held has an owner"), ("guide_customer", 3, {"is_owner": True})),
    (("kpi_new_people", "newcomers are added people"), ("reachable_flow", 1, {"added_count": 3})),
]  # fmt: skip
PLANTING = Planting("kpi", SUITES, GOOD)


def test_every_expectation_has_a_fault(suites: dict[str, Suite]) -> None:
    assert set(PLANTING.queries(suites)) == set(FAULTS)


def test_good_rows_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    assert {one: rows for one, rows in PLANTING.found(project, engines, suites).items() if rows} == {}


@pytest.mark.parametrize(("one", "fault"), [*FAULTS.items(), *MORE])
def test_a_fault_is_found(project: Project, suites: dict[str, Suite], engines: Engines, one: Key, fault: Fault) -> None:
    assert PLANTING.found_by(one, project, engines, suites, fault)
