"""What is compared of a landing: each export with its earlier deliveries, each reference table with the one before."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

from siyu.landing.absence import absence
from siyu.landing.profile import FORM, GARBLED, HOUR, REPEAT, VALUE, Profile, form, once
from siyu.landing.unusual import (
    FieldChange,
    Limits,
    Volume,
    distance,
    field_changes,
    garbled_changes,
    shares,
    volume,
)
from siyu.seeds.channels import Channel, Export
from siyu.warehouse.ledger import LandedFile, Row

REFERENCE = "reference"  # stands for the channel of a reference table
SHOWN_FIELDS = 3
ASPECTS = {FORM: "form", VALUE: "value", HOUR: "time of day", REPEAT: "value that is"}


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
        changed.sort(key=lambda one: (one.aspect != GARBLED, one.limit - one.distance, one.field, one.aspect))
        parts += [_field_told(one) for one in changed[:SHOWN_FIELDS]]
        if len(changed) > SHOWN_FIELDS:
            parts.append(f"{len(changed) - SHOWN_FIELDS} more in ops.field_profile")
        where = f"{self.export}.csv" if self.channel == REFERENCE else f"{self.channel}.{self.export}"
        return f"{where}: {'; '.join(parts)}" if parts else ""


def comparisons(
    channels: Mapping[str, Channel],
    files: Sequence[LandedFile],
    profiles: Mapping[tuple[str, str], Sequence[Profile]],
    limits: Limits,
    landings: Mapping[int, date],
    night: date,
    landed_now: Collection[str],
) -> list[Comparison]:
    """Compare what the newest night landed with the nights before. Only the exports of `landed_now`, the channels that
    it was asked for, can lack rows.

    `landings` maps landed_seq to its business date. The landings of one date are one night, so that a night that is run
    again, and finds no new file, lacks nothing. `night` is the date of this run: if it is later than every landing,
    nothing at all was delivered.
    """
    days = sorted(set(landings.values()))
    days += [night] if days and night > days[-1] else []
    nights = {seq: days.index(day) for seq, day in landings.items()}
    newest = len(days) - 1
    by_export: dict[tuple[str, str], list[LandedFile]] = {}
    for file in once(files):
        by_export.setdefault((file.channel, file.export), []).append(file)
    found = []
    for (channel, export), own in sorted(by_export.items()):
        known = channels[channel].exports.get(export) if channel in channels else None
        now = [one for one in profiles.get((channel, export), ()) if nights[one.landed_seq] == newest]
        if known is None or (channel not in landed_now and not now):
            continue
        first = min(nights[file.landed_seq] for file in own)  # without dates in its names, it brought the history
        before = [
            one
            for one in profiles.get((channel, export), ())
            if nights[one.landed_seq] < newest and (one.delivery or nights[one.landed_seq] > first)
        ]
        nightly = _by_night(own, nights, newest)
        is_list = known.load == "snapshot" or median(nightly or [0]) == 0
        least = limits.min_lists if is_list else limits.min_history
        rows = _by_delivery(own, nights, newest) if is_list else nightly
        counted = volume(rows[-1], rows[:-1], limits, least) if rows and not known.in_bursts else Volume(sum(rows[-1:]))
        if counted.low is None and channel in landed_now and (channel, export) not in _refused(files, nights, newest):
            counted = absence(known, own, landings, days[newest], limits) or counted
        changes = {one.delivery: _changes(one, before, known, limits, least) for one in now}
        found.append(Comparison(channel, export, max(landings), counted, changes))
    return found


def _refused(files: Sequence[LandedFile], nights: Mapping[int, int], newest: int) -> set[tuple[str, str]]:
    """Return the exports of which a file came that could not land. Their channel is stale, which names the file."""
    return {(file.channel, file.export) for file in files if not file.landed and nights[file.landed_seq] == newest}


def _changes(now: Profile, before: Sequence[Profile], export: Export, limits: Limits, least: int) -> list[FieldChange]:
    list_before = before[-1] if before and export.load == "snapshot" else None
    return [*garbled_changes(now, list_before), *field_changes(now, before, limits, least)]


def _by_night(files: Sequence[LandedFile], nights: Mapping[int, int], newest: int) -> list[int]:
    """Return the rows of each night, 0 where it brought none. The first one is left out: it brings the history."""
    counts: Counter[int] = Counter()
    for file in files:
        counts[nights[file.landed_seq]] += file.rows_landed
    return [counts[night] for night in range(min(counts) + 1, newest + 1)]


def _by_delivery(files: Sequence[LandedFile], nights: Mapping[int, int], newest: int) -> list[int]:
    """Return the rows of each delivery of an export that most nights do not bring; nothing if the newest night brought
    none. Without a date in its name, the first delivery is the history, and left out."""
    counts: Counter[tuple[str, int]] = Counter()
    for file in files:
        counts[file.file_date or "", nights[file.landed_seq]] += file.rows_landed
    if max(night for _, night in counts) < newest:
        return []
    first = min(night for _, night in counts)
    return [counts[place] for place in sorted(counts) if place != ("", first)]


def _volume_told(one: Volume) -> str:
    if one.nights:
        return f"no new file with rows tonight; it came on each of the last {one.nights} nights"
    low, high = math.ceil(one.low or 0), math.floor(one.high or 0)
    return f"{one.rows:,} rows, {low:,} to {high:,} are usual"


def _field_told(one: FieldChange) -> str:
    if one.aspect == GARBLED:
        return f"{one.field}: garbled text 乱码 in {round(one.share * one.rows):,} of {one.rows:,} rows ({one.bucket})"
    what = f"{ASPECTS[one.aspect]} {bucket_told(one.aspect, one.bucket)}"
    return f"{one.field}: {what} in {one.share:.0%} of {one.rows:,} rows, usually {one.usual_share:.0%}"


def bucket_told(aspect: str, bucket: str) -> str:
    """Return a bucket as people read it: a range of lengths, amounts or hours."""
    if found := re.fullmatch(r"(-?)e(-?[0-9]+)", bucket):
        low, high = (10 ** (int(found[2]) / 2 + step) for step in (0, 0.5))
        return f"{found[1]}{low:,.4g} to {found[1]}{high:,.4g}"
    if aspect == FORM and (found := re.fullmatch(r"([a-z]+) ([0-9]+[+]?)", bucket)):
        return f"{found[1]} of {found[2]} characters"
    if aspect == HOUR:
        return f"{bucket}:00 to {int(bucket) + 3}:59"
    return bucket


def reference_comparisons(versions: Sequence[Row], store: Path, newest: int, limits: Limits) -> list[Comparison]:
    """Compare the reference tables that the newest landing changed with their versions before."""
    by_name: dict[str, list[Row]] = {}
    for row in versions:
        by_name.setdefault(row["name"], []).append(row)
    found = []
    for name, own in sorted(by_name.items()):
        if len(own) > 1 and own[-1]["landed_seq"] == newest and own[-1]["path"] and own[-2]["path"]:
            before, now = (_table(store / row["path"]) for row in own[-2:])
            counted = _table_volume(len(now), len(before), limits)
            found.append(Comparison(REFERENCE, name, newest, counted, {"": _table_changes(now, before, limits)}))
    return found


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _table_volume(rows: int, before: int, limits: Limits) -> Volume:
    """A table may lose a row or two, whatever its size, and may grow."""
    return Volume(rows, before, min(before * limits.table_less, before - 2), max(before, 1) * limits.more)


def _table_changes(
    now: Sequence[Mapping[str, str]], before: Sequence[Mapping[str, str]], limits: Limits
) -> list[FieldChange]:
    found = []
    for name in now[0] if now and before else ():
        if name not in before[0]:
            continue
        counts = [dict(Counter(form(_number(row.get(name))) for row in rows)) for rows in (now, before)]
        new, old = (shares(one) for one in counts)
        bucket = max(sorted({*new, *old}), key=lambda one: abs(new.get(one, 0.0) - old.get(one, 0.0)))
        found.append(
            FieldChange(name, FORM, len(now), 1, distance(new, old), limits.table_effect, bucket, new.get(bucket, 0.0),
                        old.get(bucket, 0.0))
        )  # fmt: skip
    return found


def _number(text: str | None) -> str | float | None:
    """Return a number if a text is one. Nan and inf are names and words, not numbers."""
    try:
        number = float(text or "")
    except ValueError:
        return text
    return number if math.isfinite(number) else text
