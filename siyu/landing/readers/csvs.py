"""csv: the engine reads a file strictly. If it refuses any record, Python reads the file record by record."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TextIO

from siyu.engines.base import Session
from siyu.engines.paths import literal
from siyu.engines.sql import quote_name
from siyu.errors import FileRejected
from siyu.landing.readers.encodings import guessed_encoding, known_encoding
from siyu.landing.readers.headers import Header, Row, header_of, renamed
from siyu.landing.readers.mending import BROKEN, errors_of, invalid_outnumber, is_often, mended
from siyu.landing.readers.reading import (
    BLOCK,
    MAX_RECORD,
    UTF8,
    Reading,
    Rewritten,
    Shared,
    csv_relation,
    is_plain_text,
    rewritten_reading,
    table_query,
)
from siyu.landing.readers.workbook import LOOKED, is_footer
from siyu.masking import UNREADABLE
from siyu.seeds.channels import Export

LIMIT = f"{MAX_RECORD >> 20} million characters"


class _Record(NamedTuple):
    """A record of a file: its row as a spreadsheet counts, the lines it takes, its fields (none if it is blank), and
    why it cannot be used."""

    row: int
    first_line: int
    last_line: int
    fields: list[str]
    problem: str


def read_csv(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """Read the header first: it names the columns."""
    encoding, header = _header(path, export)

    def record_by_record() -> Reading:
        known = encoding or guessed_encoding(path, "file")
        rewritten = _rewrite(_records(path, export, known), header, export, scratch / "records.csv")
        full = renamed(header, rewritten.filled, export, path)
        broken = rewritten.mended
        lands = broken > 0 and not (is_often(broken, rewritten.count) and invalid_outnumber(path, known))
        reading = rewritten_reading(rewritten, full.names, export, full.new, full.missing, is_mended=lands)
        return replace(reading, respelled=header.respelled)

    skipped = header.row.first_line - 1
    if not _is_for_engine(path, export, encoding, header):
        return record_by_record()
    names = header.names
    texts = {item: f"nullif(c{i}, '')" for i, item in enumerate(names)}

    def query(_session: Session, files: str, beside: str) -> str:
        relation = csv_relation(files, len(names), export.delimiter, skipped=skipped)
        return table_query(relation, export, texts, header.new, "null::varchar", beside)

    def is_whole(session: Session, read: str, rows: int) -> bool:
        return _is_whole(session, read, rows + skipped, path, export)

    shared = Shared(
        key=("csv", skipped, *names),
        is_plain=lambda: is_plain_text(path) and not _blank_rows(export.delimiter).search(path.read_bytes()),
        is_whole=lambda rows: rows + skipped + 1 == _count_lines(path),
    )
    return Reading(
        literal(path, scratch), query, header.new, header.missing, header.respelled, record_by_record, is_whole,
        shared=shared,
    )  # fmt: skip


def _is_for_engine(path: Path, export: Export, encoding: str | None, header: Header) -> bool:
    """Return whether the engine may read the file. In a file with one column, it reads a blank line as a record. It
    reads a blank first line as the header, and counts lines above the header differently if they have quotes."""
    row = header.row
    if encoding not in (None, UTF8) or export.footer or len(header.names) == 1 or not header.is_complete:
        return False
    if row.last_line == 1:
        return True
    if export.header_at is None or row.first_line != row.last_line:
        return False
    with path.open("rb") as file:
        return all(b'"' not in file.readline(BLOCK) for _ in range(row.first_line - 1))


def _blank_rows(delimiter: str) -> re.Pattern[bytes]:
    """Return the pattern of a line of delimiters without values."""
    mark = re.escape(delimiter.encode())
    return re.compile(rb'^[ \t"]*' + mark + rb'(?:[ \t"]|' + mark + rb")*\r?$", re.MULTILINE)


def _count_lines(path: Path) -> int:
    lines, last = 0, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")


def _is_whole(session: Session, read: str, rows: int, path: Path, export: Export) -> bool:
    """Return whether every line is a record, is above the records, or is part of a value with line breaks. After some
    errors DuckDB 2.0 silently drops the rest of a file. A file with blank lines or rows counts as incomplete, too."""
    # The metadata of Parquet says which columns have no NULL, so this query reads no rows of most files.
    nothing = " and ".join(f"{quote_name(column)} is null" for column in export.columns)
    if session.rows(f"select 1 from {read} where {nothing} limit 1"):
        return False
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


def _records(path: Path, export: Export, encoding: str) -> Iterator[_Record]:
    """Yield the records, title and header included, read by Python's csv module."""
    csv.field_size_limit(MAX_RECORD)
    with path.open(encoding=encoding, errors=errors_of(encoding), newline="") as file:
        lines = _Lines(file)
        rows = csv.reader(lines, delimiter=export.delimiter, strict=True)
        number = 0
        while True:
            lines.left, before, number = MAX_RECORD, rows.line_num, number + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except UnicodeDecodeError as error:
                fix = "set another `encoding:` in the contract, or save it as utf-8."
                raise FileRejected(f"the file is not valid {encoding}", path.name, fix) from error
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    where = f"{path.name}, line {rows.line_num}"
                    raise FileRejected("a quote opens and never closes", where, "fix the export.") from error
                if lines.left < 0 and rows.line_num > before:
                    where = f"{path.name}, line {before + 1}"
                    problem = f"a quote opens and does not close within {LIMIT}"
                    raise FileRejected(problem, where, "fix the export.") from error
                yield _Record(number, before + 1, rows.line_num, [], f"not a valid csv record: {error}")
                continue
            yield _Record(number, before + 1, rows.line_num, row, "")


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


