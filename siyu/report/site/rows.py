"""The rows of a block, and how their values are written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from siyu.engines.base import Session
from siyu.errors import SqlProblem
from siyu.report.runbooks import runbook_link, safe_link
from siyu.report.site.definitions import Block, Column

MOST_ROWS = 500  # of a block; a page must not grow with the number of people
ZH, RUNBOOK = "_zh", "runbook"
IN_LINKS = ":/?#=&.-_"  # characters that a value may bring into a link
NAMED = re.compile(r"\{(\w*)\}")
REQUIRED = ("code", "name", "value", "unit")  # columns of a block of cards


@dataclass(frozen=True)
class Cell:
    """A value of a row: as it is, and as people read it in both languages."""

    value: Any
    en: str
    zh: str
    href: str = ""
    share: float | None = None  # length of the bar behind it, 0 to 1

    @property
    def plain(self) -> str:
        """The value as it is, for programs: a number without a unit, a date as 2026-06-30."""
        return plain(self.value)


@dataclass(frozen=True)
class Rows:
    """The result of a block's query. `names` are all of its columns; `is_cut` means that it has more rows, `missing`
    are tables that the release lacks, `error` says why the query could not run."""

    block: Block
    sql: str
    names: tuple[str, ...] = ()
    values: tuple[Mapping[str, Any], ...] = ()
    is_cut: bool = False
    missing: tuple[str, ...] = ()
    error: str = ""

    def column(self, name: str) -> list[Any]:
        """Return the values of a column."""
        return [row[name] for row in self.values]

    def words(self, name: str) -> list[Any]:
        """Return the texts of a column as {en, zh} where it has Chinese ones, else its values."""
        if name + ZH not in self.names:
            return [jsonable(value) for value in self.column(name)]
        return [{"en": _or_dash(row[name]), "zh": _or_dash(row[name + ZH] or row[name])} for row in self.values]

    def cells(self) -> Iterator[list[Cell]]:
        """Yield the cells of each row, in the order of the block's columns."""
        full = {name: self._full(name) for name, column in self.block.columns.items() if column.bar}
        for row in self.values:
            yield [self.cell(row, name, column, full.get(name)) for name, column in self.block.columns.items()]

    def _full(self, name: str) -> float:
        """Return the value of the longest bar of a column."""
        least = 1.0 if self.block.columns[name].format == "rate" else 0.0
        return max([least, *(abs(float(value)) for value in self.column(name) if value is not None)])

    def cell(self, row: Mapping[str, Any], name: str, column: Column, full: float | None = None) -> Cell:
        """Return one cell. `full` is the value of the longest bar, if the column has bars."""
        value = row[name]
        en = shown(value, column.format)
        zh = shown(row[name + ZH], column.format) if name + ZH in self.names and row[name + ZH] is not None else en
        if column.link == RUNBOOK and value is not None:
            en = zh = str(value).partition("#")[2].replace("-", " ")
        share = round(abs(float(value)) / full, 4) if full and value is not None else None
        return Cell(value, en, zh, _href(column.link, row, name), share)


def read_rows(session: Session, block: Block, known: Sequence[str], as_of: date) -> Rows:
    """Run the query of a block. A query that fails costs only its own block: the result says why."""
    sql = block.sql.replace("{as_of}", f"date '{as_of}'").strip()
    missing = tuple(table for table in block.reads if table not in known)
    if missing:
        return Rows(block, sql, missing=missing)
    try:
        found = session.named_rows(f"select * from (\n{sql}\n) limit {MOST_ROWS + 1}")
        names = tuple(column.name for column in session.columns(f"(\n{sql}\n)"))
    except SqlProblem as error:
        return Rows(block, sql, error=f"the query cannot run: {error.problem}")
    linked = [name for column in block.columns.values() for name in NAMED.findall(column.link) if name]
    needed = (*(REQUIRED if block.view == "cards" else ()), *block.columns, *linked)
    lacking = [name for name in needed if name not in names]
    if lacking:
        told = f"the query has no column {', '.join(lacking)}, only {', '.join(names)}"
        return Rows(block, sql, error=told)
    return Rows(block, sql, names, tuple(found[:MOST_ROWS]), len(found) > MOST_ROWS)


def shown(value: Any, form: str) -> str:
    """Write a value as people read it: 12,345 or 12.3 % or 2026-06; a dash for None."""
    if value is None:
        return "–"
    if form == "rate":
        return f"{float(value) * 100:z,.1f} %"
    if form == "count":
        return f"{value:z,.0f}"
    if form in ("amount", "ratio"):
        return f"{value:z,.2f}"
    if form == "number":
        return f"{value:z,.0f}" if value == int(value) else f"{value:z,.2f}"
    if form == "month" and isinstance(value, date):
        return f"{value:%Y-%m}"
    if form == "moment" and isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def plain(value: Any) -> str:
    """Write a value for programs."""
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def jsonable(value: Any) -> Any:
    """Return a value for JSON: decimals as numbers, dates as texts."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    return [jsonable(item) for item in value] if isinstance(value, list) else value


def script_json(found: Any) -> str:
    """Return JSON that can stand inside a <script> element."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"), default=jsonable)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _or_dash(value: Any) -> Any:
    return "–" if value is None else jsonable(value)


def _href(link: str, row: Mapping[str, Any], name: str) -> str:
    """Return the link of a cell. In it, `{}` stands for the value, `{other}` for that of another column of the query;
    `runbook` means a heading of docs/on-call.md."""
    if not link or row[name] is None:
        return ""
    if link == RUNBOOK:
        return runbook_link(str(row[name]))
    return safe_link(NAMED.sub(lambda found: quote(str(row[found[1] or name]), IN_LINKS), link))
