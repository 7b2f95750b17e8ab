"""The KPIs of service in plain Python: tickets and chats of the sample's files, walked day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from statistics import median
from typing import Any

from tests.kpi.people_reference import CLOSE, DAY, Cell, Key, People, end_of, local

Number = int | Decimal
Exact = tuple[Number, Number | None, float]  # numerator, denominator, value
CENT = Decimal("0.01")
SLA, ROLLING_DAYS = timedelta(hours=8), 30
PROMOTER, DETRACTOR = 9, 6
Order = tuple[str, str | None]  # channel, deal


@dataclass(frozen=True)
class Ticket:
    channel: str
    person: int | None
    industry: str | None
    opened: datetime
    replied: datetime | None
    resolved: datetime | None
    csat: int | None
    nps: int | None

    @property
    def day(self) -> date:
        return local(self.opened)

    @property
    def resolved_day(self) -> date | None:
        return None if self.resolved is None else local(max(self.resolved, self.opened))

    @property
    def marked_day(self) -> date:
        return self.resolved_day or self.day

    def is_open(self, day: date) -> bool:
        return self.day <= day and (self.resolved_day is None or day < self.resolved_day)


@dataclass(frozen=True)
class Line:
    """A line of revenue."""

    person: int
    order: Order
    is_refund: bool
    moment: datetime
    amount: Decimal


def length(start: datetime, end: datetime | None, unit: timedelta) -> Decimal | None:
    """How long something took, to the hundredth of a unit; None if it is not over, or ended before it began."""
    if end is None or end < start:
        return None
    return (Decimal((end - start).total_seconds()) / Decimal(unit.total_seconds())).quantize(CENT, ROUND_HALF_UP)


class Buyers(People):
    """Who bought, and when, from the sample's files."""

    @cached_property
    def lines(self) -> list[Line]:
        """What was earned from known people, and given back to them."""
        deals, found = self.files.files.deals(), []
        for key, (day, _, amount) in self.files.files.revenue().items():
            deal, person = deals[key], self.person_of.get(key)
            moment = deal["closed"] if deal["kind"] == "opportunity" else deal["at"]
            if person is not None and day <= self.as_of:
                found.append(Line(person, (key[0], deal["deal"]), deal["kind"] == "refund", moment, amount))
        return found

    @cached_property
    def purchases(self) -> dict[int, dict[Order, datetime]]:
        """person -> order or won opportunity -> when it was first earned."""
        found: dict[int, dict[Order, datetime]] = defaultdict(dict)
        for line in self.lines:
            if not line.is_refund:
                own = found[line.person]
                own[line.order] = min(line.moment, own.get(line.order, line.moment))
        return found


class Service(Buyers):
    """Tickets and chats."""

    @cached_property
    def tickets(self) -> list[Ticket]:
        """Without those of staff, competitors and bots; what happens after the last day has not happened."""
        end = end_of(self.as_of)
        accounts = {
            (channel, record): industry
            for channel, record, industry in self.rows(
                "select r.channel, r.record_id, t.tag_value from identity.record_person as r"
                " join tags.account_tag as t on r.account_id = t.account_id and t.tag_code = 'industry'"
            )
        }
        found = []
        columns = "opened_at, first_reply_at, resolved_at, csat, nps"
        for channel, record, opened, replied, resolved, csat, nps in self.files.rows("ticket", columns):
            person = self.person_of.get((channel, record))
            if person not in self.outsiders:
                past = [moment if moment is not None and moment < end else None for moment in (replied, resolved)]
                found.append(Ticket(channel, person, accounts.get((channel, record)), opened, *past, csat, nps))
        return found

    def ticket_cells(self, ticket: Ticket) -> Iterator[Cell]:
        yield from (("total", None), ("channel", ticket.channel), ("industry", ticket.industry))
        yield from self.segments(ticket.person)

    def segments(self, person: int | None) -> Iterator[Cell]:
        yield from [("segment", None)] if person is None else self.cells(person, "segment")


def _grouped(service: Service, code: str, events: Iterable[tuple[Ticket, date, Number]]) -> dict[Key, list[Number]]:
    found: dict[Key, list[Number]] = defaultdict(list)
    for ticket, day, value in events:
        for cell in service.ticket_cells(ticket):
            found[(day, *cell, code)].append(value)
    return found


