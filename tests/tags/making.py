"""Rows of random worlds: moments on both sides of every border, records and their owners, and the reference tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

AS_OF = date(2026, 6, 30)
TIMEZONE = "Asia/Shanghai"
END = datetime(2026, 6, 30, 16)  # of as_of, UTC
# Days that thresholds and bands name, each with its neighbours.
BORDERS = (3, 7, 8, 14, 30, 31, 60, 90, 91, 120, 180, 181, 365)
DAYS = (0, 1, *sorted({days + step for days in BORDERS for step in (-1, 0, 1)}))
TIMES = (
    time(), time(), time(0, 0, 0, 1), time(5, 59, 59, 999999), time(6), time(11, 59, 59), time(12), time(14, 30),
    time(18), time(23, 59, 59, 999999), time(23, 59, 59, 999999),
)  # fmt: skip
CHANNELS = ("crm", "mall", "exhibition", "wecom", "website", "official_account", "wecom_group")
INDUSTRIES = 700  # so that an industry has the companies of about four worlds
STAFF = ("S-1", "S-2", "S-9", None)  # S-9 is not listed

TABLES = {
    "products": "product_id,product_line,margin_rate,name_zh,name_en\nP-A,Alpha,0.25,甲,A\nP-A2,Alpha,0.10,甲二,A2\n"
    "P-B,Beta,0.50,乙,B\nP-C,Gamma,,丙,C\nP-D,Delta,0,丁,D\n",
    "content": "content_id,content_stage,topic,format,product_id,name_zh,name_en\n"
    "C-PRICE,selection,price,article,P-A,甲,A\n"
    "C-QUALITY,awareness,quality,video,P-B,乙,B\nC-USE,awareness,application,video,,丙,C\n"
    "C-DELIVERY,nurture,delivery,article,P-C,丁,D\nC-SERVICE,advocacy,service,course,P-A2,戊,E\n"
    "C-LAW,advocacy,compliance,course,P-Z,己,F\nC-BARE,awareness,,,,庚,G\n",
    "campaigns": "campaign_id,domain,scene,step,name_zh,name_en\nK-AD,public,search,acquire,广告,Ad\n"
    "K-OWN,private,article,nurture,文章,Article\nK-FRIEND,private,referral,acquire,转介绍,Friend\n"
    "K-NONE,,article,nurture,无,None\n",
    "staff": "staff_id,team,role,monthly_cost,outsourced,vendor,name_zh,name_en\nS-1,sales-1,sales,1,false,,甲,A\n"
    "S-2,sales-1,sales,1,false,,乙,B\n",
    "industries": "industry,name_zh,name_en,aliases\n"
    + "".join(f"i{no},行业{no},Industry {no},别名{no}|alias {no}\n" for no in range(INDUSTRIES)),
}  # fmt: skip


def moment(days_ago: int, at: time) -> datetime:
    """A local time so many days before as_of, in UTC."""
    local = datetime.combine(AS_OF - timedelta(days=days_ago), at, ZoneInfo(TIMEZONE))
    return local.astimezone(UTC).replace(tzinfo=None)


MOMENTS = {(days, at): moment(days, at) for days in range(-2, 400) for at in TIMES}


class Maker:
    """Rows of all worlds, by table. A greater step makes fewer record numbers, and faster."""

    def __init__(self, seed: int, step: int = 37) -> None:
        self.chance = Random(seed)
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.number = 0
        self.latest = END - timedelta(days=1)
        self.ids = list(range(10_000_000, 99_999_999, step))  # record numbers in no order
        self.chance.shuffle(self.ids)

    def add(self, table: str, **columns: Any) -> dict[str, Any]:
        self.rows[table].append(columns)
        return columns

    def record(self, shape: str, person: dict[str, Any] | None, company: dict[str, Any] | None, **columns: Any) -> None:
        """A record, and who it belongs to."""
        channel = columns.pop("channel", None) or self.chance.choice(CHANNELS)
        self.number += 1
        record_id = f"R{self.ids[self.number]}"
        self.add(f"records.{shape}", channel=channel, record_id=record_id, landed_seq=1, **columns)
        self.add(
            "identity.record_person",
            channel=channel,
            record_id=record_id,
            person_key=person and person["person_key"],
            one_id=person and person["one_id"],
            account_key=company and company["account_key"],
            account_id=company and company["account_id"],
        )

    def one(self, *choices: Any) -> Any:
        return self.chance.choice(choices)

    def happens(self, probability: float) -> bool:
        return self.chance.random() < probability

    def when(self, days: Sequence[int] = DAYS) -> datetime:
        """Some moment, often the same as the one before, so that ties happen."""
        if days is not DAYS or self.happens(0.7):
            self.latest = MOMENTS[self.chance.choice(days), self.chance.choice(TIMES)]
        return self.latest

    def day(self, days: Sequence[int] = DAYS) -> date:
        """A date before or after as_of."""
        return AS_OF + timedelta(days=self.chance.choice((-1, 1)) * self.chance.choice(days))

    def ended(self) -> datetime | None:
        """Never, at the end of as_of, right before it, later, or some day."""
        return self.one(None, None, END, END - timedelta(microseconds=1), END + timedelta(days=2), self.when())  # type: ignore[no-any-return]
