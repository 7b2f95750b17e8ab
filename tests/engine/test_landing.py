"""Landing: every format, every way a file or a row can be wrong, and what of it a model reads afterwards."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.errors import StatementFault
from siyu.landing import casts, readers
from siyu.landing import channel as landing_module
from siyu.landing import file as filing_module
from siyu.landing.channel import ChannelLanding, land_channel
from siyu.landing.current_rows import source_queries
from siyu.landing.file import Landing
from siyu.landing.journal import sweep
from siyu.landing.readers import csvs, reading
from siyu.seeds.channels import Channel
from siyu.warehouse.ledger import LandedFile

AS_OF = date(2026, 1, 31)
TEXT = {"type": "text"}
ID_AND_NAME = {"id": TEXT, "name": TEXT}
ORDERS = {
    "id": {"type": "integer", "required": True},
    "at": {"type": "timestamp"},
    "amount": {"type": "decimal(18,2)", "min": 0, "max": 1000},
    "status": {"type": "text", "in": ["paid", "shipped"]},
    "note": TEXT,
}
Row = tuple[Any, ...]


@pytest.fixture(scope="module")
def session() -> Iterator[DuckSession]:
    engine = DuckEngine(None, RunInputs(AS_OF.isoformat(), "Asia/Shanghai", "k"))
    yield engine.session()
    engine.close()


def contract(columns: dict[str, Any] | None = None, **export: Any) -> Channel:
    given = {"files": "orders*", "format": "csv", "key": ["id"], "max_reject_rate": 1, **export}
    return Channel.model_validate(
        {
            "channel": "shop",
            "title": "商城",
            "domain": "private",
            "owner": "shop",
            "exports": {"orders": {"columns": columns or ID_AND_NAME, **given}},
        }
    )


@dataclass(frozen=True)
class Landed:
    """One file after landing: its row in the ledger, what landed (the contract's columns), and why rows did not."""

    file: LandedFile
    rows: list[Row]
    extra: list[Any]
    lines: list[int]
    rejects: list[Row]
    drift: list[tuple[str, str]]
    result: ChannelLanding

    @property
    def reason(self) -> str:
        return self.file.reason or ""


@dataclass(frozen=True)
class Shop:
    """A channel's folder and a store of its own, in one directory."""

    session: DuckSession
    root: Path

    def land_folder(
        self,
        files: dict[str, bytes],
        channel: Channel,
        seq: int = 1,
        day: date = AS_OF,
        known: Sequence[LandedFile] = (),
    ) -> ChannelLanding:
        shutil.rmtree(self.root / "in", ignore_errors=True)
        for folder in ("in", "scratch"):
            (self.root / folder).mkdir(exist_ok=True)
        for name, data in files.items():
            (self.root / "in" / name).write_bytes(data)
        landing = Landing(seq, day, self.root, self.root / "scratch", {file.identity: file for file in known})
        result = land_channel(self.session, channel, self.root / "in", landing)
        for file in result.files:
            assert file.rows_read == file.rows_landed + file.rows_rejected + file.rows_replaced
            assert file.rows_landed + file.rows_replaced == (len(self.landed(file, "_line")) if file.path else 0)
        assert not list((self.root / "scratch").iterdir())
        return result

    def landed(self, file: LandedFile, columns: str) -> list[Row]:
        path = f"read_parquet('{self.root / str(file.path)}', hive_partitioning = false)"
        return self.session.rows(f"select {columns} from {path} order by _line")

    def land(self, data: bytes | str, channel: Channel | None = None, name: str = "orders.csv") -> Landed:
        channel = channel or contract()
        content = data.encode() if isinstance(data, str) else data
        result = self.land_folder({name: content}, channel)
        (file,) = result.files
        columns = ", ".join(f'"{column}"' for column in channel.exports["orders"].columns)
        rows = self.landed(file, f"_line, _extra, {columns}") if file.path else []
        rejects = f"from read_parquet('{self.root / str(file.rejects)}') order by all"
        return Landed(
            file=file,
            rows=[row[2:] for row in rows],
            extra=[json.loads(row[1]) if row[1] else None for row in rows],
            lines=[row[0] for row in rows],
            rejects=self.session.rows(rejects) if file.rejects else [],
            drift=[item[2:] for item in result.drift],
            result=result,
        )

    def one_column(self, values: list[str], **column: Any) -> tuple[list[Any], dict[str, str]]:
        """The typed values of one column, and value -> reason of those rejected."""
        text = io.StringIO()
        csv.writer(text).writerows([["id", "v"], *([number, value] for number, value in enumerate(values))])
        done = self.land(text.getvalue(), contract({"id": TEXT, "v": column}))
        assert done.file.rows_read == len(values)
        return [row[1] for row in done.rows], {str(value): reason for _, _, value, reason in done.rejects}

    def parquet(self, query: str) -> bytes:
        path = self.root / "made.parquet"
        self.session.execute(f"copy ({query}) to '{path}' (format parquet)")
        return path.read_bytes()

    def nights(self, channel: Channel, nights: list[tuple[date, dict[str, str]]]) -> list[LandedFile]:
        """Files of every night, as the ledger would hold them."""
        files: list[LandedFile] = []
        for seq, (day, exports) in enumerate(nights, start=1):
            content = {name: text.encode() for name, text in exports.items()}
            files += self.land_folder(content, channel, seq, day, files).files
        return files

    def read(self, channel: Channel, files: list[LandedFile], columns: str, superseded: bool = False) -> list[Row]:
        """What source() gives a model."""
        self.lay_out(channel, files)
        return self.session.rows(f"select {columns} from {'was_orders' if superseded else 'is_orders'} order by all")

    def lay_out(self, channel: Channel, files: list[LandedFile]) -> None:
        export = channel.exports["orders"]
        queries = source_queries("is_orders", "was_orders", export, files, self.root, timezone=channel.timezone)
        for statement in queries.statements:
            self.session.execute(statement)


@pytest.fixture
def shop(session: DuckSession, tmp_path: Path) -> Shop:
    return Shop(session, tmp_path)


# csv


@pytest.mark.parametrize(
    "data",
    [
        "id,name\n1,张三\n2,李四\n".encode(),
        b"\xef\xbb\xbf" + "id,name\n1,张三\n2,李四\n".encode(),
        "id,name\r\n1,张三\r\n2,李四".encode(),
        "id,name\r1,张三\r2,李四\r".encode(),
        "\n\nid,name\n\n1,张三\n\n\n2,李四\n\n".encode(),
        "name,id\n张三,1\n李四,2\n".encode(),
        " id , name \n1,张三\n2,李四\n".encode(),
        '"id","name"\n"1","张三"\n"2","李四"\n'.encode(),
        "id,name\n1,张三\n2,李四\n".encode("gb18030"),
        "id,name\n1,张三\n2,李四\n".encode("utf-16"),
    ],
    ids=[
        "utf-8", "byte order mark", "crlf, no newline at the end", "cr", "blank lines", "reordered columns",
        "spaces in the header", "quoted", "gb18030 by its bytes", "utf-16 by its mark",
    ],
)  # fmt: skip
def test_csv_lands_whole(shop: Shop, data: bytes) -> None:
    done = shop.land(data)
    assert done.rows == [("1", "张三"), ("2", "李四")]
    assert done.lines == [1, 2]
    assert not done.result.problems and not done.drift and not done.rejects


def test_csv_in_the_encoding_and_delimiter_of_the_contract(shop: Shop) -> None:
    columns = {"id": {"type": "text", "path": "编号"}, "name": {"type": "text", "path": "姓名.全"}}
    channel = contract(columns, encoding="gb18030", delimiter=";")
    done = shop.land("编号;姓名.全\n1;张三\n2;李四,王五\n".encode("gb18030"), channel)
    assert done.rows == [("1", "张三"), ("2", "李四,王五")]


def test_csv_with_a_header_in_gb18030_is_read_as_such(shop: Shop) -> None:
    channel = contract({"id": {"type": "text", "path": "编号"}, "name": {"type": "text", "path": "姓名"}})
    assert shop.land("编号,姓名\n1,张三\n".encode("gb18030"), channel).rows == [("1", "张三")]


def test_a_few_broken_bytes_do_not_make_a_utf8_file_gb18030(shop: Shop) -> None:
    data = "id,name\n1,张三李四\n".encode() + b"2,\xd5\xc5\n" + "3,王五\n".encode()
    done = shop.land(data)
    assert done.rows == [("1", "张三李四"), ("2", "�"), ("3", "王五")]
    assert not done.rejects and done.file.mended == "name:1"


def test_gb18030_under_a_contract_that_says_utf8(shop: Shop) -> None:
    done = shop.land("id,name\n1,张三\n2,a\n3,李四\n".encode("gb18030"), contract(encoding="utf-8"))
    assert done.rows == [("2", "a")] and not done.file.mended
    assert done.rejects == [(line, "", None, "bytes that are not valid in the file's encoding") for line in (1, 3)]


def test_csv_quotes_and_newlines_inside_fields(shop: Shop) -> None:
    done = shop.land('id,name\n1,"two\nlines"\n2,"say ""hi"", then go"\n3,""\n4,\n')
    assert done.rows == [("1", "two\nlines"), ("2", 'say "hi", then go'), ("3", None), ("4", None)]
    assert done.lines == [1, 2, 3, 4]


def test_csv_ragged_rows_are_rejected_by_line(shop: Shop) -> None:
    done = shop.land('id,name\n1,"a\nb"\n2,b,c\n\n3\n4,d\n')
    assert done.rows == [("1", "a\nb"), ("4", "d")]
    assert done.lines == [1, 4]
    assert done.rejects == [
        (2, "", None, "3 fields where the header has 2"),
        (3, "", None, "1 fields where the header has 2"),
    ]


@pytest.mark.parametrize("surplus", ["Flat 2", "", '""', " ,"])
def test_csv_row_that_a_comma_has_shifted_does_not_land(shop: Shop, surplus: str) -> None:
    done = shop.land(f"id,name\n2,b\n1,Main Street 1,{surplus}\n")
    assert done.rows == [("2", "b")]
    assert done.rejects == [(2, "", None, f"{3 + surplus.count(',')} fields where the header has 2")]


def test_csv_of_one_column_knows_blank_lines_from_records(shop: Shop) -> None:
    done = shop.land('id\n1\n\n2\n""\n\n', contract({"id": TEXT}))
    assert done.rows == [("1",), ("2",)]
    assert done.rejects == [(3, "id", None, "a required value is missing")]


def test_csv_header_of_two_lines(shop: Shop) -> None:
    channel = contract({"id": TEXT, "name": {"type": "text", "path": "full\nname"}})
    assert shop.land('id,"full\nname"\n1,a\n2,b\n', channel).rows == [("1", "a"), ("2", "b")]


def test_csv_quote_that_never_closes_rejects_the_file(shop: Shop) -> None:
    done = shop.land('id,name\n1,a\n2,"b\n3,c\n')
    assert done.file.status == "rejected" and done.file.path is None
    assert "a quote opens and never closes (line 4)" in done.reason
    assert done.result.problems == [f"orders.csv: {done.reason}"]


def test_csv_record_with_a_misplaced_quote_is_rejected_alone(shop: Shop) -> None:
    done = shop.land('id,name\n1,"a"b\n2,c\n')
    assert done.rows == [("2", "c")]
    assert done.rejects[0][3].startswith("not a valid csv record")


@pytest.mark.parametrize("neighbour", ["", "3,d,e\n"], ids=["alone", "beside a ragged record"])
def test_csv_nul_is_rejected_however_the_file_is_read(shop: Shop, neighbour: str) -> None:
    done = shop.land(f"id,name\n1,a\0b\n2,c\n{neighbour}")
    assert done.rows == [("2", "c")]
    assert done.rejects[0] == (1, "name", "a\0b", "a NUL character")


def test_csv_record_with_bytes_that_are_not_utf8(shop: Shop) -> None:
    done = shop.land("id,name\n1,张\n".encode() + b"\xff,b\n3,c\n")
    assert done.rows == [("1", "张"), ("3", "c")]
    assert done.rejects == [(2, "id", "�", "U+FFFD in a key: a character of the value was lost")]


@pytest.mark.parametrize(
    ("good", "rest", "read"),
    [
        (65535, "x", 65536),
        (65535, "2,b,c\n3,d\n", 65537),
        (131071, "x\n" * 9, 131080),
        (1, "\n" * 70_000 + "2,b,c\n3,d\n", 3),
        (1, "x" * 300_000, 2),
    ],
    ids=["a field too few", "a field too many", "nothing else", "after blank lines", "a line longer than a buffer"],
)
def test_csv_nothing_is_lost_at_the_end_of_a_large_file(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, good: int, rest: str, read: int
) -> None:
    """DuckDB 2.0 skips to the end where the last piece that it reads begins with a bad record."""
    monkeypatch.setattr(reading, "STRICT_LINE", 1 << 16)
    monkeypatch.setattr(reading, "STRICT_BUFFER", 1 << 18)
    result = shop.land_folder({"orders.csv": ("id,name\n" + "1,a\n" * good + rest).encode()}, contract())
    (file,) = result.files
    assert file.rows_read == read
    assert file.rows_landed + file.rows_replaced == good + ("3,d" in rest)


def test_records_of_a_large_jsonl_file_keep_their_order(tmp_path: Path) -> None:
    """Two threads read a file of more than 16 MB, and its records have many different lists of fields."""
    columns = {"id": {"type": "integer"}, **{f"c{i}": TEXT for i in range(40)}}
    records = ({"id": i, **{f"c{j}": "x" * 60 for j in range(i % 40)}} for i in range(1, 20_001))
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    assert len(data) > 20 << 20
    engine = DuckEngine(None, RunInputs(AS_OF.isoformat(), "Asia/Shanghai", "k"), threads=2)
    shop = Shop(engine.session(), tmp_path)
    (file,) = shop.land_folder({"orders": data}, contract(columns, format="jsonl")).files
    assert file.rows_landed == 20_000
    assert all(number == line for number, line in shop.landed(file, "id, _line"))
    engine.close()


def test_csv_line_breaks_in_values_and_extra_columns_are_no_lost_lines(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise AssertionError("read record by record")

    monkeypatch.setattr(csvs, "_rewrite", refuse)
    done = shop.land('id,name,more\n1,"two\nlines","and\nthree\n"\n2,b,"\\n"\n')
    assert done.rows == [("1", "two\nlines"), ("2", "b")]
    assert done.extra == [{"more": "and\nthree\n"}, {"more": "\\n"}]


def test_csv_record_longer_than_any_is_rejected_alone_unless_a_quote_is_open(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csvs, "MAX_RECORD", 1000)
    done = shop.land(f"id,name\n1,{'x' * 2000},\n2,b\n")
    assert done.rows == [("2", "b")]
    assert done.rejects == [(1, "", None, "not a valid csv record: longer than 16 million characters")]
    done = shop.land('id,name\n1,a\n2,"' + "x\n" * 2000)
    assert "a quote opens and does not close within 16 million characters (line 3)" in done.reason


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (["id", *(f"c{i}" for i in range(2000))], "the header has 2001 columns"),
        (["id", "x" * 1001], "the longest name 1001 characters"),
    ],
)
def test_a_header_that_is_none(shop: Shop, header: list[str], told: str) -> None:
    done = shop.land(f"{','.join(header)}\n")
    assert told in done.reason and "has the file lost its line breaks?" in done.reason and len(done.reason) < 300


