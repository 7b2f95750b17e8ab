"""What every reader returns: a query of text columns, one row for each record, in the file's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from siyu.engines.base import Session
from siyu.engines.paths import PLAIN_FILE
from siyu.engines.sql import quote_name, quoted
from siyu.errors import FileRejected
from siyu.landing.readers.column_names import renamed_to
from siyu.landing.readers.mending import BROKEN
from siyu.masking import masked
from siyu.seeds.channels import Export

BOM = b"\xef\xbb\xbf"
MAX_RECORD = 16 * 1024 * 1024  # bytes of jsonl, characters of csv and xlsx; a longer record is rejected
MAX_COLUMNS, MAX_NAME = 2000, 1000
FIRST_RECORDS = 1000  # searched for a field before the others
# DuckDB 2.0 keeps 96 bytes for every surplus field of a line; the size of the buffer limits that. It must be larger
# than a line (else DuckDB crashes) and a power of two (else good rows are lost). A file with longer lines is read
# record by record.
STRICT_LINE, STRICT_BUFFER = 2 << 20, 8 << 20
REWRITTEN_LINE, REWRITTEN_BUFFER = 5 * MAX_RECORD, 8 * MAX_RECORD  # four bytes a character, or every quote twice
SHOWN_NAMES, SHOWN_NAME = 200, 100
BLOCK = 1 << 20
WHOLE = 10**15  # above this limit a double cannot represent every whole number
UTF8 = "utf-8-sig"
# DuckDB ignores a surplus last field that equals its NULL text, and would accept a row that an unquoted comma shifted.
# With this NULL text no field equals it.
NO_NULL = "\x01siyu\x01"


@dataclass(frozen=True)
class Found:
    """What is in the records of a file: is any record usable, has any `_extra`, which columns have a value."""

    usable: bool
    extra: bool
    filled: frozenset[str]
    is_few: bool = False  # no more records than are searched first


@dataclass(frozen=True)
class Shared:
    """How to read a file in one query with other files of its export: those with an equal `key`.

    `is_plain()` checks the file before it is read, `is_whole(rows)` checks the number of rows that were read. The text
    of a file that `unpacks` may be much longer than the file.
    """

    key: tuple[object, ...]
    is_plain: Callable[[], bool]
    is_whole: Callable[[int], bool]
    unpacks: bool = False


@dataclass(frozen=True)
class Reading:
    """How to read one file.

    `path` is the file itself or a rewritten copy. `query(session, files, beside)` returns the SQL, where `files` are
    the arguments of a DuckDB reader function and `beside` is SQL that selects more columns, beginning with a comma.

    `new` and `missing` are column names compared with the contract, `respelled` names in the header that are read as
    another text. Formats without a header return them from
    `drift(session, relation, found)` instead, where `relation` holds the records that were read. `otherwise` is a
    slower way to read the file, used when the engine refuses a record, or when `is_whole(session, relation, rows)`
    returns False. `shared` is None when the file must be read alone. `alike(session, relation)` returns a better
    reading if records have fields that differ from fields of the contract only in spelling. `is_mended`
    says that characters were replaced by U+FFFD. `totals` is the number of footer rows, which are not records.
    """

    path: Path
    query: Callable[[Session, str, str], str]
    new: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    respelled: list[str] = field(default_factory=list)
    otherwise: Callable[[], Reading] | None = None
    is_whole: Callable[[Session, str, int], bool] | None = None
    drift: Callable[[Session, str, Found | None], tuple[list[str], list[str]]] | None = None
    shared: Shared | None = None
    is_mended: bool = False
    totals: int = 0
    alike: Callable[[Session, str], Reading | None] | None = None

    def alone(self, session: Session) -> str:
        """Return the query for this file."""
        return self.query(session, quoted(self.path), "")


def together(session: Session, readings: Sequence[Reading]) -> str:
    """Return the query for files with equal `shared.key`. Its column `_source` is the path of each row's file."""
    files = ", ".join(quoted(reading.path) for reading in readings)
    return readings[0].query(session, f"[{files}], filename = '_source'", ", _source")


class WrongHeader(FileRejected):
    """A header that does not match the contract; `missing` are the required columns that it does not have."""

    def __init__(self, problem: str, where: str, fix: str, missing: tuple[str, ...]) -> None:
        super().__init__(problem, where, fix)
        self.missing = missing


Reader = Callable[[Session, Path, Export, Path], Reading]


def real_name(export: Export, column: str) -> str:
    """Return the name of a column in the file; the first one if there are several."""
    return real_names(export, column)[0]


def real_names(export: Export, column: str) -> tuple[str, ...]:
    """Return all names or paths of a column in the file, in order."""
    return export.columns[column].names(column)


