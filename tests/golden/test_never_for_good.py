"""What lies in a ledger for good must not stop the nights for good; nothing personal gets out on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from siyu.report.status import PAGE, STATUS, read_status
from siyu.report.summary import Report
from tests.golden.shop import CONTACT, CONTRACT, FIRST_DAY, Shop

HEADER = "sale_id,contact_id,amount,sold_at,updated_at\n"


def _told(shop: Shop, report: Report) -> str:
    """Everything that a night shows: the public release, the status files, the reasons."""
    con = duckdb.connect(str(shop.root / "warehouse" / "current" / "siyu.duckdb"), read_only=True)
    tables = ("file_ledger", "rejected_row", "field_reject", "drift", "channel_status", "check_result")
    rows = [con.execute(f"from ops.{table}").fetchall() for table in tables]
    folder = shop.root / "warehouse" / "status"
    files = [(folder / name).read_text(encoding="utf-8") for name in (STATUS, PAGE)]
    return str([rows, files, [line.reason for line in report.channels]])


def _failed(report: Report) -> list[str]:
    return [result.table_name for result in report.failures() if result.table_name.startswith("ops.")]


@pytest.mark.suites("ops/*")
def test_a_mobile_in_the_name_of_a_file(shop: Shop) -> None:
    path = shop.write("exports/shop/sales_13800138000.csv", "")
    report = shop.run("2026-06-01")
    assert report.status == "published" and not _failed(report)
    assert "sales_138****8000.csv: the file is empty" in str(report.channels[0].reason)
    assert "13800138000" not in _told(shop, report)
    path.unlink()
    assert not _failed(shop.run("2026-06-02"))


@pytest.mark.suites("ops/*")
def test_names_in_another_encoding_stay_apart(shop: Shop) -> None:
    folder = os.fsencode(shop.root / "exports" / "shop")
    for name in ("深圳", "广州"):
        Path(os.fsdecode(folder + b"/sales_" + name.encode("gbk") + b".csv")).write_text(HEADER, encoding="utf-8")
    report = shop.run("2026-06-01")
    assert report.status == "published" and not _failed(report)
    assert shop.value("select count(distinct file) from ops.file_ledger where file like 'sales_\\x%'") == 2


@pytest.mark.suites("ops/*")
def test_a_mobile_behind_a_mail_address_is_masked(shop: Shop) -> None:
    wrong = CONTRACT.replace("mobile:     {type: text, pii: direct}", "mobile:     {type: integer, pii: direct}")
    shop.write("layer/seeds/channels/shop.yml", wrong)
    shop.write("layer/models/staging/shop__contact.sql", CONTACT.replace("'mobile'", "'cast(mobile as varchar)'"))
    rows = "k1,王一,13900000001,2026-06-01 10:00:00\nk2,王二,wang@firm.cn/13912345678,2026-06-01 10:00:00\n"
    shop.write("exports/shop/contacts_20260601.csv", "contact_id,name,mobile,updated_at\n" + rows)
    report = shop.run("2026-06-01")
    assert report.status == "published" and not _failed(report)
    assert shop.value("select count(*) from ops.rejected_row where column_name = 'mobile'") == 1
    assert "13912345678" not in _told(shop, report)


@pytest.mark.suites("ops/*")
def test_words_of_a_full_disk_in_a_record(shop: Shop) -> None:
    """A broken record that quotes them is a broken record: the others land, and what it says is not told."""
    good = "".join(f"g{n},k1,1.00,2026-06-01 11:00:00,2026-06-01 11:00:00\n" for n in range(40))
    bad = "b1,k1,1.00,2026-06-01 11:00:00,wang xiaoming: No space left on device,printer\n"
    shop.write("exports/shop/sales_2.csv", HEADER + good + bad)
    report = shop.run("2026-06-01")
    assert shop.value("select rows_landed from ops.file_ledger where file = 'sales_2.csv'") == 40
    assert "xiaoming" not in _told(shop, report)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no utf-8": lambda path: path.write_bytes(b"\xff\xfe{"),
    "a list": lambda path: path.write_text("[]"),
    "another shape": lambda path: path.write_text(json.dumps({"version": 2, "models": [{}]})),
    "the page a folder": lambda path: (path.with_name(PAGE).unlink(), path.with_name(PAGE).mkdir()),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.after_first_night
def test_a_damaged_status_stops_no_night(shop: Shop) -> None:
    """Night after night; the last damage, which no night can mend, comes last.

    A night reads and writes the status in the same way whether it has something new or not.
    """
    path = shop.root / "warehouse" / "status" / STATUS
    for damage, make in DAMAGES.items():
        make(path)
        assert shop.run(FIRST_DAY).status == "nothing new", damage
        assert path.is_dir() or read_status(shop.root / "warehouse") is not None, damage
    assert shop.run("2026-06-02").status == "published"


@pytest.mark.families("kpi")
@pytest.mark.after_first_night
def test_nothing_new_tells_the_figures_of_the_release_that_stands(shop: Shop) -> None:
    shop.write("exports/shop/sales_2.csv", HEADER + "s2,k1,5.00,2026-06-02 11:00:00,2026-06-02 11:00:00\n")
    published = shop.run("2026-06-02")
    shop.run("2026-06-01", force=True)
    again = shop.run("2026-06-02")
    assert again.status == "nothing new"
    assert again.kpis == published.kpis and again.alerts == published.alerts
    status = read_status(shop.root / "warehouse")
    assert status is not None and [line["day"] for line in status["kpis"]] == [line.day for line in published.kpis]