def test_drift_shows_nobody_and_does_not_grow(shop: Shop) -> None:
    assert shop.land("id,name,13812345678\n1,a,b\n").drift == [("new_column", "138****5678")]
    keys = {f"key {i:03}": i for i in range(300)}
    drift = shop.land(json.dumps({"id": "1", "name": "a", **keys}), contract(format="jsonl")).drift
    assert drift[199:] == [("new_column", "key 199"), ("new_column", "… and more")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file has no header"),
        (b"id,name,id\n1,a,2\n", "the header names id twice"),
        (b"name\na\n", "the required column id is missing: the file has: name."),
        (
            b"ids,name\n1,a\n",
            "the required column id is missing: ids is new. If it was renamed, add `from: [ids]` to id in the "
            "contract; the file has: ids, name.",
        ),
        ("name\n张\n".encode("utf-16"), "the required column id is missing"),
        (b"id,\xff\n1,a\n", "the header is not valid text"),
        (b"\xff,\xff\n1,a\n", "the header names � twice"),
        ("id,name\n1,张\n".encode("utf-16")[:-1], "the file is not valid utf-16"),
    ],
)
def test_csv_that_cannot_be_read_at_all(shop: Shop, data: bytes, reason: str) -> None:
    done = shop.land(data)
    assert done.file.status == "rejected" and reason in done.reason
    assert done.file.path is None and not done.rows
    done.reason.encode()


