"""Rows of records, identities and journeys, sorted by person and company: what the rules of the tags look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from tests.tags.purchases import Line, lines_of

Row = Mapping[str, Any]
Tables = Mapping[str, list[dict[str, Any]]]
MOMENTS = {
    "contact": "observed_at", "touch": "occurred_at", "link": "started_at", "deal": "occurred_at",
    "ticket": "opened_at", "device": "observed_at",
}  # fmt: skip
# Of several kinds of exclusion, the first of these counts.
EXCLUSION_ORDER = ("staff", "bot", "competitor", "partner", "learner")


@dataclass(frozen=True)
class Settings:
    """What a run knows beside rows. `domains` gives the domain (public, private) of each channel."""

    as_of: date
    timezone: str
    variables: Mapping[str, Any]
    domains: Mapping[str, str]


class World:
    """`tables` has the rows of records.*, identity.*, journey.* and reference.*, by name."""

    def __init__(self, tables: Tables, settings: Settings) -> None:
        self.tables, self.settings = tables, settings
        self.as_of, self.zone = settings.as_of, ZoneInfo(settings.timezone)
        midnight = datetime.combine(self.as_of + timedelta(days=1), time(), self.zone)
        self.end = midnight.astimezone(UTC).replace(tzinfo=None)
        self.people = {row["one_id"]: row for row in self._rows("identity.person")}
        self.companies = {row["account_id"]: row for row in self._rows("identity.account")}
        self.one_id_of_key = {row["person_key"]: row["one_id"] for row in self.people.values()}
        self.owners = {(row["channel"], row["record_id"]): row for row in self._rows("identity.record_person")}
        current = [row for row in self._rows("identity.person_account") if row["is_current"]]
        self.company_of = {row["one_id"]: row["account_id"] for row in current}
        self.members = grouped(current, lambda row: row["account_id"])
        self.contacts = self._by_person("contact")
        self.touches = self._by_person("touch")
        self.links = self._by_person("link")
        self.tickets = self._by_person("ticket")
        self.devices = grouped(self._records("device"), lambda row: row["account_id"])
        self.stages = {row["one_id"]: row for row in self._rows("journey.person_stage")}
        self.stages_of_companies = {row["account_id"]: row["stage"] for row in self._rows("journey.account_stage")}
        self.scores = {row["one_id"]: row["score"] for row in self._rows("journey.lead_score")}
        self.owners_by_industry: dict[str, dict[str, set[str]]] = defaultdict(dict)

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return list(self.tables.get(name, []))

    def reference(self, name: str) -> list[dict[str, Any]]:
        return self._rows(f"reference.{name}")

    def _records(self, shape: str) -> list[dict[str, Any]]:
        """Records before the end of as_of with their owner, their moment `at` and its business date `day`."""
        found = []
        for row in self._rows(f"records.{shape}"):
            owner = self.owners.get((row["channel"], row["record_id"]), {})
            at = row[MOMENTS[shape]]
            if at is not None and at >= self.end:
                continue
            day = self.day(at) if at is not None else None
            known = {"one_id": owner.get("one_id"), "account_id": owner.get("account_id")}
            found.append({**row, **known, "at": at, "day": day})
        return found

    def _by_person(self, shape: str) -> dict[Any, list[dict[str, Any]]]:
        return grouped(self._records(shape), lambda row: row["one_id"])

    # Time.

    def local(self, at: datetime) -> datetime:
        return at.replace(tzinfo=UTC).astimezone(self.zone)

    def day(self, at: datetime) -> date:
        """The business date of a moment."""
        return self.local(at).date()

    def days_ago(self, day: date) -> int:
        return (self.as_of - day).days

    def is_within(self, day: date | None, days: int) -> bool:
        """Is a business date one of the last `days` dates, of which as_of is the last?"""
        return day is not None and 0 <= self.days_ago(day) < days

    def is_over(self, at: datetime | None) -> bool:
        """Had something ended by the end of as_of?"""
        return at is not None and at < self.end

    # Rules.

    def number(self, name: str) -> int:
        """A threshold of thresholds.csv, or else a var."""
        if name in self._thresholds:
            return int(self._thresholds[name])
        return int(self.settings.variables[name])

    @cached_property
    def _thresholds(self) -> dict[str, str]:
        return {row["threshold"]: row["value"] for row in self.reference("thresholds")}

    @cached_property
    def _bands(self) -> dict[str, list[tuple[Decimal | None, Decimal | None, str]]]:
        def border(text: str | None) -> Decimal | None:
            return Decimal(text) if text else None

        rows = sorted(self.reference("tag_bands"), key=lambda row: int(row["order"]))
        bands = [(row["tag_code"], (border(row["from"]), border(row["to"]), row["band"])) for row in rows]
        return {code: [band for of, band in bands if of == code] for code, _ in bands}

    def band(self, code: str, number: int | Decimal) -> str | None:
        """The band that begins at or below a number and ends above it."""
        for begin, end, name in self._bands[code]:
            if (begin is None or begin <= number) and (end is None or number < end):
                return name
        return None

    def band_order(self, code: str) -> list[str]:
        return [name for _, _, name in self._bands[code]]

    @cached_property
    def products(self) -> dict[str, dict[str, Any]]:
        return {row["product_id"]: row for row in self.reference("products")}

    @cached_property
    def content(self) -> dict[str, dict[str, Any]]:
        return {row["content_id"]: row for row in self.reference("content")}

    @cached_property
    def campaigns(self) -> dict[str, dict[str, Any]]:
        return {row["campaign_id"]: row for row in self.reference("campaigns")}

    @cached_property
    def provinces(self) -> dict[str, str]:
        """Region in lower case -> province."""
        rows = [row for row in self.reference("regions") if row["kind"] in ("province", "city")]
        return {row["region"].strip().lower(): row["province"] or row["region"] for row in rows}

    @cached_property
    def staff(self) -> set[str]:
        return {row["staff_id"] for row in self.reference("staff")}

    @cached_property
    def sincere(self) -> set[str]:
        return {row["action"] for row in self.reference("sincere_actions")}

    def line_of_product(self, product_id: str | None) -> str | None:
        return (self.products.get(product_id or "") or {}).get("product_line")

    # Touches.

    def inbound(self, one_id: str, days: int | None = None) -> list[dict[str, Any]]:
        """The inbound touches of a person, of all time or of the last days."""
        touches = [touch for touch in self.touches.get(one_id, []) if touch["direction"] == "inbound"]
        return touches if days is None else [touch for touch in touches if self.is_within(touch["day"], days)]

    def outbound(self, one_id: str) -> list[dict[str, Any]]:
        return [touch for touch in self.touches.get(one_id, []) if touch["direction"] == "outbound"]

    def open_links(self, one_id: str) -> list[dict[str, Any]]:
        return [link for link in self.links.get(one_id, []) if not self.is_over(link["ended_at"])]

    # Deals.

    @cached_property
    def deals(self) -> dict[tuple[str, str], dict[str, Any]]:
        """(channel, record_id) -> deal."""
        return {(row["channel"], row["record_id"]): row for row in self._records("deal")}

    @cached_property
    def kept(self) -> set[tuple[str, str, str, str]]:
        """(one_id or account_id, channel, kind, deal_id) of purchases that were not refunded in full."""
        own = [(row["account_id"], row) for row in self._rows("journey.account_deal_hold")]
        personal = [(self.one_id_of_key[row["person_key"]], row) for row in self._rows("journey.deal_hold")]
        return {
            (buyer, row["channel"], row["kind"], row["deal_id"])
            for buyer, row in own + personal
            if row["hold"] == "won" and row["held_to"] is None
        }

    @cached_property
    def opportunities(self) -> dict[Any, list[dict[str, Any]]]:
        """Person -> the deals of their open opportunities."""
        holds = [hold for hold in self._rows("journey.deal_hold") if hold["hold"] == "open" and hold["held_to"] is None]
        found: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for hold in holds:
            found[self.one_id_of_key[hold["person_key"]]].append(self.deals[hold["channel"], hold["record_id"]])
        return found

    @cached_property
    def lines(self) -> list[Line]:
        return lines_of(self.deals.values(), self.kept, self.day, self.end)

    @cached_property
    def lines_of_buyer(self) -> dict[str, list[Line]]:
        """Person or company -> all lines of revenue."""
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.lines:
            for buyer in {line.one_id, line.account_id} - {None}:
                found[str(buyer)].append(line)
        return found

    def purchases(self, buyer: str) -> list[Line]:
        """Lines of kept purchases of a person or company, without refunds."""
        return [line for line in self.lines_of_buyer.get(buyer, []) if line.is_kept]

    # Who is concerned.

    @cached_property
    def exclusions(self) -> dict[str, str]:
        """Person -> kind, at the end of as_of."""
        found: dict[str, str] = {}
        for row in self._rows("journey.exclusion"):
            if row["is_overruled"] or self.is_over(row["until_at"]):
                continue
            kinds = {row["kind"], found.get(row["one_id"], row["kind"])}
            found[row["one_id"]] = min(kinds, key=EXCLUSION_ORDER.index)
        return found

    @cached_property
    def referrers(self) -> set[str]:
        """People whose identifier a contact or link of another person names as referrer."""
        identifiers = {(row["id_type"], row["id_value"]): row["one_id"] for row in self._rows("identity.one_id")}
        named = set()
        for rows in (self.contacts, self.links):
            for one_id, records in rows.items():
                given = [(row["referrer_type"] or "", row["referrer_value"] or "") for row in records]
                found = {identifiers.get((kind.strip(), value.strip())) for kind, value in given}
                named |= found - {one_id} if one_id else set()
        return {one_id for one_id in named if one_id}

    @cached_property
    def scopes(self) -> dict[str, set[str]]:
        """Of tag_scopes.csv."""
        people, companies = set(self.people), set(self.companies)
        return {
            "people": people,
            "companies": companies,
            "active_people": {one_id for one_id in people if self.inbound(one_id)},
            "wecom_contacts": {
                one_id for one_id in people if any(link["touchpoint"] == "wecom" for link in self.links.get(one_id, []))
            },
            "buyers": {key[0] for key in self.kept} & people,
            "served": {one_id for one_id in people if self.tickets.get(one_id)},
            "opportunity": {one_id for one_id in people if self.opportunities.get(one_id)},
            "device_people": {one_id for one_id, company in self.company_of.items() if self.devices.get(company)},
            "customers": companies
            & {
                deal["account_id"]
                for deal in self.deals.values()
                if (deal["one_id"] or deal["account_id"], deal["channel"], deal["kind"], deal["deal_id"]) in self.kept
            },
        }


def grouped(rows: Iterable[dict[str, Any]], key: Callable[[Row], Any]) -> dict[Any, list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found
