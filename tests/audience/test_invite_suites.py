"""Every expectation about invitations fails when its fault is planted, and says nothing about rows that are right."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.models.test_models import AS_OF, Engines
from tests.planting import Fault, Key, Planting, Tables

SUITES = (
    "coming_event", "invite_score", "invite_standing", "invite_wish", "invite_cut_start", "invite_cut", "invite_choice",
    "invite_list", "invite_left_out", "invite_event",
)  # fmt: skip
POINTS = {"topic_points": 40, "product_points": 0, "form_points": 5, "place_points": 0, "activity_points": 0,
          "stage_points": 5}  # fmt: skip


def _list_row(event: str, person: int, number: int) -> dict[str, Any]:
    return {"event_id": event, "one_id": f"P{person}", "person_key": person, "invite_no": number, "score": 50, **POINTS,
            "why_zh": "质量", "why_en": "quality", "touchpoint": "wecom"}  # fmt: skip


# Two people at E1, which has two seats; P3 comes too late for E1, and is invited to E2; P4 is a learner.
GOOD: Tables = {
    "audience.coming_event": [
        {"event_id": "E1", "event_date": "2026-07-10", "form": "online", "seats": 2, "audience": "people",
         "inviting_role": "sales", "campaign_id": "C-1"},
        {"event_id": "E2", "event_date": "2026-07-20", "form": "online", "seats": 9, "audience": "people",
         "inviting_role": "sales"},
    ],
    "audience.audience_person": [
        {"one_id": f"P{i}", "person_key": i, "audience": "kept_out" if i == 4 else "prospect", "is_erased": False,
         "is_fatigued": False, "recent_touch_count": 1}
        for i in (1, 2, 3, 4)
    ],
    "audience.person_way": [
        {"one_id": f"P{i}", "person_key": i, "touchpoint": "wecom", "is_marketing_allowed": True} for i in (1, 2, 3, 4)
    ],
    "audience.person_owner": [
        {"one_id": "P1", "person_key": 1, "role": "sales", "staff_id": "S000", "basis": "link"},
    ],
    "identity.person": [{"one_id": f"P{i}", "person_key": i} for i in (1, 2, 3, 4)],
    "journey.person_touch": [
        {"person_key": 1, "campaign_id": "C-1", "direction": "outbound", "behaviour": "register"},
        {"person_key": 3, "campaign_id": "C-2", "direction": "inbound", "behaviour": "register"},
    ],
    "audience.invite_score": [
        {"event_id": event, "person_key": i, "score": 50, **POINTS}
        for event, i in (("E1", 1), ("E1", 2), ("E1", 3), ("E1", 4), ("E2", 3))
    ],
    "audience.invite_standing": [
        {"event_id": event, "person_key": i, "touchpoint": "wecom", "open_touches": 1,
         "reason": "learner" if i == 4 else None}
        for event, i in (("E1", 1), ("E1", 2), ("E1", 3), ("E1", 4), ("E2", 3))
    ],
    "audience.invite_wish": [
        {"event_id": "E1", "person_key": 1, "wish_no": 1, "place_no": 1, "open_touches": 1},
        {"event_id": "E1", "person_key": 2, "wish_no": 1, "place_no": 2, "open_touches": 1},
        {"event_id": "E1", "person_key": 3, "wish_no": 1, "place_no": 3, "open_touches": 1},
        {"event_id": "E2", "person_key": 3, "wish_no": 2, "place_no": 1, "open_touches": 1},
    ],
    "audience.invite_cut_start": [{"event_id": "E1"}, {"event_id": "E2"}],
    "audience.invite_cut": [{"event_id": "E1", "last_place_no": 2}, {"event_id": "E2"}],
    "audience.invite_choice": [
        {"event_id": "E1", "person_key": 1, "invite_no": 1, "touchpoint": "wecom"},
        {"event_id": "E1", "person_key": 2, "invite_no": 2, "touchpoint": "wecom"},
        {"event_id": "E1", "person_key": 3, "reason": "no_seat"},
        {"event_id": "E1", "person_key": 4, "reason": "learner"},
        {"event_id": "E2", "person_key": 3, "invite_no": 1, "touchpoint": "wecom"},
    ],
    "audience.invite_list": [_list_row("E1", 1, 1) | {"inviter_staff": "S000"}, _list_row("E1", 2, 2),
                             _list_row("E2", 3, 1)],
    "audience.invite_left_out": [
        {"event_id": "E1", "reason": "no_seat", "reason_zh": "名额已满", "person_count": 1},
        {"event_id": "E1", "reason": "learner", "reason_zh": "学习者", "person_count": 1},
    ],
    "audience.invite_event": [
        {"event_id": event, "event_date": "2026-07-10", "seats": seats, "match_count": match, "kept_out_count": out,
         "wrong_audience_count": 0, "too_far_count": 0, "fitting_count": fitting, "invited_count": invited,
         "already_registered_count": 0, "unreachable_count": 0, "no_consent_count": 0, "fatigued_count": 0,
         "no_seat_count": fitting - invited}
        for event, seats, match, out, fitting, invited in (("E1", 2, 4, 1, 3, 2), ("E2", 9, 1, 0, 1, 1))
    ],
}  # fmt: skip

# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("coming_event", "events to come, with seats"): ("coming_event", 0, {"event_date": AS_OF}),
    ("invite_score", "the score is the sum of its parts"): ("invite_score", 0, {"score": 51}),
    ("invite_score", "events and people who exist"): ("invite_score", 0, {"event_id": "E9"}),
    ("invite_standing", "everybody who fits"): ("invite_standing", 3, {"person_key": 9}),
    ("invite_standing", "without a reason there is a way"): ("invite_standing", 0, {"touchpoint": None}),
    ("invite_wish", "wishes of a person without gaps"): ("invite_wish", 3, {"wish_no": 1}),
    ("invite_wish", "places of an event without gaps"): ("invite_wish", 1, {"place_no": 1}),
    ("invite_cut_start", "nobody is refused at first"): ("invite_cut_start", 0, {"last_place_no": 1}),
    ("invite_cut", "the last place exists"): ("invite_cut", 0, {"last_place_no": 7}),
    ("invite_cut", "every coming event"): ("invite_cut", 1, {"event_id": "E9"}),
    ("invite_choice", "everybody who fits"): ("invite_choice", 3, {"person_key": 9}),
    ("invite_choice", "invited or left out"): ("invite_choice", 0, {"reason": "fatigued"}),
    ("invite_choice", "no seat stays empty"): ("invite_choice", 1, {"reason": "no_consent"}),
    ("invite_choice", "fatigue means enough invitations"): ("invite_choice", 4, {"reason": "fatigued"}),
    ("invite_list", "nobody who is kept out"): ("audience_person", 0, {"audience": "kept_out"}),
    ("invite_list", "nobody outside the audience of the event"): ("audience_person", 0, {"audience": "partner"}),
    ("invite_list", "only touchpoints that allow advertising"): ("person_way", 0, {"is_marketing_allowed": False}),
    ("invite_list", "nobody who heard enough from us"): ("invite_list", None, _list_row("E2", 1, 2)),
    ("invite_list", "no more people than seats"): ("invite_list", None, _list_row("E1", 3, 3)),
    ("invite_list", "invite_no without gaps"): ("invite_list", 1, {"invite_no": 3}),
    ("invite_list", "the best first"): ("invite_list", 1, {"score": 51}),
    ("invite_list", "nobody who has registered"): ("person_touch", 0, {"direction": "inbound"}),
    ("invite_list", "the score is the sum of its parts"): ("invite_list", 0, {"topic_points": 39}),
    ("invite_list", "reasons in both languages"): ("invite_list", 0, {"why_en": ""}),
    ("invite_list", "inviters with the role of the event"): ("invite_list", 0, {"inviter_staff": "D000"}),
    ("invite_left_out", "people who were counted"): ("invite_left_out", 0, {"person_count": 2}),
    ("invite_event", "events to come"): ("invite_event", 0, {"event_date": AS_OF}),
    ("invite_event", "those who fit are invited or left out"): ("invite_event", 0, {"fatigued_count": 1}),
    ("invite_event", "everybody with the points counts once"): ("invite_event", 0, {"kept_out_count": 0}),
    ("invite_event", "as many as on the list"): ("invite_list", None, _list_row("E2", 2, 2)),
    ("invite_event", "as many as have the points"): ("invite_event", 0, {"match_count": 5}),
    ("invite_event", "an event that nobody fits"): ("invite_event", 0, {"fitting_count": 0}),
}  # fmt: skip
MORE: list[tuple[Key, Fault]] = [
    (("invite_list", "nobody who is kept out"), ("audience_person", 0, {"is_erased": True})),
    (("invite_list", "nobody who is kept out"), ("audience_person", 0, {"one_id": "P9"})),
    (("invite_list", "nobody outside the audience of the event"), ("coming_event", 0, {"audience": "partners"})),
    (("invite_list", "nobody outside the audience of the event"), ("coming_event", 0, {"event_id": "E9"})),
    (("invite_list", "only touchpoints that allow advertising"), ("invite_list", 0, {"touchpoint": "email"})),
    (("invite_list", "nobody who heard enough from us"), ("audience_person", 0, {"is_fatigued": True})),
    (("invite_list", "nobody who heard enough from us"), ("audience_person", 0, {"recent_touch_count": 2})),
    (("invite_list", "invite_no without gaps"), ("invite_list", 1, {"invite_no": 1})),
    (("invite_list", "invite_no without gaps"), ("invite_list", 0, {"invite_no": 0})),
    (("invite_list", "reasons in both languages"), ("invite_list", 0, {"why_zh": "关注{value}"})),
    (("invite_choice", "fatigue means enough invitations"), ("invite_choice", 0, {"reason": "fatigued"})),
    (("coming_event", "events to come, with seats"), ("coming_event", 0, {"seats": 0})),
    (("invite_event", "those who fit are invited or left out"), ("invite_event", 0, {"no_seat_count": None})),
]
PLANTING = Planting("audience", SUITES, GOOD)


def test_every_expectation_has_a_fault(suites: dict[str, Suite]) -> None:
    assert set(PLANTING.queries(suites)) == set(FAULTS)


def test_good_rows_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    assert {one: rows for one, rows in PLANTING.found(project, engines, suites).items() if rows} == {}


@pytest.mark.parametrize(("one", "fault"), [*FAULTS.items(), *MORE])
def test_a_fault_is_found(project: Project, suites: dict[str, Suite], engines: Engines, one: Key, fault: Fault) -> None:
    assert PLANTING.found_by(one, project, engines, suites, fault)
