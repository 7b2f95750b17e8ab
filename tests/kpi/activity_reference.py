"""The KPIs of activity and of WeCom in plain Python: windows are walked day by day, people one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

import duckdb

from tests.kpi.people_reference import DAY, Cell, Figure, Groups, Key, People, counts, end_of, local, rates

Deal = tuple[str, str]  # channel, deal
MONTH_DAYS = 30
OF_PERSON = ("campaign", "scene", "staff", "team", "segment", "industry")
PAID = ("paid", "shipped", "done", "refunded")
ASKED_DAYS, INVITED_DAYS, SERVED_DAYS, BOUGHT_DAYS = 30, 7, 30, 90


@dataclass(frozen=True)
class Touch:
    person: int
    channel: str
    at: datetime
    direction: str
    behaviour: str
    action: str | None
    outcome: str | None
    campaign: str | None
    content: str | None

    @property
    def day(self) -> date:
        return local(self.at)

    @property
    def is_conversation(self) -> bool:
        took_place = self.action in ("visit", "meeting") and self.outcome != "failed"
        return self.outcome in ("answered", "replied") or took_place


@dataclass(frozen=True)
class Added:
    """The first link of a person on WeCom."""

    day: date
    staff: str


class Activity(People):
    """What people did, what we asked of them, and what became of those on WeCom."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        super().__init__(con)
        columns = "occurred_at, direction, behaviour, action, outcome, campaign_id, content_id"
        self.touches = [Touch(*row) for row in self.counted_rows("touch", columns)]
        self.inbound = [touch for touch in self.touches if touch.direction == "inbound"]

    @cached_property
    def wecom(self) -> dict[int, list[tuple[datetime, str, date, date | None]]]:
        """Links on WeCom: when they began, with whom, and on which days they began and ended (None: open)."""
        found = defaultdict(list)
        for person, _, touchpoint, staff, start, end in self.counted_rows(
            "link", "touchpoint, holder_id, started_at, ended_at"
        ):
            if touchpoint == "wecom" and (end is None or end >= start):
                found[person].append((start, staff, local(start), self.ended(end)))
        return found

    def ended(self, moment: datetime | None) -> date | None:
        return local(moment) if moment is not None and moment < end_of(self.as_of) else None

    @cached_property
    def added(self) -> dict[int, Added]:
        first = {person: min(links, key=lambda one: one[:2]) for person, links in self.wecom.items()}
        return {person: Added(link[2], link[1]) for person, link in first.items()}

    @cached_property
    def signs(self) -> dict[str, list[Touch]]:
        """Touches that wecom_signs.csv names: invite and service."""
        rows = self.files.table("wecom_signs", "sign", "direction", "action", "outcome", "by_campaign")
        found: dict[str, list[Touch]] = defaultdict(list)
        for sign, direction, action, outcome, by_campaign in rows:
            for touch in self.touches:
                is_meant = (touch.direction, touch.action) == (direction, action)
                is_from_code = by_campaign != "true" or touch.campaign is not None
                if is_meant and is_from_code and outcome in (None, touch.outcome):
                    found[sign].append(touch)
        return found

    @cached_property
    def services(self) -> dict[int, list[tuple[date, date]]]:
        """First and last day of each service: an answer, a resolved ticket, a time in a service group."""
        chats = self.files.pairs("groups", "chat_id", "group_kind")
        found: dict[int, list[tuple[date, date]]] = defaultdict(list)
        for touch in self.signs["service"]:
            found[touch.person].append((touch.day, touch.day))
        for person, _, resolved in self.counted_rows("ticket", "resolved_at"):
            if resolved is not None and (day := self.ended(resolved)) is not None:
                found[person].append((day, day))
        for person, _, touchpoint, chat, start, end in self.counted_rows(
            "link", "touchpoint, holder_id, started_at, ended_at"
        ):
            if touchpoint == "group" and chats.get(chat) == "service" and (end is None or end >= start):
                found[person].append((local(start), self.ended(end) or self.as_of))
        return found

    @cached_property
    def bought(self) -> dict[int, set[date]]:
        """Days on which people paid an order or won an opportunity that was not fully refunded since."""
        orders, fulfilled = _kept_orders(self)
        found: dict[int, set[date]] = defaultdict(set)
        for person, channel, kind, deal, status, closed in self.counted_rows(
            "deal", "kind, deal_id, status, closed_at"
        ):
            if kind == "order" and (channel, deal) in orders:
                found[person].add(orders[channel, deal])
            day = self.ended(closed)
            if kind == "opportunity" and status == "won" and day is not None and fulfilled.get(deal, True):
                found[person].add(day)
        return found


