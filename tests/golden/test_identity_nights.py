"""IDs over nights: a merge, the merge taken back, and everything deleted that may be deleted."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from siyu.report.summary import Report
from tests.golden.shop import Shop
from tests.shared import Shared

pytestmark = pytest.mark.every_suite

ThreeNights = tuple[Shop, list[dict[str, str]], list[set[tuple[object, ...]]]]


def _contacts(shop: Shop, day: str, **mobiles: str) -> Report:
    lines = [f"{key},王,{mobile},{day} 10:00:00\n" for key, mobile in mobiles.items()]
    name = f"exports/shop/contacts_{day.replace('-', '')}.csv"
    shop.write(name, "contact_id,name,mobile,updated_at\n" + "".join(lines))
    return shop.run(day)


def _rows(shop: Shop, sql: str, file: str = "siyu_restricted.duckdb") -> list[tuple[object, ...]]:
    path = shop.root / "warehouse" / "current" / file
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


def _ids(shop: Shop) -> dict[str, str]:
    return {str(value): str(one_id) for value, one_id in _rows(shop, "select id_value, one_id from identity.one_id")}


def _alias(shop: Shop) -> set[tuple[object, ...]]:
    sql = "select former_one_id, one_id, reason, is_primary from identity.one_id_alias"
    return set(_rows(shop, sql, "siyu.duckdb"))


@pytest.fixture
def three_nights(shop: Shop, shared: Shared) -> ThreeNights:
    """k2 gets the mobile of k1, and then its own again. Identifiers and aliases of each night."""
    made, ids, aliases = shared.once("a_merge_taken_back", _three_nights)
    return made.copy_to(shop.root), ids, aliases


def _three_nights(root: Path) -> ThreeNights:
    ids: list[dict[str, str]] = []
    aliases: list[set[tuple[object, ...]]] = []
    shop = Shop(root)
    for day, mobile in (("2026-06-01", "13900000002"), ("2026-06-02", "13900000001"), ("2026-06-03", "13900000002")):
        _contacts(shop, day, k1="13900000001", k2=mobile)
        ids.append(_ids(shop))
        aliases.append(_alias(shop))
    return shop, ids, aliases


def test_a_merge_keeps_the_older_id_and_taking_it_back_gives_each_the_one_it_had(
    three_nights: ThreeNights,
) -> None:
    shop, (first, second, third), (none, merged, back) = three_nights
    one, two = first["k1"], first["k2"]
    assert one != two and first["+8613900000002"] == two
    left_alone = second["+8613900000002"]
    assert (second["k2"], second["+8613900000001"]) == (one, one) and left_alone not in (one, two)
    assert third == first
    assert none == set()
    assert merged == {(two, one, "split", True), (two, left_alone, "split", False)}
    assert back == {(one, one, "kept", True), (one, two, "split", False), (left_alone, two, "merged", True)}
    sql = "select one_id, valid_from, valid_to from identity.one_id_history where id_value = 'k2' order by valid_from"
    history = _rows(shop, sql)
    days = [date(2026, 6, day) for day in (1, 2, 3)]
    assert history == [(two, days[0], days[1]), (one, days[1], days[2]), (two, days[2], None)]


def test_without_any_release_and_build_database_the_ids_are_the_same(
    three_nights: ThreeNights,
) -> None:
    shop, ids, aliases = three_nights
    warehouse = shop.root / "warehouse"
    for name in ("releases", "build", "landing", "status"):
        shutil.rmtree(warehouse / name)
    (warehouse / "current").unlink()
    shop.run("2026-06-03")
    assert (_ids(shop), _alias(shop)) == (ids[-1], aliases[-1])


def test_a_key_saved_from_any_night_resolves_to_one_person(
    three_nights: ThreeNights,
) -> None:
    shop, ids, _ = three_nights
    current = set(_ids(shop).values())
    saved = {one_id for night in ids for one_id in night.values()}
    sql = "select former_one_id, one_id from identity.one_id_alias where is_primary"
    resolved = dict(_rows(shop, sql, "siyu.duckdb"))
    assert all(resolved.get(one_id, one_id) in current for one_id in saved)
