"""Exports as people and spreadsheets write them: titles, merged headers, totals, blank rows and columns, words for an
empty field, dates and numbers in the forms of a country, and encodings."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from siyu.engines.duckdb import DuckSession
from siyu.errors import SqlProblem
from siyu.landing.readers import csvs, encodings, reading
from siyu.layers import read_yaml
from tests.engine.test_landing import AS_OF, ID_AND_NAME, TEXT, Landed, Shop, contract
from tests.engine.test_landing import folder as folder
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop
from tests.engine.test_xlsx import workbook

BOTH = pytest.mark.parametrize("kind", ["csv", "xlsx"])
SEEN_BY_ENGINE = [("1", "a"), ("2", "b")]


def land(shop: Shop, kind: str, rows: list[list[Any]], columns: dict[str, Any] | None = None, **export: Any) -> Landed:
    """Land rows of cells as a csv file or as a workbook."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    data = text.getvalue().encode() if kind == "csv" else workbook(rows)
    return shop.land(data, contract(columns, format=kind, **export), name=f"orders.{kind}")


@pytest.fixture
def no_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine reads the file: reading it record by record fails."""

    def never(*_: Any) -> Any:
        raise AssertionError("read record by record")

    monkeypatch.setattr(csvs, "_rewrite", never)


# Where the header is


@BOTH
@pytest.mark.parametrize("place", [{"header_row": 4}, {"skip_rows": 3}])
def test_a_table_below_a_title(shop: Shop, kind: str, place: dict[str, int]) -> None:
    done = land(
        shop, kind, [["2026年6月 客户表", ""], ["导出人", "张三"], [], ["id", "name"], ["1", "a"], ["2", "b"]], **place
    )
    assert done.rows == SEEN_BY_ENGINE and done.lines == [1, 2]
    assert not done.drift and not done.rejects and not done.result.problems


@pytest.mark.usefixtures("no_slow_way")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("title", ["客户表", "客户表,,,", "a;b", "\ufeff客户表"])
def test_the_engine_reads_a_table_below_a_title(shop: Shop, title: str, end: str) -> None:
    text = end.join([title, "", "id,name", "1,a", "2,b", ""])
    assert shop.land(text, contract(header_row=3)).rows == SEEN_BY_ENGINE


@pytest.mark.parametrize(
    "title", ['"客户\n表"', '"客户"表', '5" 屏'], ids=["over two lines", "a quote amid", "a quote that stays open"]
)
def test_quotes_in_a_title_lose_no_row(shop: Shop, title: str) -> None:
    done = shop.land(f"{title}\nid,name\n1,a\n2,b\n", contract(header_row=2))
    assert done.rows == SEEN_BY_ENGINE and done.file.rows_read == 2


def test_nothing_is_lost_at_the_end_of_a_large_file_below_a_title(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "STRICT_LINE", 1 << 16)
    monkeypatch.setattr(reading, "STRICT_BUFFER", 1 << 18)
    for rest, landed in (("x", 65535), ("2,b,c\n3,d\n", 65536), ("", 65535)):
        data = "客户表\n\nid,name\n" + "1,a\n" * 65535 + rest
        (file,) = shop.land_folder({"orders.csv": data.encode()}, contract(header_row=3)).files
        assert (file.rows_landed + file.rows_replaced, file.rows_read) == (landed, 65535 + len(rest.split()))


@BOTH
@pytest.mark.parametrize(
    ("rows", "place", "said"),
    [
        ([["6月报表"], ["id", "name"]], {}, "row 1 looks like a title; the header seems to be row 2"),
        (
            [["6月报表"], [], ["导出", "x"], ["id", "name"]],
            {},
            "row 1 looks like a title; the header seems to be row 4",
        ),
        ([["t", "t"], ["id", "name"]], {}, "row 1 looks like a title; the header seems to be row 2"),
        ([["id", "name"]], {"header_row": 2}, "row 2 is not the header; the header seems to be row 1"),
        ([["t"], ["id", "name"]], {"header_row": 3}, "row 3 is not the header; the header seems to be row 2"),
        ([["t"], [], ["id", "name"]], {"skip_rows": 1}, "row 2 is not the header; the header seems to be row 3"),
    ],
)
def test_a_header_in_another_row_is_found_and_said(
    shop: Shop, kind: str, rows: list[list[str]], place: dict[str, int], said: str
) -> None:
    done = land(shop, kind, [*rows, ["1", "a"]], **place)
    assert f"{said}: set header_row: {said[-1]} in the contract" in done.reason
    assert done.file.status == "rejected" and not done.rows


@BOTH
def test_a_title_above_columns_that_are_all_optional(shop: Shop, kind: str) -> None:
    columns = {"v": TEXT, "w": TEXT, "id": {"type": "text", "file_name": r"(orders)"}}
    done = land(shop, kind, [["报表", ""], ["v", "w"], ["1", "2"]], columns)
    assert "the header seems to be row 2" in done.reason


def test_rows_without_a_header_are_not_taken_for_one(shop: Shop) -> None:
    done = shop.land("7,张三,13812345678\n8,李四,13812345679\n")
    assert "is there a header?" in done.reason and "seems" not in done.reason


MERGED = [["编号", "联系人", "", ""], ["", "姓名", "手机", ""], ["1", "王芳", "13900000001", ""]]
PERSON = {
    "id": {"type": "text", "path": "编号"},
    "name": {"type": "text", "path": "姓名"},
    "mobile": {**TEXT, "path": "手机"},
}


@BOTH
def test_a_header_of_merged_cells(shop: Shop, kind: str) -> None:
    done = land(shop, kind, MERGED, PERSON, header_row=2)
    assert done.rows == [("1", "王芳", "13900000001")] and not done.drift


@BOTH
@pytest.mark.parametrize("title", [[], [["6月客户表", "", "", ""], []]], ids=["alone", "below a title"])
def test_a_header_of_merged_cells_is_found_and_said(shop: Shop, kind: str, title: list[list[str]]) -> None:
    wrong = "row 1 looks like a title" if title else "row 1 is only part of the header"
    said = f"{wrong}; the header seems to be row {len(title) + 2}"
    assert said in land(shop, kind, [*title, *MERGED], PERSON).reason


@BOTH
def test_a_missing_column_whose_name_is_a_value_is_only_missing(shop: Shop, kind: str) -> None:
    done = land(shop, kind, [["id", "x"], ["1", "name"]])
    assert done.rows == [("1", None)] and ("missing_column", "name") in done.drift


# Cells and rows beside and below the table


@BOTH
def test_empty_header_cells_over_empty_columns_are_ignored(shop: Shop, kind: str) -> None:
    done = land(shop, kind, [["", "id", "", "name", ""], ["", "1", "", "a", ""], ["", "2", " ", "b", ""]])
    assert done.rows == SEEN_BY_ENGINE and done.extra == [None, None] and not done.drift


@BOTH
def test_empty_header_cells_over_values_get_a_name(shop: Shop, kind: str) -> None:
    rows = [["id", "", "name", "", "column_4", "x"], ["1", "?", "a", "!", "", ""], ["2", "", "b", "", "", ""]]
    done = land(shop, kind, rows)
    assert done.rows == SEEN_BY_ENGINE
    assert done.extra[0] == {"column_2": "?", "column_4_": "!", "column_4": None, "x": None}
    assert [c for _, c in done.drift] == ["column_2", "column_4_", "column_4", "x"]
    assert "unknown columns: column_2" in land(shop, kind, [r[:3] for r in rows], extra_columns="reject").reason


def test_commas_at_the_end_of_every_row(shop: Shop) -> None:
    done = shop.land("id,name\n1,a,\n2,b,\n3,c\n")
    assert done.rows == [("1", "a"), ("2", "b"), ("3", "c")] and not done.drift


def test_what_a_failed_read_wrote_is_removed_while_the_next_one_reads(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread of DuckDB may still clean up after a statement that failed."""
    failed: list[Path] = []
    rows = DuckSession.rows

    def late(session: DuckSession, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            found = rows(session, sql, params)
        except SqlProblem:
            failed.extend(Path(path) for path in re.findall(r"to '([^']+)'", sql))
            raise
        for path in failed:
            path.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(DuckSession, "rows", late)
    assert shop.land("id,name\n1,a,\n2,b,\n3,c\n").rows == [("1", "a"), ("2", "b"), ("3", "c")] and failed


def test_trailing_commas(shop: Shop) -> None:
    done = shop.land('id,name,,\n1,a,,\n2,b\n3,"c",,,,\n4\n5,e,,,x\n')
    assert done.rows == [("1", "a"), ("2", "b"), ("3", "c")]
    reason = "fields where the header has 4"
    assert done.rejects == [(4, "", None, f"1 {reason}"), (5, "", None, f"5 {reason}")] and not done.drift


@BOTH
def test_blank_rows_are_no_records(shop: Shop, kind: str) -> None:
    done = land(shop, kind, [["id", "name"], ["", ""], ["1", "a"], [" ", "\u3000"], [], ["2", "b"], ["", ""]])
    assert done.rows == SEEN_BY_ENGINE and done.lines == [1, 2]
    assert done.file.rows_read == 2 and not done.rejects


def test_blank_rows_of_small_files_that_land_together(shop: Shop) -> None:
    columns = {"id": {"type": "text", "file_name": r"orders(\d)"}, "name": TEXT, "city": TEXT}
    files = {f"orders{n}.csv": f"name,city\n{name},x\n,\n".encode() for n, name in enumerate("ab")}
    result = shop.land_folder(files, contract(columns))
    assert [(file.rows_read, file.rows_landed) for file in result.files] == [(1, 1), (1, 1)]


@BOTH
@pytest.mark.parametrize("footer", ["合计*", ["合计*", "TOTAL", "制表人：?"]])
def test_totals_are_no_records(shop: Shop, kind: str, footer: Any) -> None:
    rows = [["id", "name"], ["1", "a"], ["合计员", ""], ["2", "b"], ["", "合计：2"], ["Total", ""], ["制表人：王", "x"]]
    done = land(shop, kind, rows, footer=footer)
    few = isinstance(footer, str)
    assert done.rows == [*SEEN_BY_ENGINE, *([("Total", None), ("制表人：王", "x")] if few else [])]
    assert done.file.rows_read == (4 if few else 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id  name  \n1   Ann  \n22  Bob Lee\n", "aligned with spaces (fixed width)"),
        ("id name\n1  Ann\n2  Bob\n", "aligned with spaces (fixed width)"),
        (
            "id;name\n1;a\n",
            'the columns are separated by ";", not by ",": set delimiter: ";" in the contract',
        ),
        ("id\tname\n1\ta\n", r'set delimiter: "\t" in the contract'),
        (
            "Calls of June;;\nid;name\n1;a\n",
            'not by ",", and the header seems to be row 2: set delimiter: ";" and header_row: 2 in the contract',
        ),
    ],
)
def test_columns_that_commas_do_not_separate(shop: Shop, text: str, said: str) -> None:
    done = shop.land(text)
    assert said in done.reason and done.file.status == "rejected"