def test_a_file_without_a_header_does_not_show_its_first_person(shop: Shop) -> None:
    done = shop.land("7,张三,13812345678,zhang@firm.cn\n")
    assert "the file has: 4 columns with other names; is there a header?" in done.reason
    assert "5678" not in done.reason and "张三" not in done.reason


def test_missing_optional_column_is_null_and_told(shop: Shop) -> None:
    done = shop.land("id\n1\n")
    assert done.rows == [("1", None)]
    assert done.drift == [("missing_column", "name")] and not done.result.problems


@pytest.mark.parametrize(
    ("choice", "extra", "drift"),
    [("keep", [{"city": "上海", "t": None}], [("new_column", "city"), ("new_column", "t")]), ("ignore", [None], [])],
)
def test_extra_columns_kept_or_ignored(shop: Shop, choice: str, extra: list[Any], drift: list[tuple[str, str]]) -> None:
    done = shop.land("id,city,name,t\n1,上海,a,\n", contract(extra_columns=choice))
    assert done.rows == [("1", "a")]
    assert done.extra == extra and done.drift == drift


def test_extra_columns_rejected(shop: Shop) -> None:
    done = shop.land("id,name,city\n1,a,b\n", contract(extra_columns="reject"))
    assert "unknown columns: city" in done.reason


def test_column_names_may_look_like_the_engines_own(shop: Shop) -> None:
    names = ["json", "v", "k", "r", "c0", "c1", "x", "t_x", "value", "reason"]
    columns = dict.fromkeys(names, TEXT)
    values = tuple(f"of {name}" for name in names)
    as_csv = f"{','.join(names)}\n{','.join(values)}\n"
    assert shop.land(as_csv, contract(columns, key="json")).rows == [values]
    as_json = json.dumps(dict(zip(names, values, strict=True)))
    assert shop.land(as_json, contract(columns, key="json", format="jsonl")).rows == [values]


# A file without rows

EMPTY = {"csv": b"id,name\n", "csv without a newline": b"id,name", "jsonl": b"\n", "json": b"[]"}


@pytest.mark.parametrize("kind", EMPTY)
def test_a_list_without_rows_is_rejected_unless_the_contract_allows_it(shop: Shop, kind: str) -> None:
    options: dict[str, Any] = {"format": kind.split()[0], "load": "snapshot", "file_date": r"_(\d{8})"}
    refused = shop.land(EMPTY[kind], contract(**options), "orders_20260130.csv")
    assert "the file contains no records" in refused.reason
    allowed = shop.land(EMPTY[kind], contract(**options, allow_empty=True), "orders_20260130.csv")
    assert allowed.file.landed and allowed.file.rows_read == 0 and not allowed.drift


@pytest.mark.parametrize("kind", EMPTY)
def test_a_day_without_orders_is_no_problem(shop: Shop, kind: str) -> None:
    done = shop.land(EMPTY[kind], contract(format=kind.split()[0]))
    assert done.file.landed and not done.result.problems and not done.rows


def test_an_empty_jsonl_file_is_a_list_without_rows(shop: Shop) -> None:
    assert "the file is empty" in shop.land(b"", contract(format="jsonl")).reason
    assert shop.land(b"", contract(format="jsonl", allow_empty=True)).file.landed


# jsonl

NESTED = {
    "id": TEXT,
    "name": TEXT,
    "union_id": {"type": "text", "path": "contact.unionid"},
    "corp": {"type": "text", "path": "contact.corp"},
}


def test_jsonl_nested_paths_and_unknown_keys(shop: Shop) -> None:
    lines = [
        {"id": "1", "name": "a", "contact": {"unionid": "u1", "corp": "c"}, "tags": [1, 2], 'a "b"/~': {"x": None}},
        {"id": 2, "name": ""},
    ]
    data = "\n".join(json.dumps(line) for line in lines)
    done = shop.land(data, contract(NESTED, format="jsonl"))
    assert done.rows == [("1", "a", "u1", "c"), ("2", None, None, None)]
    assert done.extra == [{"tags": [1, 2], 'a "b"/~': {"x": None}}, None]
    assert done.drift == [("new_column", 'a "b"/~'), ("new_column", "tags")]


def test_jsonl_byte_order_mark_and_blank_lines(shop: Shop) -> None:
    data = b'\xef\xbb\xbf\n{"id":"1"}\r\n\r\n   \r\n{"id":"2","name":"b"}'
    done = shop.land(data, contract(format="jsonl"))
    assert done.rows == [("1", None), ("2", "b")] and done.lines == [1, 2]


def test_jsonl_broken_lines_are_rejected_by_line(shop: Shop) -> None:
    data = b'{"id":"1"}\n{"id":\n[1]\n3\nnull\n{"id":"6"}{"id":"7"}\n{"id":"\xff"}\n{"id":"a\0"}\n{"id":"9"}\n'
    done = shop.land(data, contract(format="jsonl"))
    assert done.rows == [("1", None), ("9", None)] and done.lines == [1, 9]
    assert done.rejects == [
        *[(line, "", None, "not a JSON object") for line in range(2, 7)],
        (7, "id", "�", "U+FFFD in a key: a character of the value was lost"),
        (8, "", None, "not a JSON object"),
    ]


def test_jsonl_line_longer_than_any_is_rejected_alone(shop: Shop) -> None:
    done = shop.land(
        f'{{"id":"1"}}\n{{"id":"2","name":"{"x" * (40 << 20)}"}}\n{{"id":"3"}}\n', contract(format="jsonl")
    )
    assert done.rows == [("1", None), ("3", None)] and done.lines == [1, 3]
    assert done.rejects == [(2, "", None, "longer than 16 MB")]


