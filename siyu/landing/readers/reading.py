"""What every reader gives: a query of text columns, one row a record, in the file's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
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
class Found:
    """What the records of a file hold: is any record usable, does any have `_extra`, which columns have a value."""

    usable: bool
    extra: bool
    filled: frozenset[str]


@dataclass(frozen=True)
class Shared:
    """A file that one query may read together with other files of its export that have an equal `key`.

    `is_plain()` checks the file before it is read, `is_whole(rows)` checks the number of rows that were read. The text
    of a file that `unpacks` may be much longer than the file.
    """

    key: tuple[object, ...]
    is_plain: Callable[[], bool]
    is_whole: Callable[[int], bool]
    unpacks: bool = False


@dataclass(frozen=True)
class Reading:
    """How to read one file. `path` is the file itself or a rewritten copy; `query(session, files, beside)` returns the
    SQL, where `files` are arguments of a reader function and `beside` are more columns to select.

    `new` and `missing` are column names compared with the contract. Formats without a header return them from
    `drift(session, relation, found)` instead, where `relation` holds the records that were read. `otherwise` is a
    slower way to read the file, used when the engine refuses a record, or when `is_whole(session, relation, rows)`
    returns False. `shared` is None when the file must be read alone.
    """

    path: Path
    query: Callable[[Session, str, str], str]
    new: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    otherwise: Callable[[], Reading] | None = None
    is_whole: Callable[[Session, str, int], bool] | None = None
    drift: Callable[[Session, str, Found | None], tuple[list[str], list[str]]] | None = None
    shared: Shared | None = None

    def alone(self, session: Session) -> str:
        """The query of this file."""
        return self.query(session, quoted(self.path), "")


def together(session: Session, readings: Sequence[Reading]) -> str:
    """The query of files with equal `shared.key`. Its column `_source` is the path of the file a row comes from."""
    files = ", ".join(quoted(reading.path) for reading in readings)
    return readings[0].query(session, f"[{files}], filename = '_source'", ", _source")


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


def is_plain_text(path: Path) -> bool:
    """Is a small file valid utf-8 without a byte order mark?"""
    data = path.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return not data.startswith(BOM)


def table_query(relation: str, export: Export, columns: dict[str, str], new: list[str], error: str, beside: str) -> str:
    """The query of a format with a header: `columns` maps a real name to the SQL of its text."""
    chosen = [
        f"{columns.get(real_name(export, column), 'null::varchar')} as {quote_name(column)}"
        for column in export.columns
    ]
    extra = "null::varchar"
    if new:
        pairs = ", ".join(f"{quoted(item)}, {columns[item]}" for item in new)
        extra = f"json_object({pairs})::varchar"
    return f"select {', '.join(chosen)}, {extra} as _extra, {error} as _error{beside} from {relation}"


def csv_relation(files: str, width: int, delimiter: str = ",", *, rewritten: bool = False) -> str:
    """csv files with a header as text columns c0, c1, …, read strictly. A file that siyu rewrote has longer lines."""
    columns = ", ".join(f"'c{i}': 'varchar'" for i in range(width))
    line, buffer = (REWRITTEN_LINE, REWRITTEN_BUFFER) if rewritten else (STRICT_LINE, STRICT_BUFFER)
    return (
        f"read_csv({files}, auto_detect = false, header = true, columns = {{{columns}}},"
        f" nullstr = {quoted(NO_NULL)}, delim = {quoted(delimiter)}, quote = '\"', escape = '\"', comment = '',"
        f" strict_mode = true, null_padding = false, max_line_size = {line},"
        f" buffer_size = {buffer})"
    )


def rewritten_reading(
    path: Path, count: int, header: list[str], export: Export, new: list[str], missing: list[str]
) -> Reading:
    """The reading of a csv file that siyu rewrote: `count` records, and a last column that says what is wrong."""
    texts = {item: f"nullif(c{i}, '')" for i, item in enumerate(header)}
    width = len(header)

    def query(_session: Session, files: str, beside: str) -> str:
        relation = csv_relation(files, width + 1, rewritten=True)
        return table_query(relation, export, texts, new, f"nullif(c{width}, '')", beside)

    shared = Shared(("rewritten", *header), is_plain=lambda: True, is_whole=lambda rows: rows == count)
    return Reading(path, query, new, missing, is_whole=lambda _s, _r, rows: rows == count, shared=shared)
