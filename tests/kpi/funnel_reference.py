"""The KPIs of the funnel in plain Python: brute force, day by day.

Touches, deals and reference tables are read from the sample's files; who a record belongs to, stages, scenarios, owners
and industries from a build database, since they are the business of identity, the journey and tags.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from statistics import median
from typing import Any

import duckdb

from tests.kpi.exported_records import AS_OF, Records, sample

ZONE = timedelta(hours=8)
DAYS, DAYS_OTHER = 400, 62
WINDOWS = {"stage_conversion": 30, "scenario_step_rate": 30}  # kept so much longer than other figures
SILENT_DAYS, UNDER_TOUCHES = 7, 5
STAGES = ("visitor", "potential", "profiled", "intent", "pending", "won")
LEAD, WON = 3, 6
BANDS = ("0", "1", "2", "3", "4", "5", "6+")
OUTSIDERS = ("staff", "competitor", "bot")
Cell = tuple[str, str | None, date]  # dimension, member, day
Values = dict[Cell, tuple[int, int | None, Fraction]]  # numerator, denominator, value


def day_of(moment: datetime) -> date:
    return (moment + ZONE).date()


def end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(days=1) - ZONE


def band(count: int) -> str:
    return BANDS[min(count, 6)]


def share(part: int, whole: int) -> tuple[int, int, Fraction]:
    return part, whole, Fraction(part, whole)


def is_kept(code: str, cell: Cell) -> bool:
    kept = DAYS if cell[0] in ("total", "channel", "touch_count") else DAYS_OTHER + WINDOWS.get(code, 0)
    return (AS_OF - cell[2]).days < kept


def _arrived(direction: str, outcome: str | None, action: str | None, medium: str | None) -> bool:
    if direction != "outbound" or medium == "group":
        return False
    took_place = action in ("visit", "meeting") and outcome != "failed"
    return outcome in ("delivered", "clicked", "replied", "answered") or took_place


@dataclass(frozen=True)
class Move:
    moved_at: datetime
    rank: int
    is_back: bool


@dataclass(frozen=True)
class Funnel:
    """What the night built, and the funnel of it."""

    con: duckdb.DuckDBPyConnection
    files: Records = field(default_factory=sample)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()

    def pairs(self, query: str) -> dict[Any, Any]:
        return dict(self.rows(query))

    @cached_property
    def moves(self) -> dict[int, list[Move]]:
        found: dict[int, list[Move]] = defaultdict(list)
        for person, moved_at, stage, direction in self.rows(
            "select person_key, moved_at, to_stage, direction from journey.stage_transition"
        ):
            found[person].append(Move(moved_at, STAGES.index(stage) + 1, direction == "back"))
        return found

    @cached_property
    def excluded(self) -> dict[int, str]:
        return self.pairs("select person_key, kind from journey.person_exclusion")

    @cached_property
    def outsiders(self) -> set[int]:
        return {person for person, kind in self.excluded.items() if kind in OUTSIDERS}

    @cached_property
    def reached(self) -> dict[int, dict[int, datetime]]:
        """person -> rank -> when it, or one beyond it, was first reached."""
        return {
            person: {
                rank: min(moments)
                for rank in range(1, WON + 1)
                if (moments := [m.moved_at for m in moves if m.rank >= rank and not m.is_back])
            }
            for person, moves in self.moves.items()
            if person not in self.outsiders
        }

    def is_skipped(self, person: int, rank: int) -> bool:
        moment = self.reached[person][rank]
        return all(m.rank != rank or m.is_back or m.moved_at > moment for m in self.moves[person])

    @cached_property
    def leads(self) -> dict[int, datetime]:
        found = {
            person: [m.moved_at for m in moves if m.rank >= LEAD and not m.is_back]
            for person, moves in self.moves.items()
            if person not in self.excluded
        }
        return {person: min(moments) for person, moments in found.items() if moments}

    @cached_property
    def wins(self) -> dict[int, datetime]:
        found = {person: [m.moved_at for m in moves if m.rank == WON] for person, moves in self.moves.items()}
        return {person: min(moments) for person, moments in found.items() if moments}

    @cached_property
    def owned(self) -> dict[tuple[str, str], tuple[int | None, int | None]]:
        """The person and the company of each record."""
        rows = self.rows("select channel, record_id, person_key, account_key from identity.record_person")
        return {(channel, record): (person, account) for channel, record, person, account in rows}

    @cached_property
    def touches(self) -> tuple[dict[int, list[datetime]], dict[int, set[date]]]:
        """First arrivals of different touches of ours, and the days on which the person acted."""
        first: dict[tuple[Any, ...], datetime] = {}
        active: dict[int, set[date]] = defaultdict(set)
        for channel, record, moment, direction, outcome, action, medium, content in self.files.rows(
            "touch", "occurred_at, direction, outcome, action, medium, content_id"
        ):
            person, _ = self.owned.get((channel, record), (None, None))
            if person is None:
                continue
            if direction == "inbound":
                active[person].add(day_of(moment))
            elif _arrived(direction, outcome, action, medium):
                key = (person, content, medium)
                first[key] = min(first.get(key, moment), moment)
        arrivals: dict[int, list[datetime]] = defaultdict(list)
        for (person, *_), moment in first.items():
            arrivals[person].append(moment)
        return arrivals, active

    @cached_property
    def belongs(self) -> dict[int, dict[str, str | None]]:
        scenes = self.files.pairs("campaigns", "campaign_id", "scene")
        teams = self.files.pairs("staff", "staff_id", "team")
        owners = self.pairs(
            "select s.person_key, p.owner_staff from tags.person_profile as p"
            " join tags.person_scope as s using (one_id)"
        )
        return {
            person: {
                "total": None, "channel": channel, "campaign": campaign, "scene": scenes.get(campaign),
                "staff": owners.get(person), "team": teams.get(owners.get(person)),
            }
            for person, channel, campaign in self.rows(
                "select person_key, first_channel, source_campaign_id from identity.person"
            )
        }  # fmt: skip

    def stage_on(self, person: int, day: date) -> int:
        """Rank of the stage at the end of a day; 0 = none yet. A setback comes last of the moves of one moment."""
        moves = [m for m in self.moves[person] if m.moved_at < end_of(day)]
        if not moves:
            return 0
        latest = [m for m in moves if m.moved_at == max(m.moved_at for m in moves)]
        return max(latest, key=lambda m: (m.is_back, m.rank)).rank

    def open_leads(self) -> Iterator[tuple[int, date, int, bool]]:
        """Person, day, touches of ours by its end, and whether the person was silent then."""
        arrivals, active = self.touches
        for person, since in self.leads.items():
            day = max(day_of(since), AS_OF - timedelta(days=DAYS - 1))
            while day <= AS_OF:
                if LEAD <= self.stage_on(person, day) < WON:
                    heard = sum(moment < end_of(day) for moment in arrivals[person])
                    silent = not any(0 <= (day - one).days < SILENT_DAYS for one in active[person])
                    yield person, day, heard, silent
                day += timedelta(days=1)


def _days(start: datetime, end: datetime) -> int:
    return (day_of(end) - day_of(start)).days


def stage_conversion(funnel: Funnel) -> Values:
    found: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for stages in funnel.reached.values():
        for rank, moment in stages.items():
            if rank < WON:
                is_in_time = rank + 1 in stages and _days(moment, stages[rank + 1]) <= 30
                found["stage", STAGES[rank], day_of(moment)][0] += is_in_time
                found["stage", STAGES[rank], day_of(moment)][1] += 1
    return {cell: share(*counts) for cell, counts in found.items()}


def stage_days(funnel: Funnel) -> Values:
    found: dict[Cell, list[int]] = defaultdict(list)
    for person, stages in funnel.reached.items():
        for rank, moment in stages.items():
            if rank + 1 in stages and not funnel.is_skipped(person, rank):
                end = day_of(stages[rank + 1])
                found["stage", STAGES[rank], end].append((end - day_of(moment)).days)
    return {cell: (sum(days), len(days), Fraction(median(days))) for cell, days in found.items()}


def lead_to_won(funnel: Funnel) -> Values:
    """In total only."""
    found: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for person, moment in funnel.leads.items():
        is_won = person in funnel.wins and _days(moment, funnel.wins[person]) <= 90
        found["total", None, day_of(moment)][0] += is_won
        found["total", None, day_of(moment)][1] += 1
    return {cell: share(*counts) for cell, counts in found.items()}


def win_rate(funnel: Funnel) -> Values:
    """The opportunities of the sample have one record each."""
    found: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    scenes = funnel.files.pairs("campaigns", "campaign_id", "scene")
    teams = funnel.files.pairs("staff", "staff_id", "team")
    lines = funnel.files.pairs("products", "product_id", "product_line")
    industries = funnel.pairs(
        "select s.account_key, t.tag_value from tags.account_tag as t"
        " join tags.account_scope as s using (account_id) where t.tag_code = 'industry'"
    )
    for channel, record, kind, status, closed_at, campaign, staff, product in funnel.files.rows(
        "deal", "kind, status, closed_at, campaign_id, staff_id, product_id"
    ):
        account = funnel.owned.get((channel, record), (None, None))[1]
        is_closed = kind == "opportunity" and status in ("won", "lost") and closed_at is not None
        if is_closed and closed_at < end_of(AS_OF):
            for member in (
                ("total", None), ("channel", channel), ("campaign", campaign), ("scene", scenes.get(campaign)),
                ("staff", staff), ("team", teams.get(staff)), ("product", product),
                ("product_line", lines.get(product)), ("industry", industries.get(account)),
            ):  # fmt: skip
                found[*member, day_of(closed_at)][0] += status == "won"
                found[*member, day_of(closed_at)][1] += 1
    return {cell: share(*counts) for cell, counts in found.items()}


def visits_of(funnel: Funnel) -> list[tuple[int, str, int, date, date]]:
    rows = funnel.rows("select person_key, scenario, step_no, entered_at, reached_at from journey.scenario_step")
    return [(p, name, step, day_of(a), day_of(b)) for p, name, step, a, b in rows if p not in funnel.outsiders]


def steps_of(funnel: Funnel) -> list[tuple[str, int]]:
    return [(name, int(step)) for name, step in funnel.files.table("scenario_steps", "scenario", "step_no")]


def scenario_step_rate(funnel: Funnel) -> Values:
    visits = visits_of(funnel)
    entered: dict[tuple[str, date], set[int]] = defaultdict(set)
    for person, name, _, start, _ in visits:
        entered[name, start].add(person)
    in_time = Counter((name, step, start) for _, name, step, start, end in visits if (end - start).days <= 30)
    return {
        ("scenario_step", f"{name}:{step}", day): share(in_time[name, step, day], len(people))
        for (name, day), people in entered.items()
        for other, step in steps_of(funnel)
        if other == name
    }


def conversion_by_touches(funnel: Funnel) -> Values:
    found: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for person, moment in funnel.leads.items():
        start, won_at = day_of(moment), funnel.wins.get(person)
        is_won = won_at is not None and (day_of(won_at) - start).days <= 90
        heard = sum(
            one < won_at if is_won and won_at else (day_of(one) - start).days <= 90 for one in funnel.touches[0][person]
        )
        found["touch_count", band(heard), start][0] += is_won
        found["touch_count", band(heard), start][1] += 1
    return {cell: share(*counts) for cell, counts in found.items()}


def six_touch_share(funnel: Funnel) -> Values:
    counts = Counter((band(heard), day) for _, day, heard, _ in funnel.open_leads())
    open_counts = Counter[date]()
    for (_, day), count in counts.items():
        open_counts[day] += count
    return {
        ("touch_count", one, day): share(counts[one, day], open_count)
        for day, open_count in open_counts.items()
        for one in BANDS
    }


def undertouched_leads(funnel: Funnel) -> Values:
    """Days on which there was none are left out."""
    found: Counter[Cell] = Counter()
    for person, day, heard, silent in funnel.open_leads():
        if silent and heard <= UNDER_TOUCHES:
            found.update((dimension, member, day) for dimension, member in funnel.belongs[person].items())
    return {cell: (count, None, Fraction(count)) for cell, count in found.items()}


KPIS = {
    one.__name__: one
    for one in (stage_conversion, stage_days, lead_to_won, win_rate, scenario_step_rate, conversion_by_touches,
                six_touch_share, undertouched_leads)
}  # fmt: skip
