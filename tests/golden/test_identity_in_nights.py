"""Landed at once, in nightly parts, or with rows and files in another order: the same people."""

from __future__ import annotations

import os
import random
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from siyu.simulate import simulate_exports
from tests.golden.conftest import shuffle_exports
from tests.golden.identity import Built, build, land, settings_of

pytestmark = [pytest.mark.scale, pytest.mark.xdist_group("identity_in_nights")]

AS_IN_THE_SAMPLE = 600
PEOPLE = int(os.environ.get("IDENTITY_NIGHTS_PEOPLE", AS_IN_THE_SAMPLE))
NIGHTS = int(os.environ.get("IDENTITY_NIGHTS", "5"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exports: a first load, and a folder for each night after it."""
    exports = tmp_path_factory.mktemp("world")
    simulate_exports(exports, people=PEOPLE, days=180, seed=7, nights=NIGHTS)
    return exports


@pytest.fixture(scope="module")
def at_once(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("once")
    exports = _first_load(world, root / "exports")
    for night in sorted(world.glob("night=*")):
        shutil.copytree(night, exports, dirs_exist_ok=True)
    settings = settings_of(root, exports)
    land(settings)
    return build(settings)


def test_at_once_or_in_nights_the_people_are_the_same(world: Path, at_once: Built, tmp_path: Path) -> None:
    """The rows of the first load are in another order, too."""
    in_parts = settings_of(tmp_path, _first_load(world, tmp_path / "exports"))
    shuffle_exports(tmp_path / "exports", random.Random(5))
    land(in_parts)
    for night in sorted(world.glob("night=*")):
        shutil.copytree(night, tmp_path / "exports", dirs_exist_ok=True)
        land(in_parts)
    built = build(in_parts)
    assert built.connect().execute("select max(first_landed_seq) from identity.one_id").fetchall() == [(NIGHTS + 1,)]
    people = _partition(built)
    assert people == _partition(at_once)
    assert len(people) > PEOPLE / 2


@pytest.mark.skipif(PEOPLE <= AS_IN_THE_SAMPLE, reason="the sample's two nights (test_night.py) show it of 600 people")
def test_order_of_rows_and_files_decides_nothing(at_once: Built, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    shutil.copytree(at_once.settings.exports_root, exports)
    shuffle_exports(exports, random.Random(3))
    settings = settings_of(tmp_path, exports)
    land(settings)
    shuffled = build(settings)
    for columns, table in (
        ("(id_type, id_value, one_id)", "identity.one_id"),
        ("(id_type, id_value, account_id)", "identity.account_id"),
        ("(channel, record_id, one_id, account_id, account_basis)", "identity.record_person"),
        ("(one_id, account_id, is_current, valid_from_at, valid_to_at)", "identity.person_account"),
        ("(reason, id_type, id_value, other_id_value)", "identity.identity_audit"),
    ):
        assert _content(shuffled, columns, table) == _content(at_once, columns, table), table


def _content(built: Built, columns: str, table: str) -> list[tuple[object, ...]]:
    return (
        built.connect()
        .execute(f"select count(*), sum(hash({columns})::hugeint), bit_xor(hash({columns})) from {table}")
        .fetchall()
    )


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
