"""Every move of the sample, by the models and by plain Python over the same records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.journey.harness import RULE_TABLES
from tests.journey.reference import (
    Contact,
    Deal,
    Exclusion,
    Link,
    Person,
    Rules,
    Touch,
    Transition,
    intervals_of,
    read_rules,
    score_parts,
    transitions_of,
)

TOUCH = "occurred_at, channel, record_id, direction, behaviour, action, outcome, content_id, product_id, campaign_id"
CONTACT = "observed_at, channel, record_id, full_name, mobile, mobile_source, email"
LINK = "started_at, channel, record_id, touchpoint"
DEAL = "occurred_at, channel, record_id, deal_id, kind, status, amount, closed_at, opportunity_id"


@pytest.fixture(scope="module")
def built(night: Ran) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the night built, earlier versions of contacts included, which no release has."""
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield con
    con.close()


@pytest.fixture(scope="module")
def rules(built: duckdb.DuckDBPyConnection) -> Rules:
    def rows(table: str) -> list[dict[str, str]]:
        found = built.execute(f"select * from reference.{table}")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, ["" if v is None else v for v in row], strict=True)) for row in found.fetchall()]

    return read_rules({table: rows(table) for table in RULE_TABLES}, date(2026, 6, 30))


def _owned(con: duckdb.DuckDBPyConnection, relation: str, columns: str) -> dict[int, list[tuple[Any, ...]]]:
    """Rows of a shape by whose they are."""
    listed = ", ".join(f"r.{column.strip()}" for column in columns.split(","))
    by_person: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for key, *values in con.execute(
        f"select p.person_key, {listed} from {relation} as r join identity.record_person as p"
        " on p.channel = r.channel and p.record_id = r.record_id where p.person_key is not null"
    ).fetchall():
        by_person[key].append(tuple(values))
    return by_person


def _contacts(con: duckdb.DuckDBPyConnection) -> dict[int, list[Contact]]:
    found: dict[int, list[Contact]] = defaultdict(list)
    for key, rows in _owned(con, "records.contact", CONTACT).items():
        found[key] += [Contact(*row) for row in rows]
    views = con.execute(
        "select table_schema || '.' || table_name, list(column_name) from information_schema.columns"
        " where table_schema = 'staging' and table_name like '%\\_\\_contact\\_\\_superseded' escape '\\' group by all"
    ).fetchall()
    assert len(views) > 5
    for view, columns in views:
        wanted = ", ".join(
            name if name in columns else f"null as {name}" for name in map(str.strip, CONTACT.split(","))
        )
        for key, rows in _owned(con, f"(select {wanted} from {view})", CONTACT).items():
            found[key] += [Contact(*row, is_current=False) for row in rows if row[0] is not None]
    return found


def _deals(con: duckdb.DuckDBPyConnection) -> dict[int, list[Deal]]:
    """A person's rows, and what others' rows say of the same orders and opportunities."""
    rows = [Deal(*values, is_theirs=False) for values in con.execute(f"select {DEAL} from records.deal").fetchall()]
    found: dict[int, list[Deal]] = {}
    for key, own in _owned(con, "records.deal", DEAL).items():
        theirs = [Deal(*values) for values in own]
        numbers = {(deal.channel, deal.deal_id) for deal in theirs}
        opportunities = {deal.deal_id for deal in theirs if deal.kind == "opportunity"}
        numbers |= {(deal.channel, deal.deal_id) for deal in rows if deal.opportunity_id in opportunities}
        mine = {(deal.channel, deal.record_id) for deal in theirs}
        found[key] = theirs + [
            deal
            for deal in rows
            if (deal.channel, deal.deal_id) in numbers and (deal.channel, deal.record_id) not in mine
        ]
    return found


