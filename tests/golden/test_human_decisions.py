"""What people decide, over nights: a link and its taking back, an unlink of what data merged, all that hangs on it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.report.summary import Report
from tests.golden.conftest import Ran
from tests.golden.shop import SALT, Shop
from tests.identity.reference import keyed_hash
from tests.shared import Shared

pytestmark = pytest.mark.xdist_group("human_decisions")

RULE_FILE = "exports/reference/identity_rules.csv"
# Two with nothing in common, and two with one mobile.
CONTACTS = {"k1": "13900000001", "k2": "13900000002", "k3": "13900000003", "k4": "13900000003"}
# A shop after three nights, with the OneIDs and the aliases of each night.
Decided = tuple[Shop, list[dict[str, str]], list[set[tuple[Any, ...]]]]


def _contacts(shop: Shop, day: str) -> None:
    lines = [f"{key},王,{mobile},{day} 10:00:00\n" for key, mobile in CONTACTS.items()]
    shop.write(
        f"exports/shop/contacts_{day.replace('-', '')}.csv", "contact_id,name,mobile,updated_at\n" + "".join(lines)
    )


def _decide(root: Path, *arguments: str, fails: bool = False) -> str:
    (root / "siyu.toml").write_text(
        'warehouse = "warehouse"\nlayers = ["layer"]\nexports = "exports"\nchannels = ["shop"]\n', encoding="utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("SIYU_SALT", SALT)
        result = CliRunner().invoke(app, list(arguments))
    assert (result.exit_code != 0) is fails, result.output
    return " ".join(result.output.split())


@pytest.fixture
def decided(shop: Shop, shared: Shared) -> Decided:
    """A copy of a shop in which humans linked k1 and k2 and took it back, and parted k3 and k4."""
    made, ids, aliases = shared.once("human_decisions", _three_nights_of_decisions)
    return made.copy_to(shop.root / "copy"), ids, aliases


def _three_nights_of_decisions(root: Path) -> Decided:
    shop = Shop(root)
    _contacts(shop, "2026-06-01")
    shop.run("2026-06-01")
    ids, aliases = [shop.ids()], [shop.aliases()]
    told = _decide(root, "link", "mobile:139 0000 0002", "crm_contact_id:k1", "--why", "hers", "--by", "li")
    assert "they will share one ID" in told and RULE_FILE in told.replace(" ", "")
    with (root / RULE_FILE).open("a", encoding="utf-8") as file:
        file.write("unlink,crm_contact_id:k4,mobile:13900000003,2026-06-02,li,a colleague\n")
    _contacts(shop, "2026-06-02")  # data say again that k3 and k4 are one
    for day in ("2026-06-02", "2026-06-03"):
        shop.run(day)
        ids.append(shop.ids())
        aliases.append(shop.aliases())
        if day == "2026-06-02":
            _decide(root, "unlink", "crm_contact_id:k1", "mobile:+8613900000002", "--why", "no", "--by", "li")
    return shop, ids, aliases


def test_a_link_and_its_taking_back(decided: Decided) -> None:
    shop, (first, linked, third), (_, merged, split) = decided
    one, other, parted = first["k1"], first["k2"], {first["k3"], linked["k4"]}
    assert one != other and first["+8613900000002"] == other
    own = ("k1", "k2", "+8613900000001", "+8613900000002")
    assert {linked[key] for key in own} == {one} and not parted & {one, other}
    assert {row for row in merged if not parted & set(row)} == {(other, one, "merged", True)}
    assert third == {**linked, **{key: first[key] for key in own}}
    assert {row for row in split if not parted & set(row)} == {(one, one, "kept", True), (one, other, "split", False)}
    history = (
        "select one_id, valid_from, valid_to from identity.one_id_history where id_value = 'k2' order by valid_from"
    )
    days = [date(2026, 6, day) for day in (1, 2, 3)]
    assert shop.rows(history) == [(other, days[0], days[1]), (one, days[1], days[2]), (other, days[2], None)]
    effects = "select decision, decided_by, reason, effect from identity.identity_rule order by decision, reason"
    assert shop.rows(effects) == [
        ("link", "li", "hers", "superseded"), ("unlink", "li", "a colleague", "applied"),
        ("unlink", "li", "no", "applied"),
    ]  # fmt: skip
    # k2 and its mobile changed their ID, of four contacts and three mobiles.
    churn = "select value from identity.identity_metric where metric = 'churn' and member = 'person'"
    assert [float(value) for (value,) in shop.rows(churn, "siyu.duckdb")] == [round(2 / 7, 6)]


def test_an_unlink_of_what_data_merged_holds_against_later_data_and_a_rebuild(decided: Decided) -> None:
    """Each part has the ID of its own oldest identifier."""
    shop, (first, parted, third), _ = decided
    assert first["k3"] == first["k4"] == first["+8613900000003"]
    own = "P" + keyed_hash(shop.settings().key, "crm_contact_id:k4")[:20]
    assert own not in first.values() and parted["k4"] == own
    assert parted["k3"] == parted["+8613900000003"] == first["k3"]
    for name in ("releases", "build", "landing", "status"):
        shutil.rmtree(shop.root / "warehouse" / name)
    (shop.root / "warehouse" / "current").unlink()
    shop.run("2026-06-03")
    assert shop.ids() == third
    assert shop.rows("select effect from identity.identity_rule where reason = 'a colleague'") == [("applied",)]
    cut = shop.rows("select reason, id_value, other_id_value from identity.identity_audit where reason = 'cut_unlink'")
    assert {(reason, *sorted(values)) for reason, *values in cut} == {("cut_unlink", "+8613900000003", "k4")}


def test_a_matcher_links_records_in_bulk(decided: Decided) -> None:
    """Two records carry nothing that could join them: their IDs are placeholders, and they have no mobile."""
    shop, (first, *_), _ = decided
    shop.write(
        "exports/shop/contacts_20260604.csv",
        "contact_id,name,mobile,updated_at\n" + "".join(f"{key},王,,2026-06-04 10:00:00\n" for key in ("00", "000")),
    )
    shop.run("2026-06-04")
    owners = "select split_part(record_id, ':', 2), one_id from identity.record_person"
    before = dict(shop.rows(owners))
    assert before["00"] is None and before["000"] is None and before["k1"] != before["k2"]
    rules, pairs = shop.root / RULE_FILE, shop.root / "pairs.csv"
    old = rules.read_text(encoding="utf-8")
    pairs.write_text(
        "left,right\nrecord:shop:contacts:00,record:shop:contacts:000\nrecord:shop:contacts:zz,mobile:1\n"
        "record:shop:contacts:00,\nmobile:13900000001,mobile:+86 139 0000 0001\n",
        encoding="utf-8",
    )
    told = _decide(shop.root, "link", "--file", "pairs.csv", "--why", "same name", fails=True)
    for number, problem in (
        (3, "no record shop:contacts:zz"), (3, "'1' is not a valid mobile"), (4, "right is empty"), (5, "are the same"),
    ):  # fmt: skip
        assert problem in told.replace("│ ", "") and f"row {number}" in told
    assert rules.read_text(encoding="utf-8") == old
    bare = "record:shop:contacts:00,record:shop:contacts:000,\n"
    good = f"right,left,by\n{bare}record:shop:contacts:k1,mobile:13900000002,li\n{bare}"
    pairs.write_text(good, encoding="utf-8")
    told = _decide(shop.root, "link", "--file", "pairs.csv", "--why", "same name", "--by", "wang")
    assert "link 2 pairs of pairs.csv; 1 repeated" in told
    told = _decide(shop.root, "link", "--file", "pairs.csv", "--why", "same name", "--by", "wang")
    assert "link 0 pairs of pairs.csv; 2 already decided so, 1 repeated: nothing was written" in told
    added = rules.read_text(encoding="utf-8").removeprefix(old).splitlines()
    assert [line.split(",")[:3] + line.split(",")[4:] for line in added] == [
        ["link", "record:shop:contacts:000", "record:shop:contacts:00", "wang", "same name"],
        ["link", "mobile:+8613900000002", "record:shop:contacts:k1", "li", "same name"],
    ]
    shop.run("2026-06-05")
    after = dict(shop.rows(owners))
    assert after["00"] == after["000"] == "P" + keyed_hash(shop.settings().key, "record:shop:contacts:00")[:20]
    assert after["k1"] == after["k2"] == first["k1"] and after["k4"] == before["k4"]
    assert "record:shop:contacts:00" in _decide(shop.root, "explain", "record:shop:contacts:000")
    told = _decide(shop.root, "unlink", "record:shop:contacts:000", "record:shop:contacts:00", "--why", "no")
    assert "they will be separated" in told and "earlier decision: link on" in told
    shop.run("2026-06-06")
    assert dict(shop.rows(owners)) == {**after, "00": None, "000": None}


def test_tags_stages_and_kpis_follow_and_come_back(night: Ran, linked_and_shuffled: tuple[Report, Ran]) -> None:
    """The sample, one business date restated: without the link, every table is what it was before, to the last row."""
    report, back = linked_and_shuffled
    before, linked, after = (ran.manifest["tables"] for ran in (night.report, report, back.report))
    assert report.check_counts()["failed_critical"] == 0
    changed = {name for name in before if linked[name] != before[name]}
    assert {"identity.person", "journey.person_stage", "tags.person_tag", "kpi.kpi_value"} <= changed
    assert after == before
