"""Fields of reference tables that models cast, and that no other check covers: numbers and months.

People write these tables. Without the check, a target of `1,000,000` stops the night in a model, or, in a month that
nothing joins with, says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from siyu.errors import ConfigError, SiyuError
from siyu.seeds.references import Reference, reference_rows

WHOLE = re.compile(r"-?\d{1,18}", re.ASCII), "write a whole number, such as 12."
DECIMAL = re.compile(r"-?\d{1,18}(\.\d+)?", re.ASCII), "write a number with a point and without separators: 1000000.50."
COST = re.compile(r"\d{1,16}(\.\d{1,2})?", re.ASCII), "write the cost of a month without separators, such as 14000.50."
RATE = re.compile(r"0(\.\d{1,4})?|1(\.0{1,4})?", re.ASCII), "write a share from 0 to 1, such as 0.35."
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII), "write the month as 2026-06."
FIELDS = {
    "targets": {"month": MONTH, "target": DECIMAL},
    "identity_size_bands": {"min_identifiers": WHOLE, "max_identifiers": WHOLE},
    "products": {"margin_rate": RATE},
    "staff": {"monthly_cost": COST},
}


def number_field_errors(tables: Mapping[str, Reference]) -> list[SiyuError]:
    """Return every problem. An empty field is none."""
    return [
        ConfigError(f"{name}: {column} is {value!r}", tables[name].place(number), fix)
        for name, fields in FIELDS.items()
        if name in tables
        for number, row in enumerate(reference_rows(tables[name]), start=2)
        for column, (pattern, fix) in fields.items()
        if (value := (row.get(column) or "").strip()) and not pattern.fullmatch(value)
    ]
