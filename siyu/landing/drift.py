"""Drift: columns of an export that appeared, disappeared, or changed their name or type, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from siyu.landing.readers.column_names import renamed_to
from siyu.landing.readers.workbook import folded
from siyu.seeds.channels import Channel, Export
from siyu.warehouse.ledger import LandedFile

NEW, MISSING, RETYPED, RESPELLED = "new_column", "missing_column", "retyped", "respelled"
SHOWN_DAYS = 30  # siyu warns for so many days after it first saw the drift; ops.drift keeps it
WITHOUT_HEADER = ("json", "jsonl")

Item = tuple[str, str]  # kind, column


@dataclass(frozen=True)
class Drift:
    """Drift of the newest files of an export. All files from `since` on have it. `is_open` means that somebody has to
    look at it."""

    channel: str
    export: str
    kind: str
    column_name: str
    since: date
    is_open: bool
    told: str


@dataclass(frozen=True)
class _Series:
    """How long files have had an item: the date of the first file, its landing, and whether all files have it."""

    since: date
    seen: date
    is_from_start: bool


def standing_drift(
    channels: Mapping[str, Channel],
    files: Sequence[LandedFile],
    items: Mapping[tuple[int, str], Sequence[Item]],
    landings: Mapping[int, date],
    as_of: date,
) -> list[Drift]:
    """Return the drift of the newest files of each export. `items` has the drift of a file by landing and identity."""
    by_export: dict[tuple[str, str], list[LandedFile]] = {}
    for file in files:
        if file.landed:
            by_export.setdefault((file.channel, file.export), []).append(file)
    found: list[Drift] = []
    for (channel, name), landed in sorted(by_export.items()):
        export = channels[channel].exports.get(name) if channel in channels else None
        if export is not None:
            series = _series(landed, items, landings)
            found += _of_export(channels[channel], name, export, series, as_of)
    return found


def _series(
    files: Sequence[LandedFile], items: Mapping[tuple[int, str], Sequence[Item]], landings: Mapping[int, date]
) -> dict[Item, _Series]:
    """Return the items of the newest files, those of the latest date."""
    days: dict[date, set[Item]] = {}
    seen: dict[date, date] = {}
    for file in {file.identity: file for file in files}.values():
        landed = landings[file.landed_seq]
        day = date.fromisoformat(file.file_date) if file.file_date else landed
        days.setdefault(day, set()).update(items.get((file.landed_seq, file.identity), ()))
        seen[day] = min(landed, seen.get(day, landed))
    latest_first = sorted(days, reverse=True)
    found = {}
    for item in days[latest_first[0]]:
        unbroken = next((i for i, day in enumerate(latest_first) if item not in days[day]), len(latest_first))
        first = latest_first[:unbroken]
        found[item] = _Series(first[-1], min(seen[day] for day in first), unbroken == len(latest_first))
    return found


def _of_export(channel: Channel, name: str, export: Export, series: Mapping[Item, _Series], as_of: date) -> list[Drift]:
    now = {item: one for item, one in series.items() if not _is_settled(export, item, series)}
    fresh = {item for item, one in now.items() if (as_of - one.seen).days <= SHOWN_DAYS}
    renames = {column: _renames(export, column, one, now) for (kind, column), one in now.items() if kind == MISSING}
    hinted = {new for column, names in renames.items() if (MISSING, column) in fresh for new in names}
    where, found = f"{channel.channel}.{name}", []
    for (kind, column), one in sorted(now.items()):
        is_change = not one.is_from_start
        # A small JSON file may have no record with an optional field. It matters only if the field may be renamed.
        is_lost = export.format not in WITHOUT_HEADER or (is_change and bool(renames.get(column)))
        matters = {MISSING: is_lost, NEW: is_change and column not in hinted}.get(kind, False)
        is_open = matters and (kind, column) in fresh
        is_told = is_open or (kind in (RETYPED, RESPELLED) and is_change and (kind, column) in fresh)
        told = _told(where, kind, column, one.since, renames.get(column, []), channel.owner) if is_told else ""
        found.append(Drift(channel.channel, name, kind, column, one.since, is_open, told))
    return found


def _is_settled(export: Export, item: Item, series: Mapping[Item, _Series]) -> bool:
    """Return whether the contract names the drift as known, or was corrected since."""
    kind, column = item
    if column in export.known_drift or (kind == NEW and export.extra_columns == "ignore"):
        return True
    if kind == NEW:
        return any(
            column in one.names(own) or ((MISSING, own) in series and _is_alike(column, one.names(own)))
            for own, one in export.columns.items()
        )
    if kind == MISSING:
        own = export.columns.get(column)
        new = [name for kind, name in series if kind == NEW]
        return own is None or any(_is_alike(name, own.names(column)) for name in new)
    return False


def _is_alike(header: str, names: Sequence[str]) -> bool:
    """Do readers take a header for one of these names?"""
    return folded(header) in map(folded, names)


def _told(where: str, kind: str, column: str, since: date, renames: Sequence[str], owner: str) -> str:
    """Return what happened and what to do, in one line."""
    if kind == RETYPED:
        return f"{where}: the contract has changed the type of {column}"
    if kind == RESPELLED:
        return f"{where}: since {since} the header {column} is spelled differently from the contract; siyu reads it"
    if kind == NEW:
        kept = "siyu keeps it in _extra: add it to the contract, or to known_drift"
        return f"{where}: the column {column} is new since {since}; {kept}"
    missing = f"{where}: the column {column} has been missing since {since}"
    if not renames:
        return f"{missing}; siyu reads it as NULL: ask {owner}, or add it to known_drift"
    names = ", ".join(renames)
    found = f"{names} are new" if len(renames) > 1 else f"{names} is new"
    return f"{missing}, and {found}. If it was renamed, add `from: [{names}]` to {column} in the contract"


def _renames(export: Export, column: str, lost: _Series, series: Mapping[Item, _Series]) -> list[str]:
    """Return the new columns that began when this one was last seen and that may be its new name."""
    new = sorted(name for (kind, name), one in series.items() if kind == NEW and one.since == lost.since)
    return renamed_to(export, column, new)
