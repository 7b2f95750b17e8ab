"""Export formats: a file -> a query of text columns, one row a record, in the file's order.

Each reader yields the contract's columns as text, `_extra` (JSON of unknown fields, or NULL) and `_error` (why
the record itself cannot be used, or NULL). What cannot be read at all raises FileRejected.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from siyu.channels import Export
from siyu.engines.base import Session
from siyu.engines.duckdb import SqlProblem, quoted
from siyu.errors import FileRejected

BOM = b"\xef\xbb\xbf"
MAX_RECORD_BYTES = 64 * 1024 * 1024
BLOCK = 1 << 20
UTF8 = "utf-8-sig"
# DuckDB forgives a surplus last field that is its NULL: a row that an unquoted comma shifted. So empty is none here.
NO_NULL = "\x01siyu\x01"
UNREADABLE = re.compile("[\ud800-\udfff]")  # what surrogateescape makes of bytes that are not in the encoding
MOBILE = re.compile(r"(?<![0-9])((?:86)?1[3-9][0-9])[0-9]{4}([0-9]{4})(?![0-9])")
MAIL = re.compile(r"([0-9A-Za-z])[0-9A-Za-z._%+-]*@")


@dataclass(frozen=True)
class Reading:
    """`sql` is the query; new and missing are column names against the contract; `otherwise` is the slower,
    more patient way, for a file in which the engine refuses a record."""

    sql: str
    new: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    otherwise: Callable[[], Reading] | None = None


Reader = Callable[[Session, Path, Export, Path], Reading]


def read(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """The query that reads a file. `scratch` may hold rewritten copies. Raises FileRejected."""
    if path.stat().st_size == 0 and not (export.format == "jsonl" and export.allow_empty):
        raise FileRejected("the file is empty", path.name, "ask the channel's owner for a new export.")
    return READERS[export.format](session, path, export, scratch)


def masked(text: str) -> str:
    """A message without mobiles and mail addresses: a file without a header shows its first record in one."""
    return MAIL.sub(r"\1***@", MOBILE.sub(r"\1****\2", UNREADABLE.sub("�", text)))


def name(text: str) -> str:
    """A column name as a quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def real_name(export: Export, column: str) -> str:
    """The name a column has in the file."""
    return export.columns[column].path or column


def _compare(export: Export, found: list[str], path: Path) -> tuple[list[str], list[str]]:
    """New and missing columns of a header. Raises FileRejected when a required one is missing."""
    real = {real_name(export, column): column for column in export.columns}
    new = [item for item in found if item not in real]
    shown = masked(", ".join(found))[:300]
    missing = [column for item, column in real.items() if item not in found]
    needed = [c for c in missing if export.columns[c].required or c in export.key]
    if needed:
        raise FileRejected(
            f"the required column {', '.join(needed)} is missing",
            path.name,
            f"the file has: {shown}.",
        )
    if new and export.extra_columns == "reject":
        raise FileRejected(f"unknown columns: {masked(', '.join(new))}", path.name, "add them to the contract.")
    return new if export.extra_columns == "keep" else [], missing


def _table_query(relation: str, export: Export, columns: dict[str, str], new: list[str], error: str) -> str:
    """`columns` maps a real name to the SQL that gives its text."""
    chosen = [
        f"{columns.get(real_name(export, column), 'null::varchar')} as {name(column)}" for column in export.columns
    ]
    extra = "null::varchar"
    if new:
        pairs = ", ".join(f"{quoted(item)}, {columns[item]}" for item in new)
        extra = f"json_object({pairs})::varchar"
    return f"select {', '.join(chosen)}, {extra} as _extra, {error} as _error from {relation}"


# jsonl and json


def json_path(dotted: str) -> str:
    """a.b as a JSON path."""
    return "$" + "".join(f'."{part}"' for part in dotted.split("."))