# Words for an empty field


@BOTH
def test_words_for_an_empty_cell(shop: Shop, kind: str) -> None:
    columns = {
        "id": TEXT,
        "name": {"type": "text", "null": "Select", "in": ["a", "b"]},
        "day": {"type": "date", "null": ["0000-00-00"]},
        "amount": {"type": "decimal(9,2)", "required": True},
    }
    rows = [
        ["id", "name", "day", "amount"],
        ["1", "select ", "0000-00-00", "1"],
        ["2", "a", r"\N", "2"],
        ["3", "b", "", "N/A"],
    ]
    done = land(shop, kind, [*rows, ["n/a", "a", "", "1"]], columns, null=["n/a", r"\N"])
    assert done.rows == [("1", None, None, Decimal(1)), ("2", "a", None, Decimal(2))]
    missing = "a required value is missing"
    assert done.rejects == [(3, "amount", None, missing), (4, "id", None, missing)]


def test_words_of_a_contract_as_yaml_reads_them() -> None:
    text = r"{type: text, null: [Select, n/a, \N, 0000-00-00, 0, null, 1970-01-01]}"
    columns = {"id": read_yaml(text, "shop.yml")}
    export = contract(columns, null=read_yaml("null: NULL", "shop.yml")[None]).exports["orders"]
    assert export.null_words(export.columns["id"]) == ("null", "select", "n/a", r"\n", "0000-00-00", "0", "1970-01-01")


