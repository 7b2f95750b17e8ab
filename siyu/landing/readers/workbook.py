"""Convert a workbook to csv in a separate process: a single cell at the end of a sheet makes the reader allocate
500 GB, and a part with a wrong size may crash it.

`python workbook.py JOB` writes the rows to JOB's `out` and prints {"header": […], "rows": …}, or what is wrong with the
file: {"problem": …, "fix": …, "sheets": […]}, or with the machine: {"os_error": [number, text, path]}. The caller
reports any other end of the process.

`python workbook.py --many JOB JOB …` writes the answer to `out`.json for each workbook that it could read, and nothing
for the others; the caller converts those one by one.

This module imports nothing of siyu, so that it starts quickly and needs no path.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

BLOCK = 1 << 20
WHOLE = 10**15  # above this limit a double cannot represent every whole number
EPOCH, EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
MANY, ANSWER = "--many", ".json"  # the first argument for many jobs; the ending of an answer's file, after `out`
MAX_SERIAL = 2958466  # the day after 9999-12-31
LOOKED, SHOWN_CELL = 50, 200  # rows that may be the header; characters of a cell in the answer


@dataclass(frozen=True)
class Job:
    """A workbook to convert. `known` are the names that the contract's columns may have in the file. In the columns
    `dated`, a plain number is a date. In `formatted`, a date is written as 2026-01-31T00:00:00. In `comma`, a number is
    written with a comma. `max_record` is in characters, the other limits are in bytes and seconds."""

    path: str
    out: str
    sheet: str | None
    header_row: int | None
    footer: list[str]
    known: list[str]
    dated: list[str]
    formatted: list[str]
    comma: list[str]
    max_unpacked: int
    max_record: int
    memory: int
    seconds: int


class Refused(Exception):
    """What is wrong with the workbook and how to fix it, or which sheets it has."""

    def __init__(self, problem: str, fix: str, sheets: list[str] | None = None) -> None:
        super().__init__(problem)
        self.answer = {"problem": problem, "fix": fix, "sheets": sheets}


def convert(job: Job) -> dict[str, Any]:
    """Write the rows below the header; the last column says what is wrong with a row."""
    epoch = _checked_archive(job)
    rows = _rows(job)
    first = list(islice(rows, LOOKED))
    place = next((i for i, (number, _) in enumerate(first) if job.header_row in (None, number)), None)
    shown = [(number, [_text(cell).strip()[:SHOWN_CELL] for cell in row]) for number, row in first]
    if place is None:
        return {"header": [], "row": 0, "top": shown, "rows": 0, "filled": [], "totals": 0}
    cells = [_text(cell).strip() for cell in first[place][1]]
    header = names_of(cells, [row for _, row in shown[:place]], job.known)
    while header and not header[-1]:
        header.pop()
    writers = [_writer(item, job, epoch) for item in header]
    unnamed = [i for i, item in enumerate(header) if not item]
    left, count, totals = job.max_unpacked, 0, 0
    filled: set[int] = set()
    with Path(job.out).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(range(len(header) + 1))
        for _, row in chain(first[place + 1 :], rows):
            values = [write(cell) for cell, write in zip(row, writers, strict=False)]
            if is_footer(row, job.footer):
                totals += 1
                continue
            problem = _problem(row, values, job)
            left -= sum(map(len, values))
            if left < 0:
                raise _too_large(job)
            if unnamed and not problem:
                filled.update(i for i in unnamed if values[i].strip())
            writer.writerow([*([""] * len(header) if problem else values), problem])
            count += 1
    return {
        "header": header,
        "row": first[place][0],
        "top": shown,
        "rows": count,
        "filled": sorted(filled),
        "totals": totals,
    }


def names_of(cells: Sequence[str], above: Sequence[Sequence[str]], known: Sequence[str]) -> list[str]:
    """Return the names of a header. A cell without a name takes the text of the nearest cell above it that has one, if
    that is a name in the contract: the cells were merged. `above` are the rows above, the nearest last. Invisible
    characters alone are no name."""
    names, folded_names = [cell if folded(cell) else "" for cell in cells], {*map(folded, known)}
    for place, cell in enumerate(names):
        over = (row[place] for row in reversed(above) if place < len(row) and row[place])
        if not cell and folded(text := next(over, "")) in folded_names and text not in names:
            names[place] = text
    return names


def is_footer(row: Sequence[Any], patterns: Sequence[str]) -> bool:
    """Return whether the first filled cell of a row matches a pattern. Letter case makes no difference."""
    if not patterns:
        return False
    first = next((text for cell in row if (text := str(cell).strip())), "").casefold()
    return any(fnmatchcase(first, pattern.casefold()) for pattern in patterns)


def _problem(row: list[Any], values: list[str], job: Job) -> str:
    if _is_filled(row[len(values) :]):
        return f"more fields than the header's {len(values)}"
    return f"longer than {job.max_record >> 20} million characters" if sum(map(len, values)) > job.max_record else ""


def _too_large(job: Job) -> Refused:
    limit = f"max_document_mb = {job.max_unpacked >> 20}"
    return Refused(f"the workbook unpacks to more than {limit}", "split it, or raise the limit.")


def _checked_archive(job: Job) -> datetime:
    """Unpack the archive without keeping anything, to refuse a broken or oversized one. Returns day 0 of its dates."""
    left = job.max_unpacked
    try:
        with zipfile.ZipFile(job.path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    while block := file.read(BLOCK):
                        left -= len(block)
                        if left < 0:
                            raise _too_large(job)
            book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    except KeyError as error:
        raise Refused("the file is not an xlsx workbook", "save it as xlsx.") from error
    except Exception as error:  # a damaged archive can raise almost any error
        if isinstance(error, Refused | MemoryError) or (isinstance(error, OSError) and error.filename):
            raise
        fix = "save it as xlsx; renaming a csv file is not enough."
        raise Refused(f"the file is not a readable xlsx workbook: {error}", fix) from error
    return EPOCH_1904 if re.search(r"date1904=\"(1|true)\"", book) else EPOCH


def _rows(job: Job) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows that are not blank, with the numbers that a spreadsheet shows."""
    with CalamineWorkbook.from_path(job.path) as book:
        sheets = [s.name for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
        visible = [s.name for s in book.sheets_metadata if s.name in sheets and s.visible == SheetVisibleEnum.Visible]
        wanted = job.sheet or next(iter([*visible, *sheets]), "")
        if wanted not in sheets:
            raise Refused(f"the workbook has no sheet {wanted}", "", sheets)
        for number, row in enumerate(book.get_sheet_by_name(wanted).iter_rows(), start=1):
            if _is_filled(row):
                yield number, row


def _is_filled(row: Sequence[Any]) -> bool:
    return any(cell != "" and (not isinstance(cell, str) or cell.strip()) for cell in row)


def _writer(name: str, job: Job, epoch: datetime) -> Callable[[Any], str]:
    """Return the function that writes a cell of a column as text."""
    comma, dated, formatted = ({*map(folded, names)} for names in (job.comma, job.dated, job.formatted))
    name = folded(name)
    if name in comma:
        return lambda cell: _text(cell).replace(".", ",") if isinstance(cell, float) else _text(cell)
    if name in dated or name in formatted:
        return partial(_dated, epoch=epoch if name in dated else None, between="T" if name in formatted else " ")
    return _text


def folded(name: str) -> str:
    """Return a name of a column without the differences that siyu ignores: letter case, blanks, width, invisible
    characters."""
    text = unicodedata.normalize("NFKC", name)
    if not (text.isascii() and text.isprintable()):
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc"))
    return "".join(text.split()).casefold()


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < WHOLE else f"{Decimal(repr(cell)):f}"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def _dated(cell: Any, epoch: datetime | None, between: str) -> str:
    """Return a cell of a date column as text. A plain number counts days since the workbook's day 0, if that is given;
    `between` is the character between date and time."""
    if isinstance(cell, float) and epoch and 1 <= cell < MAX_SERIAL:
        try:
            cell = epoch + timedelta(seconds=round(cell * 86400))
        except OverflowError:  # after the year 9999, by rounding up or by counting from 1904
            return _text(cell)
    if isinstance(cell, date) and not isinstance(cell, datetime) and between == "T":
        cell = datetime.combine(cell, time())
    return cell.isoformat(sep=between) if isinstance(cell, datetime) else _text(cell)


def main(text: str) -> dict[str, Any]:
    """Convert one workbook within the limits of its job, and return the answer."""
    job = Job(**json.loads(text))
    resource.setrlimit(resource.RLIMIT_CPU, (job.seconds, job.seconds + 10))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (job.memory, job.memory))
    try:
        return convert(job)
    except Refused as error:
        return error.answer
    except (CalamineError, ValueError, ArithmeticError, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            return {"os_error": [error.errno, error.strerror, error.filename]}
        return {"problem": f"the workbook cannot be read: {error}", "fix": "save it again as xlsx."}


def many(texts: list[str]) -> None:
    """Convert workbooks one by one, and write an answer beside the rows of each one that could be read."""
    for text in texts:
        answer = main(text)
        if "header" in answer:
            Path(json.loads(text)["out"] + ANSWER).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == MANY:
        many(sys.argv[2:])
    else:
        sys.stdout.write(json.dumps(main(sys.argv[1])))
