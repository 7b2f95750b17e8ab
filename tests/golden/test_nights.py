"""Several nights: failures leave the last release in place, what was wrong can be mended, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.compile.project import Project
from siyu.errors import ChecksFailed, ConfigError, EngineFault, WarehouseBusy
from siyu.layers import base_layer
from siyu.night import opening
from siyu.night.opening import Night
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.release.releases import current
from siyu.report.status import markdown
from siyu.settings import FAMILIES, load_settings
from tests.golden.shop import DEAL, FAILING, FIRST_DAY, RECORDS, Shop


@pytest.mark.after_first_night
def test_ids_stay_when_a_row_is_exported_again(shop: Shop) -> None:
    first = shop.value("select one_id from identity.person")
    shop.write(
        "exports/shop/contacts_20260602.csv",
        "contact_id,name,mobile,updated_at\nk1,王一,13900000001,2026-06-02 10:00:00\n",
    )
    shop.run("2026-06-02")
    assert shop.value("select one_id from identity.person") == first
    assert shop.value("select max(landed_seq) from records.contact") == 2
    assert shop.value("select max(first_landed_seq) from identity.identifier") == 1


@pytest.mark.families(only=())
@pytest.mark.after_first_night
def test_a_lost_link_is_set_again(shop: Shop) -> None:
    (shop.root / "warehouse/current").unlink()
    assert shop.run("2026-06-01").status == "published"
    assert current(shop.root / "warehouse") is not None


@pytest.mark.families(only=())
@pytest.mark.after_first_night
def test_a_date_that_cannot_be_meant_is_refused_before_anything_lands(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="is in the future"):
        shop.run("2062-06-02")
    with pytest.raises(ConfigError, match="as_of 2026-09-01 is 92 days after the last landing"):
        shop.run("2026-09-01")
    assert shop.run("2026-09-01", force=True).status == "published"


def test_a_suite_that_did_not_run_stops_the_release(shop: Shop) -> None:
    night = Night(shop.settings(), Request(as_of=date(2026, 6, 1)))
    with pytest.raises(EngineFault, match=r"the suites of .*identity\.person.* did not run"), night as opened:
        for channel in opened.channels:
            opened.land(channel)
        building = opened.commit().start_build()
        checks = building.open_checks()
        for model in building.graph:
            building.build(model)
        for table in [*building.suites.keys() - {"identity.person"}, *checks.end_build()]:
            checks.check(table)
        checks.end()
    assert current(shop.root / "warehouse") is None


@pytest.mark.families(only=())
def test_a_layer_deployed_while_it_is_read_stops_the_run(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = opening.load_suites

    def deploy(project: Project) -> object:
        suites = loaded(project)
        shop.write("layer/models/staging/shop__deal.sql", DEAL.replace("    amount\n", "    amount * 2 as amount\n"))
        return suites

    monkeypatch.setattr(opening, "load_suites", deploy)
    with pytest.raises(ConfigError, match="changed while siyu was reading them"):
        shop.run("2026-06-01")


@pytest.mark.after_first_night
def test_a_run_that_was_killed_does_not_look_published(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(shop.settings(), Request(as_of=date(2026, 6, 2)))
    night.__enter__()
    status = json.loads((shop.root / "warehouse/status/status.json").read_text(encoding="utf-8"))
    assert (status["status"], status["current_as_of"]) == ("running", "2026-06-01")
    assert status["checks"]["expectations"] > 0
    monkeypatch.setenv("SIYU_WAREHOUSE", str(shop.root / "warehouse"))
    assert "running" in CliRunner().invoke(app, ["status"]).stdout
    night._record.resources.close()  # what is left of a process that was killed: no word, no lock
    told = CliRunner().invoke(app, ["status", "--max-age", "26h"])
    assert told.exit_code == 1
    assert "interrupted" in told.stdout and "the last run ended as interrupted" in told.stderr


@pytest.mark.families(only=())
@pytest.mark.after_first_night
def test_a_missed_run_is_noticed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(shop.root / "warehouse"))
    assert CliRunner().invoke(app, ["status", "--max-age", "26h"]).exit_code == 0
    path = shop.root / "warehouse/status/status.json"
    status = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**status, "ended_at": "2026-06-01 00:00:00.000"}), encoding="utf-8")
    late = CliRunner().invoke(app, ["status", "--max-age", "2d"])
    assert late.exit_code == 1 and "hours ago" in late.stderr
    assert CliRunner().invoke(app, ["status", "--max-age", "soon"]).exit_code == 2


@pytest.mark.after_first_night
def test_a_column_may_change_its_type(shop: Shop) -> None:
    shop.only = RECORDS
    contract = shop.root / "layer/seeds/channels/shop.yml"
    text = contract.read_text(encoding="utf-8")
    shop.write(
        "layer/seeds/channels/shop.yml", text.replace('amount:     {type: "decimal(18,2)"', "amount:     {type: text")
    )
    staging = shop.root / "layer/models/staging/shop__deal.sql"
    sql = staging.read_text(encoding="utf-8")
    staging.write_text(
        sql.replace("    amount\n", "    cast(fn_try_decimal(amount, '.') as decimal(18, 2)) as amount\n"),
        encoding="utf-8",
    )
    shop.write(
        "exports/shop/sales_2.csv",
        "sale_id,contact_id,amount,sold_at,updated_at\ns2,k1,5.00,2026-06-02 09:00:00,2026-06-02 09:00:00\n",
    )
    shop.run("2026-06-02")
    assert shop.sales() == "105.10"


def test_rows_lost_to_a_wrong_contract_come_back_under_a_better_one(shop: Shop) -> None:
    shop.only = RECORDS
    shop.write(
        "exports/shop/contacts_20260602.csv",
        "contact_id,name,mobile,updated_at\nk2,王二,13900000002,2026-06-02 10:00:00\nk3,李三,13900000003,昨天\n",
    )
    assert shop.run("2026-06-02").channels[0].rows_rejected == 1
    assert shop.value("select count(*) from records.contact") == 2
    contract = shop.root / "layer/seeds/channels/shop.yml"
    text = contract.read_text(encoding="utf-8")
    shop.write(
        "layer/seeds/channels/shop.yml",
        text.replace("updated_at: {type: timestamp, required: true}\n  sales", "updated_at: {type: text}\n  sales"),
    )
    staging = shop.root / "layer/models/staging/shop__contact.sql"
    sql = staging.read_text(encoding="utf-8")
    mended = (
        "coalesce(cast(try_cast(updated_at as timestamp) as timestamp), cast(_file_date as timestamp)) as observed_at"
    )
    staging.write_text(sql.replace("updated_at as observed_at", mended), encoding="utf-8")
    report = shop.run("2026-06-02")
    assert report.channels[0].rows_rejected == 0
    assert shop.value("select count(*) from records.contact") == 3
    assert shop.run("2026-06-02").status == "nothing new"


@pytest.mark.after_first_night
@pytest.mark.suites("ops/file_ledger", "ops/version_tie")
def test_replaced_rows_and_lost_characters_are_counted_where_people_look(shop: Shop) -> None:
    """In one file: a sale twice, two sales of one version that differ. In two files: a version that ties."""
    shop.only = RECORDS
    head, rest = "sale_id,contact_id,amount,sold_at,updated_at\n", "2026-06-01 11:00:00,2026-06-01 11:00:00\n"
    twice = f"s2,k1,5.00,{rest}" * 2
    differing = f"13912345678,k1,1.00,{rest}13912345678,k1,2.00,{rest}"
    shop.write("exports/shop/sales_[1].csv", f"{head}{twice}{differing}s1,k1,90.10,{rest}")
    text = "contact_id,name,mobile,updated_at\nk2,王\ud83d二,13900000002,2026-06-02 10:00:00\n"
    (shop.root / "exports/shop/contacts_20260602.csv").write_bytes(text.encode(errors="surrogatepass"))
    report = shop.run("2026-06-02")
    line = report.channels[0]
    assert (line.rows_landed, line.rows_rejected, line.rows_replaced, line.is_stale) == (4, 0, 2, False)
    assert shop.sales() == "97.10"
    page = (shop.root / "warehouse/status/index.html").read_text(encoding="utf-8")
    assert '<td class="n">4</td><td class="n">0</td><td class="n">2</td>' in page
    assert "| 2 | 4 | 0 | 2 | ok |" in markdown(report)
    counts = "rows_read || '=' || rows_landed || '+' || rows_rejected || '+' || rows_replaced"
    assert shop.value(f"select {counts} from ops.file_ledger where file = 'sales_[1].csv'") == "5=3+0+2"
    assert shop.value("select mended_columns from ops.file_ledger where values_mended > 0") == "name (1)"
    replaced = {"file": "sales_[1].csv", "example_key": "139****5678", "differing_keys": 1, "rows_replaced": 2}
    mended = {"file": "contacts_20260602.csv", "mended_columns": "name (1)", "values_mended": 1}
    told = [(item.severity, json.loads(item.sample_keys)) for item in report.failures()]
    assert told == [
        ("warning", [_key("sales", **replaced)]),
        ("warning", [_key("sales", example_key="s1", key_count=1)]),
        ("info", [_key("contacts", **mended)]),
    ]
    shop.write("exports/shop/sales_3.csv", f"{head}s3,k1,1.00,{rest}")
    assert [item.severity for item in shop.run("2026-06-03").failures()] == ["info"]


@pytest.mark.after_first_night
def test_equal_lines_of_an_export_without_a_key_both_count(shop: Shop) -> None:
    """The contract and the model are those of docs/add-a-channel.md."""
    shop.only = RECORDS
    text = (base_layer() / "docs" / "add-a-channel.md").read_text(encoding="utf-8")
    blocks = text.partition("### Rows without a key")[2].split("```")
    contract, model = blocks[1].removeprefix("yaml\n"), blocks[3].removeprefix("sql\n")
    head = "channel: till\ntitle: 收银 Till\ndomain: private\nowner: tests\n"
    shop.write("layer/seeds/channels/till.yml", head + contract)
    shop.write("layer/models/staging/till__deal.sql", f"/*\ndescription: Lines.\ngrain: [record_id]\n*/\n{model}")
    lines = "order_id,product,amount,sold_at\n" + "O1,apple,10.00,2026-06-02 09:00:00\n" * 2
    for name in ("lines_[1].csv", "lines (2).csv"):  # downloaded twice
        shop.write(f"exports/till/{name}", lines)
    shop.run("2026-06-02", ("shop", "till"))
    assert shop.sales() == "120.10"
    assert shop.value("select count(distinct record_id_hash) from records.deal where channel = 'till'") == 2
    counts = "string_agg(rows_landed || '+' || rows_replaced)"
    assert shop.value(f"select {counts} from ops.file_ledger where channel = 'till'") == "2+0"


def _key(export: str, **values: object) -> dict[str, object]:
    return {"channel": "shop", "export": export, "landed_seq": 2, **values}


# One without deals. A channel of contacts and deals is alone in every night of a shop: three_nights runs every suite.
ALONE = os.environ.get("CHANNELS_ALONE", "website").split(",")


@pytest.mark.parametrize("channel", ALONE)
def test_each_channel_alone_can_be_published(tmp_path: Path, channel: str) -> None:
    """Every family, and every suite."""
    settings = load_settings(tmp_path, warehouse=tmp_path / "warehouse", channels=(channel,))
    report = run_night(settings, Request())
    assert report.status == "published"
    assert {name.partition(".")[0] for name in report.manifest["tables"]} > set(FAMILIES)


def test_an_unknown_status_of_a_deal_stops_the_release(shop: Shop) -> None:
    shop.only = RECORDS
    staging = shop.root / "layer/models/staging/shop__deal.sql"
    sql = staging.read_text(encoding="utf-8")
    staging.write_text(sql.replace("'paid' as status", "'已取消' as status"), encoding="utf-8")
    with pytest.raises(ChecksFailed, match=r"records\.deal") as caught:
        shop.run("2026-06-01")
    assert caught.value.report.check_counts()["failed_critical"] == 1  # type: ignore[attr-defined]


def test_an_impossible_date_in_exports_yml(shop: Shop) -> None:
    shop.write("exports/exports.yml", "as_of: 2026-06-31\n")
    with pytest.raises(ConfigError, match=r"exports\.yml cannot be read"):
        run_night(shop.settings(), Request())


@pytest.mark.after_first_night
def test_a_failing_critical_check_leaves_the_last_release(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (shop.root / "warehouse" / "current").readlink()
    shop.write("layer/expectations/identity/person.yml", FAILING)
    for name, value in {
        "SIYU_WAREHOUSE": shop.root / "warehouse",
        "SIYU_LAYERS": shop.root / "layer",
        "SIYU_EXPORTS": shop.root / "exports",
        "SIYU_CHANNELS": "shop",
        "SIYU_FAMILIES": ",".join(shop.families),
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(shop.root)
    result = CliRunner().invoke(app, ["run", "--as-of", "2026-06-02"])
    assert result.exit_code == 1, result.output
    assert "2 critical expectations failed on identity.person" in result.stderr
    for fragment in (
        "(full_name), 1 rows",
        "(mobile), 1 rows",
        "(first_channel), 1 rows",
        "full_name=王**",
        "mobile=139****0001",
    ):
        assert fragment in result.stdout
    assert "王一" not in result.output and "13900000001" not in result.output
    assert (shop.root / "warehouse" / "current").readlink() == before
    assert len(list((shop.root / "warehouse" / "releases").iterdir())) == 1
    status = CliRunner().invoke(app, ["status"])
    assert "failed" in status.stdout and "docs/on-call.md#one-id" in status.stdout
    (shop.root / "layer/expectations/identity/person.yml").unlink()
    assert CliRunner().invoke(app, ["run", "--as-of", "2026-06-02"]).exit_code == 0


@pytest.mark.families(only=())
@pytest.mark.after_first_night
def test_another_salt_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_SALT", "another, long enough to be one")
    with pytest.raises(ConfigError, match="not the salt this warehouse was begun with"):
        shop.run("2026-06-02")


@pytest.mark.families(only=())
@pytest.mark.after_first_night
@pytest.mark.parametrize("version", [0, 1, 99])
def test_a_ledger_of_another_version_is_told_as_such(shop: Shop, version: int) -> None:
    path = shop.root / "warehouse/ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"pragma user_version = {version}")
    with pytest.raises(ConfigError, match="written by another version of siyu"):
        shop.run("2026-06-02")


@pytest.mark.families(only=())
def test_one_run_at_a_time(shop: Shop) -> None:
    with Night(shop.settings(), Request(as_of=date(2026, 6, 1))), pytest.raises(WarehouseBusy, match="another run"):
        shop.run("2026-06-01")


@pytest.mark.after_first_night
def test_what_the_settings_leave_out_of_a_release(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of these settings is a reason for a new release, though no file is new."""
    shop.only = RECORDS
    current = shop.root / "warehouse" / "current"
    assert not (current / "parquet").exists()
    monkeypatch.setenv("SIYU_PUBLISH_PARQUET", "true")
    assert shop.run(FIRST_DAY).status == "published"
    assert (current / "parquet" / "records" / "deal.parquet").is_file()
    assert shop.value("select count(*) from records.deal") == 1
    shop.only = ()
    monkeypatch.setenv("SIYU_PUBLISH_RECORDS", "false")
    assert shop.run(FIRST_DAY).status == "published"
    assert shop.value("select count(*) from duckdb_tables() where schema_name = 'records'") == 0
    assert shop.value("select count(*) from identity.person") == 1