def first_replies(service: Service) -> dict[Key, Exact]:
    """Minutes of tickets, and of chats with the mean of their day, over all replies."""
    found: dict[Key, list[tuple[Decimal, int]]] = defaultdict(list)

    def add(day: date, channel: str, staff: str | None, minutes: Decimal, count: int) -> None:
        team = service.teams.get(staff)
        for cell in (("total", None), ("channel", channel), ("staff", staff), ("team", team)):
            found[(day, *cell, "first_reply_minutes")].append((minutes, count))

    for ticket in service.tickets:
        if (minutes := length(ticket.opened, ticket.replied, timedelta(minutes=1))) is not None:
            add(ticket.day, ticket.channel, None, minutes, 1)
    for channel, _, day, staff, chats, mean in service.files.rows(
        "staff_day", "day, staff_id, chats, first_reply_minutes"
    ):
        if chats and mean is not None and mean >= 0:
            add(day, channel, staff, mean * chats, chats)
    return {key: _ratio(sum(m for m, _ in rows), sum(c for _, c in rows)) for key, rows in found.items()}


def solutions(service: Service) -> dict[Key, Exact]:
    """Hours to the solution on its day, and their median."""
    hours = {id(one): length(one.opened, one.resolved, timedelta(hours=1)) for one in service.tickets}
    events = (
        (one, one.resolved_day, hours[id(one)])
        for one in service.tickets
        if one.resolved_day and hours[id(one)] is not None
    )
    found = _grouped(service, "resolution_hours", events)  # type: ignore[arg-type]
    return {key: (sum(values), len(values), float(median(values))) for key, values in found.items()}


def breaches(service: Service) -> dict[Key, Exact]:
    """Tickets that nobody had answered when the time was over, on that day."""
    late = [
        (one, local(one.opened + SLA), 1)
        for one in service.tickets
        if one.opened + SLA < end_of(service.as_of) and (one.replied is None or one.replied > one.opened + SLA)
    ]
    found = _grouped(service, "sla_breaches", late)
    return {key: (len(values), None, float(len(values))) for key, values in found.items()}


def marks(service: Service) -> dict[Key, Exact]:
    """csat and nps on the day of the solution, or else of the opening."""
    votes = {one: 1 if one >= PROMOTER else -1 if one <= DETRACTOR else 0 for one in range(11)}
    found = _grouped(
        service, "csat", ((one, one.marked_day, one.csat) for one in service.tickets if one.csat is not None)
    )
    found |= _grouped(
        service, "nps", ((one, one.marked_day, votes[one.nps]) for one in service.tickets if one.nps is not None)
    )
    return {key: _ratio(sum(values), len(values)) for key, values in found.items()}


def open_tickets(service: Service) -> dict[Key, Exact]:
    """Counted on each day."""
    days = ((one, day, 1) for day in service.days for one in service.tickets if one.is_open(day))
    found = _grouped(service, "open_tickets", days)
    return {key: (len(values), None, float(len(values))) for key, values in found.items()}


def tickets_per_customer(service: Service) -> dict[Key, Exact]:
    """Tickets of the last days, and everybody who had bought by then."""
    first = {
        person: local(min(orders.values()))
        for person, orders in service.purchases.items()
        if person not in service.outsiders
    }
    found: dict[Key, Exact] = {}
    for day in service.days:
        tickets: dict[Cell, int] = defaultdict(int)
        customers: dict[Cell, int] = defaultdict(int)
        for one in service.tickets:
            if day - DAY * ROLLING_DAYS < one.day <= day:
                for cell in (("total", None), *service.segments(one.person)):
                    tickets[cell] += 1
        for person, since in first.items():
            if since <= day:
                for cell in (("total", None), *service.segments(person)):
                    customers[cell] += 1
        for cell, count in customers.items():
            found[(day, *cell, "tickets_per_customer")] = _ratio(tickets[cell], count)
    return found


def _ratio(part: Number, whole: int) -> Exact:
    return part, whole, float(part / whole)


def differing_exactly(people: People, wanted: dict[Key, Exact]) -> dict[Key, Any]:
    """Figures that kpi_value lacks, has otherwise, or has beside those of `wanted`; see people_reference.differing."""
    kept = {(key[1], key[3]): set(people.of_days(key[1], key[3])) for key in wanted}
    wanted = {key: one for key, one in wanted.items() if key[0] in kept[key[1], key[3]] and any(one[:2])}
    codes = "', '".join(sorted({key[3] for key in wanted}))
    found = {
        row[:4]: row[4:]
        for row in people.rows(
            "select as_of_date, dimension, member, kpi_code, numerator, denominator, value from kpi.kpi_value"
            f" where kpi_code in ('{codes}')"
        )
        if any(row[4:6])
    }
    return {
        key: (wanted.get(key), found.get(key))
        for key in wanted.keys() | found.keys()
        if key not in wanted or key not in found or not _is_same(wanted[key], found[key])
    }


def _is_same(wanted: Exact, found: tuple[Any, ...]) -> bool:
    return wanted[:2] == found[:2] and abs(float(found[2]) - wanted[2]) <= CLOSE