def _kept_orders(activity: Activity) -> tuple[dict[Deal, date], dict[str, bool]]:
    """The day of each paid order that was not fully refunded; of each opportunity with orders, whether one is kept."""
    lines: dict[Deal, list[tuple[str, datetime, Decimal]]] = defaultdict(list)
    refunds: dict[Deal, Decimal] = defaultdict(Decimal)
    opportunities: dict[str, set[Deal]] = defaultdict(set)
    for channel, _, deal, kind, status, at, amount, opportunity in activity.files.rows(
        "deal", "deal_id, kind, status, occurred_at, amount, opportunity_id"
    ):
        if kind == "refund":
            refunds[channel, deal] += amount
        elif kind == "order" and (status or "paid") in PAID:
            lines[channel, deal].append((status, at, amount))
            if opportunity:
                opportunities[opportunity].add((channel, deal))
    kept = {
        deal: local(min(at for _, at, _ in own))
        for deal, own in lines.items()
        if any(status != "refunded" for status, *_ in own) and sum(amount for *_, amount in own) + refunds[deal] > 0
    }
    return kept, {opportunity: bool(deals & kept.keys()) for opportunity, deals in opportunities.items()}


def _window(day: date, days: int, last: date) -> Iterator[date]:
    """The days on which something of a day still counts."""
    for one in range(days):
        if day + DAY * one <= last:
            yield day + DAY * one


def active_people(activity: Activity) -> dict[Key, Figure]:
    """dau, wau, mau and visit_frequency: by channel in that channel, else by who the person is."""
    active_days: Groups = defaultdict(set)
    for touch in activity.inbound:
        cells: list[Cell] = [("total", None), ("channel", touch.channel), *activity.cells(touch.person, *OF_PERSON)]
        for day in _window(touch.day, MONTH_DAYS, activity.as_of):
            for cell in cells:
                active_days[(day, *cell)].add((touch.person, touch.day))
    found: dict[Key, Figure] = {}
    for (day, dimension, member), visits in active_days.items():
        for code, days in (("dau", 1), ("wau", 7), ("mau", MONTH_DAYS)):
            people = {person for person, active in visits if (day - active).days < days}
            found[day, dimension, member, code] = (len(people), None)
        found[day, dimension, member, "visit_frequency"] = (len(visits), len({person for person, _ in visits}))
    return found


def reachable_rates(activity: Activity) -> dict[Key, Figure]:
    """active_rate and interaction_rate, by who the person is."""
    active, talked = defaultdict(set), defaultdict(set)
    for touch in activity.touches:
        for day in _window(touch.day, MONTH_DAYS, activity.as_of):
            if touch.direction == "inbound":
                active[day].add(touch.person)
            if touch.is_conversation:
                talked[day].add(touch.person)
    reachable: Groups = defaultdict(set)
    for day in activity.days:
        for person in activity.reachable(day):
            for cell in (("total", None), *activity.cells(person, "channel", *OF_PERSON)):
                reachable[(day, *cell)].add(person)
    return rates("active_rate", reachable, lambda day, person: person in active[day]) | rates(
        "interaction_rate", reachable, lambda day, person: person in talked[day]
    )


