"""xlsx exports: cells of any type under one contract, and workbooks that are none."""

from __future__ import annotations

import io
import subprocess
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from siyu.engines.duckdb import DuckSession
from siyu.landing.readers import xlsx
from siyu.seeds.channels import Channel
from tests.engine.test_landing import Landed, Shop, contract
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop

VISITORS = {
    "id": {"type": "text", "required": True},
    "mobile": {"type": "text", "pii": "direct"},
    "at": {"type": "timestamp"},
    "day": {"type": "date"},
    "amount": {"type": "decimal(18,2)"},
    "count": {"type": "integer"},
    "is_vip": {"type": "boolean"},
}
HEADER = list(VISITORS)


def workbook(rows: list[list[Any]], sheet: str = "观众", extra: dict[str, list[list[Any]]] | None = None) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        for name, lines in {**(extra or {}), sheet: rows}.items():
            page = book.add_worksheet(name)
            for i, row in enumerate(lines):
                for j, cell in enumerate(row):
                    page.write(i, j, cell)
    return data.getvalue()


def visitors(**export: Any) -> Channel:
    return contract(VISITORS, format="xlsx", **export)


def land(shop: Shop, data: bytes, **export: Any) -> Landed:
    return shop.land(data, visitors(**export), name="orders.xlsx")


def test_numbers_texts_and_dates_in_any_mix(shop: Shop) -> None:
    done = land(
        shop,
        workbook(
            [
                HEADER,
                ["a", 13800138000, datetime(2026, 1, 2, 3, 4, 5), datetime(2026, 1, 2), 12.5, 3, True],
                [7, "138 0013 8000", "2026/1/2 03:04", "2026-01-02", "12.50", "3", "是"],
                ["c", None, 46024.5, 46024, 0.1 + 0.2, 3.0, "false"],
            ]
        ),
    )
    at, day = datetime(2026, 1, 1, 19, 4, 5), date(2026, 1, 2)
    assert done.rows == [
        ("a", "13800138000", at, day, Decimal("12.50"), 3, True),
        ("7", "138 0013 8000", at.replace(second=0), day, Decimal("12.50"), 3, True),
        ("c", None, datetime(2026, 1, 2, 4), day, Decimal("0.30"), 3, False),
    ]
    assert (done.file.rows_read, done.file.rows_rejected, done.drift) == (3, 0, [])


def test_a_wrong_cell_rejects_its_row_alone(shop: Shop) -> None:
    done = land(
        shop,
        workbook([HEADER, ["a", 1, "soon"], ["b", 1, None, None, "12 yuan"], [], ["c", 13800138000], [None, 5]]),
    )
    assert [row[0] for row in done.rows] == ["c"]
    assert done.lines == [3]
    assert done.rejects == [
        (1, "at", "soon", "not a valid timestamp"),
        (2, "amount", "12 yuan", "not a valid decimal(18,2)"),
        (4, "id", None, "a required value is missing"),
    ]


def test_new_columns_are_kept_and_a_cell_outside_the_header_breaks_its_row(shop: Shop) -> None:
    done = land(shop, workbook([[*HEADER, "展位"], ["a", *[None] * 6, "B12"], ["b", *[None] * 7, "lost"]]))
    assert done.extra == [{"展位": "B12"}]
    assert done.drift == [("new_column", "展位")]
    assert [(line, reason) for line, _, _, reason in done.rejects] == [(2, "more fields than the header's 8")]


def test_leading_empty_rows_and_a_hidden_or_named_sheet(shop: Shop) -> None:
    data = workbook([[], HEADER, ["a"]], extra={"说明": [["read me"]]})
    assert "the required column id is missing" in land(shop, data).reason
    assert [row[0] for row in land(shop, data, sheet="观众").rows] == ["a"]
    reason = land(shop, data, sheet="观重").reason
    assert "no sheet 观重" in reason and "expected one of: 观众, 说明." in reason


def test_dates_of_1904(shop: Shop) -> None:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"date_1904": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["id", "day"])
        page.write_row(1, 0, ["a", 44562])
    done = land(shop, data.getvalue())
    assert done.rows[0][3] == date(2026, 1, 2)


