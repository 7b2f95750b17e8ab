"""Compare a delivery with the ones before it: the number of rows, and how the values of each field are distributed.

Both comparisons ask for an effect that matters and that chance does not explain, because a message that turns out to be
nothing costs more than one that comes a day late. How much deliveries of an export differ from each other anyway is
learned from the deliveries before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from statistics import median
from typing import Any

from siyu.landing.garbled import CLEAN
from siyu.landing.profile import FREQUENT, GARBLED, VALUE, Profile

ROOT_SPREAD = 1.4826  # a median distance times this is comparable to a standard deviation
Shares = Mapping[str, float]


@dataclass(frozen=True)
class Limits:
    """What counts as unusual: the vars that begin with profile_."""

    history: int
    min_history: int
    min_lists: int
    min_rows: int
    sigmas: float
    more: float
    less: float
    effect: float
    surprise: float
    margin: float
    table_less: float
    table_effect: float

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> Limits:
        """Return the limits that vars.yml sets."""
        return cls(**{field.name: variables[f"profile_{field.name}"] for field in fields(cls)})


@dataclass(frozen=True)
class FieldChange:
    """How far one aspect of a field is from the deliveries before. `bucket` has changed most. `distance` is between 0
    and 1: the share of rows that would have to change their bucket."""

    field: str
    aspect: str
    rows: int
    compared: int
    distance: float
    limit: float
    bucket: str
    share: float
    usual_share: float

    @property
    def is_unusual(self) -> bool:
        """Is the distance above its limit?"""
        return self.distance > self.limit


@dataclass(frozen=True)
class Volume:
    """The number of rows of an export in a landing, and the band of usual numbers; no band if the history is short.

    With `nights`, the export brought none, after so many nights on each of which it came."""

    rows: int
    usual: float | None = None
    low: float | None = None
    high: float | None = None
    nights: int = 0

    @property
    def is_unusual(self) -> bool:
        """Is the number outside the band?"""
        return self.low is not None and self.high is not None and not self.low <= self.rows <= self.high


def volume(rows: int, before: Sequence[int], limits: Limits, least: int) -> Volume:
    """Compare a number of rows with those of the landings before, landings without a row included.

    On the scale of the square root, a count varies by 1/2 by chance, however large it is (Anscombe 1948). The band is
    `sigmas` wide, and as wide as the factors `less` and `more`.
    """
    recent = before[-limits.history :]
    if len(recent) < least:
        return Volume(rows)
    usual = float(median(recent[-limits.min_history :]))
    root, roots = math.sqrt(usual), [math.sqrt(count) for count in recent]
    # From one landing to the next, so that a company that grows is not taken for an irregular one.
    steps = median(abs(one - other) for one, other in pairwise(roots))
    few, many = sorted(recent)[1], sorted(recent)[-2]  # the most unusual one of them may have been wrong
    spread = max(0.5, ROOT_SPREAD * steps / math.sqrt(2))
    low = min(max(root - limits.sigmas * spread, 0.0) ** 2, usual * limits.less, few)
    high = max((root + limits.sigmas * spread) ** 2, usual * limits.more, many)
    return Volume(rows, usual, low, high)


def field_changes(now: Profile, before: Sequence[Profile], limits: Limits, least: int) -> list[FieldChange]:
    """Compare the fields of a delivery with those of earlier deliveries of the same export."""
    recent = [one for one in before if one.rows >= limits.min_rows][-limits.history :]
    if now.rows < limits.min_rows or len(recent) < least:
        return []
    found = []
    for field, aspects in now.fields.items():
        for aspect, counts in aspects.items():
            earlier = [c for one in recent if (c := one.fields.get(field, {}).get(aspect))]
            if aspect != GARBLED and len(earlier) >= least and sum(counts.values()) >= limits.min_rows:
                found.append(_change(field, aspect, counts, earlier, limits))
    return found


def garbled_changes(now: Profile, before: Profile | None) -> list[FieldChange]:
    """Return the fields that have garbled text. No history is needed. `before` is the complete list before, if the
    export is one: what has been garbled there already is not told again."""
    found = []
    for field, aspects in now.fields.items():
        if counts := aspects.get(GARBLED):
            known = before.fields.get(field, {}).get(GARBLED, {}) if before else {}
            kinds = {kind: rows for kind, rows in counts.items() if kind != CLEAN}
            total, rows = sum(counts.values()), sum(kinds.values())
            old = sum(known.values()) - known.get(CLEAN, 0)
            limit = rows / total if rows <= old else 0.0
            usual = old / sum(known.values()) if known else 0.0
            kind = max(sorted(kinds), key=lambda name: kinds[name])
            found.append(FieldChange(field, GARBLED, total, int(before is not None), rows / total, limit, kind,
                                     rows / total, usual))  # fmt: skip
    return found


def _change(
    field: str, aspect: str, counts: Mapping[str, int], earlier: Sequence[Mapping[str, int]], limits: Limits
) -> FieldChange:
    """Return the change of an aspect. Its limit is the effect that matters, or more: what deliveries differ by
    themselves, times `margin`, or `surprise` standard deviations of what so few rows can show by chance."""
    rows, now = sum(counts.values()), shares(counts)
    past = [shares(one) for one in earlier]
    usual = _mean(past)
    own = max(
        distance(one, _mean([*past[:i], *past[i + 1 :]])) - _chance(usual, sum(counted.values()))
        for i, (one, counted) in enumerate(zip(past, earlier, strict=True))
    )
    # A value that fills less than a tenth of the rows is not counted, so any value may have been that frequent.
    least = 1 / FREQUENT if aspect == VALUE else 1 / (rows + 1)
    possible = {name: max(usual.get(name, 0.0), least) for name in {*now, *usual}}
    limit = _chance(usual, rows) + max(limits.effect, limits.margin * own, limits.surprise * _spread(possible, rows))
    bucket = max(sorted({*now, *usual}), key=lambda name: abs(now.get(name, 0) - usual.get(name, 0)))
    return FieldChange(
        field, aspect, rows, len(earlier), distance(now, usual), min(limit, 1.0), bucket, now.get(bucket, 0.0),
        usual.get(bucket, 0.0),
    )  # fmt: skip


def shares(counts: Mapping[str, int]) -> Shares:
    """Return the share of each bucket."""
    total = sum(counts.values())
    return {bucket: count / total for bucket, count in counts.items()} if total else {}


def _mean(shares: Sequence[Shares]) -> Shares:
    names = sorted({name for one in shares for name in one})
    return {name: sum(one.get(name, 0.0) for one in shares) / len(shares) for name in names}


def distance(one: Shares, other: Shares) -> float:
    """Return the total variation distance of two distributions."""
    return sum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in sorted({*one, *other})) / 2


def _spread(usual: Shares, rows: int) -> float:
    """Return the standard deviation of a share of so many rows; of several shares, all of them together."""
    return math.sqrt(sum(share * (1 - share) for _, share in sorted(usual.items())) / (2 * rows))


def _chance(usual: Shares, rows: int) -> float:
    """Return the distance that so many rows have on average by chance alone, in normal approximation."""
    return sum(math.sqrt(share * (1 - share) / (2 * math.pi * rows)) for share in usual.values() if 0 < share < 1)
