"""What every reader gives: a query of text columns, one row a record, in the file's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted
from siyu.errors import FileRejected
from siyu.masking import masked
from siyu.seeds.channels import Export

BOM = b"\xef\xbb\xbf"
MAX_RECORD = 16 * 1024 * 1024  # bytes of jsonl, characters of csv and xlsx: more is no record
MAX_COLUMNS, MAX_NAME = 2000, 1000
# DuckDB 2.0 notes every surplus field of a line, 96 bytes each: the buffer bounds that. It must be greater than a line
# (else a crash) and a power of two (else good rows are lost). Longer lines go record by record.
STRICT_LINE, STRICT_BUFFER = 2 << 20, 8 << 20
REWRITTEN_LINE, REWRITTEN_BUFFER = 5 * MAX_RECORD, 8 * MAX_RECORD  # four bytes a character, or every quote twice
TOLD_NAMES, TOLD_NAME = 200, 100
BLOCK = 1 << 20
WHOLE = 10**15  # above it a double no longer holds every whole number
UTF8 = "utf-8-sig"
# DuckDB forgives a surplus last field that is its NULL: a row that an unquoted comma shifted. So empty is none here.
NO_NULL = "\x01siyu\x01"


@dataclass(frozen=True)
class Reading:
    """`sql` is the query; new and missing are column names against the contract, for formats without a header to be had
    from `drift(session, the relation that was read)`; `otherwise` is the slower, more patient way, for a file in which
    the engine refuses a record, or loses one, as `is_whole(session, the relation that was read)` tells."""

    sql: str
    new: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    otherwise: Callable[[], Reading] | None = None
    is_whole: Callable[[Session, str], bool] | None = None
    drift: Callable[[Session, str], tuple[list[str], list[str]]] | None = None


class WrongHeader(FileRejected):
    """A header that does not fit the contract; `missing` are the required columns it lacks."""

    def __init__(self, problem: str, where: str, fix: str, missing: tuple[str, ...]) -> None:
        super().__init__(problem, where, fix)
        self.missing = missing


Reader = Callable[[Session, Path, Export, Path], Reading]


def real_name(export: Export, column: str) -> str:
    """The name a column has in the file; of several the first."""
    return real_names(export, column)[0]


def real_names(export: Export, column: str) -> tuple[str, ...]:
    """All places that a column may stand in, in order."""
    return export.columns[column].path or (column,)


def compare(export: Export, found: list[str], path: Path) -> tuple[list[str], list[str]]:
    """New and missing columns of a header. Raises WrongHeader where the contract allows neither."""
    real = {real_name(export, column): column for column in export.columns}
    new = [item for item in found if item not in real]
    # A file without a header has its first record here, and that is nobody's to read.
    is_header = any(item in real for item in found)
    shown = masked(", ".join(found))[:300] if is_header else f"{len(found)} columns of other names; has it a header"
    missing = [column for item, column in real.items() if item not in found]
    needed = [c for c in missing if export.columns[c].required or c in export.key]
    told = [f"the required column {', '.join(needed)} is missing"] if needed else []
    if new and export.extra_columns == "reject":
        told.append(f"unknown columns: {masked(', '.join(new)) if is_header else len(new)}")
    if told:
        fix = f"the file has: {shown}{'.' if is_header else '?'}" if needed else "add them to the contract."
        raise WrongHeader("; ".join(told), path.name, fix, tuple(needed))
    return new if export.extra_columns == "keep" else [], missing


def told_names(names: list[str]) -> list[str]:
    """Names as drift tells them: a header that has lost its line break holds persons, a record may have any key."""
    told = list(dict.fromkeys(masked(item)[:TOLD_NAME] for item in names[:TOLD_NAMES]))
    return [*told, "… and more"] if len(names) > TOLD_NAMES else told


def checked_header(found: list[str], path: Path) -> list[str]:
    """The names as they are. Raises FileRejected when one stands twice, or when they are no header at all."""
    longest = max(map(len, found), default=0)
    if len(found) > MAX_COLUMNS or longest > MAX_NAME:
        raise FileRejected(
            f"the header has {len(found)} columns, the longest name {longest} characters",
            path.name,
            f"at most {MAX_COLUMNS} columns and {MAX_NAME} characters: has the file lost its line breaks?",
        )
    twice = sorted(item for item, times in Counter(found).items() if times > 1)
    if twice:
        raise FileRejected(f"the header names {masked(', '.join(twice))} twice", path.name, "mend the export.")
    return found


def table_query(relation: str, export: Export, columns: dict[str, str], new: list[str], error: str) -> str:
    """`columns` maps a real name to the SQL that gives its text."""
    chosen = [
        f"{columns.get(real_name(export, column), 'null::varchar')} as {quote_name(column)}"
        for column in export.columns
    ]
    extra = "null::varchar"
    if new:
        pairs = ", ".join(f"{quoted(item)}, {columns[item]}" for item in new)
        extra = f"json_object({pairs})::varchar"
    return f"select {', '.join(chosen)}, {extra} as _extra, {error} as _error from {relation}"


def csv_relation(path: Path, width: int, delimiter: str = ",", *, rewritten: bool = False) -> str:
    """A csv file with a header as text columns c0, c1, …, read strictly; `rewritten` by us, it has longer lines."""
    columns = ", ".join(f"'c{i}': 'varchar'" for i in range(width))
    line, buffer = (REWRITTEN_LINE, REWRITTEN_BUFFER) if rewritten else (STRICT_LINE, STRICT_BUFFER)
    return (
        f"read_csv({quoted(path)}, auto_detect = false, header = true, columns = {{{columns}}},"
        f" nullstr = {quoted(NO_NULL)}, delim = {quoted(delimiter)}, quote = '\"', escape = '\"', comment = '',"
        f" strict_mode = true, null_padding = false, max_line_size = {line},"
        f" buffer_size = {buffer})"
    )


def holds(count: int) -> Callable[[Session, str], bool]:
    """Is what was read so many records?"""
    return lambda session, read: bool(session.value(f"select count(*) from {read}") == count)
