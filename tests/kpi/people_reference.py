"""People in plain Python: whom KPIs count, who they are, and when they can be reached.

Records are read from the sample's files, as are reference tables. Who a record belongs to, whom KPIs do not count, who
owns people, their industry and segments are read from a build database: identity, journey, tags and audience have
references of their own. Nothing of the models of KPIs is used but the figures that are compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import duckdb

from tests.kpi.exported_records import sample

Cell = tuple[str, str | None]  # dimension, member
Key = tuple[date, str, str | None, str]  # day, dimension, member, KPI
Figure = tuple[int, int | None]  # numerator, denominator
Groups = dict[tuple[date, str, str | None], set[Any]]  # day, dimension, member: who or what is counted
DAY, ZONE = timedelta(days=1), timedelta(hours=8)
ALWAYS = datetime.max
CLOSE = 1e-6


def local(moment: datetime) -> date:
    return (moment + ZONE).date()


def end_of(day: date) -> datetime:
    return datetime.combine(day, time()) + DAY - ZONE


@dataclass(frozen=True)
class Link:
    """A link over which somebody can be reached, until it ended or the person asked to be erased."""

    person: int
    touchpoint: str
    channel: str
    staff: str | None
    start: datetime
    end: datetime
    is_left: bool
    is_erased: bool

    def is_open(self, day: date) -> bool:
        """Whether it is open when the day ends."""
        return self.start < end_of(day) <= self.end


class People:
    """The people of a build database."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self.files = sample()
        self.as_of = self.files.as_of
        first = min(local(row["occurred_at"]) for row in self.files.of("touch"))
        self.days = [self.as_of - DAY * back for back in range((self.as_of - first).days + 1)]
        self.outsiders = {
            person
            for person, kind in self.rows("select person_key, kind from journey.person_exclusion")
            if kind in ("staff", "competitor", "bot")
        }
        self.scenes = self.files.pairs("campaigns", "campaign_id", "scene")
        self.teams = self.files.pairs("staff", "staff_id", "team")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._con.execute(query).fetchall()

    def pairs(self, query: str) -> dict[Any, Any]:
        return dict(self.rows(query))

    def of_days(self, dimension: str, code: str = "") -> list[date]:
        """The days that a dimension is kept for; of a cohort, by the day on which its window is over."""
        window = int(self._windows.get(code) or 0)
        return self.days[: (400 if dimension in ("total", "channel") else 62) + window]

    @cached_property
    def _windows(self) -> dict[str, str | None]:
        return self.files.pairs("kpis", "kpi_code", "window_days")

    @cached_property
    def person_of(self) -> dict[tuple[str, str], int]:
        """The known person of each record."""
        rows = self.rows("select channel, record_id, person_key from identity.record_person")
        return {(channel, record): person for channel, record, person in rows if person is not None}

    def counted(self, channel: str, record: str) -> int | None:
        """The person of a record, if KPIs count the person."""
        person = self.person_of.get((channel, record))
        return None if person in self.outsiders else person

    def counted_rows(self, shape: str, columns: str) -> Iterator[tuple[Any, ...]]:
        """Person, channel and columns of the records of the people whom KPIs count."""
        for channel, record, *values in self.files.rows(shape, columns):
            if (person := self.counted(channel, record)) is not None:
                yield person, channel, *values

    @cached_property
    def _of_person(self) -> dict[int, dict[str, list[str]]]:
        """person -> dimension -> members: who brought them, who owns them, and what they are in."""
        owners = self.pairs(
            "select p.person_key, t.owner_staff from tags.person_profile as t join identity.person as p using (one_id)"
        )
        industries = self.pairs(
            "select c.person_key, t.tag_value from identity.person_account as c join tags.account_tag as t"
            " using (account_id) where c.is_current and t.tag_code = 'industry'"
        )
        segments: dict[int, list[str]] = defaultdict(list)
        for person, segment in self.rows("select person_key, segment from audience.segment_member"):
            segments[person].append(segment)
        found = {}
        for person, channel, campaign in self.rows(
            "select person_key, first_channel, source_campaign_id from identity.person"
        ):
            one = {
                "channel": channel, "campaign": campaign, "scene": self.scenes.get(campaign),
                "staff": owners.get(person), "team": self.teams.get(owners.get(person)),
                "industry": industries.get(person),
            }  # fmt: skip
            members = {dimension: [member] for dimension, member in one.items() if member is not None}
            found[person] = members | {"segment": segments[person]}
        return found

    def cells(self, person: int, *dimensions: str) -> Iterator[Cell]:
        """The members of dimensions that a person belongs to; an unknown member is None."""
        for dimension in dimensions:
            members: list[str | None] = [*self._of_person[person].get(dimension, [])]
            yield from ((dimension, member) for member in members or [None])

    @cached_property
    def _erased(self) -> dict[int, datetime]:
        found: dict[int, datetime] = {}
        for person, moment in self.rows(
            "select i.person_key, d.decided_at from identity.human_decision as d join identity.one_id as i"
            " on d.left_type = i.id_type and d.left_value = i.id_value where d.decision = 'erase' and d.is_latest"
        ):
            found[person] = min(moment, found.get(person, moment))
        return found

    @cached_property
    def links(self) -> list[Link]:
        """Without those that began after the person asked to be erased; one that ends before it starts is a moment."""
        found = []
        for person, channel, touchpoint, staff, start, ended, ended_by in self.counted_rows(
            "link", "touchpoint, staff_id, started_at, ended_at, ended_by"
        ):
            is_over = ended is not None and ended < end_of(self.as_of)
            end = max(ended, start) if is_over else ALWAYS
            erased = self._erased.get(person, ALWAYS)
            if touchpoint and start < erased:
                is_left = is_over and ended_by == "person" and end <= erased
                found.append(
                    Link(person, touchpoint, channel, staff, start, min(end, erased), is_left, erased < end)
                )  # fmt: skip
        return found

    def reachable(self, day: date) -> set[int]:
        """The people who can be reached in any touchpoint when the day ends."""
        return {link.person for link in self.links if link.is_open(day)}


