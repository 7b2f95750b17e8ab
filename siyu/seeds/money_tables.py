"""Exchange rates and written forms of currencies (reference/exchange_rates.csv, currencies.csv), validated.

People and banks' exports write these tables. Without the check, a rate `7,1` stops the night in a staging model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from siyu.errors import ConfigError, SiyuError

RATE_COLUMNS = ("currency", "rate_date", "rate")
CURRENCY_COLUMNS = ("written_form", "currency")
Rows = Sequence[Mapping[str, str]]
CODE = re.compile(r"[A-Za-z][A-Za-z0-9]{2,7}")
DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
RATE = re.compile(r"(?=.*[1-9])\d{1,8}(\.\d+)?", re.ASCII)  # decimal(16, 8)


def exchange_rate_errors(rows: Rows, place: Callable[[int], str]) -> list[SiyuError]:
    """Return every problem. `place` tells where people edit a row."""
    return _told("exchange_rates", rows, _rate_problems, place)


def currency_errors(rows: Rows, place: Callable[[int], str]) -> list[SiyuError]:
    """Return every problem. `place` tells where people edit a row."""
    return _told("currencies", rows, _currency_problems, place)


def _told(
    table: str,
    rows: Rows,
    of_row: Callable[[Mapping[str, str]], Iterator[tuple[str, str]]],
    place: Callable[[int], str],
) -> list[SiyuError]:
    return [
        ConfigError(f"{table}: {problem}", place(number), fix)
        for number, row in enumerate(rows, start=2)
        for problem, fix in of_row({column: (value or "").strip() for column, value in row.items()})
    ]


def _rate_problems(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if not row["currency"]:
        yield "currency is empty", "write its code, such as USD, or a form that currencies.csv lists."
    if not _is_day(row["rate_date"]):
        yield f"rate_date is {row['rate_date']!r}", "write the day as 2026-06-30."
    if not RATE.fullmatch(row["rate"]):
        yield f"rate is {row['rate']!r}", "write a number above 0 with a point, such as 7.1215."


def _currency_problems(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if not row["written_form"]:
        yield "written_form is empty", "write what people write for the currency, or remove the row."
    for column in ("currency", "home_currencies"):
        codes = row.get(column, "").split() if column == "home_currencies" else [row[column]]
        wrong = [code for code in codes if not CODE.fullmatch(code)]
        if wrong:
            yield f"{column} is {' '.join(wrong)!r}", "write the code of ISO 4217, such as USD."


def _is_day(text: str) -> bool:
    found = DAY.fullmatch(text)
    try:
        return bool(found and date(*map(int, found.groups())))
    except ValueError:
        return False
