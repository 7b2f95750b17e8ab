"""A morning on which seven channels each bring a broken file: each is told everywhere, and the rest is published."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import xlsxwriter

from siyu.report.markup import markdown as plain
from siyu.report.status import markdown
from siyu.report.summary import Report
from tests.golden.shop import RECORDS, SALT, Shop

pytestmark = pytest.mark.xdist_group("bad_files")

CONTRACT = """
channel: {name}
title: {name}
domain: private
owner: tests
freshness_hours: 100
exports:
  sales:
    files: "sales*"
    format: {format}
    {extra}
    key: [sale_id]
    columns:
      sale_id: {{type: text, required: true}}
      mobile:  {{type: text, pii: direct}}
      amount:  {{type: "decimal(18,2)", required: true}}
      sold_at: {{type: timestamp, required: true}}
"""
DEAL = """/*
description: Sales of {name}.
grain: [record_id]
*/
select
    '{name}' as channel,
    'sales:' || sale_id as record_id,
    _landed_seq as landed_seq,
    {{{{ normal_mobile('mobile') }}}} as mobile,
    sale_id as deal_id,
    1 as line_no,
    'order' as kind,
    sold_at as occurred_at,
    'paid' as status,
    amount
from {{{{ source('{name}', 'sales') }}}}
"""
HEADER = "sale_id,mobile,amount,sold_at\n"
GOOD = HEADER + "s1,13900000001,100.00,2026-06-01 10:00:00\n"
ROW = "s2,13900000002,50.00,2026-06-02 10:00:00\n"

# channel -> format, more of its contract, what its reason must tell
KINDS = {
    "lacks_column": ("csv", "load: append", "the required column amount is missing"),
    "truncated": ("parquet", "load: append", "the file is not a readable Parquet file"),
    "renamed_csv": ("xlsx", "load: append", "the file is not a readable xlsx workbook"),
    "wrong_encoding": ("csv", "encoding: utf-8", "the header is not valid text"),
    "empty": ("csv", "load: append", "the file is empty"),
    "no_files": ("csv", "load: append", "no file matches sales*"),
    "many_rejects": ("csv", "load: append", "2 of 3 rows break the contract, more than max_reject_rate 0.05"),
}


def _write_good(folder: Path, kind: str) -> None:
    folder.mkdir(parents=True)
    if kind == "parquet":
        typed = "select 's1' as sale_id, '13900000001' as mobile, '100.00' as amount, '2026-06-01 10:00:00' as sold_at"
        duckdb.sql(f"copy ({typed}) to '{folder / 'sales_1.parquet'}' (format parquet)")
    elif kind == "xlsx":
        with xlsxwriter.Workbook(folder / "sales_1.xlsx") as book:
            sheet = book.add_worksheet()
            for number, line in enumerate(GOOD.splitlines()):
                sheet.write_row(number, 0, line.split(","))
    else:
        (folder / "sales_1.csv").write_text(GOOD, encoding="utf-8")


def _write_bad(exports: Path) -> None:
    (exports / "lacks_column" / "sales_2.csv").write_text("sale_id,mobile,sold_at\ns2,13900000002,2026-06-02\n")
    whole = (exports / "truncated" / "sales_1.parquet").read_bytes()
    (exports / "truncated" / "sales_2.parquet").write_bytes(whole[: len(whole) // 2])
    (exports / "renamed_csv" / "sales_2.xlsx").write_text(HEADER + ROW)
    text = HEADER.replace("mobile", "手机") + ROW
    (exports / "wrong_encoding" / "sales_2.csv").write_bytes(text.encode("gb18030"))
    (exports / "empty" / "sales_2.csv").touch()
    (exports / "no_files" / "sales_1.csv").unlink()
    bad = "s3,13900000003,much,2026-06-02\ns4,13900000004,1.00,yesterday\n"
    (exports / "many_rejects" / "sales_2.csv").write_text(HEADER + ROW + bad)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Report]:
    """A good night of eight channels, then one on which only the shop brings a good file."""
    shop = Shop(tmp_path_factory.mktemp("bad_files"))
    shop.only = RECORDS
    for name, (kind, extra, _) in KINDS.items():
        shop.write(f"layer/seeds/channels/{name}.yml", CONTRACT.format(name=name, format=kind, extra=extra))
        shop.write(f"layer/models/staging/{name}__deal.sql", DEAL.format(name=name))
        _write_good(shop.root / "exports" / name, kind)
    everything = ("shop", *KINDS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SALT)
        return shop, _two_nights(shop, everything)


def _two_nights(shop: Shop, everything: tuple[str, ...]) -> Report:
    assert not any(line.is_stale for line in shop.run("2026-06-01", channels=everything).channels)
    _write_bad(shop.root / "exports")
    later = "sale_id,contact_id,amount,sold_at,updated_at\ns2,k1,1.00,2026-06-02 11:00:00,2026-06-02 11:00:00\n"
    shop.write("exports/shop/sales_2.csv", later)
    return shop.run("2026-06-02", channels=everything)


@pytest.mark.parametrize("name", KINDS)
def test_a_broken_file_is_told_everywhere(morning: tuple[Shop, Report], name: str) -> None:
    shop, report = morning
    reason = KINDS[name][2]
    line = next(line for line in report.channels if line.channel == name)
    assert line.is_stale and reason in str(line.reason)
    assert shop.value(f"select is_stale and contains(reason, $${reason}$$) from ops.channel_status"
                      f" where channel = '{name}'")  # fmt: skip
    status = json.loads((shop.root / "warehouse" / "status" / "status.json").read_text(encoding="utf-8"))
    assert reason in next(c["reason"] for c in status["channels"] if c["channel"] == name)
    told = next(row for row in markdown(report).splitlines() if row.startswith(f"- **stale** {name} (owner "))
    assert plain(reason) in told
    if name != "no_files":
        told = f"from ops.file_ledger where channel = '{name}' and landed_seq = 2"
        assert shop.value(f"select status || ': ' || contains(reason, $${reason}$$) {told}") == "rejected: true"
        assert shop.value(f"select count(*) from ops.rejected_row where channel = '{name}'")


def test_the_rest_is_published(morning: tuple[Shop, Report]) -> None:
    """The shop's new sale counts, and of every broken channel what had landed before."""
    shop, report = morning
    assert report.status == "published" and report.is_current
    assert shop.value("select sum(amount) from records.deal") == Decimal("101.10") + 100 * len(KINDS)
    assert not shop.value("select is_stale from ops.channel_status where channel = 'shop'")


def test_mended_files_land_and_nothing_is_stale(morning: tuple[Shop, Report], monkeypatch: pytest.MonkeyPatch) -> None:
    shop, _ = morning
    monkeypatch.setenv("SIYU_SALT", SALT)
    for name, (kind, _, _) in KINDS.items():
        folder = shop.root / "exports" / name
        shutil.rmtree(folder)
        _write_good(folder, kind)
    report = shop.run("2026-06-03", channels=("shop", *KINDS))
    assert [line.reason for line in report.channels if line.is_stale] == []
