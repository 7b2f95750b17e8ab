"""Compare a landing with the ones before it: the number of rows of each export, and the distribution of each field.

Both comparisons ask for an effect that matters and that chance does not explain, because a message that turns out to be
nothing costs more than one that comes a day late. How much deliveries of an export differ from each other anyway is
learned from the deliveries before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import median
from typing import Any

from siyu.landing.profile import FORM, FREQUENT, HOUR, REPEAT, VALUE, Profile, once
from siyu.seeds.channels import Channel
from siyu.warehouse.ledger import LandedFile

ROOT_SPREAD = 1.4826  # a median distance times this is comparable to a standard deviation
SHOWN_FIELDS = 3
ASPECTS = {FORM: "form", VALUE: "value", HOUR: "time of day", REPEAT: "value that is"}

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
    """The number of rows of an export in a landing, and the band of usual numbers; no band if the history is short."""

    rows: int
    usual: float | None = None
    low: float | None = None
    high: float | None = None

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
    usual = float(median(recent))
    root = math.sqrt(usual)
    spread = max(0.5, ROOT_SPREAD * median(abs(math.sqrt(count) - root) for count in recent))
    low = min(max(root - limits.sigmas * spread, 0.0) ** 2, usual * limits.less, *recent)
    high = max((root + limits.sigmas * spread) ** 2, usual * limits.more, *recent)
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
            if len(earlier) >= least and sum(counts.values()) >= limits.min_rows:
                found.append(_change(field, aspect, counts, earlier, limits))
    return found


def _change(
    field: str, aspect: str, counts: Mapping[str, int], earlier: Sequence[Mapping[str, int]], limits: Limits
) -> FieldChange:
    """Return the change of an aspect. Its limit is the effect that matters, or more: what deliveries differ by
    themselves, times `margin`, or `surprise` standard deviations of what so few rows can show by chance."""
    rows, now = sum(counts.values()), _shares(counts)
    past = [_shares(one) for one in earlier]
    usual = _mean(past)
    own = max(
        _distance(one, _mean([*past[:i], *past[i + 1 :]])) - _chance(usual, sum(counted.values()))
        for i, (one, counted) in enumerate(zip(past, earlier, strict=True))
    )
    # A value that fills less than a tenth of the rows is not counted, so any value may have been that frequent.
    least = 1 / FREQUENT if aspect == VALUE else 1 / (rows + 1)
    possible = {name: max(usual.get(name, 0.0), least) for name in {*now, *usual}}
    limit = _chance(usual, rows) + max(limits.effect, limits.margin * own, limits.surprise * _spread(possible, rows))
    bucket = max(sorted({*now, *usual}), key=lambda name: abs(now.get(name, 0) - usual.get(name, 0)))
    return FieldChange(
        field, aspect, rows, len(earlier), _distance(now, usual), min(limit, 1.0), bucket, now.get(bucket, 0.0),
        usual.get(bucket, 0.0),
    )  # fmt: skip


def _shares(counts: Mapping[str, int]) -> Shares:
    total = sum(counts.values())
    return {bucket: count / total for bucket, count in counts.items()} if total else {}


def _mean(shares: Sequence[Shares]) -> Shares:
    names = sorted({name for one in shares for name in one})
    return {name: sum(one.get(name, 0.0) for one in shares) / len(shares) for name in names}


def _distance(one: Shares, other: Shares) -> float:
    """Return the total variation distance of two distributions."""
    return sum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in sorted({*one, *other})) / 2


def _spread(usual: Shares, rows: int) -> float:
    """Return the standard deviation of a share of so many rows; of several shares, all of them together."""
    return math.sqrt(sum(share * (1 - share) for _, share in sorted(usual.items())) / (2 * rows))


def _chance(usual: Shares, rows: int) -> float:
    """Return the distance that so many rows have on average by chance alone, in normal approximation."""
    return sum(math.sqrt(share * (1 - share) / (2 * math.pi * rows)) for share in usual.values() if 0 < share < 1)


@dataclass(frozen=True)
class Comparison:
    """What is compared of the newest landing of one export: its rows, and the fields of its deliveries."""

    channel: str
    export: str
    landed_seq: int
    volume: Volume
    fields: Mapping[str, Sequence[FieldChange]]  # by delivery

    @property
    def told(self) -> str:
        """What is unusual, in one line; '' if nothing is."""
        parts = [_volume_told(self.volume)] if self.volume.is_unusual else []
        changed = [one for found in self.fields.values() for one in found if one.is_unusual]
        changed.sort(key=lambda one: (one.limit - one.distance, one.field, one.aspect))
        parts += [_field_told(one) for one in changed[:SHOWN_FIELDS]]
        if len(changed) > SHOWN_FIELDS:
            parts.append(f"{len(changed) - SHOWN_FIELDS} more in ops.field_profile")
        return f"{self.channel}.{self.export}: {'; '.join(parts)}" if parts else ""


def comparisons(
    channels: Mapping[str, Channel],
    files: Sequence[LandedFile],
    profiles: Mapping[tuple[str, str], Sequence[Profile]],
    limits: Limits,
    landed_now: Collection[str],
) -> list[Comparison]:
    """Compare the newest landing with those before. Only the exports of `landed_now`, the channels that it was asked
    for, can lack rows."""
    newest = max((file.landed_seq for file in files), default=0)
    by_export: dict[tuple[str, str], list[LandedFile]] = {}
    for file in once(files):
        by_export.setdefault((file.channel, file.export), []).append(file)
    found = []
    for (channel, export), own in sorted(by_export.items()):
        known = channels[channel].exports.get(export) if channel in channels else None
        now = [one for one in profiles.get((channel, export), ()) if one.landed_seq == newest]
        if known is None or (channel not in landed_now and not now):
            continue
        before = [one for one in profiles.get((channel, export), ()) if one.landed_seq < newest]
        is_list = known.load == "snapshot"
        least = limits.min_lists if is_list else limits.min_history
        rows = _rows(own, newest, is_list=is_list)
        counted = volume(rows[-1], rows[:-1], limits, least) if rows else Volume(0)
        changes = {one.delivery: field_changes(one, before, limits, least) for one in now}
        found.append(Comparison(channel, export, newest, counted, changes))
    return found


def _rows(files: Sequence[LandedFile], newest: int, *, is_list: bool) -> list[int]:
    """Return the rows of each landing since the first, 0 where it brought none; of a complete list, those of each list,
    and nothing if the newest landing brought none."""
    counts: dict[tuple[str, int], int] = {}
    for file in files:
        place = (file.file_date or "" if is_list else "", file.landed_seq)
        counts[place] = counts.get(place, 0) + file.rows_landed
    if is_list:
        return [counts[place] for place in sorted(counts)] if max(seq for _, seq in counts) == newest else []
    first = min(seq for _, seq in counts)
    return [counts.get(("", seq), 0) for seq in range(first, newest + 1)]


def _volume_told(one: Volume) -> str:
    low, high = math.ceil(one.low or 0), math.floor(one.high or 0)
    return f"{one.rows:,} rows, {low:,} to {high:,} are usual"


def _field_told(one: FieldChange) -> str:
    what = f"{ASPECTS[one.aspect]} {bucket_told(one.aspect, one.bucket)}"
    return f"{one.field}: {what} in {one.share:.0%} of {one.rows:,} rows, usually {one.usual_share:.0%}"


def bucket_told(aspect: str, bucket: str) -> str:
    """Return a bucket as people read it: a range of lengths, amounts or hours."""
    if found := re.fullmatch(r"(-?)e(-?[0-9]+)", bucket):
        low, high = (10 ** (int(found[2]) / 2 + step) for step in (0, 0.5))
        return f"{found[1]}{low:,.4g} to {found[1]}{high:,.4g}"
    if aspect == FORM and (found := re.fullmatch(r"([a-z]+) ([0-9]+)", bucket)):
        return f"{found[1]} of {2 ** int(found[2])} to {2 ** (int(found[2]) + 1) - 1} characters"
    if aspect == HOUR:
        return f"{bucket}:00 to {int(bucket) + 3}:59"
    return bucket
