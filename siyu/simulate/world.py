"""The simulated world: its size, its clock, its campaigns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from siyu.simulate.knobs import Knobs

DAY = 86400
LOCAL = 8 * 3600  # the world lives in Asia/Shanghai
PEOPLE_A_COMPANY = 5
PEOPLE_A_GROUP_BLOCK = 100
PRODUCTS = ("P-SERVO", "P-ROBOT", "P-SENSOR", "P-PLC", "P-VISION")
STEP_DAYS = 30  # days between newsletters; complete lists of the first load are twice as far apart


@dataclass(frozen=True)
class Campaign:
    """A campaign that brings people. `entry` is how they arrive. It runs for `days` days from `first_day`."""

    campaign_id: str
    domain: str
    scene: str
    step: str
    entry: str
    first_day: int
    days: int
    weight: int

    @property
    def state(self) -> str:
        """The state parameter of its live codes (活码)."""
        return f"live-{self.campaign_id.lower()}"


@dataclass(frozen=True)
class World:
    """Size, time span and knobs of the world. Moments are seconds of local time since the start of the first day."""

    seed: int
    people: int
    days: int
    last_day: date
    nights: int = 0
    knobs: Knobs = field(default_factory=Knobs)

    @cached_property
    def first_day(self) -> date:
        """The first business date."""
        return self.last_day - timedelta(days=self.days - 1)

    @cached_property
    def dates(self) -> list[str]:
        """The date of each day, as text."""
        return [(self.first_day + timedelta(days=i)).isoformat() for i in range(self.days)]

    @cached_property
    def epoch(self) -> int:
        """Seconds from 1970-01-01 UTC to the start of the first day."""
        return (self.first_day - date(1970, 1, 1)).days * DAY - LOCAL

    @property
    def end(self) -> int:
        """The moment when the last day ends."""
        return self.days * DAY

    @property
    def companies(self) -> int:
        """Number of companies."""
        return max(self.people // PEOPLE_A_COMPANY, 1)

    @property
    def sales(self) -> int:
        """Number of members of staff in sales."""
        return 8 + self.people // 2000

    @property
    def sdrs(self) -> int:
        """Number of members of staff who qualify leads."""
        return 3 + self.people // 6000

    @cached_property
    def campaigns(self) -> tuple[Campaign, ...]:
        """Campaigns: some run all the time, an exhibition every 75 days, a live show every second week."""
        found = [
            Campaign("C-SEARCH", "public", "search", "acquire", "website", 0, self.days, 6),
            Campaign("C-WECHAT-ADS", "public", "moments_ads", "acquire", "ad_lead", 0, self.days, 3),
            Campaign("C-ARTICLE", "private", "article", "nurture", "follow", 0, self.days, 4),
            Campaign("C-REFERRAL", "private", "referral", "convert", "wecom", 0, self.days, 2),
            Campaign("C-ACADEMY", "private", "academy", "nurture", "course", 0, self.days, 2),
            Campaign("C-SERVICE", "private", "service", "serve", "wecom", 0, self.days, 1),
        ]
        for number, day in enumerate(range(min(20, self.days - 1), self.days, 75), start=1):
            found.append(Campaign(f"C-EXPO-{number}", "public", "expo", "acquire", "exhibition", day, 4, 40))
        for number, day in enumerate(range(6, self.days, 14), start=1):
            found.append(Campaign(f"C-LIVE-{number:02d}", "private", "webinar", "nurture", "webinar", day, 1, 14))
        return tuple(found)

    @cached_property
    def lists(self) -> list[int]:
        """Days that end with complete lists of contacts, members and followers.

        In the first load, every 60 days and its last day; after it, every week and the last night.
        """
        first = self.days - 1 - self.nights
        days = {*range(first, -1, -2 * STEP_DAYS), self.days - 1}
        days |= {day for day in range(first + 1, self.days) if (self.days - 1 - day) % 7 == 0}
        return sorted(days)

    @cached_property
    def sends(self) -> list[int]:
        """Days on which newsletters and mass messages are sent."""
        return list(range(min(25, self.days - 1), self.days, STEP_DAYS))

    def text(self, moment: int) -> str:
        """Format a moment in local time, as 2026-06-18 09:12:00."""
        second = moment % DAY
        return f"{self.dates[moment // DAY]} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"

    def text_utc(self, moment: int) -> str:
        """Format a moment in UTC, as in landed data: 2026-06-18 01:12:00."""
        return datetime.fromtimestamp(self.epoch + moment, UTC).strftime("%Y-%m-%d %H:%M:%S")

    def day_name(self, day: int) -> str:
        """Return the date of a day as 20260618."""
        return self.dates[day].replace("-", "")

    def salesman(self, number: int) -> str:
        """Return the member of staff who looks after person `number`."""
        return f"S{number % self.sales:03d}"

    def sdr(self, number: int) -> str:
        """Return the SDR of person `number`."""
        return f"D{number % self.sdrs:03d}"
