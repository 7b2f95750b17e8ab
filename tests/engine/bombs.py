"""Files made to break what reads them, and a process of its own in which one of them is landed.

`python -m tests.engine.bombs FOLDER KIND` lands FOLDER/in as a night would and prints what came of it as JSON.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import xlsxwriter

from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.landing.channel import land_channel
from siyu.landing.file import Landing
from siyu.seeds.channels import Channel

MB = 1 << 20
LETTERS = b"x" * MB
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
Make = Callable[[Path], None]


def channel(kind: str, bombs: list[str]) -> Channel:
    """An export a bomb, and after them a good one."""
    columns = {"id": {"type": "text"}, "name": {"type": "text"}}
    export = {"format": kind, "key": ["id"], "columns": columns, "max_reject_rate": 1}
    exports = {bomb: {**export, "files": f"{bomb}.{kind}"} for bomb in bombs}
    good = {"zz_good": {**export, "files": "good.csv", "format": "csv"}}
    about = {"channel": "shop", "title": "商城", "domain": "private", "owner": "shop"}
    return Channel.model_validate({**about, "exports": {**exports, **good}})


def bombs_of(kind: str) -> dict[str, Make]:
    """By name."""
    return {name: make for name, make in globals().items() if name.startswith(f"{kind}_") and callable(make)}


# csv


def csv_without_a_newline(path: Path) -> None:
    path.write_bytes(b"id,name," + LETTERS * 10)


def csv_line_of_10_mb(path: Path) -> None:
    path.write_bytes(b"id,name\n1,a\n2," + LETTERS * 10 + b"\n3,c\n")


def csv_quoted_field_of_10_mb(path: Path) -> None:
    path.write_bytes(b'id,name\n1,a\n2,"' + b"x,\n" * (10 * MB // 3) + b'"\n3,c\n')


def csv_quoted_field_of_40_mb(path: Path) -> None:
    path.write_bytes(b'id,name\n1,a\n2,"' + b"x,\n" * (40 * MB // 3) + b'"\n3,c\n')


def csv_quote_never_closed_over_300_mb(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'id,name\n1,a\n2,"')
        for _ in range(300):
            file.write(LETTERS[:-1] + b"\n")


def csv_of_300_mb_on_one_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"id,name\n1,a\n2,")
        for _ in range(300):
            file.write(LETTERS)
        file.write(b"\n3,c\n")


def csv_header_of_300_mb(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"id,name")
        for _ in range(300):
            file.write(b",x" * (MB // 2))
        file.write(b"\n1,a\n")


def csv_of_100_000_columns(path: Path) -> None:
    more = range(100_000)
    header = ",".join(["id", "name", *(f"c{i}" for i in more)])
    values = ",".join(["1", "a", *("1" for _ in more)])
    path.write_text(f"{header}\n{values}\n")


def csv_of_5_000_columns(path: Path) -> None:
    more = range(5_000)
    header = ",".join(["id", "name", *(f"c{i}" for i in more)])
    values = ",".join(["1", "a", *("1" for _ in more)])
    path.write_text(f"{header}\n" + f"{values}\n" * 20)


def csv_of_nothing_but_nul(path: Path) -> None:
    path.write_bytes(b"id,name\n1,a\n" + bytes(50 * MB))


def csv_of_nothing_but_quotes(path: Path) -> None:
    path.write_bytes(b"id,name\n1,a\n" + b'"' * (20 * MB + 1))


def csv_of_nothing_but_commas(path: Path) -> None:
    path.write_bytes(b"id,name\n1,a\n" + b"," * (30 * MB))


def csv_of_nothing_but_newlines(path: Path) -> None:
    path.write_bytes(b"id,name\n1,a\n" + b"\n" * (MB // 4))


# json


def _jsonl(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.write(b'{"id":"1","name":"a"}\n{"id":"2","name":"')
        for _ in range(size):
            file.write(LETTERS)
        file.write(b'"}\n{"id":"3"}\n')


def jsonl_line_of_10_mb(path: Path) -> None:
    _jsonl(path, 10)


def jsonl_line_of_70_mb(path: Path) -> None:
    _jsonl(path, 70)


def jsonl_line_of_300_mb(path: Path) -> None:
    _jsonl(path, 300)


def jsonl_of_50_000_keys(path: Path) -> None:
    path.write_text("".join(json.dumps({"id": str(i), f"key {i}": i}) + "\n" for i in range(50_000)))


def jsonl_record_of_50_000_keys(path: Path) -> None:
    path.write_text(json.dumps({"id": "1", **{f"key {i}": i for i in range(50_000)}}) + "\n")


def jsonl_nested_100_000_deep(path: Path) -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    path.write_text('{"id":"1","name":"a"}\n{"id":"2","name":' + deep + '}\n{"id":"3","more":' + deep + "}\n")


def jsonl_arrays_4_million_deep(path: Path) -> None:
    deep = "[" * 4_000_000 + "]" * 4_000_000
    path.write_text('{"id":"1","name":"a"}\n{"id":"2","name":' + deep + '}\n{"id":"3","more":' + deep + "}\n")


def jsonl_objects_1_million_deep(path: Path) -> None:
    deep = '{"a":' * 1_000_000 + "1" + "}" * 1_000_000
    path.write_text('{"id":"1","name":"a"}\n{"id":"2","name":' + deep + '}\n{"id":"3","more":' + deep + "}\n")


def json_nested_4_million_deep(path: Path) -> None:
    deep = "[" * 4_000_000 + "1" + "]" * 4_000_000
    path.write_text('[{"id":"1","name":"a"},{"id":"2","more":' + deep + "}]")


def jsonl_arrays_100_000_deep(path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    path.write_text('{"id":"1","name":"a"}\n{"id":"2","name":' + deep + '}\n{"id":"3","more":' + deep + "}\n")


def json_nested_100_000_deep(path: Path) -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    path.write_text('[{"id":"1","name":"a"},{"id":"2","more":' + deep + "}]")


def json_never_closed_1_000_000_deep(path: Path) -> None:
    path.write_text("[" * 1_000_000)


def json_string_of_50_mb(path: Path) -> None:
    path.write_bytes(b'[{"id":"1"},{"id":"2","name":"' + LETTERS * 50 + b'"},{"id":"3"}]')


def json_of_5_million_records(path: Path) -> None:
    path.write_text('[{"id":"1"}' + ',{"id":"2"}' * 5_000_000 + "]")


# xlsx


def _book(path: Path, parts: dict[str, bytes | Iterator[bytes]]) -> None:
    """A sound workbook with some of its parts replaced, or more of them."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["id", "name"])
        page.write_row(1, 0, ["1", "a"])
    with zipfile.ZipFile(data) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for part in [*(p for p in old.namelist() if p not in parts), *parts]:
            content = parts.get(part) or old.read(part)
            with new.open(part, "w", force_zip64=True) as file:
                for block in [content] if isinstance(content, bytes) else content:
                    file.write(block)


