"""Parts of channel contracts: checks, which raise ValueError or return a problem, dates in names, fingerprints."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

# Keys that earlier versions of siyu did not have, with their values in a contract that does not use them.
NEWER: dict[str, Any] = {
    "former": [], "known_drift": [], "null": [], "format": [], "decimal": ".", "thousands": None, "header_row": None,
    "skip_rows": None, "footer": [], "in_bursts": False,
}  # fmt: skip


def one_group(value: str | None, key: str, captured: str) -> str | None:
    """Check that a regular expression has exactly one group. Raises ValueError."""
    try:
        groups = 1 if value is None else re.compile(value).groups
    except re.error as error:
        raise ValueError(f"{key} {value!r} is not a regular expression: {error}") from error
    if groups != 1:
        raise ValueError(f"{key} {value!r} must have one group, which captures {captured}")
    return value


def repeated_names(former: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]]) -> str | None:
    """Return what is wrong if an earlier name (`from`) of one column is any name of another column, else None. Two
    columns may read the same current name."""
    for column, earlier in former.items():
        for other, theirs in names.items():
            taken = [name for name in earlier if name in theirs]
            if other != column and taken:
                return f"column {column!r} has the name {taken[0]!r}, which is a name of column {other!r}, too"
    return None


def date_in_name(pattern: str, file_name: str) -> date:
    """Return the business date that the pattern captures from a file's name. Raises ValueError."""
    match = re.search(pattern, file_name)
    if match is None:
        raise ValueError(f"the name does not match file_date {pattern!r}")
    digits = re.sub(r"\D", "", match[1] or "")
    try:
        return date.fromisoformat(digits[:8])
    except ValueError as error:
        raise ValueError(f"{match[1]!r} in the name is not a date such as 20260131") from error


def contract_fingerprint(content: dict[str, Any]) -> str:
    """Return a hash of the contract of an export, as JSON. A contract that uses no newer key keeps its former hash."""

    def used(part: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in part.items() if key not in NEWER or value != NEWER[key]}

    content = used(content) | {"columns": {name: used(column) for name, column in content["columns"].items()}}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
