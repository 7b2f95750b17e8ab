"""The KPIs of groups in plain Python: members are counted on each day, and what became of them one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from tests.kpi.people_reference import ALWAYS, DAY, Cell, Key, end_of, local
from tests.kpi.service_reference import Buyers, Exact

DEAD_DAYS, ACTIVE_DAYS, WINDOW = 14, 7, 90
INTENT = ("intent", "pending", "won")


@dataclass(frozen=True)
class Member:
    """A time of a person in a group without a break."""

    chat: str
    person: int
    start: datetime
    end: datetime
    ended_by: str  # person or system; empty: still a member, erased, or unknown

    @property
    def day(self) -> date:
        return local(self.start)

    @property
    def last_day(self) -> date | None:
        return None if self.end == ALWAYS else local(self.end)

    def is_in(self, day: date) -> bool:
        """Whether the person is a member when the day ends."""
        return self.day <= day and (self.last_day is None or day < self.last_day)

    def was_in(self, day: date) -> bool:
        """Whether the person was a member at any time of the day."""
        return self.day <= day and (self.last_day is None or day <= self.last_day)


class SocialGroups(Buyers):
    """Who is in which group, who writes there, and who moves on."""

    @cached_property
    def kinds(self) -> dict[str, str]:
        return self.files.pairs("groups", "chat_id", "group_kind")

    def group_cells(self, chat: str) -> tuple[Cell, Cell]:
        return ("total", None), ("group_kind", self.kinds.get(chat))

    @cached_property
    def members(self) -> list[Member]:
        """Links of one person with a group that overlap, or follow each other at once, are one membership."""
        links: dict[tuple[str, int], list[tuple[datetime, datetime, str]]] = defaultdict(list)
        for person, _, touchpoint, chat, start, ended, by in self.counted_rows(
            "link", "touchpoint, holder_id, started_at, ended_at, ended_by"
        ):
            if touchpoint == "group":
                is_over = ended is not None and ended < end_of(self.as_of)
                end, erased = max(ended, start) if is_over else ALWAYS, self._erased.get(person, ALWAYS)
                if start < erased:
                    told = by if is_over and by and end <= erased else ""
                    links[chat, person].append((start, min(end, erased), told))
        found = []
        for (chat, person), own in links.items():
            merged: list[tuple[datetime, datetime, str]] = []
            for one in sorted(own):
                if merged and one[0] <= merged[-1][1]:
                    before = merged.pop()
                    merged.append((before[0], *max(one[1:], before[1:])))
                else:
                    merged.append(one)
            found += [Member(chat, person, *one) for one in merged]
        return sorted(found, key=lambda one: (one.start, one.chat))

    @cached_property
    def writings(self) -> dict[str, dict[int, set[date]]]:
        """chat -> person -> days with a message."""
        found: dict[str, dict[int, set[date]]] = defaultdict(lambda: defaultdict(set))
        for channel, record, moment, action in self.files.rows("touch", "occurred_at, action"):
            person = self.counted(channel, record)
            if action == "group_message" and person is not None:
                found[record.split("|")[1]][person].add(local(moment))
        return found

    @cached_property
    def intent(self) -> dict[int, datetime]:
        """When people first reached the stage or one beyond it."""
        found: dict[int, datetime] = {}
        for person, stage, moment in self.rows(
            "select person_key, to_stage, moved_at from journey.stage_transition where direction <> 'back'"
        ):
            if stage in INTENT:
                found[person] = min(moment, found.get(person, moment))
        return found

    def orders(self, person: int, first: date, last: date) -> int:
        """Orders of a person on the days between two days."""
        return sum(first <= local(moment) <= last for moment in self.purchases.get(person, {}).values())

    def change(self, person: int, day: date) -> int:
        """Orders in the days after a day, less those in the days before it."""
        after = self.orders(person, day + DAY, day + DAY * WINDOW)
        return after - self.orders(person, day - DAY * WINDOW, day - DAY)


def _counted(code: str, found: dict[tuple[date, str, str | None], int]) -> dict[Key, Exact]:
    return {(*cell, code): (count, None, float(count)) for cell, count in found.items()}


def _rated(
    code: str, parts: dict[tuple[date, str, str | None], int], wholes: dict[tuple[date, str, str | None], int]
) -> dict[Key, Exact]:
    return {(*cell, code): (parts.get(cell, 0), whole, parts.get(cell, 0) / whole) for cell, whole in wholes.items()}


def stocks(groups: SocialGroups) -> dict[Key, Exact]:
    """Groups, members, and members who wrote lately, at the end of each day; and dead groups."""
    chats: dict[tuple[date, str, str | None], int] = defaultdict(int)
    dead, members, active = (defaultdict(int, chats) for _ in range(3))
    for chat, day, present in live_days(groups):
        for cell in groups.group_cells(chat):
            key = (day, *cell)
            chats[key] += 1
            members[key] += len(present)
            for one in present:
                days = groups.writings[chat][one.person]
                active[key] += any(max(one.day, day - DAY * (ACTIVE_DAYS - 1)) <= written <= day for written in days)
    for chat, day in dead_days(groups):
        for cell in groups.group_cells(chat):
            dead[(day, *cell)] += 1
    return (
        _counted("groups", chats) | _counted("dead_groups", dead) | _counted("members", members)
        | _rated("group_active_rate", active, members)
    )  # fmt: skip


def live_days(groups: SocialGroups) -> Iterator[tuple[str, date, list[Member]]]:
    """Every group and day on which somebody is a member at the end."""
    for chat in {one.chat for one in groups.members}:
        for day in sorted(groups.days):
            if present := [one for one in groups.members if one.chat == chat and one.is_in(day)]:
                yield chat, day, present


def dead_days(groups: SocialGroups) -> Iterator[tuple[str, date]]:
    """Every group and day that came so many days after the last sign of life of the group."""
    signs: dict[str, tuple[date, date]] = {}  # the last day of the group, and its last sign of life
    for chat, day, _ in live_days(groups):
        before, sign = signs.get(chat, (None, day))
        if before != day - DAY or any(day in days for days in groups.writings[chat].values()):
            sign = day
        signs[chat] = (day, sign)
        if (day - sign).days >= DEAD_DAYS:
            yield chat, day


def moves(groups: SocialGroups) -> dict[Key, Exact]:
    """Who joined and who left on a day, of all who were in the group on it."""
    present: dict[tuple[date, str, str | None], int] = defaultdict(int)
    joined, left = defaultdict(int, present), defaultdict(int, present)
    for day in groups.days:
        for one in groups.members:
            if one.was_in(day):
                for cell in groups.group_cells(one.chat):
                    present[(day, *cell)] += 1
                    joined[(day, *cell)] += one.day == day
                    left[(day, *cell)] += one.ended_by == "person" and one.last_day == day
    return _rated("join_rate", joined, present) | _rated("leave_rate", left, present)


def outcomes(groups: SocialGroups) -> dict[Key, Exact]:
    """Of those who joined on a day: who reached intent since, and who bought since, in time."""
    joins: dict[tuple[date, str, str | None], int] = defaultdict(int)
    unsieved, sieved, buyers = (defaultdict(int, joins) for _ in range(3))
    for one in groups.members:
        last, reached = one.day + DAY * WINDOW, groups.intent.get(one.person)
        moments = groups.purchases.get(one.person, {}).values()
        has_bought = any(moment >= one.start and local(moment) <= last for moment in moments)
        for cell in groups.group_cells(one.chat):
            key = (one.day, *cell)
            joins[key] += 1
            buyers[key] += has_bought
            if reached is None or reached > one.start:
                unsieved[key] += 1
                sieved[key] += reached is not None and local(reached) <= last
    return _rated("sieve_rate", sieved, unsieved) | _rated("group_conversion", buyers, joins)


def uplift(groups: SocialGroups) -> dict[Key, Exact]:
    """The change of orders of those who joined their first group, less that of reachable people without a group."""
    firsts: dict[int, Member] = {}
    for one in groups.members:
        firsts.setdefault(one.person, one)
    cohorts: dict[tuple[date, str, str | None], list[int]] = defaultdict(list)
    for person, one in firsts.items():
        for cell in groups.group_cells(one.chat):
            cohorts[(one.day, *cell)].append(groups.change(person, one.day))
    found: dict[Key, Exact] = {}
    for key, changes in cohorts.items():
        others = groups.reachable(key[0]) - firsts.keys()
        if others:
            usual = sum(groups.change(person, key[0]) for person in others) / len(others)
            found[(*key, "group_uplift")] = (sum(changes), len(changes), sum(changes) / len(changes) - usual)
    return found