def test_words_added_later_hold_for_landed_rows(shop: Shop) -> None:
    before = contract({"id": TEXT, "name": TEXT, "city": {**TEXT, "required": True}})
    files = shop.nights(before, [(AS_OF, {"orders_1": b"id,name,city\n1,Select,Select\n2,b,x\n".decode()})])
    after = contract({"id": TEXT, "name": TEXT, "city": {**TEXT, "required": True}}, null="Select")
    assert shop.read(after, files, "id, name, city") == [("1", None, "Select"), ("2", "b", "x")]
    assert shop.read(before, files, "id, name") == [("1", "Select"), ("2", "b")]


def test_words_added_later_hold_for_landed_ids(shop: Shop) -> None:
    columns = {"id": {"type": "id"}, "member": {"type": "id"}}
    files = shop.nights(contract(columns), [(AS_OF, {"orders_1": "id,member\n1,n/a\n2,7.0\nn/a,8\n"})])
    assert shop.read(contract(columns, null="n/a"), files, "id, member") == [("1", None), ("2", "7"), ("n/a", "8")]


# Dates and numbers


def in_utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("form", "values", "rejected"),
    [
        (
            "%m/%d/%Y %H:%M",
            {"6/28/2026 9:05": "2026-06-28 01:05"},
            ["28/6/2026 9:05", "6/28/26 9:05", "infinity", "6/28/2026"],
        ),
        (["%d.%m.%Y", "%d.%m.%y"], {"28.06.2026": "2026-06-27 16:00", "1.7.26": "2026-06-30 16:00"}, ["31.6.2026"]),
        (
            ["%Y年%m月%d日 %H:%M", "%Y年%m月%d日"],
            {"2026年6月28日": "2026-06-27 16:00", "2026年6月28日 14:05": "2026-06-28 06:05"},
            ["2026年13月1日", "6月28日", "2026-06-28"],
        ),
        ("%Y/%m/%d %p %I:%M", {"2026/6/28 下午 2:05": "2026-06-28 06:05", "2026/6/28 AM 2:05": "2026-06-27 18:05"}, []),
        ("%d %b %Y %H:%M %z", {"28 Jun 2026 14:05 +0200": "2026-06-28 12:05"}, ["28 Jun 2026 14:05"]),
        ("excel", {"46201": "2026-06-27 16:00", "46201.75": "2026-06-28 10:00"}, ["0", "-1", "2958466", "2026-06-28"]),
        ("%-m/%-d/%Y", {"6/28/2026": "2026-06-27 16:00", "2026-06-28T14:05:00": "2026-06-28 06:05"}, ["x"]),
    ],
)
def test_formats_of_times(shop: Shop, form: Any, values: dict[str, str], rejected: list[str]) -> None:
    landed, refused = shop.one_column([*values, *rejected], type="timestamp", format=form)
    assert landed == [in_utc(value) for value in values.values()]
    assert refused == dict.fromkeys(rejected, "not a valid timestamp")