def test_jsonl_a_key_twice_costs_nothing(shop: Shop) -> None:
    done = shop.land('{"id":"1","new":1,"new":2,"":3}\n{"id":"2"}\n', contract(format="jsonl"))
    assert done.rows == [("1", None), ("2", None)]
    assert done.extra == [{"": 3, "new": 2}, None]


def test_jsonl_escaped_nul_is_rejected(shop: Shop) -> None:
    done = shop.land(r'{"id":"1","name":"a\u0000b"}', contract(format="jsonl"))
    assert done.rejects == [(1, "name", "a\0b", "a NUL character")]


def test_jsonl_missing_columns_are_all_told(shop: Shop) -> None:
    done = shop.land('{"id":"1"}', contract(NESTED, format="jsonl"))
    assert done.drift == [("missing_column", name) for name in ("name", "union_id", "corp")]


@pytest.mark.parametrize(
    ("choice", "rows", "rejects"),
    [("reject", [("2", None)], [(1, "", None, "unknown field")]), ("ignore", [("1", None), ("2", None)], [])],
)
def test_jsonl_extra_keys(shop: Shop, choice: str, rows: list[Row], rejects: list[Row]) -> None:
    channel = contract(format="jsonl", extra_columns=choice)
    done = shop.land('{"id":"1","new":1}\n{"id":"2"}\n', channel)
    assert done.rows == rows and done.rejects == rejects
    assert done.extra == [None] * len(rows)


def test_jsonl_required_value_missing_in_every_record(shop: Shop) -> None:
    done = shop.land('{"name":"a"}\n{"name":"b"}\n', contract(format="jsonl", max_reject_rate=0.05))
    assert "2 of 2 rows break the contract" in done.reason
    assert "id: a required value is missing (2)" in done.reason


# json


@pytest.mark.parametrize(
    ("document", "explode", "rows"),
    [
        ('[{"id":"1"},{"id":"2","name":"b"}]', None, [("1", None), ("2", "b")]),
        ('\ufeff[{"id":"1"}]', None, [("1", None)]),
        ('{"id":"1"}', None, [("1", None)]),
        ('{"errcode":0,"list":[{"id":"1"},{"id":"2"}]}', "list", [("1", None), ("2", None)]),
        ('{"data":{"list":[{"id":"1"}]}}', "data.list", [("1", None)]),
        ('{"list":{"id":"1"}}', "list", [("1", None)]),
    ],
)
def test_json_documents(shop: Shop, document: str, explode: str | None, rows: list[Row]) -> None:
    assert shop.land(document, contract(format="json", explode=explode)).rows == rows


@pytest.mark.parametrize(
    ("document", "explode", "reason"),
    [
        ('[{"id":"1"},', None, "the file is not a JSON document"),
        ("<html></html>", None, "the file is not a JSON document"),
        ('[{"id":"1"}] and more', None, "the file is not a JSON document"),
        ('[{"id":"1"}]\n[{"id":"2"}]', None, "the file contains several JSON documents"),
        ('[{"id":"1"}]{"id":"2"}', None, "the file contains several JSON documents"),
        ("  ", None, "no list of records at $"),
        ("5", None, "no list of records at $"),
        ('{"errcode":40001}', "list", 'no list of records at $."list": check `explode` in the contract.'),
        ('{"data":{"list":[]}}', "list", "no list of records at"),
        ('{"list":"none"}', "list", "no list of records at"),
    ],
)
def test_json_that_is_no_list_of_records(shop: Shop, document: str, explode: str | None, reason: str) -> None:
    done = shop.land(document, contract(format="json", explode=explode))
    assert done.file.status == "rejected" and reason in done.reason


def test_json_items_that_are_no_objects(shop: Shop) -> None:
    done = shop.land('[1,{"id":"2"},null]', contract(format="json"))
    assert done.rows == [("2", None)] and done.lines == [2]
    assert [reject[0] for reject in done.rejects] == [1, 3]


def test_json_larger_than_the_contract_allows(shop: Shop) -> None:
    document = json.dumps([{"id": "1", "name": "x" * 1024 * 1024}])
    assert "max_document_mb = 1" in shop.land(document, contract(format="json", max_document_mb=1)).reason


# parquet

PARQUET = {
    "id": {"type": "integer"},
    "amount": {"type": "decimal(18,2)"},
    "at": {"type": "timestamp"},
    "ok": {"type": "boolean"},
    "day": {"type": "date"},
    "name": TEXT,
}


def test_parquet_typed_columns(shop: Shop) -> None:
    query = (
        "select 1 as id, 3.5::double as amount, timestamp '2026-01-01 08:00:00' as at, true as ok,"
        " date '2026-01-02' as day, 'x' as name, [1, 2] as more"
        " union all select 2, null, null, false, null, '', null"
    )
    done = shop.land(shop.parquet(query), contract(PARQUET, format="parquet"))
    assert done.rows == [
        (1, Decimal("3.50"), datetime(2026, 1, 1), True, date(2026, 1, 2), "x"),
        (2, None, None, False, None, None),
    ]
    assert done.extra == [{"more": "[1, 2]"}, {"more": None}]


def test_parquet_timestamps_with_a_zone_keep_their_moment(shop: Shop) -> None:
    query = "select 1.0::double as id, timestamptz '2026-01-01 08:00:00+01' as at"
    done = shop.land(shop.parquet(query), contract(PARQUET, format="parquet"))
    assert done.rows == [(1, None, datetime(2026, 1, 1, 7), None, None, None)]
    assert ("missing_column", "amount") in done.drift


def test_a_folder_named_like_a_partition_adds_no_column(shop: Shop) -> None:
    """Exports and the warehouse may lie in night=2026-06-30/ or below id=7/: none is a column, or the value of one."""
    inner = replace(shop, root=shop.root / "night=2026-06-30" / "id=7")
    inner.root.mkdir(parents=True)
    done = inner.land(inner.parquet("select 1 as id, 'x' as name"), contract(format="parquet"))
    assert (done.rows, done.extra, done.drift) == ([("1", "x")], [None], [])


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_parquet_truncated(shop: Shop, keep: float) -> None:
    data = shop.parquet("select i as id, md5(i::varchar) as name from range(5000) as t(i)")
    done = shop.land(data[: int(len(data) * keep)], contract(PARQUET, format="parquet"))
    assert "the file is not a readable Parquet file" in done.reason


def test_parquet_with_a_damaged_page(shop: Shop) -> None:
    data = bytearray(shop.parquet("select i as id, md5(i::varchar) as name from range(50000) as t(i)"))
    data[2000:4000] = bytes(byte ^ 0xFF for byte in data[2000:4000])
    done = shop.land(bytes(data), contract(PARQUET, format="parquet"))
    assert done.file.status == "rejected" and "the file cannot be read" in done.reason


@pytest.mark.parametrize("data", [b"PAR1", b"id,name\n1,a\n", b"PAR1xxxxPAR1"])
def test_parquet_that_is_none(shop: Shop, data: bytes) -> None:
    assert "the file is not a readable Parquet file" in shop.land(data, contract(format="parquet")).reason


# Types


def test_integers(shop: Shop) -> None:
    good = ["3", "3.0", "+3", "007", " 7 ", "", "9223372036854775807", "9007199254740993.0"]
    bad = ["1.5", "1e3", "1,000", "0x10", "三", "9223372036854775808"]
    values, reasons = shop.one_column(good + bad, type="integer")
    assert values == [3, 3, 3, 7, 7, None, 9223372036854775807, 9007199254740993]
    assert reasons == dict.fromkeys(bad, "not a valid integer")


