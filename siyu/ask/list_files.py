"""Lists as files for spreadsheets, CSV and Excel: no cell runs as a formula, and no file is half written."""

from __future__ import annotations

import csv
import errno
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException

from siyu.ask.work_list import WorkList, plain
from siyu.errors import ConfigError, EngineFault, WrongQuestion
from siyu.masking import one_line
from siyu.warehouse.files import fsync

PRIVATE_MODE = 0o600
LONGEST_CELL = 32_767  # characters of UTF-16 that Excel stores in a cell
MOST_ROWS = 1_048_575  # rows below the header that Excel has on a sheet
TEXT_FORMAT = 49  # "@": what somebody types into the cell stays a text
FIRST_YEAR = 1900  # Excel has no earlier dates
CUT = "…"
NOT_IN_XML = re.compile("[\ufffe\uffff]")
# A program that separates columns by semicolons would begin a cell there, also inside quotes.
INNER_CELL = re.compile(r";(?=[\s\"']*[=+\-@＝＋－＠])")
NUMBERS = (int, float, Decimal)
FORMULA = "=+-@\u2212"  # the last one is the minus sign
BLANKS = ("Zs", "Zl", "Zp", "Cc", "Cf")
RICH = ("<r>", "</r>")


@dataclass(frozen=True)
class Table:
    """What a file contains. `about` are pairs of label and value, for the last sheet of a workbook."""

    title: str
    header: Sequence[str]
    widths: Sequence[int]
    rows: Iterable[Sequence[Any]]
    about: Sequence[tuple[str, Any]]


def table_of(found: WorkList) -> Table:
    """Return a list as the content of a file."""
    question = found.question
    about = (
        ("list 名单", found.title), ("as of 业务日期", found.as_of), ("release 版本", found.release),
        ("owner 负责人", question.owner), ("event 活动", question.event), ("rows 行数", found.row_count),
        ("people 人数", found.person_count),
        ("contact data 联系方式", "raw 明文" if question.is_raw else "masked 脱敏"),
        ("time zone 时区", found.zone.key),
    )  # fmt: skip
    header = [field.label for field in found.fields]
    widths = [field.width for field in found.fields]
    return Table(question.list, header, widths, (found.shown(row) for row in found.rows()), about)


def cell_text(text: str) -> str:
    """Return a text that fits into a cell: one line, only characters that XML allows, not longer than Excel allows."""
    return _cut(_clean(text))


def _clean(text: str) -> str:
    # Nothing that Python calls printable is a control character, a mark of direction or half a character.
    return text if text.isprintable() else NOT_IN_XML.sub("�", one_line(text))


def _cut(text: str) -> str:
    if len(text) * 2 <= LONGEST_CELL:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= LONGEST_CELL * 2:
        return text
    return units[: (LONGEST_CELL - 1) * 2].decode("utf-16-le", "ignore") + CUT


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may read a text as a formula: its first visible character is = + - @, in any width."""
    if text[:1].isalnum():  # most texts
        return False
    first = next((letter for letter in text if unicodedata.category(letter) not in BLANKS), "")
    return bool(first) and unicodedata.normalize("NFKC", first)[0] in FORMULA


def csv_text(text: str) -> str:
    """Return a cell of a CSV file. An apostrophe stands before what may be a formula, as OWASP recommends."""
    safe = INNER_CELL.sub(";'", _clean(text))
    return _cut(f"'{safe}" if is_formula(safe) else safe)


def write_csv(path: Path, table: Table) -> None:
    """Write a CSV file in UTF-8, with the mark that tells Excel so."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(csv_text, table.header))
        for row in table.rows:
            writer.writerow([csv_text(value) if isinstance(value, str) else plain(value) for value in row])


def write_xlsx(path: Path, table: Table) -> None:
    """Write a workbook, row by row. Texts are texts and never formulas or links. Temporary files stay beside it."""
    options = {
        "constant_memory": True, "tmpdir": str(path.parent), "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False,
    }  # fmt: skip
    try:
        book = xlsxwriter.Workbook(str(path), options)
        book.use_zip64()
        _Sheets(book, table).write()
        book.close()
    except XlsxWriterException as error:
        raise OSError(errno.EIO, str(error), str(path)) from error