def content_reach(activity: Activity) -> dict[Key, Figure]:
    """People who saw content in the last days; who registers has not seen it yet."""
    stages = activity.files.pairs("content", "content_id", "content_stage")
    seen: Groups = defaultdict(set)
    for touch in activity.inbound:
        if touch.content is not None and touch.behaviour != "register":
            for day in _window(touch.day, MONTH_DAYS, activity.as_of):
                seen[day, "total", None].add(touch.person)
                seen[day, "channel", touch.channel].add(touch.person)
                seen[day, "content_stage", stages.get(touch.content)].add(touch.person)
    return counts("content_reach", seen)


def cta_completion(activity: Activity) -> dict[Key, Figure]:
    """Every call of a campaign to everybody who meets it, on the day of the first touch of it that did not fail."""
    calls = defaultdict(list)
    for campaign, action, level in activity.files.table("calls_to_action", "campaign_id", "action", "ask_level"):
        calls[campaign].append((action, level))
    met: dict[tuple[int, str], list[Touch]] = defaultdict(list)
    for touch in activity.touches:
        is_met = touch.direction == "inbound" or touch.outcome != "failed"
        if is_met and touch.campaign is not None and touch.campaign in calls:
            met[touch.person, touch.campaign].append(touch)
    asks: Groups = defaultdict(set)
    done = set()
    for (person, campaign), touches in met.items():
        day, channel = min((touch.day, touch.channel) for touch in touches)
        for ask in calls[campaign]:
            action, level = ask
            days = [one.day for one in touches if one.direction == "inbound" and one.action == action]
            if days and (min(days) - day).days <= ASKED_DAYS:
                done.add((person, campaign, ask))
            for cell in (
                ("total", None), ("channel", channel), ("campaign", campaign),
                ("scene", activity.scenes.get(campaign)), ("ask_level", level),
            ):  # fmt: skip
                asks[(day, *cell)].add((person, campaign, ask))
    return rates("cta_completion", asks, lambda _, ask: ask in done)


def traffic(activity: Activity) -> dict[Key, Figure]:
    """Who scanned a code or took a request, or was added without one, and was never on WeCom before that day."""
    codes: dict[tuple[int, date], set[str | None]] = defaultdict(set)
    for touch in activity.signs["invite"]:
        codes[touch.person, touch.day].add(touch.campaign)
    for person, added in activity.added.items():
        codes.setdefault((person, added.day), {None})
    invited: Groups = defaultdict(set)
    for (person, day), campaigns in codes.items():
        if person not in activity.added or activity.added[person].day >= day:
            cells = {("total", None), *activity.cells(person, "channel")}
            cells |= {("campaign", campaign) for campaign in campaigns}
            cells |= {("scene", activity.scenes.get(campaign)) for campaign in campaigns}
            for cell in cells:
                invited[(day, *cell)].add(person)

    def is_linked(day: date, person: int) -> bool:
        return person in activity.added and (activity.added[person].day - day).days <= INVITED_DAYS

    return rates("traffic_success_rate", invited, is_linked)


def cohorts(activity: Activity) -> dict[Key, Figure]:
    """Of the people added on a day, who was served in time and is still linked then, and who bought in time."""
    cohort: Groups = defaultdict(set)
    for person, added in activity.added.items():
        of_staff = (("staff", added.staff), ("team", activity.teams.get(added.staff)))
        for cell in (("total", None), *of_staff, *activity.cells(person, "channel", "campaign", "scene")):
            cohort[(added.day, *cell)].add(person)

    def is_served(day: date, person: int) -> bool:
        last = day + DAY * SERVED_DAYS
        judged = min(last, activity.as_of)
        is_linked = any(a <= last and (b is None or b > judged) for *_, a, b in activity.wecom[person])
        return is_linked and any(a <= last and day <= b for a, b in activity.services[person])

    def has_bought(day: date, person: int) -> bool:
        return any(0 <= (one - day).days <= BOUGHT_DAYS for one in activity.bought[person])

    return rates("service_success_rate", cohort, is_served) | rates("monetisation_success_rate", cohort, has_bought)
