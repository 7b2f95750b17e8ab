"""The KPIs of sales and teams in plain Python: brute force, day by day.

Touches, deals and reference tables are read from the sample's files. When a lead qualified, stages and holds, owners,
partners, and who a record belongs to are read from a build database: they are the business of audience, the journey,
tags and identity, which have references of their own. When somebody first worked on a lead is judged here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cached_property
from statistics import median
from typing import Any

import duckdb

from tests.kpi.funnel_reference import Funnel
from tests.kpi.people_reference import Cell, People, local
from tests.kpi.revenue_reference import Line, Revenue

Key = tuple[date, str, str | None, str]  # day, dimension, member, KPI
Figure = tuple[Any, ...]  # numerator, denominator, value if it is not their quotient
CENT = Decimal("0.01")
ROLES = {"marketing_to_sdr": "sdr", "sdr_to_sales": "sales"}
WORK = ("call", "visit", "meeting", "email", "one_to_one")
HEADS_DAYS, TRAINING_DAYS, MQL_DAYS = 30, 90, 30
PENDING = 5


@dataclass(frozen=True)
class Touch:
    """A touch that may name a member of staff; `person` None = unknown."""

    person: int | None
    at: datetime
    direction: str
    outcome: str | None
    action: str | None
    medium: str | None
    campaign: str | None
    scene: str | None
    staff: str | None

    @property
    def is_talk(self) -> bool:
        took_place = self.action in ("visit", "meeting") and self.outcome != "failed"
        return self.outcome in ("answered", "replied") or took_place

    @property
    def is_contact(self) -> bool:
        arrived = self.outcome in ("delivered", "clicked") or self.is_talk
        return self.direction == "outbound" and self.medium != "group" and arrived


@dataclass(frozen=True)
class Handoff:
    """A hand-off, with when somebody first worked on it."""

    person: int
    step: str
    channel: str
    owner: str | None
    qualified_at: datetime
    hours: int
    accepted_at: datetime | None

    @property
    def is_in_time(self) -> bool:
        return self.accepted_at is not None and self.accepted_at <= self.qualified_at + timedelta(hours=self.hours)

    @property
    def hours_to_accept(self) -> Decimal:
        assert self.accepted_at is not None
        seconds = int(self.accepted_at.replace(microsecond=0).timestamp()) - int(
            self.qualified_at.replace(microsecond=0).timestamp()
        )
        return (Decimal(seconds) / 3600).quantize(CENT, ROUND_DOWN)


class Team:
    """What staff did, and what became of it."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.people = People(con)
        self.revenue = Revenue(con)
        self.funnel = Funnel(con)
        self.files = self.people.files
        self.teams = self.people.teams
        self.owners = self.people.pairs(
            "select p.person_key, t.owner_staff from tags.person_profile as t join identity.person as p using (one_id)"
        )

    def of_days(self, dimension: str, code: str) -> list[date]:
        return self.people.of_days(dimension, code)

    def cells(self, staff: str | None, channel: str | None = None) -> Iterator[Cell]:
        yield from (("total", None), ("staff", staff), ("team", self.teams.get(staff)))
        if channel is not None:
            yield "channel", channel

    @cached_property
    def heads(self) -> dict[Cell, Decimal]:
        """Heads of everybody, of each team and of each member of staff."""
        rows = self.files.table("staff", "staff_id", "team", "monthly_cost", "outsourced")
        wages = [Decimal(cost) for _, _, cost, outsourced in rows if outsourced != "true" and cost]
        found: dict[Cell, Decimal] = defaultdict(Decimal)
        for staff, team, cost, outsourced in rows:
            heads = Decimal(1)
            if outsourced == "true" and cost and wages:
                heads = (Decimal(cost) * len(wages) / sum(wages)).quantize(CENT, ROUND_HALF_UP)
            for cell in (("total", None), ("staff", staff), ("team", team)):
                found[cell] += heads
        return found

    @cached_property
    def touches(self) -> list[Touch]:
        scenes = self.people.scenes
        return [
            Touch(
                self.people.person_of.get((channel, record)), at, direction, outcome, action, medium, campaign,
                scene or scenes.get(campaign), staff,
            )
            for channel, record, at, direction, outcome, action, medium, campaign, scene, staff in self.files.rows(
                "touch", "occurred_at, direction, outcome, action, medium, campaign_id, scene, staff_id"
            )
        ]  # fmt: skip

    @cached_property
    def work(self) -> list[Touch]:
        """Touches of the people whom KPIs count that name a member of staff."""
        return [
            one
            for one in self.touches
            if one.staff is not None and one.person is not None and one.person not in self.people.outsiders
        ]

    @cached_property
    def leads(self) -> list[tuple[date, str | None]]:
        """The day on which each lead began, and who owns the person today."""
        return [(local(moment), self.owners.get(person)) for person, moment in self.funnel.leads.items()]

    @cached_property
    def projects(self) -> set[tuple[date, str, str, str | None]]:
        """Days on which a touch or a purchase named a member of staff and a campaign, with its scene."""
        found = {(local(one.at), one.staff, one.campaign, one.scene) for one in self.work if one.staff and one.campaign}
        for line in self.revenue.lines:
            staff, campaign = line.members["staff"], line.members["campaign"]
            if line.is_order and staff and campaign:
                found.add((line.day, staff, campaign, line.members["scene"]))
        return found

    @cached_property
    def handoffs(self) -> list[Handoff]:
        urgency = {
            (step, rule): one for rule, step, one in self.files.table("handoff_rules", "rule", "step", "urgency")
        }
        hours = {
            (step, one): int(most) for step, one, most in self.files.table("sla", "step", "urgency", "hours_to_accept")
        }
        return [
            Handoff(
                person, step, channel, owner, moment, hours[step, urgency[step, rule]],
                self._accepted(person, step, moment, since if status in ("returned", "lost") else datetime.max),
            )
            for person, step, channel, owner, moment, rule, status, since in self.people.rows(
                "select person_key, step, channel, owner_staff, qualified_at, reason, status, status_at"
                " from audience.lead_handoff"
            )
        ]  # fmt: skip

    @cached_property
    def _of_person(self) -> dict[int, list[Touch]]:
        found = defaultdict(list)
        for one in self.touches:
            if one.person is not None:
                found[one.person].append(one)
        return found

    @cached_property
    def _opened(self) -> dict[int, list[datetime]]:
        """When opportunities of each person that one of our staff holds were opened."""
        roles = self.files.pairs("staff", "staff_id", "role")
        holders = {
            f"opportunities:{row['opportunity_id']}": {row["owner"], row.get("sdr")} & roles.keys()
            for row in self.files.files.things("crm/opportunities")
        }
        found = defaultdict(list)
        for person, record, moment in self.people.rows(
            "select person_key, record_id, held_from from journey.deal_hold where hold = 'open'"
        ):
            if holders[record]:
                found[person].append(moment)
        return found

    def _accepted(self, person: int, step: str, since: datetime, until: datetime) -> datetime | None:
        """A talk with anybody, what somebody of the role did, or an opportunity."""
        roles = self.files.pairs("staff", "staff_id", "role")
        moments = [moment for moment in self._opened[person] if since <= moment <= until]
        for one in self._of_person[person]:
            is_work = (
                roles.get(one.staff) == ROLES[step] and one.direction == "outbound" and one.medium in WORK
                and one.action != "mass_send" and one.outcome != "failed"
            )  # fmt: skip
            if since < one.at <= until and (one.is_talk or is_work):
                moments.append(one.at)
        return min(moments, default=None)

    def reached_sales(self, one: Handoff) -> bool:
        """Whether somebody whom an SDR got reached sales from then on, within the window."""
        moments = [other.qualified_at for other in self.handoffs
                   if other.person == one.person and other.step == "sdr_to_sales"]  # fmt: skip
        moments += [m.moved_at for m in self.funnel.moves[one.person] if m.rank >= PENDING and not m.is_back]
        days = [(local(moment) - local(one.qualified_at)).days for moment in moments if moment >= one.qualified_at]
        return any(day <= MQL_DAYS for day in days)

    @cached_property
    def partners(self) -> dict[int, datetime]:
        return self.people.pairs("select person_key, since_at from journey.partner")

    @cached_property
    def courses(self) -> dict[int, list[date]]:
        """The days on which each person completed a course."""
        found = defaultdict(list)
        for one in self.touches:
            if one.person is not None and one.direction == "inbound" and one.action == "course_complete":
                found[one.person].append(local(one.at))
        return found


