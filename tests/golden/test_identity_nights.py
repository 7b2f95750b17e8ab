"""IDs over nights: a merge, the merge taken back, and everything deleted that may be deleted."""

from __future__ import annotations

import json
import shutil
from datetime import date

import duckdb

from tests.golden.shop import ThreeNights


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
    history = shop.rows(sql)
    days = [date(2026, 6, day) for day in (1, 2, 3)]
    assert history == [(two, days[0], days[1]), (one, days[1], days[2]), (two, days[2], None)]
    [release] = (shop.root / "warehouse/releases").glob("2026-06-02-*/siyu.duckdb")
    with duckdb.connect(str(release), read_only=True) as con:
        people = con.execute("select one_id from identity.person order by all").fetchall()
    assert people == [(one,)]


def test_without_any_release_and_build_database_ids_and_content_are_the_same(three_nights: ThreeNights) -> None:
    """What may be deleted is rebuilt to the same content; but what was published before is gone with the releases."""
    shop, ids, aliases = three_nights
    warehouse = shop.root / "warehouse"
    before = json.loads((warehouse / "current" / "manifest.json").read_text(encoding="utf-8"))["tables"]
    for name in ("releases", "build", "landing", "status"):
        shutil.rmtree(warehouse / name)
    (warehouse / "current").unlink()
    again = shop.run("2026-06-03").manifest["tables"]
    assert (shop.ids(), shop.aliases()) == (ids[-1], aliases[-1])
    assert {name for name in again if again[name] != before[name]} <= {"kpi.kpi_restatement"}


def test_a_key_saved_from_any_night_resolves_to_one_person(
    three_nights: ThreeNights,
) -> None:
    shop, ids, _ = three_nights
    current = set(shop.ids().values())
    saved = {one_id for night in ids for one_id in night.values()}
    sql = "select former_one_id, one_id from identity.one_id_alias where is_primary"
    resolved = dict(shop.rows(sql, "siyu.duckdb"))
    assert all(resolved.get(one_id, one_id) in current for one_id in saved)