def _header(path: Path, export: Export) -> tuple[str | None, Header]:
    """Return the codec, None for utf-8 unless a record has other bytes, and the header."""
    encoding = known_encoding(path, export)
    rows = _first_rows(path, export, encoding or UTF8)
    if encoding is None and any(UNREADABLE.search("".join(row.cells)) for row in rows):
        encoding = guessed_encoding(path, "header")
        rows = _first_rows(path, export, encoding)
    known = encoding or UTF8
    header = header_of(rows, lambda: _rows_ahead(path, export, known), export, path)
    if UNREADABLE.search("".join(header.row.cells)):
        raise FileRejected("the header is not valid text", path.name, "see `encoding` in the contract.")
    return encoding, header


def _first_rows(path: Path, export: Export, encoding: str) -> list[Row]:
    """Return the rows up to the header that are not blank."""
    rows = []
    for record in _records(path, export, encoding):
        if record.problem and export.header_at in (None, record.row):
            raise FileRejected("the file has no header", path.name, record.problem)
        rows += _filled(record)
        if record.row >= export.header_at if export.header_at else rows:
            break
    return rows


def _rows_ahead(path: Path, export: Export, encoding: str) -> list[Row]:
    """Return the first rows that are not blank, to look for the header."""
    rows: list[Row] = []
    with suppress(FileRejected):  # the file is rejected already, for its header
        for record in _records(path, export, encoding):
            rows += _filled(record)
            if len(rows) >= LOOKED:
                break
    return rows


def _filled(record: _Record) -> list[Row]:
    # Outer blanks stay: of `mobile` and `mobile ` in one header, the exact name counts.
    cells = [item.removeprefix("\ufeff") if item.strip() else "" for item in record.fields]
    return [Row(record.row, cells, record.first_line, record.last_line)] if any(cells) else []


def _rewrite(records: Iterable[_Record], header: Header, export: Export, out: Path) -> Rewritten:
    """Write the records as clean utf-8 csv with one more column: the reason why a record is rejected, or BROKEN if its
    values were mended."""
    count, totals, mended_count, names, width = 0, 0, 0, header.names, len(header.names)
    unnamed = [place for place, name in enumerate(names) if not name]
    filled: set[int] = set()
    # Spreadsheets write commas for empty cells beside the table, in the header or in every row. Elsewhere, one more
    # field is a comma inside a value.
    may_be_longer = not names[-1]
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["", *range(width)])  # one line: DuckDB loses rows after a longer header
        for row, _, _, fields, broken in records:
            # In a file of one column, "" is a record without a value.
            is_blank = not broken and not any(map(str.strip, fields)) and (len(fields) != 1 or width > 1)
            if row <= header.row.number or is_blank:
                continue
            if export.footer and is_footer(fields, export.footer):
                totals += 1
                continue
            count += 1
            may_be_longer |= count == 1 and len(fields) > width and not any(map(str.strip, fields[width:]))
            if problem := broken or _problem(fields, names, may_be_longer):
                writer.writerow([*([""] * width), problem])
                continue
            values = fields if len(fields) == width else [*fields[:width], *[""] * (width - len(fields))]
            if unnamed:
                filled.update(place for place in unnamed if values[place].strip())
            is_mended = bool(UNREADABLE.search("".join(values)))
            mended_count += is_mended
            writer.writerow([*map(mended, values), BROKEN] if is_mended else [*values, ""])
    return Rewritten(out, count, filled, totals, mended_count)


def _problem(fields: list[str], names: list[str], may_be_longer: bool) -> str:
    """Return why a record cannot be used. Fields of columns without a name may be missing. Surplus fields must be
    empty."""
    surplus, absent = fields[len(names) :], names[len(fields) :]
    if any(absent) or any(map(str.strip, surplus)) or (surplus and not may_be_longer):
        return f"{len(fields)} fields where the header has {len(names)}"
    return ""
