"""Landed at once or in thirty nightly parts: the same people."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from siyu.simulate import simulate_exports
from tests.golden.identity import Built, build, land, settings_of

pytestmark = pytest.mark.scale

PEOPLE = int(os.environ.get("IDENTITY_NIGHTS_PEOPLE", "10000"))
NIGHTS = 30


def test_at_once_or_in_thirty_nights_the_people_are_the_same(tmp_path: Path) -> None:
    world = tmp_path / "world"
    simulate_exports(world, people=PEOPLE, days=180, seed=7, nights=NIGHTS)
    in_parts = settings_of(tmp_path / "parts", _first_load(world, tmp_path / "parts" / "exports"))
    at_once = settings_of(tmp_path / "once", _first_load(world, tmp_path / "once" / "exports"))
    land(in_parts)
    for night in sorted(world.glob("night=*")):
        shutil.copytree(night, tmp_path / "once" / "exports", dirs_exist_ok=True)
        shutil.copytree(night, tmp_path / "parts" / "exports", dirs_exist_ok=True)
        land(in_parts)
    land(at_once)
    built = build(in_parts)
    assert built.connect().execute("select max(first_landed_seq) from identity.one_id").fetchall() == [(NIGHTS + 1,)]
    people = _partition(built)
    assert people == _partition(build(at_once))
    assert len(people) > PEOPLE / 2


def _first_load(world: Path, exports: Path) -> Path:
    shutil.copytree(world, exports, ignore=shutil.ignore_patterns("night=*"))
    return exports


def _partition(built: Built) -> set[frozenset[tuple[str, str]]]:
    people: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for key, id_type, value in (
        built.connect().execute("select person_key, id_type, id_value from identity.one_id").fetchall()
    ):
        people[key].append((id_type, value))
    return {frozenset(identifiers) for identifiers in people.values()}
