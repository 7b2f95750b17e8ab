"""xlsx: numbers, texts and dates in any mix, each cell as the text that the contract's type can read."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from siyu.channels import DATED, Export
from siyu.engines.base import Session
from siyu.errors import FileRejected, nearest
from siyu.readers.base import BLOCK, WHOLE, Reading, checked_header, compare, csv_relation, real_name, table_query

EPOCH, EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)
MAX_SERIAL = 2958466  # the day after 9999-12-31


def read_xlsx(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """The sheet that the contract names, else the first visible one; the first row that is not empty is the header."""
    epoch = _checked_archive(path, export)
    rows = _rows(path, export)
    found = next(rows, None)
    if found is None:
        raise FileRejected("the file has no header", path.name, "the first row names the columns.")
    cells = [_text(cell) for cell in found]
    while cells and not cells[-1]:
        cells.pop()
    header = checked_header([cell or f"column {i}" for i, cell in enumerate(cells, start=1)], path)
    new, missing = compare(export, header, path)
    dated = {real_name(export, c) for c, column in export.columns.items() if column.type in DATED[:2]}
    is_date = [item in dated for item in header]
    rewritten = scratch / "records.csv"
    with rewritten.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(range(len(header) + 1))
        for row in rows:
            values = [_dated(c, epoch) if d else _text(c) for c, d in zip(row, is_date, strict=False)]
            surplus = any(cell != "" for cell in row[len(header) :])
            writer.writerow([*values, f"more fields than the header's {len(header)}" if surplus else ""])
    texts = {item: f"nullif(c{i}, '')" for i, item in enumerate(header)}
    relation = csv_relation(rewritten, len(header) + 1, ",")
    return Reading(table_query(relation, export, texts, new, f"nullif(c{len(header)}, '')"), new, missing)


def _checked_archive(path: Path, export: Export) -> datetime:
    """Unpack once without keeping anything: a broken or swollen archive is refused. Returns day 0 of its dates."""
    limit = export.max_document_mb * 1024 * 1024
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    while block := file.read(BLOCK):
                        limit -= len(block)
                        if limit < 0:
                            raise FileRejected(
                                f"the workbook unpacks to more than max_document_mb = {export.max_document_mb}",
                                path.name,
                                "split it, or raise the limit.",
                            )
            book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    except KeyError as error:
        raise FileRejected("the file is no xlsx workbook", path.name, "save it as xlsx.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise FileRejected(
            f"the file is no readable xlsx workbook: {error}", path.name, "save it as xlsx; a renamed csv is none."
        ) from error
    return EPOCH_1904 if re.search(r"date1904=\"(1|true)\"", book) else EPOCH


def _rows(path: Path, export: Export) -> Iterator[list[Any]]:
    """Rows that are not empty."""
    try:
        with CalamineWorkbook.from_path(path) as book:
            sheets = [s.name for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
            visible = [
                s.name for s in book.sheets_metadata if s.name in sheets and s.visible == SheetVisibleEnum.Visible
            ]
            wanted = export.sheet or next(iter([*visible, *sheets]), "")
            if wanted not in sheets:
                raise FileRejected(f"the workbook has no sheet {wanted}", path.name, nearest(wanted, sheets))
            for row in book.get_sheet_by_name(wanted).iter_rows():
                if any(cell != "" for cell in row):
                    yield row
    except CalamineError as error:
        raise FileRejected(f"the workbook cannot be read: {error}", path.name, "save it again as xlsx.") from error


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


def _dated(cell: Any, epoch: datetime) -> str:
    """A date that a cell holds as a bare number counts days since the workbook's day 0."""
    if isinstance(cell, float) and 1 <= cell < MAX_SERIAL:
        moment = epoch + timedelta(seconds=round(cell * 86400))
        return moment.isoformat(sep=" ")
    return _text(cell)