def compare(export: Export, found: list[str], path: Path) -> tuple[list[str], list[str]]:
    """Return new and missing columns of a header. Raises WrongHeader if the contract does not allow them."""
    real = {real_name(export, column): column for column in export.columns}
    new = [item for item in found if item not in real]
    # In a file without a header this is the first record, which must not be shown.
    is_header = any(item in real for item in found)
    shown = masked(", ".join(found))[:300] if is_header else f"{len(found)} columns with other names; is there a header"
    missing = [column for item, column in real.items() if item not in found]
    needed = [c for c in missing if export.columns[c].required or c in export.key]
    problems = [f"the required column {', '.join(needed)} is missing"] if needed else []
    if new and export.extra_columns == "reject":
        problems.append(f"unknown columns: {masked(', '.join(new)) if is_header else len(new)}")
    if problems:
        hints = "".join(_hint(export, column, new) for column in needed) if is_header else ""
        ends = f"{hints}the file has: {shown}{'.' if is_header else '?'}"
        fix = ends if needed else "add them to the contract."
        raise WrongHeader("; ".join(problems), path.name, fix, tuple(needed))
    return new if export.extra_columns == "keep" else [], missing


def _hint(export: Export, column: str, new: Sequence[str]) -> str:
    """Say which new columns may be a required column that is missing, and what to do then."""
    names = shown_names(renamed_to(export, column, new))
    if not names:
        return ""
    found = f"{', '.join(names)} {'are' if len(names) > 1 else 'is'} new"
    return f"{found}. If it was renamed, add `from: [{', '.join(names)}]` to {column} in the contract; "


def shown_names(names: list[str]) -> list[str]:
    """Return names of columns for the drift report, masked and limited in number and length: a header without a line
    break contains records, and a JSON record may have any keys."""
    shown = list(dict.fromkeys(masked(item)[:SHOWN_NAME] for item in names[:SHOWN_NAMES]))
    return [*shown, "… and more"] if len(names) > SHOWN_NAMES else shown


def checked_header(found: list[str], path: Path) -> list[str]:
    """Return the names unchanged. Raises FileRejected if a name is repeated, or if this cannot be a header."""
    longest = max(map(len, found), default=0)
    if len(found) > MAX_COLUMNS or longest > MAX_NAME:
        raise FileRejected(
            f"the header has {len(found)} columns, the longest name {longest} characters",
            path.name,
            f"at most {MAX_COLUMNS} columns and {MAX_NAME} characters: has the file lost its line breaks?",
        )
    twice = sorted(item for item, times in Counter(found).items() if times > 1)
    if twice:
        raise FileRejected(f"the header names {masked(', '.join(twice))} twice", path.name, "fix the export.")
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
    """Return the query for a format with a header. `columns` maps the name of a column in the file to its SQL."""
    chosen = [
        f"{columns.get(real_name(export, column), 'null::varchar')} as {quote_name(column)}"
        for column in export.columns
    ]
    extra = "null::varchar"
    if new:
        pairs = ", ".join(f"{quoted(item)}, {columns[item]}" for item in new)
        extra = f"json_object({pairs})::varchar"
    return f"select {', '.join(chosen)}, {extra} as _extra, {error} as _error{beside} from {relation}"


def csv_relation(files: str, width: int, delimiter: str = ",", *, skipped: int = 0, rewritten: bool = False) -> str:
    """Return the relation of csv files with a header below `skipped` lines: text columns c0, c1, …, read strictly.
    Files that siyu rewrote may have longer lines."""
    columns = ", ".join(f"'c{i}': 'varchar'" for i in range(width))
    line, buffer = (REWRITTEN_LINE, REWRITTEN_BUFFER) if rewritten else (STRICT_LINE, STRICT_BUFFER)
    return (
        f"read_csv({files}, auto_detect = false, header = true, skip = {skipped}, columns = {{{columns}}},"
        f" nullstr = {quoted(NO_NULL)}, delim = {quoted(delimiter)}, quote = '\"', escape = '\"', comment = '',"
        f" strict_mode = true, null_padding = false, {PLAIN_FILE}, max_line_size = {line},"
        f" buffer_size = {buffer})"
    )


@dataclass(frozen=True)
class Rewritten:
    """A csv file that siyu wrote. Its last column has the reason why a record is rejected. With it: the number of its
    records, the places of columns without a name that have values, the number of footer rows that were left out, and
    the number of records with replaced characters."""

    path: Path
    count: int
    filled: Collection[int]
    totals: int
    mended: int = 0


def rewritten_reading(
    source: Rewritten,
    header: list[str],
    export: Export,
    new: list[str],
    missing: list[str],
    *,
    is_mended: bool = False,
) -> Reading:
    """Return the reading of a csv file that siyu wrote. A column whose name is '' is not read. Records in which
    characters were replaced land if `is_mended`."""
    texts = {item: f"nullif(c{i}, '')" for i, item in enumerate(header) if item}
    width = len(header)

    def query(_session: Session, files: str, beside: str) -> str:
        relation = csv_relation(files, width + 1, rewritten=True)
        error = f"nullif(c{width}, '')"
        error = f"nullif({error}, {quoted(BROKEN)})" if is_mended else error
        return table_query(relation, export, texts, new, error, beside)

    def is_whole(rows: int) -> bool:
        return rows == source.count

    shared = Shared(("rewritten", *header), is_plain=lambda: True, is_whole=is_whole)
    return Reading(
        source.path, query, new, missing, is_whole=lambda _s, _r, rows: is_whole(rows), shared=shared,
        is_mended=is_mended, totals=source.totals,
    )  # fmt: skip
