"""Every expectation about attribution fails when its fault is planted, and says nothing about rows that are right."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.kpi.attribution_reference import MODELS
from tests.models.test_models import Engines
from tests.planting import Fault, Key, Planting, Rows, Tables

SUITES = (
    "attribution", "attribution_deal", "attribution_touch", "attribution_player", "attribution_journey",
    "attribution_coalition",
)  # fmt: skip
DAY, MOMENT = "2026-06-10", "2026-06-10 02:00:00"


def _line(record: str, deal: str, amount: str) -> dict[str, Any]:
    return {"channel": "mall", "record_id": record, "deal_id": deal, "kind": "order", "amount": amount}


def _touch(number: int, channel: str, at: str, deal_no: int = 1) -> dict[str, Any]:
    return {"deal_no": deal_no, "touch_no": number, "touch_count": 2, "basis": "buyer", "channel": channel,
            "record_id": f"r{number}", "occurred_at": at}  # fmt: skip


def _part(model: str, number: int, share: str, amount: str) -> dict[str, Any]:
    return {"channel": "mall", "deal_id": "O1", "deal_date": DAY, "model": model, "touch_channel": f"c{number}",
            "touch_record_id": f"r{number}", "touched_at": MOMENT, "one_id": "P1", "basis": "buyer", "share": share,
            "amount": amount}  # fmt: skip


def _parts() -> Rows:
    """A deal with two touches and one without any, in every model."""
    shared = [_part(model, n, "0.5", "45") for model in MODELS[2:] for n in (1, 2)]
    nobody = [
        {"channel": "mall", "deal_id": "O2", "deal_date": DAY, "model": model, "basis": "unattributed", "share": 1,
         "amount": -7}
        for model in MODELS
    ]  # fmt: skip
    return [_part("first", 1, "1", "90"), _part("last", 2, "1", "90"), *shared, *nobody]


GOOD: Tables = {
    "kpi.revenue_line": [_line("a", "O1", "100"), _line("b", "O1", "-10"), _line("c", "O2", "-7")],
    "kpi.attribution_deal": [
        {"deal_no": 1, "channel": "mall", "deal_id": "O1", "deal_at": MOMENT, "amount": 90},
        {"deal_no": 2, "channel": "mall", "deal_id": "O2", "deal_at": MOMENT, "amount": -7},
    ],
    "kpi.attribution_touch": [_touch(1, "c1", "2026-06-01 02:00:00"), _touch(2, "c2", MOMENT)],
    "kpi.attribution_player": [
        {"channel": "c1", "player": "c1", "player_no": 1, "player_bit": 1},
        {"channel": "c2", "player": "c2", "player_no": 2, "player_bit": 2},
    ],
    "kpi.attribution_journey": [
        {"coalition": 1, "deal_count": 0, "journey_count": 1}, {"coalition": 3, "deal_count": 1, "journey_count": 1},
    ],
    "kpi.attribution_coalition": [
        {"coalition": 3, "player_no": 1, "credit": 333333333333},
        {"coalition": 3, "player_no": 2, "credit": 666666666666},
    ],
    "kpi.attribution": _parts(),
}  # fmt: skip

# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("attribution", "a touch, or no touch at all"): ("attribution", 0, {"basis": "unattributed"}),
    ("attribution", "a share lies above 0 and is at most 1"): ("attribution", 2, {"share": 0}),
    ("attribution", "shares of a deal add up to 1"): ("attribution", 2, {"share": "0.500000000001"}),
    ("attribution", "one touch in the models first and last"): ("attribution", None, _part("first", 2, "1", "0")),
    ("attribution", "amounts add up to net revenue to the cent"): ("attribution", 2, {"amount": "45.01"}),
    ("attribution_deal", "net revenue of every deal to the cent"): ("attribution_deal", 0, {"amount": "90.01"}),
    ("attribution_touch", "touches are numbered in their order"): ("attribution_touch", 1, {"touch_no": 3}),
    ("attribution_touch", "no touch after its deal"): (
        "attribution_touch", 1, {"occurred_at": "2026-06-10 02:00:01"}),
    ("attribution_touch", "a deal has touches of the buyer or of the buying group"): (
        "attribution_touch", 1, {"basis": "buying_group"}),
    ("attribution_player", "at most twelve players, each with its bit"): ("attribution_player", 1, {"player_bit": 3}),
    ("attribution_player", "one player is one number"): ("attribution_player", 1, {"player_no": 1, "player_bit": 1}),
    ("attribution_journey", "no more deals than journeys"): ("attribution_journey", 0, {"deal_count": 2}),
    ("attribution_journey", "every deal with touches is a journey"): ("attribution_journey", 1, {"deal_count": 0}),
    ("attribution_coalition", "shares of a deal are those of its channels"): (
        "attribution_coalition", 0, {"credit": 333333333336}),
    ("attribution_coalition", "no channel takes anything from a deal"): ("attribution_coalition", 0, {"credit": -1}),
    ("attribution_coalition", "every set of channels of a deal"): ("attribution_journey", 0, {"deal_count": 1}),
}  # fmt: skip
MORE: list[tuple[Key, Fault]] = [
    (("attribution", "a touch, or no touch at all"), ("attribution", 0, {"touch_record_id": None})),
    (("attribution", "a touch, or no touch at all"), ("attribution", 0, {"touched_at": None})),
    (("attribution", "a touch, or no touch at all"), ("attribution", 0, {"one_id": None})),
    (("attribution", "a touch, or no touch at all"), ("attribution", 10, {"touch_channel": "c1"})),
    (("attribution", "a share lies above 0 and is at most 1"), ("attribution", 2, {"share": "1.000000000001"})),
    (("attribution", "a share lies above 0 and is at most 1"), ("attribution", 2, {"share": None})),
    # Revenue that is missing in one model, or in all, and a deal that no line has.
    (("attribution", "amounts add up to net revenue to the cent"), ("attribution", 10, {"amount": "-7.01"})),
    (("attribution", "amounts add up to net revenue to the cent"), ("attribution", 0, {"model": "last"})),
    (("attribution", "amounts add up to net revenue to the cent"), ("revenue_line", None, _line("d", "O3", "5"))),
    (("attribution", "amounts add up to net revenue to the cent"), ("revenue_line", 1, {"amount": "-10.01"})),
    (("attribution", "amounts add up to net revenue to the cent"), ("attribution", 10, {"deal_id": "O3"})),
    (("attribution_deal", "net revenue of every deal to the cent"), ("revenue_line", None, _line("d", "O3", "5"))),
    (("attribution_deal", "net revenue of every deal to the cent"), ("attribution_deal", 1, {"deal_id": "O3"})),
    (
        ("attribution_touch", "touches are numbered in their order"),
        ("attribution_touch", 0, {"occurred_at": "2026-06-11 02:00:00"}),
    ),
    (("attribution_touch", "touches are numbered in their order"), ("attribution_touch", 0, {"touch_count": 3})),
    (("attribution_touch", "no touch after its deal"), ("attribution_touch", None, _touch(1, "c1", MOMENT, deal_no=3))),
    (("attribution_touch", "no touch after its deal"), ("attribution_touch", 1, {"occurred_at": None})),
    (
        ("attribution_player", "at most twelve players, each with its bit"),
        ("attribution_player", 1, {"player_no": 13, "player_bit": 4096}),
    ),
    (("attribution_journey", "no more deals than journeys"), ("attribution_journey", 0, {"deal_count": -1})),
    (("attribution_journey", "every deal with touches is a journey"), ("attribution_touch", 1, {"deal_no": 2})),
    (
        ("attribution_coalition", "shares of a deal are those of its channels"),
        ("attribution_coalition", 0, {"credit": 333333333331}),
    ),
    (
        ("attribution_coalition", "shares of a deal are those of its channels"),
        ("attribution_coalition", 1, {"coalition": 1}),
    ),
    (
        ("attribution_coalition", "no channel takes anything from a deal"),
        ("attribution_coalition", 0, {"credit": None}),
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
