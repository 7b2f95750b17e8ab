"""The records that KPIs are made of, in plain Python, from the sample's files as their systems wrote them.

Nothing of siyu is used: neither its readers nor a model, a macro or a table of a build. Who a record belongs to is the
business of identity, which has references of its own in tests/identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from typing import Any

import yaml

from tests.golden.conftest import SAMPLE
from tests.golden.exported import Exported, Row, midnight
from tests.kpi.exported_contacts import contacts, tickets
from tests.kpi.exported_days import group_days, staff_days
from tests.kpi.exported_deals import deals
from tests.kpi.exported_links import links
from tests.kpi.exported_touches import touches

AS_OF = date(2026, 6, 30)
SEEDS = SAMPLE.parent
# What records of each shape have beside channel and record_id; the first one says when it happened.
COLUMNS = {
    "deal": (
        "occurred_at", "deal_id", "kind", "status", "closed_at", "amount", "product_id", "item_count", "campaign_id",
        "staff_id", "opportunity_id",
    ),
    "touch": (
        "occurred_at", "direction", "behaviour", "action", "outcome", "medium", "scene", "campaign_id", "content_id",
        "staff_id",
    ),
    "link": (
        "started_at", "touchpoint", "holder_id", "staff_id", "ended_at", "ended_by", "referrer_type", "referrer_value",
    ),
    "contact": ("observed_at", "referrer_type", "referrer_value"),
    "ticket": ("opened_at", "resolved_at", "first_reply_at", "csat", "nps"),
    "staff_day": ("day", "staff_id", "chats", "first_reply_minutes"),
    "group_day": ("day", "group_id", "messages", "member_messages"),
}  # fmt: skip
MAKERS = {
    "deal": deals, "touch": touches, "link": links, "contact": contacts, "ticket": tickets, "staff_day": staff_days,
    "group_day": group_days,
}  # fmt: skip


class Records:
    """The records of an exports folder up to a day."""

    def __init__(self, files: Exported, as_of: date) -> None:
        self.files, self.as_of = files, as_of
        self.end = midnight(f"{as_of + timedelta(1)}")
        self._made: dict[str, list[Row]] = {}

    def of(self, shape: str) -> list[Row]:
        """Every record of a shape that happened up to the day, with all its columns."""
        if shape not in self._made:
            moment, *_ = COLUMNS[shape]
            empty: Row = dict.fromkeys(("channel", "record_id", *COLUMNS[shape]))
            made = [empty | row for row in MAKERS[shape](self.files, self.end)]
            assert all(row.keys() == empty.keys() for row in made)
            self._made[shape] = [row for row in made if row[moment] is not None and self._is_past(row[moment])]
        return self._made[shape]

    def _is_past(self, moment: date | datetime) -> bool:
        return moment < self.end if isinstance(moment, datetime) else moment <= self.as_of

    def rows(self, shape: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """Channel, record and some columns of every record of a shape."""
        names = ("channel", "record_id", *columns.split(", "))
        return (tuple(row[name] for name in names) for row in self.of(shape))

    def table(self, name: str, *columns: str) -> list[tuple[Any, ...]]:
        """Some columns of a reference table: the sample's own, or else the one that every layer has."""
        folder = self.files.root if (self.files.root / "reference" / f"{name}.csv").exists() else SEEDS
        return [tuple(row[column] for column in columns) for row in Exported(folder).reference(name)]

    def pairs(self, name: str, key: str, value: str) -> dict[Any, Any]:
        """A reference table as a dictionary."""
        return dict(self.table(name, key, value))

    @cached_property
    def domains(self) -> dict[str, str]:
        """Channel -> public or private, from its contract."""
        contracts = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (SEEDS / "channels").glob("*.yml")]
        return {contract["channel"]: contract["domain"] for contract in contracts}


@cache
def sample() -> Records:
    """The records of the sample, made once by each worker."""
    return Records(Exported(SAMPLE), AS_OF)
