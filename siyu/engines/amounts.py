"""Amounts of memory and disk in settings: a share such as 55%, or a size such as 8GB, as DuckDB writes them."""

from __future__ import annotations

import re

AMOUNT = re.compile(r"([0-9]{1,9}(?:[.][0-9]{1,9})?) ?(%|[KMGT]i?B)", re.IGNORECASE)
POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
UNITS = ((1000**3, "GB"), (1000**2, "MB"), (1000, "KB"))


def checked_amount(value: str) -> str:
    """Return an amount without blanks around it. Raises ValueError if it is none."""
    found = AMOUNT.fullmatch(value.strip())
    if found is None or float(found[1]) <= 0 or (found[2] == "%" and float(found[1]) > 100):
        raise ValueError(
            f"{value!r} is not an amount of memory or disk: write a share such as 55%, or a size such as 8GB"
        )
    return value.strip()


def in_bytes(amount: str, whole: int) -> int:
    """Return an amount in bytes. A share is one of `whole`."""
    found = AMOUNT.fullmatch(amount.strip())
    if found is None:
        raise ValueError(f"{amount!r} is not an amount")
    number, unit = float(found[1]), found[2].lower()
    if unit == "%":
        return int(whole * number / 100)
    return int(number * (1024 if unit[1:] == "ib" else 1000) ** POWERS[unit[0]])


def part(amount: str, parts: int) -> str:
    """Return one of so many equal parts of an amount, in its unit."""
    found = AMOUNT.fullmatch(amount.strip())
    if found is None:
        raise ValueError(f"{amount!r} is not an amount")
    return f"{float(found[1]) / parts:.6f}{found[2]}"


def told(size: float) -> str:
    """Return a number of bytes for people, such as: 12.3 GB."""
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:,.1f} {name}" if size < 10 * unit else f"{size / unit:,.0f} {name}"
    return f"{size:.0f} bytes"
