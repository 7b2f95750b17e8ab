"""Notice that an export did not come, on one of the first nights, when its number of rows cannot be compared yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from statistics import median

from siyu.landing.unusual import Limits, Volume, volume
from siyu.seeds.channels import Export
from siyu.warehouse.ledger import LandedFile

# An export came without exception if it came on so many nights in a row. Many rest at a weekend, so that from Friday
# to Sunday only a whole week tells.
NIGHTS, WEEK, FRIDAY = 3, 7, 4


def absence(
    export: Export, files: Sequence[LandedFile], landings: Mapping[int, date], today: date, limits: Limits
) -> Volume | None:
    """Return what is unusual if the export brings no row today, but brought some on each night before, in a new file.

    `files` are those that landed, at least one. Complete lists may be absent, and exports that are optional or come in
    bursts. So may those of which chance explains a night without a row, and a file that is written anew every night
    under its name: it does not land while nothing changes in it.
    """
    if export.load == "snapshot" or export.optional or export.in_bursts:
        return None
    needed = WEEK if today.weekday() >= FRIDAY else NIGHTS
    wanted = {today - timedelta(days=n) for n in range(1, needed + 1)}
    first = min(file.landed_seq for file in files)  # it brought the history
    rows = dict.fromkeys(wanted, 0)
    names = set()
    for file in files:
        day = landings[file.landed_seq]
        if day == today and file.rows_landed:
            return None
        if day in wanted and file.landed_seq > first:
            rows[day] += file.rows_landed
            names.add(file.file)
    recent = [rows[day] for day in sorted(rows)]
    if not all(recent) or len(names) < needed or median(recent) < limits.min_rows:
        return None
    found = volume(0, recent, limits, needed)
    return replace(found, nights=needed) if found.is_unusual else None
