"""The sample: models and plain Python give the same activity, and the same rates of WeCom."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.activity_reference import (
    Activity,
    active_people,
    cohorts,
    content_reach,
    cta_completion,
    reachable_rates,
    traffic,
)
from tests.kpi.people_reference import Figure, Key, differing

pytestmark = pytest.mark.xdist_group("activity_on_the_sample")
Rule = Callable[[Activity], dict[Key, Figure]]
RULES: dict[Rule, set[str]] = {
    active_people: {"dau", "wau", "mau", "visit_frequency"},
    reachable_rates: {"active_rate", "interaction_rate"},
    content_reach: {"content_reach"},
    cta_completion: {"cta_completion"},
    traffic: {"traffic_success_rate"},
    cohorts: {"service_success_rate", "monetisation_success_rate"},
}


@pytest.fixture(scope="module")
def activity(night: Ran) -> Iterator[Activity]:
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield Activity(con)
    con.close()


@pytest.mark.parametrize("rule", RULES)
def test_every_figure(activity: Activity, rule: Rule) -> None:
    wanted = rule(activity)
    assert {key[3] for key, (part, _) in wanted.items() if part} == RULES[rule]
    assert differing(activity, wanted) == {}