def _json_query(session: Session, relation: str, export: Export) -> Reading:
    """`relation` has one column, json: NULL where the record is no JSON."""
    keys = [
        row[0]
        for row in session.rows(
            f"select distinct unnest(json_keys(json)) as k from {relation} where json_type(json) = 'OBJECT' order by k"
        )
    ]
    tops = {column: real_name(export, column).split(".")[0] for column in export.columns}
    new = [key for key in keys if key not in tops.values()]
    missing = [column for column, top in tops.items() if top not in keys] if keys else []
    paths = ", ".join(quoted(json_path(real_name(export, column))) for column in export.columns)
    values = ", ".join(f"nullif(v[{i}], '') as {name(c)}" for i, c in enumerate(export.columns, start=1))
    extra, error = "null::varchar", "case when json_type(json) is distinct from 'OBJECT' then 'no JSON object' end"
    if new and export.extra_columns != "ignore":
        listed = ", ".join(quoted(key) for key in new)
        extra = (
            "nullif(to_json(map_from_entries(list_transform(list_sort(list_distinct("
            f"list_filter(json_keys(json), lambda k: k in ({listed})))), lambda k: struct_pack(k := k,"
            " v := json_extract(json, '/' || replace(replace(k, '~', '~0'), '/', '~1'))))))::varchar, '{}')"
        )
    if new and export.extra_columns == "reject":
        error = f"coalesce({error}, case when {extra} is not null then 'unknown field' end)"
    sql = (
        f"select {values}, _extra, _error from (select json_extract_string(json, [{paths}]) as v,"
        f" {extra} as _extra, {error} as _error from {relation})"
    )
    return Reading(sql, new if export.extra_columns != "ignore" else [], missing)


