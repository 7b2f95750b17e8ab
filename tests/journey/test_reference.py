"""The reference itself, by hand: a few histories whose moves and points anybody can work out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.journey.harness import rules_of_tests
from tests.journey.reference import (
    Contact,
    Deal,
    Exclusion,
    Interval,
    Link,
    Person,
    Rules,
    Touch,
    intervals_of,
    score_events,
    score_parts,
    transitions_of,
)

BEGIN = datetime(2026, 6, 1, 2)
MOBILE = "+8613900000001"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return rules_of_tests()


def on(days: float) -> datetime:
    return BEGIN + timedelta(days=days)


def touch(days: float, behaviour: str, action: str | None = None, **values: Any) -> Touch:
    given = {"channel": "crm", "record_id": f"{behaviour}{days}", "direction": "inbound", **values}
    return Touch(on(days), behaviour=behaviour, action=action, **given)


def named(days: float) -> Contact:
    return Contact(on(days), "crm", "who", "李雷", MOBILE)


def opportunity(begin: float, status: str, end: float | None = None, number: str = "o") -> Deal:
    closed_at = None if end is None else on(end)
    return Deal(on(begin), "crm", number, number, "opportunity", status, Decimal(9), closed_at)


def order(days: float, amount: str, kind: str = "order", **values: Any) -> Deal:
    status = "paid" if kind == "order" else None
    return Deal(on(days), "mall", f"{kind}{days}", "m", kind, status, Decimal(amount), **values)


def moves(person: Person, rules: Rules) -> list[tuple[str, float]]:
    """'stage direction reason' and days since the beginning."""
    return [
        (f"{m.to_stage} {m.direction} {m.reason}", (m.moved_at - BEGIN) / timedelta(days=1))
        for m in transitions_of(person, rules)
    ]


def test_a_life_from_visitor_to_won(rules: Rules) -> None:
    person = Person(
        touches=[
            touch(0, "interact", "click"),
            touch(2, "download"),
            touch(3, "purchase", "quote_request"),
            touch(4, "purchase"),
            touch(5, "interact", "call", direction="outbound", outcome="answered"),
        ],
        contacts=[named(1)],
        links=[Link(on(1), "official_account", "l", "official_account")],
        deals=[opportunity(6, "won", 8)],
        mobiles=frozenset([MOBILE]),
    )
    assert moves(person, rules) == [
        ("visitor forward touch", 0),
        ("potential forward follow", 1),
        ("profiled forward download", 2),
        ("intent forward sincerity", 4),  # 4 + 12 + 30 + 30 are above 60, and 46 were not
        ("pending forward opportunity", 6),
        ("won forward deal", 8),
    ]


def test_three_views_on_two_days(rules: Rules) -> None:
    views = [touch(0, "view", product_id="P-1"), touch(0.1, "view", content_id="C-BARE"), touch(0.2, "view")]
    assert moves(Person(touches=views), rules) == [("visitor forward touch", 0)]
    views += [touch(0.3, "view", product_id="P-1"), touch(1, "view", product_id="P-1")]
    assert moves(Person(touches=views), rules)[1:] == [("potential forward product_views", 1)]


def test_sixty_points_are_not_above_sixty(rules: Rules) -> None:
    asked = [touch(0, "register"), touch(0, "purchase"), touch(1, "register", "follow"), touch(1, "service")]
    person = Person(touches=asked, contacts=[named(0)], mobiles=frozenset([MOBILE]))
    assert "intent" not in " ".join(text for text, _ in moves(person, rules))
    more = Person(touches=[*asked, touch(2, "view")], contacts=[named(3)], mobiles=frozenset([MOBILE]))
    assert moves(more, rules)[-1] == ("intent forward behaviours", 3)  # the record that names them
    assert transitions_of(more, rules)[-1].record_id == "who"


@pytest.mark.parametrize(("since", "until", "is_intent"), [(3, None, False), (2, 3, True), (3.1, None, True)])
def test_exclusions_are_judged_at_the_moment(rules: Rules, since: float, until: float | None, is_intent: bool) -> None:
    keen = [touch(3, "purchase", "quote_request"), touch(3, "purchase"), touch(3, "download")]
    rule = Exclusion("learner", "student_title", on(since), None if until is None else on(until))
    person = Person(touches=keen, contacts=[named(0)], exclusions=[rule], mobiles=frozenset([MOBILE]))
    assert any(move.to_stage == "intent" for move in transitions_of(person, rules)) == is_intent


def test_lost_and_won_again(rules: Rules) -> None:
    person = Person(
        touches=[touch(0, "interact", outcome="replied"), touch(5, "attend", outcome="replied"), touch(9, "interact")],
        deals=[opportunity(1, "lost", 5), opportunity(6, "won", 10, "o2")],
    )
    assert moves(person, rules) == [
        ("visitor forward touch", 0),
        ("pending forward opportunity", 1),
        ("profiled back lost", 5),  # what they did at that very moment belongs before it, and counts no more
        ("won forward deal", 10),
    ]
    answered = Person(touches=[*person.touches, touch(7, "interact", outcome="replied")], deals=person.deals)
    assert moves(answered, rules)[3:] == [("pending re_entry conversation", 7), ("won forward deal", 10)]


def test_refunds_in_part_and_in_full(rules: Rules) -> None:
    bought = [order(0, "100"), order(1, "50"), order(2, "-100", "refund")]
    assert moves(Person(deals=bought), rules) == [("won forward deal", 0)]
    given_back = [*bought, order(4, "-50", "refund", is_theirs=False)]
    assert moves(Person(deals=given_back), rules) == [("won forward deal", 0), ("profiled back refunded", 4)]
    # An opportunity that this order fulfils ends with it; one that another order fulfils, too, does not.
    won = opportunity(-3, "won", -1)
    fulfilled = [won, *(Deal(**{**vars(deal), "opportunity_id": "o"}) for deal in given_back)]
    assert moves(Person(deals=fulfilled), rules) == [("won forward deal", -1), ("profiled back refunded", 4)]
    other = Deal(on(2), "mall", "x", "x", "order", "done", Decimal(1), None, "o", is_theirs=False)
    assert moves(Person(deals=[*fulfilled, other]), rules) == [("won forward deal", -1)]


def test_partners_enter_no_stage(rules: Rules) -> None:
    partner = Exclusion("partner", "partner_account", on(0), on(2))
    touches = [touch(0, "download"), touch(2, "view")]
    assert moves(Person(touches=touches, exclusions=[partner]), rules) == [("visitor forward touch", 2)]
    assert len(score_events(Person(touches=touches, exclusions=[partner]), rules)) == 2


def test_ninety_days(rules: Rules) -> None:
    first = touch(-151, "view")
    again = Person(touches=[first, touch(-61, "view")])
    assert intervals_of(again, rules) == [
        Interval("visitor", False, on(-151), on(29)),
        Interval("visitor", True, on(29), None),
    ]
    late = Person(touches=[first, touch(-60, "view")])
    assert [(row.is_dormant, row.valid_from) for row in intervals_of(late, rules)] == [
        (False, on(-151)), (True, on(-61)), (False, on(-60)),
    ]  # fmt: skip


def test_a_sequence_counts_from_its_latest_beginning_and_once(rules: Rules) -> None:
    lives = [touch(0, "attend", "live"), touch(1, "attend", "live")]
    replays = [touch(1, "attend", "replay"), touch(8, "attend", "replay"), touch(8.5, "attend", "replay")]
    events = [e for e in score_events(Person(touches=[*lives, *replays]), rules) if e.part == "sequence"]
    assert [(e.started_at, e.occurred_at, int(e.points)) for e in events] == [
        (on(0), on(1), 15),
        (on(1), on(8), 15),  # seven days to the microsecond; the next is the same beginning again
    ]


def test_the_cap_of_a_day_and_what_is_left_after_halving(rules: Rules) -> None:
    assert rules.end == datetime(2026, 6, 30, 16) and rules.as_of == date(2026, 6, 30)
    midnight = datetime(2026, 5, 31, 16)  # a day begins there, 30 days before the end of as_of
    views = [Touch(midnight, "crm", number, "inbound", "view", content_id="C-SELECT") for number in "abc"]
    parts = score_parts(Person(touches=views), rules)
    assert [(int(p.event.listed_points), int(p.event.points), p.halvings, p.score) for p in parts] == [
        (5, 5, 1, Decimal("2.5")), (5, 5, 1, Decimal("2.5")),
    ]  # fmt: skip
    earlier = [Touch(midnight - timedelta(microseconds=1), "crm", "z", "inbound", "view"), *views]
    assert sum(part.event.points for part in score_parts(Person(touches=earlier), rules)) == Decimal("12.5")
