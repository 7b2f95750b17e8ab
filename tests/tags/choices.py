"""Choices that several rules make: the first pattern that fits, the most frequent value, the earliest record."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from tests.tags.world import Row, World


def first_match(rows: Iterable[Row], order: str, value: str, text: str | None) -> str | None:
    """`value` of the first row by `order` whose title_regex matches a text in lower case."""
    if text is None:
        return None
    for row in sorted(rows, key=lambda row: int(row[order])):
        if _pattern(row["title_regex"]).search(text.lower()):
            return str(row[value])
    return None


@cache
def _pattern(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


def listed(rows: Iterable[Row], value: str, text: str | None) -> str | None:
    """`value` of the row whose code, names or aliases are a text, without regard to case, outer blanks and width."""
    wanted = _plain(text)
    if not wanted:
        return None
    for row in rows:
        names = [row[value], row["name_zh"], row["name_en"], *(row["aliases"] or "").split("|")]
        if wanted in map(_plain, names):
            return str(row[value])
    return None


@cache
def _plain(text: str | None) -> str:
    return unicodedata.normalize("NFKC", text or "").strip().lower()


# What a region may end in, beside its name in regions.csv.
ENDINGS = ("", "省", "市", "地区", "自治区", "自治州", "壮族自治区", "回族自治区", "维吾尔自治区", "特别行政区")


def province_of(world: World, text: str | None) -> str | None:
    """Province of regions.csv for a region as it is written; a province is in itself, a country in none."""
    wanted = (text or "").strip().lower()
    names = {wanted.removesuffix(ending) for ending in ENDINGS}
    found = {world.provinces[name] for name in names if name in world.provinces}
    return found.pop() if found else None


def earliest(rows: Iterable[Row]) -> Row | None:
    """By moment, then channel and record."""
    return min(rows, key=lambda row: (row["at"], row["channel"], row["record_id"]), default=None)


def latest(rows: Iterable[Row]) -> Row | None:
    """The last by moment, then channel and record."""
    return max(rows, key=lambda row: (row["at"], row["channel"], row["record_id"]), default=None)


def most_frequent(touches: Iterable[Mapping[str, Any]], values: Mapping[str, str | None]) -> str | None:
    """The value of most touches, by their content; ties by the latest touch, then by value."""
    found: dict[str, list[Any]] = {}
    for touch in touches:
        value = values.get(touch["content_id"] or "")
        if value:
            found.setdefault(value, []).append(touch["at"])
    latest_first = sorted(found, key=lambda value: value)
    latest_first.sort(key=lambda value: (len(found[value]), max(found[value])), reverse=True)
    return latest_first[0] if latest_first else None
