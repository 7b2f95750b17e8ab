"""Revenue, its KPIs and its statements in plain Python: from the deals, touches and links in the sample's files.

Deals are judged one by one, windows are walked day by day; nothing of the models' way is used. Who a record belongs to,
whom KPIs do not count, owners, segments and industries are read from a build database: they have references of their
own in tests/identity, tests/journey, tests/tags and tests/audience.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

import duckdb

from tests.kpi.exported_records import sample

CENT = Decimal("0.01")
OWN = ("channel", "campaign", "scene", "staff", "team", "product_line")
DIMENSIONS = ("total", *OWN, "segment", "industry")
MESSAGES = ("delivered", "clicked", "replied")


def local(moment: datetime) -> date:
    return (moment + timedelta(hours=8)).date()


@dataclass(frozen=True)
class Line:
    """A line of revenue."""

    day: date
    at: datetime
    record: tuple[str, str]
    product_id: str
    order: tuple[str, str]
    is_order: bool
    amount: Decimal
    margin: Decimal
    items: int | None
    person: int | None
    account: int | None
    is_private: bool
    members: dict[str, str | None] = field(hash=False)

    @property
    def buyer(self) -> tuple[str, int] | None:
        if self.person is not None:
            return "person", self.person
        return None if self.account is None else ("account", self.account)


class Revenue:
    """What was earned, by whom, and who was reached before."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self.files = sample()
        self.as_of = self.files.as_of
        first = min(local(row["occurred_at"]) for shape in ("touch", "deal") for row in self.files.of(shape))
        self.days = [self.as_of - timedelta(back) for back in range((self.as_of - first).days + 1)]
        outside = "select person_key from journey.person_exclusion where kind in ('staff', 'competitor', 'bot')"
        self.outsiders = {row[0] for row in self.rows(outside)}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._con.execute(query).fetchall()

    def of_days(self, dimension: str, code: str = "") -> list[date]:
        """The days that a dimension is kept for; of a cohort, by the day on which its window is over."""
        window = int(self._windows.get(code) or 0)
        return self.days[: (400 if dimension in ("total", "channel") else 62) + window]

    @cached_property
    def _windows(self) -> dict[str, str | None]:
        return self.files.pairs("kpis", "kpi_code", "window_days")

    @cached_property
    def owned(self) -> dict[tuple[str, str], tuple[int | None, int | None]]:
        """The person and the company of each record."""
        rows = self.rows("select channel, record_id, person_key, account_key from identity.record_person")
        return {(channel, record): (person, account) for channel, record, person, account in rows}

    @cached_property
    def lines(self) -> list[Line]:
        deals = self.files.of("deal")
        orders = defaultdict(list)
        for deal in deals:
            if deal["kind"] == "order":
                orders[deal["channel"], deal["deal_id"]].append(deal["status"])
        refunded = {(d["channel"], d["deal_id"]) for d in deals if d["kind"] == "refund"}
        fulfilled = {d["opportunity_id"] for d in deals if d["kind"] == "order" and d["status"] != "cancelled"}
        found = []
        for deal in deals:
            key = (deal["channel"], deal["deal_id"])
            counts = {
                "order": deal["status"] != "cancelled" and (deal["status"] != "refunded" or key in refunded),
                "refund": not orders[key] or set(orders[key]) != {"cancelled"},
                "opportunity": deal["status"] == "won" and deal["deal_id"] not in fulfilled,
            }
            moment = deal["closed_at"] if deal["kind"] == "opportunity" else deal["occurred_at"]
            if counts[deal["kind"]] and local(moment) <= self.as_of:
                found.append(self._line(deal, moment))
        return found

    def _line(self, deal: dict[str, Any], moment: datetime) -> Line:
        product, rate = self._products.get(deal["product_id"], (None, None))
        domain, scene = self._campaigns.get(deal["campaign_id"], (None, None))
        amount = deal["amount"] or Decimal(0)
        person, account = self.owned.get((deal["channel"], deal["record_id"]), (None, None))
        return Line(
            day=local(moment), at=moment, record=(deal["channel"], deal["record_id"]),
            product_id=deal["product_id"] or "",
            order=(deal["channel"], deal["deal_id"]), is_order=deal["kind"] != "refund", amount=amount,
            margin=(amount * Decimal(rate or "0.30")).quantize(CENT, ROUND_HALF_UP),
            items=deal["item_count"] if deal["kind"] != "refund" else None,
            person=person, account=account,
            is_private=(domain or self.files.domains[deal["channel"]]) == "private",
            members={
                "channel": deal["channel"], "campaign": deal["campaign_id"], "scene": scene,
                "staff": deal["staff_id"], "team": self.teams.get(deal["staff_id"]), "product_line": product,
            },
        )  # fmt: skip

    @cached_property
    def _products(self) -> dict[str, tuple[str, str]]:
        return {row[0]: row[1:] for row in self.files.table("products", "product_id", "product_line", "margin_rate")}

    @cached_property
    def _campaigns(self) -> dict[str, tuple[str, str]]:
        return {row[0]: row[1:] for row in self.files.table("campaigns", "campaign_id", "domain", "scene")}

    @cached_property
    def teams(self) -> dict[str, str]:
        return self.files.pairs("staff", "staff_id", "team")

    @cached_property
    def segments(self) -> dict[int, list[str]]:
        found = defaultdict(list)
        for person, segment in self.rows("select person_key, segment from audience.segment_member"):
            found[person].append(segment)
        return found

    @cached_property
    def industries(self) -> dict[int, str]:
        tags = "select account_id, tag_value from tags.account_tag where tag_code = 'industry'"
        return dict(
            self.rows(
                f"select a.account_key, t.tag_value from ({tags}) as t join identity.account as a using (account_id)"
            )
        )

    def members(self, line: Line) -> Iterator[tuple[str, str | None]]:
        yield "total", None
        yield from line.members.items()
        yield from (("segment", segment) for segment in self.segments.get(line.person or -1) or [None])
        yield "industry", self.industries.get(line.account or -1)

    @cached_property
    def purchases(self) -> dict[int, list[Line]]:
        """The purchases of each person, in order."""
        found = defaultdict(list)
        for line in sorted(self.lines, key=lambda one: (one.at, one.record[0], one.product_id, one.record)):
            if line.is_order and line.person is not None:
                found[line.person].append(line)
        return found

    @cached_property
    def guides(self) -> dict[date, set[int]]:
        """The guide customers at the end of each day: whom a member of staff reaches, until they ask to be erased."""
        erasures = self.rows(
            "select i.person_key, min(d.decided_at) from identity.human_decision as d join identity.one_id as i"
            " on d.left_type = i.id_type and d.left_value = i.id_value where d.decision = 'erase' and d.is_latest"
            " group by i.person_key"
        )
        erased = dict(erasures)
        found = defaultdict(set)
        for *record, staff, started, ended in self.files.rows("link", "staff_id, started_at, ended_at"):
            person, _ = self.owned.get((record[0], record[1]), (None, None))
            if person is None or staff is None or person in self.outsiders:
                continue
            ends = [local(moment) for moment in (ended, erased.get(person)) if moment is not None]
            day, last = local(started), min([self.as_of + timedelta(1), *ends])
            while day < last:
                found[day].add(person)
                day += timedelta(1)
        return found

    @cached_property
    def touches(self) -> list[tuple[Any, ...]]:
        """Touches of known people: person, moment, direction, whether it is a message that arrived, scene, order."""
        found = []
        for channel, record, at, direction, outcome, staff, scene, campaign in self.files.rows(
            "touch", "occurred_at, direction, outcome, staff_id, scene, campaign_id"
        ):
            person, _ = self.owned.get((channel, record), (None, None))
            if person is not None:
                is_message = direction == "outbound" and staff is not None and outcome in MESSAGES
                of_scene = scene or self._campaigns.get(campaign, (None, None))[1]
                found.append((person, at, direction, is_message, of_scene, [channel, record]))
        return found

    @cached_property
    def messages(self) -> dict[int, set[date]]:
        found = defaultdict(set)
        for person, at, _, is_message, *_ in self.touches:
            if is_message:
                found[person].add(local(at))
        return found

    def scene_before(self, person: int, day: date) -> str | None:
        """The scene of the last touch with a scene before the last purchase of a day."""
        moment = max(line.at for line in self.purchases[person] if line.day == day)
        named = [one for one in self.touches if one[0] == person and one[1] <= moment and one[4]]
        if not named:
            return None
        last = max(one[1] for one in named)
        return str(min((one for one in named if one[1] == last), key=lambda one: one[5])[4])