class _Sheets:
    """The sheets of a workbook: as many as the rows need, and one about the list."""

    def __init__(self, book: Any, table: Table) -> None:
        self._book, self._table = book, table
        formats = {"num_format": TEXT_FORMAT}
        self._text, self._risky = book.add_format(formats), book.add_format({**formats, "quote_prefix": True})
        self._head = book.add_format({"bold": True, **formats})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self._day = book.add_format({"num_format": "yyyy-mm-dd"})

    def write(self) -> None:
        sheet, row, count = self._next(1), 0, 1
        for values in self._table.rows:
            if row == MOST_ROWS:
                self._end(sheet, row)
                count += 1
                sheet, row = self._next(count), 0
            row += 1
            for column, value in enumerate(values):
                self._cell(sheet, row, column, value)
        self._end(sheet, row)
        about = self._book.add_worksheet("about 说明")
        about.set_column(0, 1, 40)
        for row, pair in enumerate(self._table.about):
            for column, value in enumerate(pair):
                self._cell(about, row, column, value)

    def _next(self, number: int) -> Any:
        title = self._table.title if number == 1 else f"{self._table.title} {number}"
        sheet = self._book.add_worksheet(title)
        for column, width in enumerate(self._table.widths):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        for column, label in enumerate(self._table.header):
            sheet.write_string(0, column, label, self._head)
        return sheet

    def _end(self, sheet: Any, rows: int) -> None:
        sheet.autofilter(0, 0, rows, len(self._table.header) - 1)

    def _cell(self, sheet: Any, row: int, column: int, value: Any) -> None:
        if value is None or value == "":
            return
        if isinstance(value, NUMBERS):
            sheet.write_number(row, column, float(value))
        elif isinstance(value, date) and value.year >= FIRST_YEAR:
            sheet.write_datetime(row, column, value, self._moment if isinstance(value, datetime) else self._day)
        else:
            text = cell_text(plain(value))
            # xlsxwriter would write a text in these marks as XML, unescaped.
            text += " " if text.startswith(RICH[0]) and text.endswith(RICH[1]) else ""
            sheet.write_string(row, column, text, self._risky if is_formula(text) else self._text)


WRITERS: dict[str, Callable[[Path, Table], None]] = {"csv": write_csv, "xlsx": write_xlsx}


def check_target(path: Path, form: str, is_forced: bool) -> None:
    """Raise WrongQuestion or ConfigError unless a file may be written there."""
    if path.suffix.lower() != f".{form}":
        raise WrongQuestion(f"{path.name} does not end in .{form}", str(path), f"name it {path.stem}.{form}.")
    if not path.parent.is_dir():
        raise ConfigError("the folder of the file does not exist", str(path.parent), "create it, or correct the path.")
    if not os.path.lexists(path):
        return
    if not stat.S_ISREG(path.lstat().st_mode):
        raise WrongQuestion("this is not a file that siyu may replace", str(path), "name a new file.")
    if not is_forced:
        raise _exists(path)


def _exists(path: Path) -> WrongQuestion:
    return WrongQuestion("the file exists already", str(path), "name another file, or replace it with --force.")


def write_file(path: Path, form: str, table: Table, *, is_private: bool, is_forced: bool) -> None:
    """Write a file and put it in its place in one step. Until then it is in a folder that only its owner may open.

    `is_private`: only its owner may read it afterwards, too. Raises EngineFault if the disk is full; nothing is left.
    """
    try:
        with TemporaryDirectory(prefix=".siyu-list-", dir=path.parent) as folder:
            draft = Path(folder) / f"draft.{form}"
            WRITERS[form](draft, table)
            if is_private:
                draft.chmod(PRIVATE_MODE)
            fsync(draft)
            _put(draft, path, is_forced)
        fsync(path.parent)
    except OSError as error:
        raise EngineFault(
            f"the file cannot be written: {error.strerror or error}",
            str(path),
            "check the disk and who may write there. No part of the file was left.",
        ) from error


def _put(draft: Path, path: Path, is_forced: bool) -> None:
    """Move a file to its place. Without `is_forced`, a file that appeared there in the meantime stays."""
    if is_forced:
        os.replace(draft, path)
        return
    try:
        os.link(draft, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        if os.path.lexists(path):  # a file system without links
            raise _exists(path) from error
        os.replace(draft, path)
