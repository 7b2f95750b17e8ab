"""What people decide, over nights: a link and its taking back, an unlink of what data merged, all that hangs on it."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.settings import SAMPLE_SALT, Settings, load_settings
from tests.golden.conftest import SAMPLE
from tests.golden.shop import Shop
from tests.identity.reference import keyed_hash

RULES = "decision,left_id,right_id,decided_at,decided_by,reason\n"
RULE_FILE = "exports/reference/identity_rules.csv"


def _contacts(shop: Shop, day: str, rows: dict[str, str]) -> None:
    lines = [f"{key},王,{mobile},{day} 10:00:00\n" for key, mobile in rows.items()]
    shop.write(
        f"exports/shop/contacts_{day.replace('-', '')}.csv", "contact_id,name,mobile,updated_at\n" + "".join(lines)
    )


def _decide(shop: Shop, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.chdir(shop.root)
    (shop.root / "siyu.toml").write_text(
        'warehouse = "warehouse"\nlayers = ["layer"]\nexports = "exports"\nchannels = ["shop"]\n', encoding="utf-8"
    )
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def two(shop: Shop) -> Shop:
    """Two contacts, nothing in common."""
    _contacts(shop, "2026-06-01", {"k1": "13900000001", "k2": "13900000002"})
    shop.run("2026-06-01")
    return shop


def test_a_link_and_its_taking_back(two: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = two.ids()
    one, other = first["k1"], first["k2"]
    assert one != other
    told = _decide(two, monkeypatch, "link", "mobile:139 0000 0002", "crm_contact_id:k1", "--why", "hers", "--by", "li")
    assert "they will share one ID" in told and RULE_FILE in told.replace("\n", "")
    two.run("2026-06-02")
    linked = two.ids()
    assert set(linked.values()) == {one}
    assert two.aliases() == {(other, one, "merged", True)}
    _decide(two, monkeypatch, "unlink", "crm_contact_id:k1", "mobile:+8613900000002", "--why", "no", "--by", "li")
    two.run("2026-06-03")
    assert two.ids() == first
    assert two.aliases() == {(one, one, "kept", True), (one, other, "split", False)}
    history = (
        "select one_id, valid_from, valid_to from identity.one_id_history where id_value = 'k2' order by valid_from"
    )
    days = [date(2026, 6, day) for day in (1, 2, 3)]
    assert two.rows(history) == [(other, days[0], days[1]), (one, days[1], days[2]), (other, days[2], None)]
    effects = "select decision, decided_by, reason, effect from identity.identity_rule order by rule_no"
    assert two.rows(effects) == [("link", "li", "hers", "superseded"), ("unlink", "li", "no", "applied")]
    churn = "select value from identity.identity_metric where metric = 'churn' and member = 'person'"
    assert [float(value) for (value,) in two.rows(churn, "siyu.duckdb")] == [0.5]


def test_an_unlink_of_what_data_merged_holds_against_later_data_and_a_rebuild(shop: Shop) -> None:
    """Each part has the ID of its own oldest identifier."""
    both = {"k1": "13900000001", "k2": "13900000001"}
    _contacts(shop, "2026-06-01", both)
    shop.run("2026-06-01")
    merged = shop.ids()
    assert len(set(merged.values())) == 1
    shop.write(RULE_FILE, RULES + "unlink,crm_contact_id:k2,mobile:13900000001,2026-06-02,li,a colleague\n")
    _contacts(shop, "2026-06-02", both)  # data say it again
    shop.run("2026-06-02")
    parted = shop.ids()
    own = "P" + keyed_hash(shop.settings().key, "crm_contact_id:k2")[:20]
    assert parted == {**merged, "k2": own} and own not in merged.values()
    for name in ("releases", "build", "landing", "status"):
        shutil.rmtree(shop.root / "warehouse" / name)
    (shop.root / "warehouse" / "current").unlink()
    shop.run("2026-06-02")
    assert shop.ids() == parted
    assert shop.rows("select effect from identity.identity_rule") == [("applied",)]
    cut = shop.rows("select reason, id_value, other_id_value from identity.identity_audit")
    assert cut in ([("cut_unlink", "k2", "+8613900000001")], [("cut_unlink", "+8613900000001", "k2")])


TABLES_OF_RULES = {"identity.identity_rule"}


def _hashes(warehouse: Path) -> dict[str, str]:
    manifest = json.loads((warehouse / "current" / "manifest.json").read_text(encoding="utf-8"))
    return {name: table["content_hash"] for name, table in manifest["tables"].items()}


def test_tags_stages_and_kpis_follow_and_come_back(
    copied_night: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample, one business date restated twice: every table is what it was before, to the last row."""
    monkeypatch.setenv("SIYU_SALT", SAMPLE_SALT)
    exports = tmp_path / "exports"
    shutil.copytree(SAMPLE, exports)
    settings = load_settings(tmp_path, warehouse=copied_night.warehouse, exports=exports)
    before = _hashes(settings.warehouse)
    with duckdb.connect(str(settings.warehouse / "current" / "siyu_restricted.duckdb"), read_only=True) as con:
        # Two who bought on one day, with a unionid each: only a human may say that they are one.
        con.execute(f"attach '{settings.warehouse / 'current' / 'siyu.duckdb'}' as public (read_only)")
        buyers = con.execute(
            "with buyers as (select distinct o.person_key, o.id_value, r.revenue_date from identity.one_id as o"
            " join public.kpi.revenue_line as r using (person_key) where o.id_type = 'unionid' and r.kind = 'order')"
            " select a.id_value, b.id_value from buyers as a join buyers as b using (revenue_date)"
            " where a.person_key < b.person_key order by 1, 2 limit 1"
        ).fetchall()
    rules = exports / "reference" / "identity_rules.csv"
    rules.parent.mkdir(exist_ok=True)
    rules.write_text(
        RULES + f"link,unionid:{buyers[0][0]},unionid:{buyers[0][1]},2026-06-30,li,one\n", encoding="utf-8"
    )
    report = run_night(settings, Request())
    assert report.check_counts()["failed_critical"] == 0
    linked = _hashes(settings.warehouse)
    changed = {name for name in before if linked[name] != before[name]}
    assert {"identity.person", "journey.person_stage", "tags.person_tag", "kpi.kpi_value"} <= changed
    rules.unlink()
    run_night(settings, Request())
    after = _hashes(settings.warehouse)
    assert {name for name in before if after[name] != before[name]} <= TABLES_OF_RULES