def _bomb() -> bytes:
    source = io.BytesIO(workbook([HEADER, ["a"]]))
    target = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
        with new.open("xl/media/picture.bin", "w") as file:
            for _ in range(40):
                file.write(bytes(1 << 20))
    return target.getvalue()


def _lying_bomb() -> bytes:
    """Its directory says 10 bytes where 40 MB come out."""
    data = bytearray(_bomb())
    size = (40 << 20).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"id,mobile\na,1\n", "not a readable xlsx workbook"),
        (workbook([HEADER, ["a"]])[:-200], "not a readable xlsx workbook"),
        (workbook([HEADER, ["a"]])[:900], "not a readable xlsx workbook"),
        (workbook([]), "the file has no header"),
        (workbook([["id", "id"], ["a", "b"]]), "the header names id twice"),
        (workbook([["mobile"], ["1"]]), "the required column id is missing"),
        (_bomb(), "unpacks to more than max_document_mb = 16"),
        (_lying_bomb(), "not a readable xlsx workbook"),
    ],
    # Of their own: a workbook holds the time at which it was made, and both workers must collect the same names.
    ids=["text", "cut at the end", "cut early", "empty", "a name twice", "no id", "a bomb", "a bomb that lies"],
)
def test_workbooks_that_cannot_be_landed(shop: Shop, data: bytes, reason: str) -> None:
    done = land(shop, data, max_document_mb=16)
    assert done.file.status == "rejected"
    assert reason in done.reason


def _with_part(name: str, old: str, new: str) -> bytes:
    """A sound archive in which one part lies."""
    source, target = io.BytesIO(workbook([HEADER, ["a"]])), io.BytesIO()
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w") as after:
        for entry in before.namelist():
            text = before.read(entry).decode()
            after.writestr(entry, text.replace(old, new) if entry == name else text)
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        _with_part("xl/worksheets/sheet1.xml", 'r="A2"', 'r="XFD1048576"'),
        _with_part("xl/worksheets/sheet1.xml", 'r="A2"', 'r="ZZZZZZ4294967295"'),
        _with_part("xl/sharedStrings.xml", 'uniqueCount="8"', 'uniqueCount="4294967295"'),
    ],
    ids=["a cell at the far end", "a cell beyond it", "more strings than memory"],
)
def test_what_ends_the_process_that_reads_it_rejects_its_file_alone(shop: Shop, data: bytes) -> None:
    done = land(shop, data)
    assert "the workbook cannot be read within 1792 MB and 10 minutes, or is damaged" in done.reason
    assert land(shop, workbook([HEADER, ["a"]])).file.rows_landed == 1


def test_a_reader_that_the_machine_kills_is_no_fault_of_the_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    killed = subprocess.CompletedProcess([], -9, "", "")
    monkeypatch.setattr(xlsx.subprocess, "run", lambda *_, **__: killed)
    result = shop.land_folder({"orders.xlsx": workbook([HEADER, ["a"]])}, visitors())
    assert not result.files and "the process that reads the workbook was killed" in result.problems[0]


def test_a_disk_that_is_full_is_no_fault_of_the_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = '{"os_error": [28, "No space left on device", null]}'
    monkeypatch.setattr(xlsx.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, answer, ""))
    with pytest.raises(OSError, match="No space left on device"):
        land(shop, workbook([HEADER, ["a"]]))


def test_a_number_that_rounds_to_the_year_10000_is_no_date(shop: Shop) -> None:
    done = land(shop, workbook([HEADER, ["a", None, 2958465.999999999], ["b", None, 2958465.5]]))
    assert [row[0] for row in done.rows] == ["b"]
    assert [(line, column, reason) for line, column, _, reason in done.rejects] == [(1, "at", "not a valid timestamp")]


def test_a_zip_that_is_no_workbook(shop: Shop) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("orders.csv", "id\na\n")
    assert "not an xlsx workbook" in land(shop, data.getvalue()).reason


def test_a_sheet_is_read_as_large_as_it_is(shop: Shop, tmp_path: Path, session: DuckSession) -> None:
    rows: list[list[Any]] = [HEADER, *([f"v{i}", 13800000000 + i] for i in range(20_000))]
    done = land(shop, workbook(rows))
    assert (done.file.rows_read, done.file.rows_landed) == (20_000, 20_000)
    assert done.rows[-1][:2] == ("v19999", "13800019999")
