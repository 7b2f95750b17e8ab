"""How many mobiles or names one login may have (reference/neighbour_limits.csv), validated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from siyu.errors import ConfigError, SiyuError

COLUMNS = ("id_type", "neighbour", "max_count", "why")
NUMBER = re.compile("[1-9][0-9]{0,8}")


def neighbour_limit_errors(
    rows: Sequence[Mapping[str, str]], where: str, place: Callable[[int], str] | None = None
) -> list[SiyuError]:
    """Return every problem. A row of a type that is not in identifier_types.csv is no problem: it has no effect.

    `place` tells where people edit a row.
    """
    edited = place or (lambda number: f"{where}, row {number}")
    return [
        ConfigError(f"neighbour_limits: {problem}", edited(number), fix) for number, problem, fix in _problems(rows)
    ]


def _problems(rows: Sequence[Mapping[str, str]]) -> Iterator[tuple[int, str, str]]:
    first: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows, start=2):
        pair = row["id_type"], row["neighbour"]
        if not all(pair):
            yield number, "id_type or neighbour is empty", "fill in both, or remove the row."
        elif pair in first:
            yield number, f"{' and '.join(pair)} are already in row {first[pair]}", "remove one of the rows."
        first.setdefault(pair, number)
        if not NUMBER.fullmatch(row["max_count"]):
            yield number, f"max_count is {row['max_count']!r}", "write a whole number of 1 or more."
