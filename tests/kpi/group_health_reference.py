"""The table of the health of groups in plain Python: each group and week, counted from scratch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from tests.kpi.groups_reference import Member, SocialGroups, dead_days
from tests.kpi.people_reference import ALWAYS, DAY, local
from tests.kpi.service_reference import Service

WEEK_DAYS, KEPT_DAYS = 7, 62
KOC_DAYS, KOC_WINDOW, OVERDUE_DAYS, RISK_MEMBERS, FLASH_DAYS = 3, 30, 3, 3, 7
COLUMNS = (
    "chat_id", "week", "until_date", "group_kind", "opening_members", "joined", "left_members", "other_exits",
    "members", "active_members", "messages", "member_messages", "koc", "sieve_members", "sieve_reached", "deals",
    "revenue", "flash_members", "flash_buyers", "is_dead", "overdue_members", "is_at_risk", "is_dissolved",
)  # fmt: skip


def monday(day: date) -> date:
    return day - DAY * day.weekday()


class Health:
    """The groups of the sample, week by week."""

    def __init__(self, groups: SocialGroups, service: Service) -> None:
        self.groups, self.as_of = groups, groups.as_of
        self.service = service
        self.dead = set(dead_days(groups))
        self.chats = {
            chat: [one for one in groups.members if one.chat == chat] for chat in {m.chat for m in groups.members}
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        for chat, members in self.chats.items():
            gone = self.dissolved(members)
            week = max(monday(self.as_of - DAY * (KEPT_DAYS - 1)), monday(min(one.day for one in members)))
            while week <= (gone or self.as_of):
                yield self.row(chat, members, week, gone)
                week += DAY * WEEK_DAYS

    def dissolved(self, members: list[Member]) -> date | None:
        """The day on which the group was dissolved: its last member was put out with it."""
        ends = [one.end for one in members if one.ended_by == "system"]
        is_over = ends and all(one.end != ALWAYS and one.start < max(ends) for one in members)
        return local(max(ends)) if is_over else None

    def row(self, chat: str, members: list[Member], week: date, gone: date | None) -> dict[str, Any]:
        until = min(week + DAY * (WEEK_DAYS - 1), self.as_of)
        days = [week + DAY * n for n in range((until - week).days + 1)]
        present = [one for one in members if one.is_in(until)]
        ended = [one for one in members if one.last_day in days]
        overdue = sum(self.is_overdue(one.person, until) for one in present)
        return {
            "chat_id": chat, "week": week, "until_date": until, "group_kind": self.groups.kinds.get(chat),
            "opening_members": sum(one.is_in(week - DAY) for one in members),
            "joined": sum(one.day in days for one in members),
            "left_members": sum(one.ended_by == "person" for one in ended),
            "other_exits": sum(one.ended_by != "person" for one in ended),
            "members": len(present), "is_dead": (chat, until) in self.dead,
            "overdue_members": overdue, "is_at_risk": overdue >= RISK_MEMBERS,
            "is_dissolved": gone is not None and gone <= until,
            **self.talk(chat, members, present, days), **self.sieve(present, until), **self.sales(members, days),
            **self.flash(chat, members),
        }  # fmt: skip

    def is_overdue(self, person: int, day: date) -> bool:
        own = [one for one in self.service.tickets if one.person == person]
        return any(one.is_open(day) and one.day + DAY * OVERDUE_DAYS <= day for one in own)

    def talk(self, chat: str, members: list[Member], present: list[Member], days: list[date]) -> dict[str, int]:
        """Who wrote in the week, who writes often, and how much was written."""
        written, until = self.groups.writings[chat], days[-1]
        counts = [
            (messages, of_members)
            for _, _, day, group, messages, of_members in self.groups.files.rows(
                "group_day", "day, group_id, messages, member_messages"
            )
            if group == chat and day in days
        ]
        recent = [
            sum(max(one.day, until - DAY * (KOC_WINDOW - 1)) <= day <= until for day in written[one.person])
            for one in present
        ]
        return {
            "active_members": len({
                one.person for one in members if any(day in written[one.person] and one.was_in(day) for day in days)
            }),
            "koc": sum(count >= KOC_DAYS for count in recent),
            "messages": sum(messages for messages, _ in counts), "member_messages": sum(own for _, own in counts),
        }  # fmt: skip

    def sieve(self, present: list[Member], until: date) -> dict[str, int]:
        moments = [(one, self.groups.intent.get(one.person)) for one in present]
        sieved = [moment for one, moment in moments if moment is None or moment > one.start]
        return {
            "sieve_members": len(sieved),
            "sieve_reached": sum(moment is not None and local(moment) <= until for moment in sieved),
        }

    def sales(self, members: list[Member], days: list[date]) -> dict[str, Any]:
        lines = [
            line
            for line in self.groups.lines
            if local(line.moment) in days
            and any(one.person == line.person and one.start <= line.moment < one.end for one in members)
        ]
        return {
            "deals": len({line.order for line in lines if not line.is_refund}),
            "revenue": sum((line.amount for line in lines), Decimal(0)),
        }

    def flash(self, chat: str, members: list[Member]) -> dict[str, int | None]:
        """Who came in the first days, and who of them bought in these days."""
        if self.groups.kinds.get(chat) != "flash":
            return {"flash_members": None, "flash_buyers": None}
        until = min(one.day for one in members) + DAY * (FLASH_DAYS - 1)
        came = [one for one in members if one.day <= until]
        buyers = {
            one.person
            for one in came
            for moment in self.groups.purchases.get(one.person, {}).values()
            if moment >= one.start and local(moment) <= until
        }
        return {"flash_members": len({one.person for one in came}), "flash_buyers": len(buyers)}
