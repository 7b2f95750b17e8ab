"""Any small graph, with any landings: models and plain Python say the same of status, people, IDs, cuts and records.

Graphs that share no identifier are built together. IDENTITY_EXAMPLES sets how many builds are tried.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.identity.conftest import models_of
from tests.identity.harness import CHANNEL, KEY, Models, identifier_types, words_for_nothing
from tests.identity.reference import RECORD, Identifier, Record, Rule, Type, clean, who_is_who

pytestmark = pytest.mark.scale

EXAMPLES = int(os.environ.get("IDENTITY_EXAMPLES", "4"))
TOGETHER = 16  # graphs of a build
# (identifiers a person may have, neighbours an identifier may have; None = as the table says)
USUAL, SMALL = (60, None), (4, 2)
VALUES = {
    "unionid": ["o" + "u" * 26 + str(n) for n in range(3)],
    "openid": ["o" + "p" * 26 + str(n) for n in range(4)],
    "external_userid": [f"wm{'x' * 8}{n}" for n in range(3)],
    "member_id": ["guest", "(NULL)", *(f"member{n}" for n in range(3)), "member0 "],
    "crm_contact_id": [*(f"K{n}" for n in range(5)), "K1\t", "\u200bK2\u3000", "0000"],
    "mobile": ["+8613800138000", "12345", *(f"+861390000000{n}" for n in range(5))],
    "email": ["info@firm.cn", *(f"li{n}@firm.cn" for n in range(5))],
    "device_serial": ["none", *(f"SN-0{n}" for n in range(3))],
    "cookie_id": ["undefined", "00000000-0000-0000-0000-000000000000", "ck", "cookie0", "cookie1", "cookie2"],
}
# What a graph's own number takes the place of, in values that mean somebody.
OWN = {"unionid": "uu", "openid": "pp", "external_userid": "xx", "member_id": "member", "crm_contact_id": "K",
       "mobile": "+8613900", "email": "li", "device_serial": "SN-", "cookie_id": "cookie"}  # fmt: skip
SAME_LENGTH = ("unionid", "openid", "external_userid", "mobile")
BLOCKED = {("mobile", "+8613800138000"), ("email", "info@firm.cn"), ("member_id", "guest")}
WORDS = words_for_nothing()
BEGIN = datetime(2026, 6, 1)
# Of an as_of of 2026-06-30 in Shanghai: what comes later, or has no time, gives edges and is no record yet.
END = datetime(2026, 6, 30, 16)
LATER = datetime(2026, 7, 5)


def moment_of(number: int, hours: int) -> datetime | None:
    """Most moments lie before as_of; of ten one after it, and one is none."""
    return None if number == 0 else (LATER if number == 1 else BEGIN) + timedelta(hours=hours)


@st.composite
def small_graphs(draw: st.DrawFn) -> list[Record]:
    """Rows drawn piece by piece: a failure shrinks to the smallest graph that shows it."""
    found = []
    for number in range(draw(st.integers(1, 12))):
        kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=4, unique=True))
        identifiers = {kind: draw(st.sampled_from(VALUES[kind])) for kind in kinds}
        moment = moment_of(draw(st.integers(0, 9)), draw(st.integers(0, 9)))
        found.append(Record(f"r{number}", draw(st.integers(1, 4)), moment, identifiers, draw(st.integers(0, 5)) > 0))
    return found


@st.composite
def dense_graphs(draw: st.DrawFn) -> list[Record]:
    """Rows from a seed: what hangs together is large, shared and torn more often than piece by piece."""
    chance = Random(draw(st.integers(0, 2**32)))
    found = []
    for number in range(chance.choice((6, 14, 26))):
        kinds = chance.sample(sorted(VALUES), chance.choice((1, 1, 2, 3, 4, 5)))
        identifiers = {kind: chance.choice(VALUES[kind]) for kind in kinds}
        moment = moment_of(chance.randrange(10), chance.randrange(40))
        found.append(Record(f"r{number}", chance.randint(1, 4), moment, identifiers, chance.random() > 0.1))
    return found


def of_graph(number: int, kind: str, value: str) -> str:
    """The value of another graph that stands where this one does. What means nobody is the same in all."""
    mark = OWN[kind]
    return value.replace(mark, f"{mark[:-2]}{number:02}" if kind in SAME_LENGTH else f"{mark}{number:02}", 1)


def of_graphs(graphs: list[list[Record]]) -> list[Record]:
    """Rows of graphs that have nothing in common."""
    return [
        replace(
            row,
            record_id=f"g{number:02}{row.record_id}",
            identifiers={kind: of_graph(number, kind, value) for kind, value in row.identifiers.items()},
        )
        for number, graph in enumerate(graphs)
        for row in graph
    ]


def of_rules(decided: list[list[Rule]]) -> list[Rule]:
    """What humans say of each graph, of its own identifiers."""

    def own(number: int, end: Identifier | None) -> Identifier | None:
        if end and end[0] == RECORD:
            channel, _, record_id = end[1].partition(":")
            return RECORD, f"{channel}:g{number:02}{record_id}"
        return (end[0], of_graph(number, *end)) if end else None

    return [
        replace(rule, left=own(number, rule.left), right=own(number, rule.right))
        for number, rules in enumerate(decided)
        for rule in rules
    ]


IDENTIFIERS = [(kind, value) for kind, values in sorted(VALUES.items()) for value in values]


@st.composite
def decisions(draw: st.DrawFn, rows: list[Record]) -> list[Rule]:
    """What humans say of these rows and their identifiers, mostly; of one moment now and then, and against each
    other."""
    seen = sorted({identifier for row in rows for identifier in row.identifiers.items()})
    chance = Random(draw(st.integers(0, 2**32)))
    named = [(RECORD, f"{CHANNEL}:{row.record_id}") for row in rows] + [(RECORD, f"{CHANNEL}:unseen")]
    found = []
    for _ in range(draw(st.integers(0, 6))):
        choose = seen if seen and chance.random() < 0.9 else IDENTIFIERS
        left, right = (chance.choice(choose if chance.random() < 0.6 else named) for _ in range(2))
        decision = chance.choice(("link", "link", "unlink", "unlink", "exclude"))
        if decision == "exclude" and left[0] == RECORD:
            continue
        if decision == "exclude":
            found.append(Rule(decision, left, None, BEGIN + timedelta(days=chance.randrange(4))))
        elif clean(left) != clean(right):
            found.append(Rule(decision, left, right, BEGIN + timedelta(days=chance.randrange(4))))
    return found


@pytest.fixture(scope="module", params=[USUAL, SMALL], ids=["usual", "small"])
def models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with models_of(tmp_path_factory.mktemp("identity"), *request.param) as found:
        yield found, request.param[0], identifier_types(request.param[1])


def compare(
    models: Models, rows: list[Record], max_size: int, types: dict[str, Type], rules: list[Rule] | None = None
) -> None:
    expected = who_is_who(rows, types, BLOCKED, max_size, KEY, rules or [], WORDS)
    for what, happens in {
        "something is shared": "shared" in expected.status.values(),
        "cut, unique": any(edge.cut_reason == "unique" for edge in expected.edges.values()),
        "cut, size": any(edge.cut_reason == "size" for edge in expected.edges.values()),
        "cut, unlink": any(edge.cut_reason == "unlink" for edge in expected.edges.values()),
        "contested": bool(expected.contested),
        "a record of nobody": None in expected.owners.values(),
        "a record that is an identifier": any(kind == RECORD for kind, _ in expected.status),
    }.items():
        if happens:
            event(what)
    models.build(rows, rules)
    assert models.status() == expected.status
    assert models.edges() == {frozenset(ends): edge.cut_reason for ends, edge in expected.edges.items()}
    assert models.one_ids() == expected.one_ids
    assert models.contested() == expected.contested
    shown = {r.record_id for r in rows if r.is_current and r.seen_at is not None and r.seen_at < END}
    assert models.owners() == {key: owner for key, owner in expected.owners.items() if key in shown}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="IDENTITY_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    graphs=st.lists(small_graphs() | dense_graphs() | dense_graphs(), min_size=TOGETHER, max_size=TOGETHER),
    data=st.data(),
)
def test_models_and_plain_python_agree(
    models: tuple[Models, int, dict[str, Type]], graphs: list[list[Record]], data: st.DataObject
) -> None:
    rows = of_graphs(graphs)
    rules = of_rules([data.draw(decisions(graph)) for graph in graphs])
    engine, *limits = models
    compare(engine, rows, *limits, rules)
    chosen = "select id_type, id_value, person_key, one_id from identity.one_id order by all"
    first = engine.session.rows(chosen)
    chance = Random(data.draw(st.integers(0, 2**32)))
    engine.build(chance.sample(rows, len(rows)), chance.sample(rules, len(rules)))
    assert engine.session.rows(chosen) == first