def test_formats_of_dates(shop: Shop) -> None:
    values = ["2026年6月28日", "46201.99", "2026-06-28T23:59:59", "6/28/2026"]
    landed, refused = shop.one_column(values, type="date", format=["%Y年%m月%d日", "excel"])
    assert landed == [date(2026, 6, 28)] * 3 and list(refused) == ["6/28/2026"]


@pytest.mark.parametrize(
    ("form", "values", "rejected"),
    [
        (
            {"type": "decimal(18,2)", "decimal": ",", "thousands": "."},
            {"1.234,56": "1234.56", "-1.234.567": "-1234567", "1234,5": "1234.5", ",5": "0.5"},
            ["12.5", "1.23,4", "1,234.56", "1.234,5,6", "abc"],
        ),
        ({"type": "decimal(18,2)", "decimal": ","}, {"12,5": "12.5"}, ["12.5", "1.234,5"]),
        ({"type": "decimal(9,2)", "thousands": ","}, {"1,234.56": "1234.56", "1234.5": "1234.5"}, ["1,23", "1,234,5"]),
        (
            {"type": "decimal(18,2)", "decimal": ",", "thousands": " "},
            {"1 234,5": "1234.5", "1\u202f234\u00a0567,8": "1234567.8"},
            ["1.234,5"],
        ),
        ({"type": "decimal(18,2)", "thousands": "'"}, {"1'234.50": "1234.50", "1’234": "1234"}, ["1,234"]),
        ({"type": "integer", "thousands": ","}, {"1,234,567": "1234567", "7": "7"}, ["1,2", "1.5"]),
    ],
)  # fmt: skip
def test_separators_of_numbers(shop: Shop, form: dict[str, Any], values: dict[str, str], rejected: list[str]) -> None:
    landed, refused = shop.one_column([*values, *rejected], **form)
    assert landed == [Decimal(value) for value in values.values()]
    assert refused == dict.fromkeys(rejected, f"not a valid {form['type']}")


