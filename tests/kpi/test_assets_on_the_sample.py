"""The sample: models and plain Python give the same assets, and the same user asset statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.assets_reference import (
    Assets,
    cross_channel_rate,
    follow_add_rate,
    guide_customers,
    match_rate,
    reachable_people,
    referrals_per_referrer,
    referred_share,
    statement,
    unfollow_rate,
)
from tests.kpi.people_reference import Figure, Key, differing

pytestmark = pytest.mark.xdist_group("assets_on_the_sample")
Rule = Callable[[Assets], dict[Key, Figure]]
RULES: dict[Rule, set[str]] = {
    reachable_people: {"reachable_people"},
    guide_customers: {"guide_customers", "guide_customers_held"},
    unfollow_rate: {"unfollow_rate"},
    follow_add_rate: {"follow_add_rate"},
    referred_share: {"referred_share"},
    referrals_per_referrer: {"referrals_per_referrer"},
    match_rate: {"match_rate"},
    cross_channel_rate: {"cross_channel_rate"},
}


@pytest.fixture(scope="module")
def assets(night: Ran) -> Iterator[Assets]:
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield Assets(con)
    con.close()


@pytest.mark.parametrize("rule", RULES)
def test_every_figure(assets: Assets, rule: Rule) -> None:
    wanted = rule(assets)
    assert {key[3] for key, (part, _) in wanted.items() if part} == RULES[rule]
    assert differing(assets, wanted) == {}


def test_the_user_asset_statement(assets: Assets) -> None:
    rows = assets.rows(
        "select month, touchpoint, opening, added, returned, lost, erased, closing from kpi.user_asset_statement"
    )
    wanted = dict(statement(assets))
    found = {row[:2]: row[2:] for row in rows if any(row[2:])}
    assert found == {key: line for key, line in wanted.items() if any(line)}
    # The sample shows every way into and out of the statement.
    assert all(sum(column) for column in zip(*wanted.values(), strict=True))
