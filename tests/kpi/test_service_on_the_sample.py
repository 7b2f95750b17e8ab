"""The sample: models and plain Python give the same KPIs of service and of groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.group_health_reference import COLUMNS, Health
from tests.kpi.groups_reference import SocialGroups, moves, outcomes, stocks, uplift
from tests.kpi.people_reference import Key
from tests.kpi.service_reference import (
    Exact,
    Service,
    breaches,
    differing_exactly,
    first_replies,
    marks,
    open_tickets,
    solutions,
    tickets_per_customer,
)

pytestmark = pytest.mark.xdist_group("service_on_the_sample")
RULES: dict[Callable[[Any], dict[Key, Exact]], set[str]] = {
    first_replies: {"first_reply_minutes"},
    solutions: {"resolution_hours"},
    breaches: {"sla_breaches"},
    marks: {"csat", "nps"},
    open_tickets: {"open_tickets"},
    tickets_per_customer: {"tickets_per_customer"},
}
GROUP_RULES: dict[Callable[[Any], dict[Key, Exact]], set[str]] = {
    stocks: {"groups", "dead_groups", "members", "group_active_rate"},
    moves: {"join_rate", "leave_rate"},
    outcomes: {"sieve_rate", "group_conversion"},
    uplift: {"group_uplift"},
}


@pytest.fixture(scope="module")
def con(night: Ran) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True) as con:
        yield con


@pytest.fixture(scope="module")
def service(con: duckdb.DuckDBPyConnection) -> Service:
    return Service(con)


@pytest.fixture(scope="module")
def groups(con: duckdb.DuckDBPyConnection) -> SocialGroups:
    return SocialGroups(con)


@pytest.mark.parametrize("rule", RULES)
def test_service(service: Service, rule: Callable[[Service], dict[Key, Exact]]) -> None:
    wanted = rule(service)
    assert {key[3] for key, (part, *_) in wanted.items() if part} == RULES[rule]
    assert differing_exactly(service, wanted) == {}


@pytest.mark.parametrize("rule", GROUP_RULES)
def test_groups(groups: SocialGroups, rule: Callable[[SocialGroups], dict[Key, Exact]]) -> None:
    wanted = rule(groups)
    assert {key[3] for key, (part, *_) in wanted.items() if part} == GROUP_RULES[rule]
    assert differing_exactly(groups, wanted) == {}


def test_the_health_of_groups(con: duckdb.DuckDBPyConnection, groups: SocialGroups, service: Service) -> None:
    found = con.execute(f"select {', '.join(COLUMNS)} from kpi.group_health order by chat_id, week").fetchall()
    wanted = [tuple(row[name] for name in COLUMNS) for row in Health(groups, service).rows()]
    assert found == sorted(wanted, key=lambda row: row[:2])


def test_every_kind_of_group_occurs(con: duckdb.DuckDBPyConnection) -> None:
    """And a dead one, a dissolved one, a member who writes much, and one who moved on."""
    found = con.execute(
        "select array_agg(distinct group_kind order by group_kind), bool_or(is_dead), bool_or(is_dissolved),"
        " max(koc) > 0, max(sieve_reached) > 0, sum(revenue) > 0, count(flash_conversion) > 0 from kpi.group_health"
    ).fetchall()
    assert found == [(["deal", "flash", "service", "topic"], True, True, True, True, True, True)]
