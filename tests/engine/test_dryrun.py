"""`siyu land --dry-run`: every problem of a file at once, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.cli import app

CONTRACT = """
channel: shop
title: 小店 Shop
domain: private
owner: tests
exports:
  sales:
    files: "sales*.csv"
    format: csv
    file_date: "sales_(\\\\d{8})"
    key: [sale_id]
    extra_columns: reject
    columns:
      sale_id: {type: text, required: true}
      amount:  {type: "decimal(18,2)", required: true, min: 0}
      status:  {type: text, in: [paid, done]}
      mobile:  {type: text, pii: direct}
  visits:
    files: "s*.csv"
    format: csv
    key: [visit_id]
    columns:
      visit_id: {type: text}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    contract = tmp_path / "layer" / "seeds" / "channels" / "shop.yml"
    contract.parent.mkdir(parents=True)
    contract.write_text(CONTRACT, encoding="utf-8")
    monkeypatch.setenv("SIYU_LAYERS", str(tmp_path / "layer"))
    monkeypatch.setenv("SIYU_CHANNELS", "shop")
    monkeypatch.setenv("SIYU_SALT", "test, long enough to be one")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _try(path: Path, text: str, *options: str) -> tuple[int, str]:
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["land", "--dry-run", str(path), *options])
    return done.exit_code, done.stdout + done.stderr


def test_everything_that_is_wrong_is_told_at_once(folder: Path) -> None:
    code, told = _try(
        folder / "sales_today.csv",
        "sale_id,status,mobile,colour\n1,paid,13812345678,red\n2,lost,13812345679,\n,done,,\n",
        "--as",
        "shop.sales",
    )
    assert code == 1
    for fragment in (
        "would be rejected as a whole",
        "the name does not match file_date",
        "the required column amount is missing; unknown columns: colour",
        "not one of paid, done",
        "3 read, 0 to land",
        "2 of 3 rows",
    ):
        assert fragment in told, told
    assert "13812345679" not in told


def test_a_file_that_would_land(folder: Path) -> None:
    code, told = _try(
        folder / "sales_20260630.csv", "sale_id,amount,status,mobile\n1,5.00,paid,\n", "--as", "shop.sales"
    )
    assert code == 0
    assert "would land" in told and "1 read, 1 to land, 0 break the contract" in told
    assert not (folder / "warehouse").exists()


def test_the_export_is_told_by_the_name_where_only_one_fits(folder: Path) -> None:
    code, told = _try(folder / "s_1.csv", "visit_id\n7\n")
    assert (code, "as shop.visits" in told) == (0, True)
    code, told = _try(folder / "sales_1.csv", "visit_id\n7\n")
    assert code == 2 and "could be shop.sales, shop.visits" in told
    code, told = _try(folder / "other.csv", "visit_id\n7\n")
    assert code == 2 and "does not match the pattern of any export" in told
    code, told = _try(folder / "other.csv", "visit_id\n7\n", "--as", "shop.visit")
    assert code == 2 and "did you mean shop.visits?" in told


def test_an_empty_file_would_not_land(folder: Path) -> None:
    contract = folder / "layer" / "seeds" / "channels" / "shop.yml"
    contract.write_text(CONTRACT.replace("format: csv", "format: jsonl"), encoding="utf-8")
    code, told = _try(folder / "s_1.csv", "")
    assert code == 1 and "would be rejected as a whole" in told and "the file is empty" in told


def test_a_file_that_is_not_there(folder: Path) -> None:
    done = CliRunner().invoke(app, ["land", "--dry-run", str(folder / "nothing.csv")])
    assert done.exit_code == 2 and "there is no file" in done.stderr


def test_rows_that_do_not_count_and_lost_characters_are_told(folder: Path) -> None:
    head, rows = "sale_id,amount,status,mobile\n", "1,5.00,paid,\n1,5.00,paid,\n2,1.00,paid,\n3,1.00,paid,\n"
    code, told = _try(folder / "sales_20260601_[1].csv", head + rows, "--as", "shop.sales")
    assert code == 0 and "sales_20260601_[1].csv as shop.sales: would land" in told
    assert "4 read, 3 to land, 0 break the contract, 1 replaced by others" in told
    assert "1 rows repeat the key (sale_id) of another row and do not count" in told
    differing = f"{head}{rows}13812345678,1.00,paid,\n13812345678,2.00,done,\n"
    code, told = _try(folder / "sales_20260601_*.csv", differing, "--as", "shop.sales")
    assert code == 0 and "6 read, 4 to land, 0 break the contract, 2 replaced by others" in told
    assert "1 keys (sale_id) have rows that differ, e.g. 138****5678" in " ".join(told.split())
    (folder / "visits_1.csv").write_bytes("visit_id,page\n1,张\n2,王\n3,李\ud83d四\n".encode(errors="surrogatepass"))
    done = CliRunner().invoke(app, ["land", "--dry-run", "visits_1.csv", "--as", "shop.visits"])
    assert done.exit_code == 0 and "3 read, 3 to land" in done.stdout
    assert "1 values of _extra contain invalid characters" in " ".join(done.stdout.split())


def test_rows_of_a_file_without_its_key_are_checked_all_the_same(folder: Path) -> None:
    code, told = _try(folder / "sales_20260601.csv", "amount,status\n5.00,paid\n5.00,lost\n", "--as", "shop.sales")
    assert code == 1 and "the required column sale_id is missing" in told
    assert "2 read, 0 to land, 1 break the contract" in told and "not one of paid, done" in told
    assert "cannot be landed" not in told