def test_decimals(shop: Shop) -> None:
    good = ["3", "12.50", "-0.1", "9999999999999999.99", ""]
    bad = ["1,234.50", "￥12", "nan", "10000000000000000"]
    values, reasons = shop.one_column(good + bad, type="decimal(18,2)")
    assert values == [Decimal("3"), Decimal("12.50"), Decimal("-0.1"), Decimal("9999999999999999.99"), None]
    assert reasons == dict.fromkeys(bad, "not a valid decimal(18,2)")


def test_booleans_in_both_languages(shop: Shop) -> None:
    values, reasons = shop.one_column(
        ["是", "否", "TRUE", "f", "1", "0", "Yes", "n", "", "2", "on", "对"], type="boolean"
    )
    assert values == [True, False, True, False, True, False, True, False, None]
    assert reasons == {"2": "not a valid boolean", "on": "not a valid boolean", "对": "not a valid boolean"}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01 08:00:00", datetime(2026, 1, 1)),
        ("2026/1/1 8:00", datetime(2026, 1, 1)),
        ("2026-01-01", datetime(2025, 12, 31, 16)),
        ("2026-01-01T08:00:00.25", datetime(2026, 1, 1, 0, 0, 0, 250000)),
        ("2026-01-01T08:00:00Z", datetime(2026, 1, 1, 8)),
        ("2026-01-01 08:00:00 UTC", datetime(2026, 1, 1, 8)),
        ("2026-01-01 08:00:00+08", datetime(2026, 1, 1)),
        ("2026-01-01T08:00:00+0900", datetime(2025, 12, 31, 23)),
        ("2026-01-01 08:00:00 -05:30", datetime(2026, 1, 1, 13, 30)),
        ("2026-01-01T08:00+08:00", datetime(2026, 1, 1)),
    ],
)
def test_timestamps_are_utc_and_without_an_offset_in_the_contracts_zone(
    shop: Shop, text: str, moment: datetime
) -> None:
    assert shop.one_column([text], type="timestamp") == ([moment], {})


def test_another_zone_in_the_contract(shop: Shop) -> None:
    channel = contract({"id": TEXT, "at": {"type": "timestamp"}}).model_copy(update={"timezone": "America/Sao_Paulo"})
    done = shop.land("id,at\n1,2026-01-01 08:00:00\n2,2026-01-01 08:00:00Z\n", channel)
    assert [row[1] for row in done.rows] == [datetime(2026, 1, 1, 11), datetime(2026, 1, 1, 8)]


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30", "2026-01-01 25:00", "01/02/2026", "2026年1月1日", "1767225600", "infinity", "epoch", "now",
        "2026-01-01 08:00:00 PM", "2026-01-01 08:00:00 CST", "2026-01-01 08:00:00 Asia/Tokyo",
        "2026-01-01 08:00:00+8", "0044-03-15 (BC)", "99999-01-01",
    ],
)  # fmt: skip
def test_what_is_no_timestamp_is_not_guessed(shop: Shop, text: str) -> None:
    assert shop.one_column([text], type="timestamp") == ([], {text: "not a valid timestamp"})


def test_dates(shop: Shop) -> None:
    good = ["2026-01-05", "2026/1/5", "20260105", "2026-01-05 10:00:00", ""]
    bad = ["2026-13-01", "20261301", "2026111", "2026-01-05T20:00:00Z", "2026-01-05 23:30:00-08", "infinity", "5.1."]
    values, reasons = shop.one_column(good + bad, type="date")
    assert values == [date(2026, 1, 5)] * 4 + [None]
    assert reasons == dict.fromkeys(bad, "not a valid date")


def test_epoch_seconds(shop: Shop) -> None:
    good = ["1767225600", "1767225600.0", "0", ""]
    bad = ["1.5", "1767225600000", "99999999999999999", "9223372036854775808", "2026-01-01"]
    values, reasons = shop.one_column(good + bad, type="epoch_seconds")
    assert values == [datetime(2026, 1, 1), datetime(2026, 1, 1), datetime(1970, 1, 1), None]
    assert reasons == dict.fromkeys(bad, "not a valid epoch_seconds")


# What breaks a row


def test_bounds_lists_and_required_values(shop: Shop) -> None:
    columns = {**ORDERS, "status": {"type": "text", "required": True, "in": ["paid", "shipped"]}}
    rows = ["1,,0,paid", "2,,1000,shipped", "3,,-0.01,paid", "4,,1000.01,paid", "5,,1,lost", "6,,1,", ",,1,paid"]
    done = shop.land("id,at,amount,status\n" + "\n".join(rows), contract(columns))
    assert [row[0] for row in done.rows] == [1, 2]
    assert done.rejects == [
        (3, "amount", "-0.01", "less than 0"),
        (4, "amount", "1000.01", "more than 1000"),
        (5, "status", "lost", "not one of paid, shipped"),
        (6, "status", None, "a required value is missing"),
        (7, "id", None, "a required value is missing"),
    ]


@pytest.mark.parametrize("kind", ["timestamp", "date"])
def test_bounds_of_days_are_days_where_the_contract_is(shop: Shop, kind: str) -> None:
    inside = ["2026-01-01 00:00:00", "2026-01-31 23:59:59"]
    outside = ["2025-12-31 23:59:59", "2026-02-01 00:00:00"]
    values, reasons = shop.one_column(inside + outside, type=kind, min=date(2026, 1, 1), max=date(2026, 1, 31))
    assert len(values) == 2
    assert reasons == {outside[0]: "less than 2026-01-01", outside[1]: "more than 2026-01-31"}


def test_every_reason_of_a_row_is_told(shop: Shop) -> None:
    done = shop.land("id,at,amount,status\nx,never,-1,lost\n", contract(ORDERS))
    assert done.file.rows_rejected == 1
    assert done.rejects == [
        (1, "amount", "-1", "less than 0"),
        (1, "at", "never", "not a valid timestamp"),
        (1, "id", "x", "not a valid integer"),
        (1, "status", "lost", "not one of paid, shipped"),
    ]


def test_rejected_values_are_masked(shop: Shop) -> None:
    number = {"type": "integer"}
    columns = {"id": number, "name": {"type": "text", "in": ["x"], "pii": "direct"}, "age": number}
    rows = [
        "1,王小明,1", "2,13812345678,1", "3,x,13812345678.5", "4,x,打电话+8613812345678找我", "5,x,wang@firm.cn",
        "6,wang@firm.cn,1",
    ]  # fmt: skip
    done = shop.land("id,name,age\n" + "\n".join(rows), contract(columns))
    assert [value for _, _, value, _ in done.rejects] == [
        "王**", "138****5678", "138****5678.5", "打电话+86138****5678找我", "w***@firm.cn", "w***@firm.cn",
    ]  # fmt: skip


def test_long_values_are_cut_in_rejects(shop: Shop) -> None:
    done = shop.land(f"id,v\n1,{'x' * 5000}\n", contract({"id": TEXT, "v": {"type": "integer"}}))
    assert done.rejects == [(1, "v", "x" * 200, "not a valid integer")]