def _read_jsonl(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    source = _without_bom(path, scratch)
    relation = (
        f"read_json_objects({quoted(source)}, format = 'newline_delimited', ignore_errors = true,"
        f" maximum_object_size = {MAX_RECORD_BYTES})"
    )
    return _json_query(session, relation, export)


def _read_json(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    size = path.stat().st_size
    if size > export.max_document_mb * 1024 * 1024:
        limit = f"max_document_mb = {export.max_document_mb}"
        raise FileRejected(f"the document is larger than {limit}", path.name, "split it, or raise the limit.")
    source = _without_bom(path, scratch)
    document = f"read_json_objects({quoted(source)}, format = 'unstructured', maximum_object_size = {size + 1024})"
    at = json_path(export.explode) if export.explode else "$"
    interim = scratch / "records.parquet"
    try:
        kinds = [row[0] for row in session.rows(f"select json_type(json_extract(json, {quoted(at)})) from {document}")]
    except SqlProblem as error:
        raise FileRejected("the file is no JSON document", path.name, first_line(error)) from error
    if len(kinds) > 1:
        raise FileRejected("the file holds several JSON documents", path.name, "one a file, or format: jsonl.")
    kind = kinds[0] if kinds else None
    if kind not in ("ARRAY", "OBJECT"):
        raise FileRejected(f"no list of records at {at}", path.name, "check `explode` in the contract.")
    each = (
        f"unnest(json_extract(json, {quoted(at)})::json[])" if kind == "ARRAY" else f"json_extract(json, {quoted(at)})"
    )
    session.execute(f"copy (select {each} as json from {document}) to {quoted(interim)} (format parquet)")
    return _json_query(session, f"read_parquet({quoted(interim)})", export)


def _without_bom(path: Path, scratch: Path) -> Path:
    with path.open("rb") as file:
        if file.read(3) != BOM:
            return path
        copy = scratch / f"plain{path.suffix}"
        with copy.open("wb") as out:
            shutil.copyfileobj(file, out, 1 << 20)
    return copy


# parquet


def _read_parquet(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    relation = f"read_parquet({quoted(path)})"
    try:
        found = [column.name for column in session.columns(f"select * from {relation}")]
    except SqlProblem as error:
        raise FileRejected("the file is no readable Parquet", path.name, first_line(error)) from error
    new, missing = _compare(export, found, path)
    texts = {item: f"nullif(cast({name(item)} as varchar), '')" for item in found}
    return Reading(_table_query(relation, export, texts, new, "null::varchar"), new, missing)


# csv


def _read_csv(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    encoding = _told_encoding(path, export)
    header, line = _header(path, export, encoding or UTF8)
    if encoding is None and UNREADABLE.search("".join(header)):
        encoding = _guessed_encoding(path)
        header, line = _header(path, export, encoding)
    if UNREADABLE.search("".join(header)):
        raise FileRejected("the header is not valid text", path.name, "see `encoding` in the contract.")
    new, missing = _compare(export, header, path)
    texts = {item: f"nullif(c{i}, '')" for i, item in enumerate(header)}

    def record_by_record() -> Reading:
        rewritten = scratch / "records.csv"
        _rewrite(_records(path, export, encoding or _guessed_encoding(path)), len(header), rewritten)
        relation = _csv_relation(rewritten, len(header) + 1, ",")
        return Reading(_table_query(relation, export, texts, new, f"nullif(c{len(header)}, '')"), new, missing)

    # In a file of one column DuckDB takes a blank line for a record; before a header it takes one for the header.
    if encoding not in (None, UTF8) or len(header) == 1 or line > 1:
        return record_by_record()
    strict = _csv_relation(path, len(header), export.delimiter)
    return Reading(_table_query(strict, export, texts, new, "null::varchar"), new, missing, record_by_record)


def _csv_relation(path: Path, width: int, delimiter: str) -> str:
    columns = ", ".join(f"'c{i}': 'varchar'" for i in range(width))
    return (
        f"read_csv({quoted(path)}, auto_detect = false, header = true, columns = {{{columns}}},"
        f" nullstr = {quoted(NO_NULL)}, delim = {quoted(delimiter)}, quote = '\"', escape = '\"', comment = '',"
        f" strict_mode = true, null_padding = false, max_line_size = {MAX_RECORD_BYTES})"
    )


def _told_encoding(path: Path, export: Export) -> str | None:
    """The encoding by contract or byte order mark; None = utf-8, unless the bytes speak against it."""
    if export.encoding != "auto":
        return "gb18030" if export.encoding == "gb18030" else UTF8
    with path.open("rb") as file:
        head = file.read(len(BOM))
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return UTF8 if head == BOM else None


def _guessed_encoding(path: Path) -> str:
    """gb18030 if the bytes that fail utf-8 outnumber the valid characters of several bytes."""
    failing = valid = 0
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        while text := file.read(BLOCK):
            readable = text.encode("utf-8", "ignore").decode()
            failing += len(text) - len(readable)
            valid += len(readable) - len(readable.encode("ascii", "ignore"))
    return "gb18030" if failing > valid else UTF8


def _records(path: Path, export: Export, encoding: str) -> Iterator[tuple[int, list[str] | str]]:
    """Records by Python's csv module: the line a record ends in; its fields, or why it cannot be used. Header first."""
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        rows = csv.reader(file, delimiter=export.delimiter, strict=True)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except UnicodeDecodeError as error:
                raise FileRejected(f"the file is no valid {encoding}", path.name, "save it as utf-8.") from error
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    where = f"{path.name}, line {rows.line_num}"
                    raise FileRejected("a quote opens and never closes", where, "mend the export.") from error
                yield rows.line_num, f"no valid csv record: {error}"
                continue
            if row:
                yield rows.line_num, row


def _header(path: Path, export: Export, encoding: str) -> tuple[list[str], int]:
    """The names of the columns, and the line they stand in."""
    csv.field_size_limit(MAX_RECORD_BYTES)
    line, first = next(_records(path, export, encoding), (0, None))
    if not isinstance(first, list):
        raise FileRejected("the file has no header", path.name, first or "the first line names the columns.")
    found = [item.strip().removeprefix("\ufeff") for item in first]
    twice = sorted({item for item in found if found.count(item) > 1})
    if twice:
        raise FileRejected(f"the header names {masked(', '.join(twice))} twice", path.name, "mend the export.")
    return found, line


def _rewrite(records: Iterable[tuple[int, list[str] | str]], width: int, out: Path) -> None:
    """The file again as clean utf-8 csv, with one more column that says what is wrong with a record."""
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["", *range(width)])  # a header of one line: DuckDB loses rows after one of several
        for _line, record in islice(records, 1, None):
            problem = record if isinstance(record, str) else _problem(record, width)
            writer.writerow([*([""] * width), problem] if problem else [*record, ""])


def _problem(record: list[str], width: int) -> str:
    if len(record) != width:
        return f"{len(record)} fields where the header has {width}"
    return "bytes that are not valid in the file's encoding" if UNREADABLE.search("".join(record)) else ""


def first_line(error: Exception) -> str:
    """The first line of an engine's message, which may quote a value."""
    return masked(re.split(r"\n", getattr(error, "problem", str(error)))[0].strip())


READERS: dict[str, Reader] = {
    "jsonl": _read_jsonl,
    "json": _read_json,
    "csv": _read_csv,
    "parquet": _read_parquet,
}


def contract_text(export: Export) -> str:
    """The contract of an export as text: a file refused under one contract is read again under another."""
    return json.dumps(export.model_dump(mode="json"), sort_keys=True)
