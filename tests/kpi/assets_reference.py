"""The KPIs of assets and the user asset statement in plain Python: links are looked through at the end of each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import cached_property

from tests.kpi.people_reference import (
    ALWAYS,
    DAY,
    Cell,
    Figure,
    Groups,
    Key,
    Link,
    People,
    counts,
    end_of,
    local,
    rates,
)

Line = tuple[int, ...]  # opening, added, returned, lost, erased, closing
INVITED_DAYS, REFERRED_DAYS = 7, 30
SHAPES = {
    "contact": "observed_at", "touch": "occurred_at", "link": "started_at", "deal": "occurred_at", "ticket": "opened_at"
}  # fmt: skip


def stretches(links: Iterable[Link]) -> dict[int, list[tuple[datetime, datetime]]]:
    """When each person could be reached without a break: links that overlap or follow each other at once are one."""
    found: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for link in sorted(links, key=lambda one: one.start):
        own = found[link.person]
        if own and link.start <= own[-1][1]:
            own[-1] = (own[-1][0], max(own[-1][1], link.end))
        else:
            own.append((link.start, link.end))
    return found


class Assets(People):
    """Who can be reached, who holds them, who brought them, and who knows them."""

    @cached_property
    def grouped(self) -> dict[Cell, list[Link]]:
        """The links of each member."""
        found: dict[Cell, list[Link]] = defaultdict(list)
        for link in self.links:
            found["total", None].append(link)
            found["channel", link.channel].append(link)
            found["touchpoint", link.touchpoint].append(link)
            if link.staff is not None:
                found["staff", link.staff].append(link)
        return found

    @cached_property
    def reached(self) -> dict[int, list[tuple[datetime, datetime]]]:
        return stretches(self.links)

    @cached_property
    def referrals(self) -> dict[int, tuple[datetime, str, int]]:
        """When each person was first said to be referred, in which channel, and by whom."""
        known: dict[tuple[str, str], set[int]] = defaultdict(set)
        for id_type, value, person in self.rows("select id_type, id_value, person_key from identity.one_id"):
            if person is not None and person not in self.outsiders:
                known[id_type, value].add(person)
        found: dict[int, tuple[datetime, str, int]] = {}
        for shape in ("contact", "link"):
            for person, channel, at, id_type, value in self.counted_rows(
                shape, f"{SHAPES[shape]}, referrer_type, referrer_value"
            ):
                for referrer in known[id_type, value] - {person}:
                    one = (at, channel, referrer)
                    found[person] = min(found.get(person, one), one)
        return found

    @cached_property
    def seen(self) -> dict[tuple[str, str], date]:
        """The day of each record: the first, if it is in several shapes."""
        found: dict[tuple[str, str], date] = {}
        for shape, moment in SHAPES.items():
            for channel, record, at in self.files.rows(shape, moment):
                found[channel, record] = min(found.get((channel, record), local(at)), local(at))
        return found


def reachable_people(assets: Assets) -> dict[Key, Figure]:
    """People with an open link at the end of the day, in all, by channel and by touchpoint."""
    groups: Groups = {
        (day, *cell): {link.person for link in links if link.is_open(day)}
        for cell, links in assets.grouped.items()
        if cell[0] != "staff"
        for day in assets.of_days(cell[0])
    }
    return counts("reachable_people", groups)


def guide_customers(assets: Assets) -> dict[Key, Figure]:
    """Who is held by staff at the end of the day, by everybody who holds them and by whoever held them first."""
    held = [
        (person, staff, start, end)
        for (dimension, staff), links in assets.grouped.items()
        if dimension == "staff"
        for person, times in stretches(links).items()
        for start, end in times
    ]
    owned_by: Groups = defaultdict(set)
    held_by: Groups = defaultdict(set)
    for day in assets.days:
        holders = defaultdict(list)
        for person, staff, start, end in held:
            if start < end_of(day) <= end:
                holders[person].append((start, staff))
                for cell in _of_staff(assets, staff):
                    held_by[(day, *cell)].add((person, staff))
        for person, all_holders in holders.items():
            for cell in _of_staff(assets, min(all_holders)[1]):
                owned_by[(day, *cell)].add(person)
    return counts("guide_customers", owned_by) | counts("guide_customers_held", held_by)


def _of_staff(assets: Assets, staff: str | None) -> tuple[Cell, ...]:
    return ("total", None), ("staff", staff), ("team", assets.teams.get(staff))


def unfollow_rate(assets: Assets) -> dict[Key, Figure]:
    """People who ended a link that day, of those who could be reached when it began or came on it."""
    found: dict[Key, Figure] = defaultdict(lambda: (0, 0))
    for (dimension, member), links in assets.grouped.items():
        came: dict[date, int] = defaultdict(int)
        for times in stretches(links).values():
            for start, _ in times:
                came[local(start)] += 1
        for day in assets.of_days(dimension):
            base = len({link.person for link in links if link.is_open(day - DAY)}) + came[day]
            left = len({link.person for link in links if link.is_left and local(link.end) == day})
            cells: list[Cell] = [(dimension, member)]
            if dimension == "staff":
                cells.append(("team", assets.teams.get(member)))
            for cell in cells:
                part, whole = found[(day, *cell, "unfollow_rate")]
                found[(day, *cell, "unfollow_rate")] = (part + left, (whole or 0) + base)
    return found


def follow_add_rate(assets: Assets) -> dict[Key, Figure]:
    """Who met a campaign with a code and could not be reached when the day began; and who could be in 7 days."""
    codes = {campaign for (campaign,) in assets.files.table("live_codes", "campaign_id")} - {None}
    invited: Groups = defaultdict(set)
    for person, channel, at, campaign, outcome in assets.counted_rows("touch", "occurred_at, campaign_id, outcome"):
        day = local(at)
        is_reached = any(start < end_of(day - DAY) <= end for start, end in assets.reached.get(person, []))
        if campaign in codes and outcome != "failed" and not is_reached:
            for cell in (
                ("total", None), ("channel", channel), ("campaign", campaign), ("scene", assets.scenes.get(campaign))
            ):  # fmt: skip
                invited[(day, *cell)].add(person)

    def is_added(day: date, person: int) -> bool:
        return any(0 <= (local(start) - day).days < INVITED_DAYS for start, _ in assets.reached.get(person, []))

    return rates("follow_add_rate", invited, is_added)


def referred_share(assets: Assets) -> dict[Key, Figure]:
    """Of the people who could first be reached that day, those whom another customer referred."""
    newcomers: Groups = defaultdict(set)
    for person, times in assets.reached.items():
        for cell in (("total", None), *assets.cells(person, "channel", "campaign", "scene")):
            newcomers[(local(times[0][0]), *cell)].add(person)
    return rates("referred_share", newcomers, lambda _, person: person in assets.referrals)


def referrals_per_referrer(assets: Assets) -> dict[Key, Figure]:
    found: dict[Key, Figure] = {}
    for day in assets.days:
        recent = [by for at, _, by in assets.referrals.values() if 0 <= (day - local(at)).days < REFERRED_DAYS]
        found[day, "total", None, "referrals_per_referrer"] = (len(recent), len(set(recent)))
    return found


def match_rate(assets: Assets) -> dict[Key, Figure]:
    """Records of the day, staff's and bots' included, that belong to a known person."""
    records: Groups = defaultdict(set)
    for record, day in assets.seen.items():
        records[day, "total", None].add(record)
        records[day, "channel", record[0]].add(record)
    return rates("match_rate", records, lambda _, record: record in assets.person_of)


def cross_channel_rate(assets: Assets) -> dict[Key, Figure]:
    """Of the people whom a channel knew when the day ended, those whom another channel knew, too."""
    first: dict[int, dict[str, date]] = defaultdict(dict)
    for (channel, record), day in assets.seen.items():
        if (person := assets.counted(channel, record)) is not None:
            first[person][channel] = min(first[person].get(channel, day), day)
    knowing = {
        (day, person): {channel for channel, since in channels.items() if since <= day}
        for person, channels in first.items()
        for day in assets.days
    }
    known: Groups = defaultdict(set)
    for (day, person), channels in knowing.items():
        if channels:
            known[day, "total", None].add(person)
        for channel in channels:
            known[day, "channel", channel].add(person)
    return rates("cross_channel_rate", known, lambda day, person: len(knowing[day, person]) > 1)


def statement(assets: Assets) -> Iterator[tuple[tuple[str, str], Line]]:
    """The lines of the user asset statement; the line 'all' counts everybody once."""
    for (dimension, touchpoint), links in assets.grouped.items():
        if dimension in ("total", "touchpoint"):
            erased = {(link.person, link.end) for link in links if link.is_erased}
            for month in sorted({f"{day:%Y-%m}" for day in assets.days}):
                days = [day for day in assets.days if f"{day:%Y-%m}" == month]
                yield (month, touchpoint or "all"), _line(links, erased, month, days)


def _line(links: list[Link], erased: set[tuple[int, datetime]], month: str, days: list[date]) -> Line:
    added = returned = lost = gone = 0
    for person, times in stretches(links).items():
        for number, (start, end) in enumerate(times):
            if f"{local(start):%Y-%m}" == month:
                added += number == 0
                returned += number > 0
            if end != ALWAYS and f"{local(end):%Y-%m}" == month:
                gone += (person, end) in erased
                lost += (person, end) not in erased
    before = min(days).replace(day=1) - DAY
    opening, closing = (len({link.person for link in links if link.is_open(day)}) for day in (before, max(days)))
    return opening, added, returned, lost, gone, closing
