"""Money in whole: spreading against plain Python on random orders; what the checks of money say."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from siyu.build.materialization import build_model
from siyu.check.suites import Suite, rows_query
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import Session
from tests.golden.exported import spread
from tests.models.test_models import AS_OF, Engines, fill

MOMENT = "2026-05-20 03:00:00"
LATELY, LONG_AGO = "2026-06-20", "2026-03-20"


def _orders(chance: random.Random, count: int) -> dict[str, tuple[Decimal, list[Decimal]]]:
    """Order number -> amount of the order, amounts of its lines in the order of their numbers."""
    found = {}
    for number in range(count):
        least, most = chance.choice(((0, 100_000), (0, 3), (-2_000, 5_000), (0, 0), (-50, 0)))
        lines = [Decimal(chance.randint(least, most)) / 100 for _ in range(chance.randint(1, 7))]
        total = max(sum(lines, Decimal(0)), Decimal(0))
        change = chance.choice((0, 0, -chance.randint(1, 999), chance.randint(1, 99_999)))
        found[f"SO-{number}"] = (max(total + Decimal(change) / 100, Decimal(0)), lines)
    return found


def test_lines_add_up_to_their_order_as_plain_python_has_it(project: Project, engines: Engines) -> None:
    orders = _orders(random.Random(16), 120)
    rows = {
        "raw.mall__orders": [
            {"order_id": order_id, "ordered_at": MOMENT, "status": "paid", "amount": total, "updated_at": MOMENT}
            for order_id, (total, _) in orders.items()
        ],
        "raw.mall__order_items": [
            {"order_id": order_id, "line_no": number, "amount": amount}
            for order_id, (_, lines) in orders.items()
            for number, amount in enumerate(lines, start=1)
        ],
        "raw.mall__refunds": [],
    }
    with engines.at(AS_OF) as (engine, session):
        for name, given in rows.items():
            _fill(session, project, name, given)
        build_model(engine, project, "staging.mall__deal")
        found: dict[str, list[Decimal]] = defaultdict(list)
        lines = session.rows("select deal_id, amount from staging.mall__deal order by deal_id, line_no")
        for order_id, amount in lines:
            found[order_id].append(amount)
    assert dict(found) == {order_id: spread(lines, total) for order_id, (total, lines) in orders.items()}
    assert all(sum(found[order_id], Decimal(0)) == total for order_id, (total, _) in orders.items())
    assert sum(found[order_id] != lines for order_id, (_, lines) in orders.items()) > 40


def _fill(session: Session, project: Project, name: str, rows: list[dict[str, Any]]) -> None:
    fill(session, relation(name), {c.name: c.type for c in project.binder.columns(relation(name))}, rows)


def _told(suites: dict[str, Suite], session: Session, table: str, described: str) -> list[tuple[Any, ...]]:
    (expectation,) = (e for e in suites[table].expectations if e.kwargs.get("description") == described)
    return session.rows(rows_query(expectation, relation(table)))


def test_records_of_a_company_are_not_nobodys(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    """Opportunities that name an account and no contact; then one record that names nothing at all."""
    owners = [{"channel": "crm", "record_id": f"opportunities:{n}"} for n in range(4)]
    with engines.at(AS_OF) as (_, session):
        _fill(session, project, "identity.record_owner", owners)
        _fill(session, project, "identity.record_company", [{**row, "account_key": 1} for row in owners])
        described = "few records without a person or company"
        assert _told(suites, session, "identity.record_owner", described) == []
        _fill(session, project, "identity.record_company", [{**row, "account_key": 1} for row in owners[:3]])
        assert _told(suites, session, "identity.record_owner", described) == [("crm", 1, 4)]


FINDINGS = {
    "lines_differ": "lines that do not add up to their order",
    "refund_above_order": "more refunded than ordered",
    "refund_without_order": "refunds without a known order",
    "refunded_without_refund": "refunded by status, but not by refunds",
    "refund_incomplete": "refunded by status, but not by refunds",
    "refund_of_cancelled": "refunds of cancelled orders",
}


@pytest.mark.parametrize(("finding", "described"), FINDINGS.items())
def test_amounts_that_do_not_fit_are_told_for_a_month_if_no_later_record_explains_them(
    project: Project, suites: dict[str, Suite], engines: Engines, finding: str, described: str
) -> None:
    row = {"channel": "mall", "deal_id": "SO-1", "finding": finding, "currency": "CNY", "difference_amount": -70}
    with engines.at(AS_OF) as (_, session):
        _fill(session, project, "records.deal", [{"channel": "mall", "record_id": "orders:SO-9", "landed_seq": 9}])
        told = [("mall", "SO-1", "CNY", Decimal("-70.00"))]
        at_once = told if finding in ("refund_above_order", "refund_of_cancelled") else []
        for day, seq, expected in ((LATELY, 4, told), (LATELY, 5, at_once), (LONG_AGO, 4, [])):
            _fill(session, project, "kpi.deal_audit", [{**row, "deal_date": day, "landed_seq": seq}])
            assert _told(suites, session, "kpi.deal_audit", described) == expected


def test_amounts_without_a_rate_are_told_by_currency(
    project: Project, suites: dict[str, Suite], engines: Engines
) -> None:
    named = {"channel": "mall", "finding": "no_exchange_rate", "deal_date": LONG_AGO, "line_count": 2}
    deals = [
        {**named, "deal_id": "SO-1", "currency": "GBP", "difference_amount": 100},
        {**named, "deal_id": "SO-2", "currency": "GBP", "difference_amount": "20.50"},
        {**named, "deal_id": "SO-3", "currency": "TALER", "difference_amount": 7},
    ]
    spend = {"channel": "ads", "record_id": "spend:1", "source_amount": 300, "source_currency": "GBP"}
    described = "amounts without an exchange rate"
    with engines.at(AS_OF) as (_, session):
        _fill(session, project, "kpi.deal_audit", deals)
        assert sorted(_told(suites, session, "kpi.deal_audit", described)) == [
            ("GBP", 2, 4, Decimal("120.50")), ("TALER", 1, 2, Decimal("7.00")),
        ]  # fmt: skip
        _fill(session, project, "records.spend", [spend, {**spend, "record_id": "spend:2", "amount": 5}])
        assert _told(suites, session, "records.spend", described) == [("ads", "GBP", 1, Decimal("300.00"))]