@pytest.mark.usefixtures("no_slow_way")
def test_the_engine_reads_values_in_any_form(shop: Shop) -> None:
    columns = {
        "id": TEXT,
        "at": {"type": "timestamp", "format": "%d.%m.%Y"},
        "amount": {"type": "decimal(9,2)", "decimal": ","},
    }
    done = shop.land('id,at,amount\n1,28.06.2026,"1,5"\n2,n/a,"2,5"\n', contract(columns, null="n/a"))
    assert done.rows == [("1", datetime(2026, 6, 27, 16), Decimal("1.5")), ("2", None, Decimal("2.5"))]


def test_typed_cells_of_a_workbook_are_what_they_are(shop: Shop) -> None:
    columns = {
        "id": TEXT,
        "at": {"type": "timestamp", "format": ["%Y-%d-%m %H:%M:%S", "%Y-%d-%m"]},
        "month": {"type": "date", "format": "%Y%m%d"},
        "sold": {"type": "date", "format": ["%Y年%m月%d日", "excel"]},
        "amount": {"type": "decimal(18,3)", "decimal": ",", "thousands": "."},
        "mobile": TEXT,
    }
    rows = [
        ["1", datetime(2026, 1, 2, 8), 20260102, 46024, 12.345, 13912300001.0],
        ["2", "2026-02-01 08:00:00", "20260102", "2026年1月2日", "12.345,5", "13912300001"],
        ["3", datetime(2026, 1, 2), datetime(2026, 1, 2), datetime(2026, 1, 2), 1234567, None],
    ]
    done = land(shop, "xlsx", [list(columns), *rows], columns)
    at, day = datetime(2026, 1, 2), date(2026, 1, 2)
    assert done.rows == [
        ("1", at, day, day, Decimal("12.345"), "13912300001"),
        ("2", at, day, day, Decimal("12345.5"), "13912300001"),
        ("3", datetime(2026, 1, 1, 16), day, day, Decimal(1234567), None),
    ]


def test_serial_numbers_of_a_workbook_that_counts_from_1904(shop: Shop) -> None:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"date_1904": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["id", "day"])
        page.write_row(1, 0, [1, 44562])
    columns = {"id": TEXT, "day": {"type": "date", "format": ["%Y年%m月%d日", "excel"]}}
    assert shop.land(data.getvalue(), contract(columns, format="xlsx"), name="orders.xlsx").rows == [
        ("1", date(2026, 1, 2))
    ]


