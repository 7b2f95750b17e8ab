"""csv: read strictly by the engine; a file it refuses in any record is read record by record by Python."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from siyu.channels import Export
from siyu.engines.base import Session
from siyu.errors import FileRejected
from siyu.readers.base import (
    BLOCK,
    BOM,
    MAX_RECORD_BYTES,
    UNREADABLE,
    UTF8,
    Reading,
    checked_header,
    compare,
    csv_relation,
    table_query,
)


def read_csv(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """The header is read first and names the columns."""
    encoding = _told_encoding(path, export)
    header, line = _header(path, export, encoding or UTF8)
    if encoding is None and UNREADABLE.search("".join(header)):
        encoding = _guessed_encoding(path)
        header, line = _header(path, export, encoding)
    if UNREADABLE.search("".join(header)):
        raise FileRejected("the header is not valid text", path.name, "see `encoding` in the contract.")
    new, missing = compare(export, header, path)
    texts = {item: f"nullif(c{i}, '')" for i, item in enumerate(header)}

    def record_by_record() -> Reading:
        rewritten = scratch / "records.csv"
        _rewrite(_records(path, export, encoding or _guessed_encoding(path)), len(header), rewritten)
        relation = csv_relation(rewritten, len(header) + 1, ",")
        return Reading(table_query(relation, export, texts, new, f"nullif(c{len(header)}, '')"), new, missing)

    # In a file of one column DuckDB takes a blank line for a record; before a header it takes one for the header.
    if encoding not in (None, UTF8) or len(header) == 1 or line > 1:
        return record_by_record()
    strict = csv_relation(path, len(header), export.delimiter)
    return Reading(table_query(strict, export, texts, new, "null::varchar"), new, missing, record_by_record)


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
    return checked_header([item.strip().removeprefix("\ufeff") for item in first], path), line


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