def handoffs(team: Team) -> dict[Key, Figure]:
    hours, due, sdr = (defaultdict[tuple[date, Cell], list[Any]](list) for _ in range(3))
    for one in team.handoffs:
        for cell in team.cells(one.owner, one.channel):
            handed = local(one.qualified_at)
            due[handed, cell].append(one.is_in_time)
            if one.step == "marketing_to_sdr":
                sdr[handed, cell].append(team.reached_sales(one))
            if one.accepted_at is not None:
                hours[local(one.accepted_at), cell].append(one.hours_to_accept)
    found: dict[Key, Figure] = {
        (day, *cell, "handoff_hours"): (sum(some), len(some), median(some)) for (day, cell), some in hours.items()
    }
    for code, cells in (("handoff_accept_rate", due), ("mql_to_sql", sdr)):
        found |= {(day, *cell, code): (sum(some), len(some)) for (day, cell), some in cells.items()}
    return found


def per_head(team: Team) -> dict[Key, Figure]:
    """Each day sums up the days of its window anew."""
    found: dict[Key, Figure] = {}
    for (dimension, member), heads in team.heads.items():
        for day in team.of_days(dimension, "revenue_per_head"):
            window = {day - timedelta(back) for back in range(HEADS_DAYS)}
            for code, numerator in _sums(team, (dimension, member), window).items():
                found[day, dimension, member, code] = (numerator, heads)
    return found


