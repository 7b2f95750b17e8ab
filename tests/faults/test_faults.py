"""A fault in what a night delivers is told to on-call, by the name of its channel; a quiet night tells nothing.

FAULTS=40 plants all of them, in a world of 10,000 people with every channel (benchmarks/faults.py prints the table).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.nights import World, make_world
from tests.faults.planted import FAULTS, Fault
from tests.shared import Shared

FEW = ("website sends no file", "yesterday's rows under today's name", "the cookie is lost", "half of the staff")
IS_WHOLE = "FAULTS" in os.environ
PLANTED = [fault for fault in FAULTS if IS_WHOLE or fault.name in FEW]
# Landing does not tell these two. The simulator's people are awake at all hours, so eight hours change the date of few
# events; and a night has too few tickets to say that none of them was closed.
NOT_TOLD = {"UTC instead of local time", "tickets are never closed"}

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module")
def world(shared: Shared) -> World:
    return shared.once("fault_world", _whole_world if IS_WHOLE else _small_world)


def _whole_world(root: Path) -> World:
    return make_world(root, people=10_000, days=120, nights=24)


def _small_world(root: Path) -> World:
    return make_world(root, people=3_000, days=40, nights=15, channels=("website",))


def test_there_are_forty_faults() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) == 40


def test_a_quiet_night_tells_nothing(world: World, tmp_path: Path) -> None:
    assert world.night(tmp_path) == []


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: fault.name)
def test_a_fault_is_told_by_the_name_of_its_channel(world: World, tmp_path: Path, fault: Fault) -> None:
    told = world.night(tmp_path, fault)
    is_named = any(name in page.told for page in told for name in fault.names)
    assert is_named is (fault.name not in NOT_TOLD), told