def _sheet(path: Path, rows: str | Iterator[bytes], dimension: str = "A1:B2") -> None:
    head = (
        '<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/'
        f'main"><dimension ref="{dimension}"/><sheetData>' + _cells(1, "id", "name")
    ).encode()
    middle = [rows.encode()] if isinstance(rows, str) else rows
    _book(path, {SHEET: (block for part in ([head], middle, [b"</sheetData></worksheet>"]) for block in part)})


def _cells(number: int, *texts: str) -> str:
    cells = "".join(
        f'<c r="{chr(65 + i)}{number}" t="inlineStr"><is><t>{text}</t></is></c>' for i, text in enumerate(texts)
    )
    return f'<row r="{number}">{cells}</row>'


def xlsx_of_600_mb_of_zeros(path: Path) -> None:
    _book(path, {"xl/media/image1.bin": (bytes(MB) for _ in range(600))})


def xlsx_dimension_of_a_whole_sheet(path: Path) -> None:
    _sheet(path, _cells(2, "1", "a"), "A1:XFD1048576")


def xlsx_one_cell_at_the_far_end(path: Path) -> None:
    _sheet(path, _cells(2, "1", "a") + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def xlsx_cell_beyond_the_far_end(path: Path) -> None:
    _sheet(path, _cells(2, "1", "a") + '<row r="4294967295"><c r="ZZZZZZ4294967295"><v>1</v></c></row>')


def xlsx_wide_rows(path: Path) -> None:
    _sheet(
        path,
        (f'<row r="{i}"><c r="A{i}"><v>1</v></c><c r="XFD{i}"><v>1</v></c></row>'.encode() for i in range(2, 20_000)),
    )


def xlsx_cell_of_10_mb(path: Path) -> None:
    _sheet(path, _cells(2, "1", "x" * 10 * MB) + _cells(3, "3", "c"))


def xlsx_cell_of_40_mb(path: Path) -> None:
    _sheet(path, _cells(2, "1", "x" * 40 * MB) + _cells(3, "3", "c"))


def xlsx_inside_xlsx_inside_xlsx(path: Path) -> None:
    inner = b""
    for _ in range(5):
        _book(path, {f"xl/embeddings/book{i}.xlsx": inner for i in range(10)} if inner else {})
        inner = path.read_bytes()


def xlsx_of_entities(path: Path) -> None:
    lols = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    text = (
        f'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY l0 "lol">{lols}]>'
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="4" uniqueCount="4">'
        "<si><t>id</t></si><si><t>name</t></si><si><t>1</t></si><si><t>&l9;</t></si></sst>"
    )
    _book(path, {STRINGS: text.encode()})


def xlsx_of_400_mb_of_one_shared_string(path: Path) -> None:
    head = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>'
    parts = ([head], (LETTERS for _ in range(400)), [b"</t></si></sst>"])
    _book(path, {STRINGS: (block for part in parts for block in part)})


def xlsx_of_many_shared_strings(path: Path) -> None:
    head = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    parts = ([head], (b"<si><t/></si>" * 80_000 for _ in range(40)), [b"</sst>"])
    _book(path, {STRINGS: (block for part in parts for block in part)})


def xlsx_shared_strings_that_say_4_billion(path: Path) -> None:
    text = (
        '<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        ' count="4294967295" uniqueCount="4294967295"><si><t>id</t></si></sst>'
    )
    _book(path, {STRINGS: text.encode()})


def xlsx_of_1_mb_of_cells(path: Path) -> None:
    block = b'<row><c t="b"><v>1</v></c></row>' * 10_000
    _sheet(path, (block for _ in range(MB // len(block))))


def xlsx_of_30_mb_of_empty_rows(path: Path) -> None:
    block = b"<row/>" * 100_000
    _sheet(path, (block for _ in range(30 * MB // len(block))))


def xlsx_one_string_in_every_cell(path: Path) -> None:
    """1 MB once, and 100,000 cells that name it: 100 GB as text."""
    head = (
        '<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        "<si><t>id</t></si><si><t>name</t></si><si><t>" + "x" * MB + "</t></si></sst>"
    )
    rows = "".join(f'<row r="{i}"><c r="B{i}" t="s"><v>2</v></c></row>' for i in range(2, 100_000))
    sheet = (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>' + rows + "</sheetData></worksheet>"
    )
    _book(path, {STRINGS: head.encode(), SHEET: sheet.encode()})


# parquet


def _parquet(path: Path, query: str, options: str = "") -> None:
    connection = duckdb.connect(config={"memory_limit": "2GB"})
    connection.execute(f"copy ({query}) to '{path}' (format parquet{options})")
    connection.close()


def _patched(path: Path, change: Callable[[bytearray], None]) -> None:
    _parquet(path, "select i::varchar as id, md5(i::varchar) as name from range(50000) as r(i)")
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def parquet_of_3_million_equal_rows(path: Path) -> None:
    _parquet(path, "select '1' as id, 'a' as name from range(3000000)", ", compression zstd")


def parquet_of_one_long_text_in_many_rows(path: Path) -> None:
    _parquet(
        path,
        "select i::varchar as id, repeat('x', 1000000) as name from range(1000) as r(i)",
        ", compression zstd, dictionary_size_limit 100000",
    )


def parquet_of_a_text_of_200_mb(path: Path) -> None:
    _parquet(path, "select '1' as id, repeat('x', 200000000) as name", ", compression zstd")


def parquet_footer_length_too_great(path: Path) -> None:
    _patched(path, lambda data: struct.pack_into("<I", data, len(data) - 8, 0x7FFFFFFF))


def parquet_footer_length_too_small(path: Path) -> None:
    _patched(path, lambda data: struct.pack_into("<I", data, len(data) - 8, 12))


def parquet_page_headers_overwritten(path: Path) -> None:
    def change(data: bytearray) -> None:
        data[4:64] = b"\xff" * 60

    _patched(path, change)


def parquet_that_says_4_billion_rows(path: Path) -> None:
    """The footer's row counts (zigzag varints of 50,000) say more than there is."""

    def change(data: bytearray) -> None:
        footer = len(data) - 8 - struct.unpack_from("<I", data, len(data) - 8)[0]
        at = data.find(b"\xa0\x8d\x06", footer)
        while at >= 0:
            data[at : at + 3] = b"\xfe\xff\x7f"
            at = data.find(b"\xa0\x8d\x06", at + 3)

    _patched(path, change)


def parquet_of_5_000_columns(path: Path) -> None:
    columns = ", ".join(f"{i} as c{i}" for i in range(5000))
    _parquet(path, f"select '1' as id, 'a' as name, {columns}")


# A process of its own


def peak() -> int:
    """The most memory that this process or one it started has held, in MB."""
    own = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(int(own.split()[1]), started) >> 10


def main(folder: Path, kind: str) -> None:
    engine = DuckEngine(
        None,
        RunInputs("2026-01-31", "Asia/Shanghai", "k"),
        threads=2,
        memory_limit="1GB",
        temp_directory=folder / "spill",
    )
    scratch = folder / "scratch"
    scratch.mkdir()
    landing = Landing(1, date(2026, 1, 31), folder, scratch, {})
    bombs = sorted(path.stem for path in (folder / "in").glob(f"*.{kind}") if path.stem != "good")
    result = land_channel(engine.session(), channel(kind, bombs), folder / "in", landing)
    answer = {
        "files": {f.export: [f.status, f.rows_read, f.rows_landed + f.rows_replaced] for f in result.files},
        "problems": result.problems,
        "drift": len(result.drift),
        "peak": peak(),
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
