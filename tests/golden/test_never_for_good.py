"""What lies in a ledger for good must not stop the nights for good; nothing personal gets out on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from siyu.report.status import PAGE, STATUS, read_status
from siyu.report.summary import Report
from tests.golden.shop import CONTACT, CONTRACT, FEW_SUITES, FIRST_DAY, RECORDS, SALT, Shop, only_suites
from tests.shared import Shared

HEADER = "sale_id,contact_id,amount,sold_at,updated_at\n"
OTHER_NAMES = "select count(distinct file) from ops.file_ledger where file like 'sales_\\x%'"
REFUSED = "select count(*) from ops.rejected_row where column_name = 'mobile'"
LANDED = "select max(rows_landed) from ops.file_ledger where file = 'sales_2.csv'"


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


@dataclass(frozen=True)
class Morning:
    """What a night reports, what it tells in any way, and answers of its release."""

    report: Report
    told: str
    answers: dict[str, object]


@pytest.fixture(scope="module")
def mornings(shared: Shared) -> list[Morning]:
    """A night with an empty file whose name holds a mobile; then one without it, but with all else that is odd."""
    return shared.once("never_for_good", _two_nights)


def _two_nights(root: Path) -> list[Morning]:
    shop = Shop(root)
    shop.only = RECORDS
    wrong = CONTRACT.replace("mobile:     {type: text, pii: direct}", "mobile:     {type: integer, pii: direct}")
    shop.write("layer/seeds/channels/shop.yml", wrong)
    shop.write("layer/models/staging/shop__contact.sql", CONTACT.replace("'mobile'", "'cast(mobile as varchar)'"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SALT)
        patch.setattr("siyu.check.suites.layer_files", only_suites(*FEW_SUITES, "ops/*"))
        empty = shop.write("exports/shop/sales_13800138000.csv", "")
        first = _run(shop, FIRST_DAY)
        empty.unlink()
        for write in (_names_in_another_encoding, _mobile_behind_a_mail_address, _words_of_a_full_disk):
            write(shop)
        return [first, _run(shop, "2026-06-02")]


def _run(shop: Shop, day: str) -> Morning:
    report = shop.run(day)
    return Morning(report, _told(shop, report), {sql: shop.value(sql) for sql in (OTHER_NAMES, REFUSED, LANDED)})


def _names_in_another_encoding(shop: Shop) -> None:
    folder = os.fsencode(shop.root / "exports" / "shop")
    for name in ("深圳", "广州"):
        Path(os.fsdecode(folder + b"/sales_" + name.encode("gbk") + b".csv")).write_text(HEADER, encoding="utf-8")


def _mobile_behind_a_mail_address(shop: Shop) -> None:
    rows = "k1,王一,13900000001,2026-06-01 10:00:00\nk2,王二,wang@firm.cn/13912345678,2026-06-01 10:00:00\n"
    shop.write("exports/shop/contacts_20260602.csv", "contact_id,name,mobile,updated_at\n" + rows)


def _words_of_a_full_disk(shop: Shop) -> None:
    good = "".join(f"g{n},k1,1.00,2026-06-01 11:00:00,2026-06-01 11:00:00\n" for n in range(40))
    bad = "b1,k1,1.00,2026-06-01 11:00:00,wang xiaoming: No space left on device,printer\n"
    shop.write("exports/shop/sales_2.csv", HEADER + good + bad)


def test_a_mobile_in_the_name_of_a_file(mornings: list[Morning]) -> None:
    with_it, without_it = mornings
    assert with_it.report.status == "published" and not _failed(with_it.report)
    assert "sales_138****8000.csv: the file is empty" in str(with_it.report.channels[0].reason)
    assert "13800138000" not in with_it.told
    assert without_it.report.status == "published" and not _failed(without_it.report)
    assert "138****8000" not in str(without_it.report.channels[0].reason)


def test_names_in_another_encoding_stay_apart(mornings: list[Morning]) -> None:
    assert [morning.answers[OTHER_NAMES] for morning in mornings] == [0, 2]


def test_a_mobile_behind_a_mail_address_is_masked(mornings: list[Morning]) -> None:
    assert [morning.answers[REFUSED] for morning in mornings] == [0, 1]
    assert "13912345678" not in mornings[1].told


def test_words_of_a_full_disk_in_a_record(mornings: list[Morning]) -> None:
    """A broken record that quotes them is a broken record: the others land, and what it says is not told."""
    assert mornings[1].answers[LANDED] == 40
    assert "xiaoming" not in mornings[1].told


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no utf-8": lambda path: path.write_bytes(b"\xff\xfe{"),
    "a list": lambda path: path.write_text("[]"),
    "another shape": lambda path: path.write_text(json.dumps({"version": 2, "models": [{}]})),
    "the page a folder": lambda path: (path.with_name(PAGE).unlink(), path.with_name(PAGE).mkdir()),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.families(only=())
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