def _sums(team: Team, cell: Cell, window: set[date]) -> dict[str, Any]:
    def is_in(day: date, staff: str | None) -> bool:
        return day in window and cell in team.cells(staff)

    projects = {one[2:] for one in team.projects if is_in(one[0], one[1])}
    lines = [line.amount for line in team.revenue.lines if is_in(line.day, line.members["staff"])]
    return {
        "revenue_per_head": sum(lines, Decimal(0)),
        "leads_per_head": sum(is_in(*lead) for lead in team.leads),
        "contacts_per_head": sum(one.is_contact and is_in(local(one.at), one.staff) for one in team.work),
        "projects_per_head": len({campaign for campaign, _ in projects}),
        "subprojects_per_head": len(projects),
    }


def partners(team: Team) -> dict[Key, Figure]:
    found: dict[Key, Figure] = {}
    cells = defaultdict(Decimal)
    for line in team.revenue.lines:
        if _is_of_partner(team, line):
            for cell in (*team.cells(line.members["staff"], line.members["channel"]),
                         ("product_line", line.members["product_line"])):  # fmt: skip
                cells[line.day, cell] += line.amount
    found |= {(day, *cell, "partner_revenue"): (amount, None) for (day, cell), amount in cells.items()}
    for dimension in ("total", "channel", "industry"):
        for day in team.of_days(dimension, "partner_training"):
            trained: dict[Cell, list[bool]] = defaultdict(list)
            for person, since in team.partners.items():
                if local(since) <= day:
                    is_trained = any(0 <= (day - one).days < TRAINING_DAYS for one in team.courses[person])
                    for cell in team.people.cells(person, dimension):
                        trained[cell].append(is_trained)
            found |= {(day, *cell, "partner_training"): (sum(some), len(some)) for cell, some in trained.items()}
    return found


def _is_of_partner(team: Team, line: Line) -> bool:
    return line.person in team.partners and line.at >= team.partners[line.person]
