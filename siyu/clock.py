"""The clock of the machine. No other module of siyu reads it, so a test can set it in one place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the current moment, in UTC."""
    return datetime.now(UTC)


def today(timezone: str) -> date:
    """Return the current date in a time zone."""
    return now().astimezone(ZoneInfo(timezone)).date()