def test_typed_dates_of_parquet_are_what_they_are(shop: Shop) -> None:
    path = shop.root / "typed.parquet"
    shop.session.execute(
        "copy (select '1' as id, date '2026-01-02' as day, timestamp '2026-01-02 08:00:00' as \"at\","
        " '02/01/2026' as sold) to '" + str(path) + "' (format parquet)"
    )
    formats = {"day": "%Y-%d-%m", "sold": "%d/%m/%Y"}
    columns = {"id": TEXT, **{c: {"type": "date", "format": f} for c, f in formats.items()}}
    columns["at"] = {"type": "timestamp", "format": "%Y-%d-%m %H:%M:%S"}
    done = shop.land(path.read_bytes(), contract(columns, format="parquet"), name="orders.parquet")
    assert done.rows == [("1", date(2026, 1, 2), date(2026, 1, 2), datetime(2026, 1, 2))]


def test_formats_apply_to_landed_texts_and_not_to_landed_values(shop: Shop) -> None:
    old = contract({"id": TEXT, "at": TEXT, "amount": {"type": "decimal(9,2)"}})
    text = 'id,at,amount,tax\n1,28.06.2026,1.23,"1.234,5"\n2,n/a,4.56,n/a\n'
    files = shop.nights(old, [(AS_OF, {"orders_1": text})])
    money = {"type": "decimal(18,3)", "decimal": ",", "thousands": "."}
    columns = {"id": TEXT, "at": {"type": "date", "format": "%d.%m.%Y"}, "amount": money, "tax": money}
    new = contract(columns, null="n/a")
    assert shop.read(new, files, 'id, "at", amount, tax') == [
        ("1", date(2026, 6, 28), Decimal("1.23"), Decimal("1234.5")),
        ("2", None, Decimal("4.56"), None),
    ]


# Encodings


@pytest.mark.parametrize(
    ("codec", "encoding", "name"),
    [
        ("latin-1", "latin-1", "MÜNCHEN"),
        ("cp1252", "cp1252", "MÜNCHEN – 5 €"),
        ("big5", "big5", "臺北市 陳大文"),
        ("utf-16", "utf-16", "上海 MÜNCHEN"),
        ("utf-16-be", "utf-16", "上海 MÜNCHEN"),
        ("utf-16-le", "auto", "上海 MÜNCHEN"),
        ("gb18030", "auto", "上海华阳机电有限公司"),
        ("gb18030", "auto", "张三，男"),
        ("gb18030", "auto", "臺灣積體電路製造股份有限公司"),
        ("utf-8", "auto", "MÜNCHEN"),
    ],
)
def test_encodings(shop: Shop, codec: str, encoding: str, name: str) -> None:
    done = shop.land(f"id,name\n1,{name}\n2,b\n".encode(codec), contract(encoding=encoding))
    assert done.rows == [("1", name), ("2", "b")] and not done.result.problems


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "gb18030", "big5", "utf-8"])
def test_a_mark_in_the_file_counts_more_than_the_contract(shop: Shop, codec: str, encoding: str) -> None:
    done = shop.land("id,name\n1,上海 MÜNCHEN\n".encode(codec), contract(encoding=encoding))
    assert done.rows == [("1", "上海 MÜNCHEN")] and not done.drift


@pytest.mark.parametrize(
    ("text", "codec", "candidates"),
    [
        ("1,MÜNCHEN", "latin-1", "cp1252, latin-1"),
        ("1,Zürich Straße\n2,Besançon", "cp1252", "cp1252, latin-1"),
        ("1,陳大文\n2,臺北市中山區", "big5", "big5, gb18030"),
        ("1,Москва", "cp1251", "big5"),
        ("1,삼성전자 주식회사 김철수 서울특별시 강남구 테헤란로", "euc_kr", "gb18030"),
    ],
)
def test_text_that_is_not_chinese_is_not_read_as_such(shop: Shop, text: str, codec: str, candidates: str) -> None:
    done = shop.land(f"id,name\n{text}\n".encode(codec))
    assert done.file.status == "rejected" and not done.rows
    assert "does not read as Chinese in gb18030: set `encoding:` in the contract, such as" in done.reason
    assert f"such as {candidates}" in done.reason