def differing(people: People, wanted: dict[Key, Figure]) -> dict[Key, Any]:
    """Figures of the KPIs of `wanted` on kept days that kpi_value lacks, has otherwise, or has beside them.

    A count of 0 need not be a row, since a series begins when something happens. A rate has a row where it has a
    denominator.
    """
    kept = {(key[1], key[3]): set(people.of_days(key[1], key[3])) for key in wanted}
    wanted = {key: figure for key, figure in wanted.items() if key[0] in kept[key[1], key[3]] and any(figure)}
    codes = "', '".join(sorted({key[3] for key in wanted}))
    found = {
        row[:4]: row[4:]
        for row in people.rows(
            "select as_of_date, dimension, member, kpi_code, numerator, denominator, value from kpi.kpi_value"
            f" where kpi_code in ('{codes}')"
        )
    }
    surplus = {key for key, row in found.items() if any(row[:2])}
    return {
        key: (wanted.get(key), found.get(key))
        for key in wanted.keys() | surplus
        if key not in wanted or key not in found or not _is_same(wanted[key], found[key])
    }


def _is_same(wanted: Figure, found: tuple[Any, ...]) -> bool:
    part, whole = wanted
    value = part if whole is None else part / whole
    return wanted == found[:2] and found[2] is not None and abs(float(found[2]) - value) <= CLOSE


def counts(code: str, groups: Groups) -> dict[Key, Figure]:
    """A count KPI from the set behind each figure."""
    return {(*cell, code): (len(group), None) for cell, group in groups.items()}


def rates(code: str, groups: Groups, is_in: Callable[[date, Any], bool]) -> dict[Key, Figure]:
    """A rate KPI: of the set behind each figure, those for whom the rule holds."""
    return {
        (*cell, code): (sum(is_in(cell[0], one) for one in group), len(group))
        for cell, group in groups.items()
        if group
    }
