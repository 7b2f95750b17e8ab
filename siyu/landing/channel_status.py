"""The status of a channel at the end of as_of: fresh or stale, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from siyu.seeds.channels import Channel
from siyu.warehouse.ledger import LandedFile

HOURS_A_DAY = 24
USUAL_LANDINGS = 28  # the usual number of rows is the median of so many landings


@dataclass(frozen=True)
class ChannelStatus:
    """The status of a channel at the end of as_of."""

    channel: str
    title: str
    domain: str
    owner: str
    last_file_date: date | None
    last_landed_at: datetime | None
    is_stale: bool
    reason: str | None
    rows_landed: int
    rows_usual: int | None
    is_retired: bool = False


def channel_status(
    channel: Channel,
    files: Sequence[LandedFile],
    landings: Mapping[int, date],
    problems: Sequence[str],
    as_of: date,
    timezone: str,
    *,
    is_retired: bool = False,
) -> ChannelStatus:
    """Return the status of a channel. Age is measured at the end of as_of, never against a clock. A channel with
    problems in its last landing is stale, too; a retired one is not expected to deliver and never stale."""
    landed = [file for file in files if file.channel == channel.channel and file.landed]
    dates = [_date_of(file, landings) for file in landed]
    newest = max(dates, default=None)
    reasons = list(problems)
    if newest is None:
        reasons.append("nothing ever landed")
    elif (as_of - newest).days * HOURS_A_DAY > channel.freshness_hours:
        reasons.append(f"nothing newer than {newest} (freshness_hours {channel.freshness_hours})")
    by_landing: dict[int, int] = {}
    for file in landed:
        by_landing[file.landed_seq] = by_landing.get(file.landed_seq, 0) + file.rows_landed
    latest = max(by_landing, default=None)
    if is_retired:
        reasons.clear()
    earlier = [rows for seq, rows in sorted(by_landing.items()) if seq != latest][-USUAL_LANDINGS:]
    return ChannelStatus(
        channel=channel.channel,
        title=channel.title,
        domain=channel.domain,
        owner=channel.owner,
        last_file_date=newest,
        last_landed_at=_end_of(landings[latest], timezone) if latest is not None else None,
        is_stale=bool(reasons),
        reason="; ".join(reasons) or None,
        rows_landed=by_landing[latest] if latest is not None and landings[latest] == max(landings.values()) else 0,
        rows_usual=int(median(earlier)) if earlier else None,
        is_retired=is_retired,
    )


def _date_of(file: LandedFile, landings: Mapping[int, date]) -> date:
    """Return the date up to which a file has data. A date in its name that is far after its landing is wrong."""
    landed = landings[file.landed_seq]
    latest = landed + timedelta(days=1)  # a file of the day on which the night runs
    return min(date.fromisoformat(file.file_date), latest) if file.file_date else landed


def _end_of(day: date, timezone: str) -> datetime:
    """Return the UTC moment at which a business date ends."""
    local = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))
    return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