@pytest.mark.parametrize("broken", [b"\xff", b"a\xff", b"\xe5\xbc", b"1 \xe5", b"\xbc\xa0"])
def test_a_broken_character_is_no_other_encoding(shop: Shop, broken: bytes) -> None:
    done = shop.land(b"id,name\n1,a\n2," + broken + b"\n3,c\n")
    assert done.file.landed and {("1", "a"), ("3", "c")} <= set(done.rows)
    assert done.file.rows_read == 3


def test_text_far_down_a_file_tells_its_encoding(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "BLOCK", 1 << 10)
    monkeypatch.setattr(encodings, "JUDGED", 1 << 10)
    start = "id,name\n" + "1,a\n" * 2000
    assert shop.land((start + "2,上海华阳\n").encode("gb18030")).rows[-1] == ("2", "上海华阳")
    assert "such as cp1252" in shop.land((start + "2,MÜNCHEN\n").encode("latin-1")).reason


def test_a_header_in_another_encoding_is_asked_for(shop: Shop) -> None:
    done = shop.land("id,name,Größe\n1,a,b\n".encode("latin-1"))
    assert "the header is not valid text in utf-8" in done.reason and "cp1252" in done.reason


# Contracts whose keys contradict each other


@pytest.mark.parametrize(
    ("export", "column", "said"),
    [
        ({"format": "json", "header_row": 2}, {}, "header_row requires format csv or xlsx, not json"),
        ({"format": "parquet", "skip_rows": 2}, {}, "skip_rows requires format csv or xlsx"),
        ({"format": "jsonl", "footer": "合计*"}, {}, "footer requires format csv or xlsx"),
        ({"header_row": 2, "skip_rows": 1}, {}, "header_row and skip_rows say the same thing"),
        ({"header_row": 0}, {}, "greater than or equal to 1"),
        ({"footer": "*"}, {}, "footer '*' matches every row"),
        ({"format": "xlsx", "encoding": "big5"}, {}, "encoding big5 requires format csv"),
        ({"encoding": "gbk"}, {}, "'gb18030'"),
        ({"null": [False]}, {}, "put them in quotes"),
        ({}, {"type": "text", "format": "%Y-%m-%d"}, "format requires type date or timestamp, not text"),
        ({}, {"type": "date", "format": "%Y-%d"}, "has no month (%m)"),
        ({}, {"type": "date", "format": "YYYY-MM-DD"}, "has no year (%Y), month (%m), day (%d)"),
        ({}, {"type": "date", "format": "%Y-%m-%d %Q"}, "%Q is not known"),
        ({}, {"type": "date", "format": "%Y-%m-%d %"}, "% is not known"),
        ({}, {"type": "timestamp", "format": "%Y-%m-%d %I:%M"}, "%I (1 to 12) and %p (AM or PM) belong together"),
        ({}, {"type": "date", "format": "%Y-%m-%d %z"}, "a date has no offset"),
        ({}, {"type": "date", "format": ["%d/%m/%Y", "%m/%d/%Y"]}, "read one text as two dates"),
        ({}, {"type": "integer", "decimal": ","}, "decimal requires type decimal(p,s), not integer"),
        ({}, {"type": "text", "thousands": ","}, "thousands requires type integer or decimal(p,s)"),
        ({}, {"type": "decimal(9,2)", "decimal": ",", "thousands": ","}, "thousands and decimal are both ','"),
        ({}, {"type": "decimal(9,2)", "thousands": "."}, "thousands and decimal are both '.'"),
        ({}, {"type": "decimal(9,2)", "thousands": "x"}, "thousands 'x' must be one of"),
        ({"format": "jsonl"}, {"type": "decimal(9,2)", "decimal": ","}, "decimal requires format csv or xlsx"),
    ],
)  # fmt: skip
def test_forms_that_do_not_go_together_are_refused(export: dict[str, Any], column: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        contract({**ID_AND_NAME, "v": column or TEXT}, **export)