@pytest.fixture(scope="module")
def people(built: duckdb.DuckDBPyConnection) -> dict[str, Person]:
    touches = _owned(built, "records.touch", TOUCH)
    links = _owned(built, "records.link", LINK)
    contacts, deals = _contacts(built), _deals(built)
    known: dict[tuple[int, str], set[str]] = defaultdict(set)
    for key, kind, value in built.execute("select person_key, id_type, id_value from identity.one_id").fetchall():
        known[key, kind].add(value)
    excluded: dict[int, list[Exclusion]] = defaultdict(list)
    for key, *values in built.execute(
        "select person_key, kind, rule, since_at, until_at, is_overruled from journey.exclusion"
    ).fetchall():
        excluded[key].append(Exclusion(*values))
    return {
        one_id: Person(
            touches=[Touch(*row) for row in touches[key]],
            contacts=contacts[key],
            links=[Link(*row) for row in links[key] if row[0] is not None],
            deals=deals.get(key, []),
            exclusions=excluded[key],
            mobiles=frozenset(known[key, "mobile"]),
            emails=frozenset(known[key, "email"]),
        )
        for one_id, key in built.execute("select one_id, person_key from identity.person").fetchall()
    }


def test_every_move_of_the_sample(built: duckdb.DuckDBPyConnection, people: dict[str, Person], rules: Rules) -> None:
    rows = built.execute(
        "select one_id, moved_at, from_stage, to_stage, direction, reason, channel, record_id"
        " from journey.stage_transition"
    ).fetchall()
    found = Counter((one_id, Transition(*values)) for one_id, *values in rows)
    told = Counter((one_id, move) for one_id, person in people.items() for move in transitions_of(person, rules))
    assert found - told == Counter()
    assert told - found == Counter()
    assert len(rows) > 1000


def test_where_everyone_was_when(built: duckdb.DuckDBPyConnection, people: dict[str, Person], rules: Rules) -> None:
    """Against plain Python; neither gap nor overlap from the first move on."""
    rows = built.execute(
        "select one_id, stage, is_dormant, valid_from, valid_to from journey.stage_interval order by one_id, valid_from"
    ).fetchall()
    by_person: dict[str, list[tuple[str, bool, datetime, datetime | None]]] = defaultdict(list)
    for one_id, *values in rows:
        by_person[one_id].append(tuple(values))
    for one_id, person in people.items():
        told = intervals_of(person, rules)
        assert by_person[one_id] == [(i.stage, i.is_dormant, i.valid_from, i.valid_to) for i in told], one_id
        ends = [valid_to for *_, valid_to in by_person[one_id]]
        begins = [valid_from for *_, valid_from, _ in by_person[one_id]]
        assert ends == [*begins[1:], None][: len(ends)]


def test_every_point_of_the_sample(built: duckdb.DuckDBPyConnection, people: dict[str, Person], rules: Rules) -> None:
    """Part by part, and what they add up to."""
    rows = built.execute(
        "select one_id, part, channel, record_id, occurred_at, listed_points, points, halvings, decay, score"
        " from journey.lead_score_part"
    ).fetchall()
    told: Counter[tuple[Any, ...]] = Counter()
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one_id, person in people.items():
        for part in score_parts(person, rules):
            event = part.event
            record = (event.channel, event.record_id, event.occurred_at)
            worth = (event.listed_points, event.points, part.halvings, part.decay, part.score)
            told[one_id, event.part, *record, *worth] += 1
            sums[one_id] += part.score
    assert Counter(rows) == told
    assert {row[7] for row in rows} == set(range(6))
    assert dict(built.execute("select one_id, score from journey.lead_score").fetchall()) == sums


def test_the_funnel_of_intervals_is_the_funnel_of_moves(built: duckdb.DuckDBPyConnection) -> None:
    intervals = built.execute("select stage, count(distinct one_id) from journey.stage_interval group by all")
    by_intervals = dict(intervals.fetchall())
    moves = built.execute(
        "select to_stage, count(distinct one_id) from ("
        "select one_id, to_stage, moved_at, row_number() over (partition by one_id, moved_at"
        " order by direction <> 'back', stage_rank::int desc) as from_last"
        " from journey.stage_transition join reference.stages on stage = to_stage) where from_last = 1 group by all"
    )
    assert by_intervals == dict(moves.fetchall())
    assert len(by_intervals) == 6