def test_more_bad_rows_than_allowed_reject_the_file_whole(shop: Shop) -> None:
    rows = ["1,,1", "2,,x", "3,,1", "4,,y", "5,,-1"]
    channel = contract(ORDERS, max_reject_rate=0.5)
    done = shop.land("id,at,amount\n" + "\n".join(rows), channel)
    assert (done.file.rows_read, done.file.rows_landed, done.file.rows_rejected) == (5, 0, 5)
    assert done.file.status == "rejected" and done.file.path is None and len(done.rejects) == 3
    assert done.reason == (
        "3 of 5 rows break the contract, more than max_reject_rate 0.5:"
        " amount: not a valid decimal(18,2) (2); amount: less than 0 (1)"
    )
    assert not list((shop.root / "landed").rglob("*.tmp"))


def test_as_many_bad_rows_as_allowed_land_the_rest(shop: Shop) -> None:
    done = shop.land("id,name\n1,a\n,b\n", contract(max_reject_rate=0.5))
    assert done.file.landed and done.rows == [("1", "a")]


def test_landed_rows_know_where_they_come_from(shop: Shop) -> None:
    channel = contract(file_date=r"orders_(\d{8})")
    done = shop.land("id,name\n,x\n1,a\n", channel, "orders_20260130.csv")
    rows = shop.landed(done.file, "_file, _line, _landed_seq, _landed_date, _file_date")
    assert rows == [("orders_20260130.csv", 2, 1, AS_OF, date(2026, 1, 30))]


# Files of a channel


def test_a_file_seen_before_is_skipped(shop: Shop) -> None:
    data = b"id,name\n1,a\n"
    first = shop.land_folder({"orders.csv": data}, contract())
    again = shop.land_folder({"orders.csv": data}, contract(), seq=2, known=first.files)
    assert not again.files and again.skipped == 1 and not again.problems
    changed = shop.land_folder({"orders.csv": data + b"2,b\n"}, contract(), seq=2, known=first.files)
    assert [file.rows_landed for file in changed.files] == [2]


def test_a_landed_file_is_skipped_under_a_changed_contract_too(shop: Shop) -> None:
    files = {"orders.csv": b"id,name\n1,a\n"}
    first = shop.land_folder(files, contract())
    again = shop.land_folder(files, contract(max_reject_rate=0.2), seq=2, known=first.files)
    assert again.skipped == 1 and not again.files


def test_the_same_list_of_another_day_is_another_file(shop: Shop) -> None:
    channel = contract(file_date=r"orders_(\d{8})")
    data = b"id,name\n1,a\n"
    first = shop.land_folder({"orders_20260101.csv": data}, channel)
    renamed = shop.land_folder({"orders_20260101_again.csv": data}, channel, known=first.files)
    assert renamed.skipped == 1
    returned = shop.land_folder({"orders_20260103.csv": data}, channel, known=first.files)
    assert [file.file_date for file in returned.files] == ["2026-01-03"]


def test_one_content_twice_in_one_landing_lands_once(shop: Shop) -> None:
    data = b"id,name\n1,a\n"
    files = {"orders_20260101.csv": data, "orders_20260101(1).csv": data}
    result = shop.land_folder(files, contract(file_date=r"orders_(\d{8})"))
    assert len(result.files) == 1 and result.skipped == 1 and result.rows_landed == 1


def test_a_rejected_file_waits_for_another_contract(shop: Shop) -> None:
    files = {"orders.csv": b"id,name\n1,a\nx,b\n"}
    strict = contract({"id": {"type": "integer"}, "name": TEXT}, max_reject_rate=0)
    first = shop.land_folder(files, strict)
    assert first.files[0].status == "rejected" and first.rows_rejected == 2
    again = shop.land_folder(files, strict, seq=2, known=first.files)
    assert again.skipped == 1 and again.problems == first.problems
    mended = shop.land_folder(files, contract(), seq=3, known=first.files)
    assert mended.rows_landed == 2 and not mended.problems


def test_one_bad_export_does_not_stop_the_others(shop: Shop) -> None:
    one = contract().exports["orders"]
    exports = {
        "orders": one.model_copy(update={"files": "orders*.csv"}),
        "refunds": one.model_copy(update={"files": "refunds*.json", "format": "json"}),
        "coupons": one.model_copy(update={"files": "coupons*.csv"}),
        "gifts": one.model_copy(update={"files": "gifts*.csv", "optional": True}),
    }
    channel = contract().model_copy(update={"exports": exports})
    files = {"orders_1.csv": b"", "orders_2.csv": b"id,name\n1,a\n", "refunds.json": b"[{"}
    result = shop.land_folder(files, channel)
    assert {file.file: file.status for file in result.files} == {
        "orders_1.csv": "rejected",
        "orders_2.csv": "landed",
        "refunds.json": "rejected",
    }
    assert len(result.problems) == 3 and "no file matches coupons*.csv" in result.problems
    assert result.rows_landed == 1


def test_a_folder_that_does_not_exist(shop: Shop) -> None:
    landing = Landing(1, AS_OF, shop.root, shop.root, {})
    result = land_channel(shop.session, contract(), shop.root / "nowhere", landing)
    assert not result.files and "nowhere does not exist" in result.problems[0]
    assert land_channel(shop.session, contract(), None, landing).problems == ["the folder (none) does not exist"]


