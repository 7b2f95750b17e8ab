"""csv: the engine reads a file strictly. If it refuses any record, Python reads the file record by record."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TextIO

from siyu.engines.base import Session
from siyu.engines.sql import quote_name
from siyu.errors import FileRejected
from siyu.landing.readers.headers import matched_header, respelled
from siyu.landing.readers.reading import (
    BLOCK,
    BOM,
    MAX_RECORD,
    UTF8,
    Reading,
    Shared,
    checked_header,
    compare,
    csv_relation,
    is_plain_text,
    rewritten_reading,
    table_query,
)
from siyu.masking import UNREADABLE
from siyu.seeds.channels import Export

LIMIT = f"{MAX_RECORD >> 20} million characters"


def read_csv(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """Read the header first: it names the columns."""
    encoding = _known_encoding(path, export)
    header, line = _header(path, export, encoding or UTF8)
    if encoding is None and UNREADABLE.search("".join(header)):
        encoding = _guessed_encoding(path)
        header, line = _header(path, export, encoding)
    if UNREADABLE.search("".join(header)):
        raise FileRejected("the header is not valid text", path.name, "see `encoding` in the contract.")
    cells, header = header, matched_header(export, header, path)
    new, missing = compare(export, header, path)
    other = respelled(export, cells, header)
    texts = {item: f"nullif(c{i}, '')" for i, item in enumerate(header)}

    def record_by_record() -> Reading:
        rewritten = scratch / "records.csv"
        count = _rewrite(_records(path, export, encoding or _guessed_encoding(path)), len(header), rewritten)
        return replace(rewritten_reading(rewritten, count, header, export, new, missing), respelled=other)

    # DuckDB reads a blank line as a record in a file with one column, and as the header if it comes first.
    if encoding not in (None, UTF8) or len(header) == 1 or line > 1:
        return record_by_record()

    def query(_session: Session, files: str, beside: str) -> str:
        relation = csv_relation(files, len(header), export.delimiter)
        return table_query(relation, export, texts, new, "null::varchar", beside)

    def is_whole(session: Session, read: str, rows: int) -> bool:
        return _is_whole(session, read, rows, path, export)

    shared = Shared(
        key=("csv", *header),
        is_plain=lambda: is_plain_text(path),
        is_whole=lambda rows: rows + 1 == _count_lines(path),
    )
    return Reading(path, query, new, missing, other, record_by_record, is_whole, shared=shared)


def _count_lines(path: Path) -> int:
    lines, last = 0, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


def _is_whole(session: Session, read: str, rows: int, path: Path, export: Export) -> bool:
    """Is every line a record, the header, or part of a value with line breaks? After some errors DuckDB 2.0 silently
    drops the rest of a file. A file with blank lines counts as incomplete, too."""
    lines = _count_lines(path)
    if rows + 1 == lines:
        return True
    known = ", ".join(quote_name(column) for column in export.columns)
    values = f"list_concat([{known}], json_extract_string(_extra, '$.*'))"
    broken = session.value(
        f"select sum(list_sum(list_transform({values}, lambda v: length(v) - length(replace(v, chr(10), '')))))"
        f" from {read} where contains(concat_ws('', {known}, _extra), chr(10)) or contains(_extra, '\\n')"
    )
    return bool(rows + 1 + (broken or 0) == lines)


def _known_encoding(path: Path, export: Export) -> str | None:
    """Return the encoding by contract or byte order mark; None for utf-8 unless its bytes are not valid."""
    if export.encoding != "auto":
        return "gb18030" if export.encoding == "gb18030" else UTF8
    with path.open("rb") as file:
        head = file.read(len(BOM))
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return UTF8 if head == BOM else None


def _guessed_encoding(path: Path) -> str:
    """Return gb18030 if more bytes are invalid utf-8 than there are valid characters of several bytes, else utf-8."""
    failing = valid = 0
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        while text := file.read(BLOCK):
            readable = text.encode("utf-8", "ignore").decode()
            failing += len(text) - len(readable)
            valid += len(readable) - len(readable.encode("ascii", "ignore"))
    return "gb18030" if failing > valid else UTF8


def _records(path: Path, export: Export, encoding: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the header and each record, read by Python's csv module: the line in which it ends, and its fields or the
    reason why it cannot be used."""
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        lines = _Lines(file)
        rows = csv.reader(lines, delimiter=export.delimiter, strict=True)
        while True:
            lines.left, before = MAX_RECORD, rows.line_num
            try:
                row = next(rows)
            except StopIteration:
                return
            except UnicodeDecodeError as error:
                raise FileRejected(f"the file is not valid {encoding}", path.name, "save it as utf-8.") from error
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    where = f"{path.name}, line {rows.line_num}"
                    raise FileRejected("a quote opens and never closes", where, "fix the export.") from error
                if lines.left < 0 and rows.line_num > before:
                    where = f"{path.name}, line {before + 1}"
                    problem = f"a quote opens and does not close within {LIMIT}"
                    raise FileRejected(problem, where, "fix the export.") from error
                yield rows.line_num, f"not a valid csv record: {error}"
                continue
            if row:
                yield rows.line_num, row


class _Lines:
    """The lines of a file, none longer than a record may be. `left` is how much longer the current record may get."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.left = MAX_RECORD

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(self.left + 1)
        if not line:
            raise StopIteration
        self.left -= len(line)
        if self.left < 0:
            while line and not line.endswith(("\n", "\r")):
                line = self._file.readline(MAX_RECORD)
            raise csv.Error(f"longer than {LIMIT}")
        return line


def _header(path: Path, export: Export, encoding: str) -> tuple[list[str], int]:
    """Return the names of the columns and the line of the header."""
    csv.field_size_limit(MAX_RECORD)
    line, first = next(_records(path, export, encoding), (0, None))
    if not isinstance(first, list):
        raise FileRejected("the file has no header", path.name, first or "the first line names the columns.")
    # Outer blanks stay for matched_header(): of `mobile` and `mobile ` in one header, the exact name counts.
    return checked_header([item.removeprefix("\ufeff") if item.strip() else "" for item in first], path), line


def _rewrite(records: Iterable[tuple[int, list[str] | str]], width: int, out: Path) -> int:
    """Write the records as clean utf-8 csv with one more column: what is wrong with a record. Returns their number."""
    count = 0
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["", *range(width)])  # one line: DuckDB loses rows after a longer header
        for _line, record in islice(records, 1, None):
            problem = record if isinstance(record, str) else _problem(record, width)
            writer.writerow([*([""] * width), problem] if problem else [*record, ""])
            count += 1
    return count


def _problem(record: list[str], width: int) -> str:
    if len(record) != width:
        return f"{len(record)} fields where the header has {width}"
    return "bytes that are not valid in the file's encoding" if UNREADABLE.search("".join(record)) else ""
