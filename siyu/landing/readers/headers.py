"""The header of a csv file or a sheet: its row, the names of its cells, and the reason if it does not have the columns
of the contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from siyu.errors import FileRejected
from siyu.landing.readers.column_names import matched_header, respelled
from siyu.landing.readers.reading import WrongHeader, checked_header, compare, real_names
from siyu.landing.readers.workbook import names_of
from siyu.seeds.channels import Export

DELIMITERS = {",": '","', ";": '";"', "\t": r'"\t"', "|": '"|"'}
GAP = re.compile("\\S(?:\\s{2,}|\u3000)\\S")


@dataclass(frozen=True)
class Row:
    """A row that is not blank: its number as a spreadsheet counts, with blank rows, and the lines of text it takes."""

    number: int
    cells: list[str]
    first_line: int = 0
    last_line: int = 0


@dataclass(frozen=True)
class Header:
    """The header of a table. `names` are those of the contract where a cell fits one, and '' for a cell without a name;
    `respelled` are cells whose text is not their name. `new` and `missing` are those of compare()."""

    row: Row
    names: list[str]
    new: list[str]
    missing: list[str]
    respelled: list[str]

    @property
    def is_complete(self) -> bool:
        """Does every cell have a name?"""
        return all(self.names)


def header_of(rows: Sequence[Row], ahead: Callable[[], Sequence[Row]], export: Export, path: Path) -> Header:
    """Return the header. `rows` are the first rows, up to the header. `ahead()` returns the rows in which to look for
    the header if these do not have it. Raises FileRejected if the header does not have the columns of the contract."""
    wanted = export.header_at
    row = next((row for row in rows if wanted in (None, row.number)), None)
    try:
        if row is None:
            what = f"row {wanted}, the header_row of the contract, is empty" if wanted else "the file has no header"
            raise FileRejected(what, path.name, "one row must name the columns: see `header_row` in the contract.")
        cells = _names(row, rows, export)
        names = _matched(cells, export, path)
        new, missing = compare(export, _named(names), path)
    except FileRejected as error:
        below = ahead()
        raise _elsewhere(row, None, below, export, path) or _separated(row, below, export, path) or error from error
    # The upper row of a merged header may have the required columns, too.
    if missing and (better := _elsewhere(row, missing, ahead(), export, path)):
        raise better
    return Header(row, names, new, missing, respelled(export, _named(cells), _named(names)))


def renamed(header: Header, filled: Collection[int], export: Export, path: Path) -> Header:
    """Return the header with a name such as column_7 for each cell without a name that has values below it."""
    names = list(header.names)
    for place in sorted(filled):
        made = f"column_{place + 1}"
        while made in names:
            made += "_"
        names[place] = names[place] or made
    new, missing = compare(export, _named(names), path)
    return replace(header, names=names, new=new, missing=missing)


def known_names(export: Export) -> list[str]:
    """Return the names that the columns of a contract may have in a file."""
    return [name for column in export.columns for name in real_names(export, column)]


def _names(row: Row, rows: Sequence[Row], export: Export) -> list[str]:
    above = [other.cells for other in rows if other.number < row.number]
    return names_of(row.cells, above, known_names(export))


def _named(names: Iterable[str]) -> list[str]:
    return [name for name in names if name]


def _matched(cells: Iterable[str], export: Export, path: Path) -> list[str]:
    """Return the names of the contract for the cells that fit one. Raises FileRejected if a name appears twice."""
    cells = list(cells)
    found = iter(matched_header(export, checked_header(_named(cells), path), path))
    return [next(found) if cell else "" for cell in cells]


def _elsewhere(
    used: Row | None, missing: list[str] | None, rows: Sequence[Row], export: Export, path: Path
) -> FileRejected | None:
    """Return the error if another row fits better as the header: if it misses fewer columns than the used row, whose
    missing columns are `missing`; or, if `missing` is None, if it has all required columns."""
    wrong = used.number if used else export.header_at
    lacks = {row.number: _lacks(_names(row, rows, export), export, path) for row in rows if row.number != wrong}
    fitting = [(len(found), number) for number, found in lacks.items() if found is not None]
    count, number = min(fitting, default=(len(export.columns), 0))
    if count >= (len(export.columns) if missing is None else len(missing)):
        return None
    is_below = used is not None and used.number < number
    kind = (
        "looks like a title" if missing is None or len(missing) == len(export.columns) else "is only part of the header"
    )
    problem = f"row {wrong} {kind if is_below else 'is not the header'}; the header seems to be row {number}"
    return FileRejected(problem, path.name, f"set header_row: {number} in the contract")


def _lacks(names: Iterable[str], export: Export, path: Path) -> list[str] | None:
    """Return the columns that are missing from a header; None if required ones are, or if it is not a header."""
    try:
        return compare(export, _named(_matched(names, export, path)), path)[1]
    except WrongHeader as error:
        return None if error.missing else []
    except FileRejected:
        return None


def _fits(names: Iterable[str], export: Export, path: Path) -> bool:
    """Does a header have every required column, and any column at all?"""
    lacks = _lacks(names, export, path)
    return lacks is not None and len(lacks) < len(export.columns)


def _other_delimiter(text: str, export: Export, path: Path) -> str | None:
    """Return, as it is shown, another delimiter than that of the contract that makes a header of a line."""
    for delimiter, shown in DELIMITERS.items():
        if delimiter != export.delimiter and _fits((part.strip(' "') for part in text.split(delimiter)), export, path):
            return shown
    return None


def _separated(used: Row | None, rows: Sequence[Row], export: Export, path: Path) -> FileRejected | None:
    """Return the error of a csv file whose columns the delimiter of the contract does not separate."""
    if export.format != "csv" or used is None:
        return None
    text = export.delimiter.join(used.cells)
    for row in (used, *(row for row in rows if row.number > used.number)):
        if found := _other_delimiter(export.delimiter.join(row.cells), export, path):
            wrong = DELIMITERS.get(export.delimiter, export.delimiter)
            problem = f"the columns are separated by {found}, not by {wrong}"
            fix = f"set delimiter: {found} in the contract"
            if row is not used:  # a title above it
                problem += f", and the header seems to be row {row.number}"
                fix = f"set delimiter: {found} and header_row: {row.number} in the contract"
            return FileRejected(problem, path.name, fix)
    below = [export.delimiter.join(row.cells) for row in rows if row.number > used.number]
    is_aligned = len(used.cells) == 1 and GAP.search(text) and below and all(map(GAP.search, below[:5]))
    if is_aligned or (set(text.split()) <= set(known_names(export)) and _fits(text.split(), export, path)):
        problem = "the columns are aligned with spaces (fixed width), so empty and long values cannot be separated"
        return FileRejected(problem, path.name, "export the file as csv, with tabs, or as xlsx")
    return None