def test_a_file_that_may_not_be_opened(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = landing_module.file_sha256

    def refuse(path: Path) -> str:
        if path.name == "orders_1.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return digest(path)

    monkeypatch.setattr(landing_module, "file_sha256", refuse)
    files = {"orders_1.csv": b"id,name\n1,a\n", "orders_2.csv": b"id,name\n2,b\n"}
    result = shop.land_folder(files, contract())
    assert result.problems == ["orders_1.csv: Permission denied"]
    assert [file.file for file in result.files] == ["orders_2.csv"]


def test_a_file_that_vanishes_while_it_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = landing_module.file_sha256

    def vanish(path: Path) -> str:
        found = digest(path)
        if path.name == "orders_1.csv":
            path.unlink()
        return found

    monkeypatch.setattr(landing_module, "file_sha256", vanish)
    result = shop.land_folder({"orders_1.csv": b"id,name\n1,a\n", "orders_2.csv": b"id,name\n2,b\n"}, contract())
    assert result.problems == ["orders_1.csv: No such file or directory"]
    assert [file.file for file in result.files] == ["orders_2.csv"]


def test_a_file_that_grows_while_it_is_read_waits(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = landing_module.file_sha256

    def grow(path: Path) -> str:
        found = digest(path)
        with path.open("a", encoding="utf-8") as file:
            file.write("2,b\n")
        return found

    monkeypatch.setattr(landing_module, "file_sha256", grow)
    result = shop.land_folder({"orders.csv": b"id,name\n1,a\n"}, contract())
    assert result.problems == ["orders.csv: the file changed while it was read; the next run will read it"]
    assert result.files == []
    assert [path.name for path in (shop.root / "landed").rglob("*.parquet")]
    sweep(shop.root, result.files)
    assert not [path for path in (shop.root / "landed").rglob("*") if path.is_file()]


def test_what_a_landing_leaves_uncommitted_is_removed(shop: Shop) -> None:
    """Killed after it wrote, and before the ledger knew: the next run clears it away, and nothing else."""
    first = shop.land_folder({"orders.csv": b"id,name\n1,a\n,b\n"}, contract())
    sweep(shop.root, first.files)
    kept = {path for path in (shop.root / "landed").rglob("*") if path.is_file()}
    assert len(kept) == 2
    shop.land_folder({"orders.csv": b"id,name\n2,a\n,b\n"}, contract(), seq=2, known=first.files)
    (shop.root / "landed" / "shop" / "orders" / "unknown.parquet").write_bytes(b"not of the journal")
    sweep(shop.root, first.files)
    left = {path for path in (shop.root / "landed").rglob("*") if path.is_file()}
    assert {path.name for path in left - kept} == {"unknown.parquet"} and kept < left


def test_a_contract_that_returns_reads_a_file_again(shop: Shop) -> None:
    """Each reading lies under a name of its own: none is overwritten, no row stands twice."""
    files = {"orders.csv": "id,name\n1,a\n2,二\n".encode()}
    narrow = contract({"id": TEXT, "name": {"type": "text", "in": ["a"]}})
    known: list[LandedFile] = []
    for seq, channel in enumerate((narrow, contract({"id": TEXT, "name": {"type": "text", "in": ["b"]}}), narrow), 1):
        known += shop.land_folder(files, channel, seq=seq, known=known).files
    assert [file.rows_landed for file in known] == [1, 0, 1]
    assert len({file.path for file in known}) == 3
    assert shop.read(narrow, known, "id, name") == [("1", "a")]


def test_a_parquet_file_whose_footer_outlived_its_data(shop: Shop) -> None:
    """The engine reads past the end: an input/output error, which must not stop other channels or stay for ever."""
    path = shop.root / "whole.parquet"
    shop.session.execute(
        "copy (select i::varchar as id, md5(i::varchar) as name from range(20000) as r(i))"
        f" to '{path}' (format parquet)"
    )
    data = path.read_bytes()
    files = {"orders_1": data[:4] + data[-2000:], "orders_2": data}
    result = shop.land_folder(files, contract(format="parquet"))
    assert len(result.problems) == 1 and result.problems[0].startswith("orders_1: the file cannot be")
    assert [file.rows_landed for file in result.files if file.landed] == [20000]


def test_a_folder_that_may_not_be_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (shop.root / "in").mkdir()
    monkeypatch.setattr(Path, "iterdir", refuse)
    result = land_channel(shop.session, contract(), shop.root / "in", Landing(1, AS_OF, shop.root, shop.root, {}))
    assert result.problems == [f"the folder {shop.root / 'in'} cannot be read: Permission denied"]


def test_whole_numbers_that_a_writer_made_doubles(shop: Shop) -> None:
    path = shop.root / "pandas.parquet"
    shop.session.execute(
        "copy (select 1 as id, 13900000001.0::double as name union all select 2, null union all select 3, 1.5)"
        f" to '{path}' (format parquet)"
    )
    done = shop.land(path.read_bytes(), contract(format="parquet"), name="orders")
    assert [row[1] for row in done.rows] == ["13900000001", None, "1.5"]


def test_an_engine_that_fails_on_a_file_fails_on_that_file_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casts, "cast_sql", lambda column, text, timezone: "error('no 13812345678')")
    done = shop.land("id,name\n1,a\n")
    assert done.file.status == "rejected" and "the file cannot be landed" in done.reason
    assert "138****5678" in done.reason and "13812345678" not in done.reason


def test_a_file_that_the_engine_has_no_memory_for_is_told_and_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(session: DuckSession, path: Path, export: Any, scratch: Path) -> None:
        if path.name == "orders_1.csv":
            raise StatementFault("DuckDB: Out of Memory Error: failed to allocate", "", "see SIYU_MEMORY_LIMIT.")
        return readers.read(session, path, export, scratch)

    monkeypatch.setattr(filing_module, "read", refuse)
    result = shop.land_folder({"orders_1.csv": b"id,name\n1,a\n", "orders_2.csv": b"id,name\n2,b\n"}, contract())
    assert result.problems == [
        "orders_1.csv: the file cannot be read: DuckDB: Out of Memory Error: failed to allocate: see SIYU_MEMORY_LIMIT."
    ]
    assert [file.file for file in result.files] == ["orders_2.csv"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("orders_late.csv", "the name does not match file_date"),
        ("orders_20261301.csv", "'20261301' in the name is not a date such as 20260131"),
        ("orders_2026013.csv", "'2026013' in the name is not a date"),
        (os.fsdecode("orders_20260101_订单.csv".encode("gb18030")), "the file's name is not utf-8"),
    ],
)
def test_names_that_tell_no_date(shop: Shop, name: str, reason: str) -> None:
    done = shop.land("id,name\n1,a\n", contract(file_date=r"orders_(\d{7,8})"), name)
    assert done.file.status == "rejected" and reason in done.reason
    done.file.file.encode()


# What models read


def test_the_latest_version_is_current_and_earlier_ones_are_superseded(shop: Shop) -> None:
    channel = contract({**ID_AND_NAME, "at": {"type": "timestamp"}}, version="at")
    nights = [
        (date(2026, 1, 29), {"orders_1.csv": "id,name,at\n1,old,2026-01-01\n2,only,2026-01-01\n"}),
        (date(2026, 1, 30), {"orders_2.csv": "id,name,at\n1,new,2026-01-03\n1,older,2025-12-01\n"}),
        (date(2026, 1, 31), {"orders_3.csv": "id,name,at\n1,late file,2026-01-02\n1,no version,\n"}),
    ]
    files = shop.nights(channel, nights)
    assert shop.read(channel, files, "id, name") == [("1", "new"), ("2", "only")]
    superseded = shop.read(channel, files, "name", superseded=True)
    assert superseded == [("late file",), ("no version",), ("old",), ("older",)]


def test_without_a_version_the_last_landed_line_is_current(shop: Shop) -> None:
    nights = [
        (date(2026, 1, 29), {"orders.csv": "id,name\n1,first\n2,a\n2,b\n"}),
        (date(2026, 1, 30), {"orders.csv": "id,name\n1,second\n"}),
    ]
    files = shop.nights(contract(), nights)
    assert shop.read(contract(), files, "id, name") == [("1", "second"), ("2", "b")]


def test_the_date_of_the_file_counts_before_its_landing(shop: Shop) -> None:
    channel = contract(file_date=r"orders_(\d{8})")
    nights = [
        (date(2026, 1, 30), {"orders_20260130.csv": "id,name\n1,of the 30th\n"}),
        (date(2026, 1, 31), {"orders_20260115.csv": "id,name\n1,of the 15th\n"}),
    ]
    files = shop.nights(channel, nights)
    assert shop.read(channel, files, "name") == [("of the 30th",)]


@pytest.mark.parametrize(("moment", "current"), [("2026-01-31 23:59:59", "new"), ("2026-02-01 00:00:00", "old")])
def test_a_version_after_as_of_loses_to_one_in_time(shop: Shop, moment: str, current: str) -> None:
    channel = contract({**ID_AND_NAME, "at": {"type": "timestamp"}}, version="at")
    data = f"id,name,at\n1,old,2026-01-01\n1,new,{moment}\n2,only,2026-03-01\n"
    files = shop.nights(channel, [(AS_OF, {"orders.csv": data})])
    assert shop.read(channel, files, "id, name") == [("1", current), ("2", "only")]


def test_what_landed_after_as_of_loses_to_what_was_known(shop: Shop) -> None:
    nights = [
        (date(2026, 1, 31), {"orders.csv": "id,name\n1,known\n"}),
        (date(2026, 2, 1), {"orders.csv": "id,name\n1,tomorrow\n"}),
    ]
    files = shop.nights(contract(), nights)
    assert shop.read(contract(), files, "name") == [("known",)]


