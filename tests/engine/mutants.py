"""Good files of known records in every format, ways to damage them, and what an independent reader finds in the damage.

Nothing here is siyu's: csv is read by Python's csv module, JSON by its json module.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from hypothesis import strategies as st

Record = dict[str, str]
COLUMNS: dict[str, dict[str, Any]] = {
    "id": {"type": "text", "required": True},
    "name": {"type": "text", "pii": "direct"},
    "mobile": {"type": "text", "pii": "direct"},
    "at": {"type": "timestamp"},
    "amount": {"type": "decimal(18,2)", "required": True},
    "count": {"type": "integer"},
    "note": {"type": "text"},
}
HEADER = list(COLUMNS)
NOTES = ["", "他说：“好，下周”", 'say "hi", then go', "two\nlines", "a,b;c\td", "  spaces  ", "'quoted'", "\\n"]
UNTOLD = "\1"  # JSON's ways to write one value are many
SHORTEST = {"text": r"(?s)[^\0]+", "timestamp": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "integer": r"\d{1,15}"}


def record(number: int) -> Record:
    """Every value can be told from those of every other record."""
    moment = datetime(2026, 1, 1, 8) + timedelta(hours=number, seconds=number)
    return {
        "id": f"k{number:05}",
        "name": f"张三{number}",
        "mobile": f"138{(number + 1) * 7654321 % 10**8:08}",
        "at": moment.isoformat(sep=" "),
        "amount": f"{number}.{number % 100:02}",
        "count": str(number * 3),
        "note": f"{NOTES[number % len(NOTES)]}{number if number % len(NOTES) else ''}",
    }


def field_of(record: Record, column: str) -> str | None:
    """The text of a column in a record. Where no name is exact, one in another letter case or with blanks counts."""
    alike = [text for name, text in record.items() if "".join(name.split()).casefold() == column]
    return record.get(column, alike[0] if alike else None)


def value_of(column: str, text: str | None) -> Any:
    """What a text has to land as; `...` where it is in no form that the records themselves have."""
    kind = COLUMNS[column]["type"]
    if text == UNTOLD:
        return ...
    if column == "id" and text is not None:  # the key of the export
        text = text.strip("\t\n\x0b\x0c\r \xa0\xad\u3000\ufeff")
    if not text:
        return None
    if kind == "text":
        return text
    if kind.startswith("decimal"):
        return Decimal(text) if re.fullmatch(r"\d{1,12}\.\d\d", text) else ...
    if not re.fullmatch(SHORTEST[kind], text):
        return ...
    try:
        return int(text) if kind == "integer" else datetime.fromisoformat(text) - timedelta(hours=8)
    except (ValueError, OverflowError):
        return ...


# Tables, and what can be done to their columns and rows


@dataclass(frozen=True)
class Table:
    header: list[str]
    rows: list[list[str]]

    def records(self) -> list[Record | None]:
        return [dict(zip(self.header, row, strict=True)) for row in self.rows]


def table(count: int) -> Table:
    return Table(HEADER, [list(record(number).values()) for number in range(count)])


def _cut_rows(t: Table, a: int, b: int, _: bytes) -> Table:
    first, last = sorted((a % (len(t.rows) + 1), b % (len(t.rows) + 1)))
    return Table(t.header, t.rows[:first] + t.rows[last:])


def _drop_column(t: Table, a: int, b: int, _: bytes) -> Table:
    at = a % len(t.header)
    return Table(t.header[:at] + t.header[at + 1 :], [row[:at] + row[at + 1 :] for row in t.rows])


def _swapped(items: list[str], a: int, b: int) -> list[str]:
    items = list(items)
    i, j = a % len(items), b % len(items)
    items[i], items[j] = items[j], items[i]
    return items


def _swap_columns(t: Table, a: int, b: int, _: bytes) -> Table:
    return Table(_swapped(t.header, a, b), [_swapped(row, a, b) for row in t.rows])


def _swap_names(t: Table, a: int, b: int, _: bytes) -> Table:
    return Table(_swapped(t.header, a, b), t.rows)


def _rename_column(t: Table, a: int, b: int, _: bytes) -> Table:
    at = a % len(t.header)
    return Table([*t.header[:at], f"{t.header[at]}_{b % 9}", *t.header[at + 1 :]], t.rows)


def _retype(t: Table, a: int, b: int, piece: bytes) -> Table:
    """One value becomes another text: what was a number is none, what was none may be a mobile."""
    if not t.rows:
        return t
    rows = [list(row) for row in t.rows]
    rows[a % len(rows)][b % len(t.header)] = ["x", "", "2026-13-45", "1e5", "call 13912345678 now"][(a + b) % 5]
    return Table(t.header, rows)


TableChange = Callable[[Table, int, int, bytes], Table]
TABLE_CHANGES: list[TableChange] = [_cut_rows, _drop_column, _swap_columns, _swap_names, _rename_column, _retype]


# What can be done to bytes

PIECES = [
    b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"\n\n", b"\0", b"\xff", b"\xd5\xc5", b"\xef\xbb\xbf", b"\xff\xfe", b" ",
    b"x", b"{", b"}", b"[", b"]", b"\\", b"\\u0000", b"\\ud800", b'","', b"null", b"13912345678", b"x" * 70_000,
    b'"' + b"y,\n" * 3_000, b"," * 5_000, b"\n" * 5_000, b'{"a":' * 2_000, bytes(3_000),
]  # fmt: skip


def _flip(data: bytes, a: int, b: int, _: bytes) -> bytes:
    at = a % len(data)
    return data[:at] + bytes([data[at] ^ (1 << b % 8)]) + data[at + 1 :]


def _put(data: bytes, a: int, _: int, piece: bytes) -> bytes:
    return data[: a % len(data)] + piece + data[a % len(data) :]


def _cut(data: bytes, a: int, b: int, _: bytes) -> bytes:
    return data[: a % len(data)] + data[a % len(data) + b % 40 :]


def _truncate(data: bytes, a: int, b: int, _: bytes) -> bytes:
    return data[: a % len(data)]


def _repeat(data: bytes, a: int, b: int, _: bytes) -> bytes:
    first, last = sorted((a % len(data), b % len(data)))
    return data[:last] + data[first:]


def _mix_newlines(data: bytes, a: int, b: int, _: bytes) -> bytes:
    at = a % len(data)
    old, new = [(b"\n", b"\r\n"), (b"\n", b"\r"), (b"\n", b"\n\n"), (b"\n", b"")][b % 4]
    return data[:at] + data[at:].replace(old, new, 1 + b % 3)


BytesChange = Callable[[bytes, int, int, bytes], bytes]
BYTES_CHANGES: list[BytesChange] = [_flip, _put, _put, _cut, _truncate, _repeat, _mix_newlines]
PLACE = st.integers(0, 1 << 20)


@dataclass(frozen=True)
class Change:
    """One mutation of a table, or of the bytes it was written as."""

    how: Any
    a: int
    b: int
    piece: bytes

    def __repr__(self) -> str:
        return f"{self.how.__name__}({self.a}, {self.b}, {self.piece[:12]!r}…{len(self.piece)})"

    @property
    def is_of_table(self) -> bool:
        return self.how in TABLE_CHANGES

    def of(self, what: Any) -> Any:
        """The mutated table or bytes; nothing can happen to nothing."""
        return self.how(what, self.a, self.b, self.piece) if what else what


CHANGES = st.lists(
    st.builds(Change, st.sampled_from([*TABLE_CHANGES, *BYTES_CHANGES]), PLACE, PLACE, st.sampled_from(PIECES)),
    min_size=1,
    max_size=3,
)


# Names of files. Each begins with `orders`. DuckDB reads some of them as patterns, which match other names of the list.

NAMES = [
    "orders", "orders_[1]", "orders_1", "orders_*", "orders_x", "orders_?", "orders_[!a]", "orders_[", "orders_]",
    "orders_**", "orders_{1,2}", "orders_2", "orders_\\[1]", "orders_\\", "orders_\\*", "orders_\n", "orders_\t[1]",
    "orders day=1", "orders_c0=evil", "orders 1 (2)", "orders_'1'", 'orders_"1"', "orders_''", "orders_100%",
    "orders_%s", "orders_{0}", "orders_$1", "orders_#", "orders_;--", "orders_订单［1］", "orders_订单*", "orders_～",
    "orders_é", "orders_.csv.gz", "orders_[1].zst", "orders_" + "长" * 80 + "[1]", "orders_" + "x" * 240 + "[1]",
]  # fmt: skip
assert all(len(name.encode()) <= 255 for name in NAMES)
NAMED = st.sampled_from(NAMES)


# Formats


@dataclass(frozen=True)
class Found:
    """The records that another reader finds, None for one that is no record; None for a file that is none; `...` where
    it can tell no more than their number, or nothing."""

    records: Any
    count: int | None = None


@dataclass(frozen=True)
class Format:
    """`found` of a mutated file is None where nothing independent can tell."""

    export: dict[str, Any]
    write: Callable[[Table], bytes]
    found: Callable[[bytes], Found | None]
    damage: Callable[[Change, bytes], bytes] = Change.of

    def mutated(self, count: int, changes: list[Change]) -> tuple[bytes, Table, bool]:
        """The file, the table it was written from, and whether its bytes have been touched since."""
        made = table(count)
        for change in changes:
            made = change.of(made) if change.is_of_table else made
        data = self.write(made)
        written = data
        for change in changes:
            data = data if change.is_of_table else self.damage(change, data)
        return data, made, data != written


def _csv_text(t: Table) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([t.header, *t.rows])
    return text.getvalue()


def _found_csv(encoding: str) -> Callable[[bytes], Found | None]:
    def found(data: bytes) -> Found | None:
        text = data.decode(encoding, "surrogateescape")
        if _may_be_gb18030(text) or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return None
        return _csv_records(text)

    return found


def _may_be_gb18030(text: str) -> bool:
    strange = len(re.findall("[\ud800-\udfff]", text))
    return strange > 0 and strange >= len(re.findall("[^\0-\x7f\ud800-\udfff]", text)) // 2


def _csv_records(text: str) -> Found:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    read: list[list[str] | None] = []
    while True:
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            if "unexpected end" in str(error):
                return Found(None)
            read.append(None)
            continue
        if any(map(str.strip, row)) or (len(row) == 1 and read and read[0] and len(read[0]) == 1):
            read.append(row)
    header = [item.strip().removeprefix("\ufeff") for item in (read[0] if read else None) or []]
    if _may_be_wrong(text):
        return Found(...)
    names = [name for name in header if name]
    is_header = names and len(set(names)) == len(names) and {"id", "amount"} <= set(names)
    if not is_header or re.search("[\ud800-\udfff]", "".join(header)) or max(map(len, header)) > 1000:
        return Found(None)
    width = len(header)
    first = read[1] if len(read) > 1 else None
    may_be_longer = not header[-1] or (
        first is not None and len(first) > width and not any(map(str.strip, first[width:]))
    )
    return Found([_csv_record(header, row, may_be_longer) for row in read[1:]])


def _csv_record(header: list[str], row: list[str] | None, may_be_longer: bool) -> Record | None:
    """Empty fields of columns without a name may be missing, and empty fields may follow if the header has some."""
    width = len(header)
    if row is None or any(map(str.strip, row[width:])) or any(header[len(row) :]):
        return None
    if len(row) > width and not may_be_longer:
        return None
    return {name: value for name, value in zip(header, map(_mended, row), strict=False) if name}


def _mended(text: str) -> str:
    """Each run of invalid bytes, and each half of a surrogate pair in an escape, becomes one replacement."""
    return re.sub("[\ud800-\udfff]+", "\ufffd", text)


def _may_be_wrong(text: str) -> bool:
    """If invalid bytes outnumber valid characters, the whole file is in another encoding."""
    strange = len(re.findall("[\ud800-\udfff]", text))
    return strange > len(re.findall("[^\0-\x7f\ud800-\udfff]", text)) + text.count("\\u")


def _objects(t: Table) -> list[dict[str, Any]]:
    nested = {"name", "mobile"}
    return [
        {
            **{name: value for name, value in zip(t.header, row, strict=True) if name not in nested},
            "contact": {name: value for name, value in zip(t.header, row, strict=True) if name in nested},
        }
        for row in t.rows
    ]


def _flat(item: Any) -> Record | None:
    if not isinstance(item, dict):
        return None
    contact = item.get("contact")
    values = {**item, **{k: contact.get(k) if isinstance(contact, dict) else None for k in ("name", "mobile")}}
    return {k: _as_text(v) for k, v in values.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, dict | list | float):
        return UNTOLD
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _loads(data: bytes) -> Any:
    """Strict JSON: no NaN. Invalid characters are replaced. If a key appears twice, the first one counts."""

    def refuse(text: str) -> None:
        raise ValueError(text)

    text = _mended(data.decode(errors="surrogateescape"))
    return _whole(json.loads(text, parse_constant=refuse, object_pairs_hook=lambda pairs: dict(reversed(pairs))))


def _whole(value: Any) -> Any:
    """Halves of pairs in escapes become replacements."""
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return re.sub("[\ud800-\udfff]", "\ufffd", value) if isinstance(value, str) else value


def _jsonl_record(line: bytes) -> Record | None:
    try:
        return _flat(_loads(line))
    except (ValueError, RecursionError):
        return None


def _found_jsonl(data: bytes) -> Found:
    if not data:
        return Found(None)
    if _may_be_wrong(data.decode(errors="surrogateescape")):
        return Found(...)
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return Found([_jsonl_record(line.strip(b" \t\r")) for line in lines if line.strip(b" \t\r")])


def _found_json(data: bytes) -> Found | None:
    if _may_be_wrong(data.decode(errors="surrogateescape")):
        return Found(...)
    try:
        items = _loads(data.removeprefix(b"\xef\xbb\xbf"))["data"]["list"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return Found(None)
    if not isinstance(items, list | dict):
        return Found(None)
    return Found([_flat(item) for item in (items if isinstance(items, list) else [items])])


def _answers(t: Table) -> list[dict[str, Any]]:
    """A list of answers with a record each, what is nested in a record stands beside it."""
    return [{"errcode": 0, "contact": item.pop("contact"), "data": {"list": [item]}} for item in _objects(t)]


def _found_answers(data: bytes) -> Found:
    if _may_be_wrong(data.decode(errors="surrogateescape")):
        return Found(...)
    try:
        document = _loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return Found(None)
    answers = [item for item in (document if isinstance(document, list) else [document]) if isinstance(item, dict)]
    lists = [item["data"].get("list") if isinstance(item.get("data"), dict) else None for item in answers]
    if not any(isinstance(listed, list | dict) for listed in lists):
        return Found(None)
    records: list[Record | None] = []
    for item, listed in zip(answers, lists, strict=True):
        found = listed if isinstance(listed, list) else [listed] if isinstance(listed, dict) else []
        records += [_flat({**r, "contact": item.get("contact")}) if isinstance(r, dict) else None for r in found]
    return Found(records)


def _xlsx(t: Table) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"strings_to_numbers": False}) as book:
        page = book.add_worksheet()
        for i, row in enumerate([t.header, *t.rows]):
            for j, cell in enumerate(row):
                page.write_string(i, j, cell)
    return data.getvalue()


def _damaged_part(change: Change, data: bytes) -> bytes:
    """The archive stays sound: what is in it does not."""
    source, target = io.BytesIO(data), io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = PARTS[change.a % len(PARTS)]
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change.of(content) if part == chosen else content)
    return target.getvalue()


def _parquet(t: Table) -> bytes:
    """Columns of their own types, where every value is of one."""
    types = [_sql_type(name, [row[i] for row in t.rows]) for i, name in enumerate(t.header)]
    columns = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in zip(t.header, types, strict=True))
    rows = t.rows or [[""] * len(t.header)]
    values = ", ".join("(" + ", ".join("'" + cell.replace("'", "''") + "'" for cell in row) + ")" for row in rows)
    names = ", ".join(f'"{name}"' for name in t.header)
    query = f"select {columns} from (values {values}) as t({names}){'' if t.rows else ' where false'}"
    with tempfile.NamedTemporaryFile() as file, duckdb.connect() as connection:
        connection.execute(f"copy ({query}) to '{file.name}' (format parquet, row_group_size 2048)")
        return Path(file.name).read_bytes()


def _sql_type(name: str, values: list[str]) -> str:
    kind = COLUMNS[name]["type"] if name in COLUMNS else "text"
    fits = kind != "text" and all(value and value_of(name, value) is not ... for value in values)
    return {"text": "varchar", "integer": "bigint"}.get(kind, kind) if fits else "varchar"


def _found_parquet(data: bytes) -> Found | None:
    with tempfile.NamedTemporaryFile() as file, duckdb.connect() as connection:
        Path(file.name).write_bytes(data)
        try:
            ((count,),) = connection.execute(f"select count(*) from read_parquet('{file.name}')").fetchall()
        except duckdb.Error:
            return Found(None)
    return Found(..., count)


PARTS = ["xl/worksheets/sheet1.xml"] * 3 + ["xl/sharedStrings.xml"] * 2 + ["xl/workbook.xml", "xl/styles.xml"]
NESTED = {
    name: {**column, **({"path": f"contact.{name}"} if name in ("name", "mobile") else {})}
    for name, column in COLUMNS.items()
}
BESIDE = {
    name: {**column, **({"path": [name, f"$.contact.{name}"]} if name in ("name", "mobile") else {})}
    for name, column in COLUMNS.items()
}
FLAT = {"columns": COLUMNS}
FORMATS = {
    "csv": Format({"format": "csv", **FLAT}, lambda t: _csv_text(t).encode(), _found_csv("utf-8")),
    "csv with a mark": Format(
        {"format": "csv", **FLAT}, lambda t: _csv_text(t).encode("utf-8-sig"), _found_csv("utf-8")
    ),
    "csv in gb18030": Format(
        {"format": "csv", "encoding": "gb18030", **FLAT},
        lambda t: _csv_text(t).encode("gb18030"),
        lambda data: _csv_records(data.decode("gb18030", "surrogateescape")),
    ),
    "csv in gb18030, untold": Format(
        {"format": "csv", **FLAT}, lambda t: _csv_text(t).encode("gb18030"), lambda _: None
    ),
    "csv below a title": Format(
        {"format": "csv", "header_row": 3, **FLAT}, lambda t: f"客户表\n\n{_csv_text(t)}".encode(), lambda _: None
    ),
    "jsonl": Format(
        {"format": "jsonl", "columns": NESTED},
        lambda t: "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in _objects(t)).encode(),
        _found_jsonl,
    ),
    "json": Format(
        {"format": "json", "explode": "data.list", "columns": NESTED},
        lambda t: json.dumps({"errcode": 0, "data": {"list": _objects(t)}}, ensure_ascii=False).encode(),
        _found_json,
    ),
    "json answers": Format(
        {"format": "json", "explode": "data.list", "columns": BESIDE},
        lambda t: json.dumps(_answers(t), ensure_ascii=False).encode(),
        _found_answers,
    ),
    "xlsx": Format({"format": "xlsx", **FLAT}, _xlsx, lambda _: None),
    "xlsx in its parts": Format({"format": "xlsx", **FLAT}, _xlsx, lambda _: None, _damaged_part),
    "parquet": Format({"format": "parquet", **FLAT}, _parquet, _found_parquet),
}  # fmt: skip
