"""Checks of parts of a channel contract. They raise ValueError or return a problem; channels.py says where it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


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