def test_a_key_missing_from_the_next_list_was_removed_that_day(shop: Shop) -> None:
    channel = contract(load="snapshot", file_date=r"_(\d{8})", allow_empty=True)
    nights = [
        (
            date(2026, 1, 29),
            {"orders_a_20260129.csv": "id,name\n1,a\n2,b\n", "orders_b_20260129.csv": "id,name\n3,c\n"},
        ),
        (date(2026, 1, 30), {"orders_20260130.csv": "id,name\n1,a\n4,d\n"}),
        (date(2026, 1, 31), {"orders_20260131.csv": "id,name\n2,b\n"}),
        (date(2026, 2, 1), {"orders_20260201.csv": "id,name\n"}),
    ]
    files = shop.nights(channel, nights)
    assert shop.read(channel, files, "id, _removed_date") == [
        ("1", date(2026, 1, 31)),
        ("2", None),
        ("3", date(2026, 1, 30)),
        ("4", date(2026, 1, 31)),
    ]


def test_who_stands_in_what_was_rejected_has_not_been_removed(shop: Shop) -> None:
    columns = {"id": TEXT, "n": {"type": "integer"}}
    channel = contract(columns, load="snapshot", file_date=r"_(\d{8})", max_reject_rate=0.6)
    nights = [
        (date(2026, 1, 28), {"orders_a_20260128.csv": "id,n\n1,1\n2,2\n", "orders_b_20260128.csv": "id,n\n3,3\n"}),
        (date(2026, 1, 29), {"orders_a_20260129.csv": "id,n\n1,1\n", "orders_b_20260129.csv": "nothing"}),
        (date(2026, 1, 30), {"orders_20260130.csv": "id,n\n1,1\n2,zwei\n"}),
        (date(2026, 1, 31), {"orders_20260131.csv": "id,n\n1,1\n"}),
    ]
    files = shop.nights(channel, nights)
    removed = date(2026, 1, 31)
    assert shop.read(channel, files, "id, _removed_date") == [("1", None), ("2", removed), ("3", removed)]


def test_a_key_that_is_listed_is_there_whatever_its_version_says(shop: Shop) -> None:
    columns = {"id": TEXT, "v": {"type": "integer"}}
    channel = contract(columns, load="snapshot", file_date=r"_(\d{8})", version="v")
    nights = [
        (date(2026, 1, 29), {"orders_20260129.csv": "id,v\n1,9\n"}),
        (date(2026, 1, 30), {"orders_20260130.csv": "id,v\n1,2\n"}),
    ]
    files = shop.nights(channel, nights)
    assert shop.read(channel, files, "v, _removed_date") == [(9, None)]


def test_an_empty_list_removes_all(shop: Shop) -> None:
    channel = contract(load="snapshot", file_date=r"_(\d{8})", allow_empty=True)
    nights = [
        (date(2026, 1, 29), {"orders_20260129.csv": "id,name\n1,a\n"}),
        (date(2026, 1, 30), {"orders_20260130.csv": "id,name\n"}),
    ]
    files = shop.nights(channel, nights)
    assert shop.read(channel, files, "id, _removed_date") == [("1", date(2026, 1, 30))]


def test_appended_rows_are_never_removed(shop: Shop) -> None:
    channel = contract(file_date=r"_(\d{8})")
    nights = [
        (date(2026, 1, 29), {"orders_20260129.csv": "id,name\n1,a\n"}),
        (date(2026, 1, 30), {"orders_20260130.csv": "id,name\n2,b\n"}),
    ]
    files = shop.nights(channel, nights)
    assert shop.read(channel, files, "id, _removed_date") == [("1", None), ("2", None)]


ADDED = {
    "items": {"type": "integer", "path": "No. of items"},
    "at": {"type": "timestamp"},
    "paid_at": {"type": "epoch_seconds"},
    "gift": {"type": "boolean"},
    "city": TEXT,
}


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_column_added_later_is_read_from_the_extra_of_older_files(shop: Shop, kind: str) -> None:
    values = {"at": "2026-01-01 08:00:00", "paid_at": "1767225600", "gift": "是", "city": "上海"}
    count = {"No. of items": "3.0"} if kind == "csv" else {"No": {" of items": "3.0"}}
    record = {"id": "1", "name": "a", **count, **values}
    as_csv = f"{','.join(record)}\n{','.join(map(str, record.values()))}\n"
    wider = contract({**ID_AND_NAME, **ADDED}, format=kind)
    files = shop.nights(contract(format=kind), [(AS_OF, {"orders_1": as_csv if kind == "csv" else json.dumps(record)})])
    newer = "id,city\n2,北京\n" if kind == "csv" else '{"id":"2","city":"北京"}'
    files += shop.land_folder({"orders_2": newer.encode()}, wider, seq=2).files
    assert shop.read(wider, files, 'id, items, "at", paid_at, gift, city') == [
        ("1", 3, datetime(2026, 1, 1), datetime(2026, 1, 1), True, "上海"),
        ("2", None, None, None, None, "北京"),
    ]


def test_a_channel_that_never_landed_has_its_columns(shop: Shop) -> None:
    channel = contract(ORDERS)
    rejected = shop.land("nothing", channel).file
    shop.lay_out(channel, [rejected])
    columns = {column.name: column.type for column in shop.session.columns("is_orders")}
    assert columns["amount"] == "DECIMAL(18,2)" and columns["_removed_date"] == "DATE"
    assert shop.session.rows("select * from is_orders") == []


# Invariants

VALID = (
    "id,at,amount,status,note\n"
    '1,2026-01-01 08:00:00,12.50,paid,"two\nlines"\n'
    '2,2026-01-02T08:00:00+08:00,0,shipped,"say ""hi"""\n'
    "3,,1000,,张三\n"
    "4,2026-01-04,,paid,\n"
).encode()
PIECES = st.sampled_from(
    [b'"', b'""', b",", b"\n", b"\r\n", b"\0", b"\xff", b"\xd5\xc5", b"-1", b" ", b"x", b"\xef\xbb\xbf"]
)
CHANGE = st.tuples(st.integers(0, len(VALID)), st.integers(0, 6), PIECES | st.binary(max_size=3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("invariants")


@given(changes=st.lists(CHANGE, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_it_is_counted_and_what_landed_keeps_the_contract(
    session: DuckSession, folder: Path, changes: list[tuple[int, int, bytes]]
) -> None:
    data = VALID
    for at, dropped, put in changes:
        data = data[:at] + put + data[at + dropped :]
    done = Shop(session, folder).land(data, contract(ORDERS))
    assert done.file.status == "rejected" or done.file.rows_read >= 0
    done.reason.encode()
    bad_lines = {reject[0] for reject in done.rejects}
    assert len(bad_lines) == (done.file.rows_rejected if done.file.landed else 0)
    assert not bad_lines & set(done.lines)
    for row in done.rows:
        number, _, amount, status, note = row
        assert number is not None
        assert amount is None or 0 <= amount <= 1000
        assert status in (None, "paid", "shipped")
        assert note is None or ("\0" not in note and note != "")


FIELD = st.text(alphabet="ab ,;\"\n\r\t'\\#张\ufeff", max_size=6)


@given(fields=st.lists(FIELD, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bad_record_does_not_change_how_its_neighbours_are_read(
    session: DuckSession, folder: Path, fields: list[str]
) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([["id", "name"], *([str(number), field] for number, field in enumerate(fields))])
    expected = [(str(number), field or None) for number, field in enumerate(fields)]
    assert Shop(session, folder).land(text.getvalue()).rows == expected
    beside = Shop(session, folder).land(f"{text.getvalue()}x,y,z\r\n")
    assert beside.rows == expected and beside.file.rows_rejected == 1
