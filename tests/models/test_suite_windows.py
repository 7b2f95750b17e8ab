"""What went wrong once is told for a month, not for ever: a warning that is always there is one nobody reads."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite, rows_query
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from tests.models.test_models import AS_OF, Engines, fill

LATELY, LONG_AGO = "2026-06-20", "2026-03-20"


def _failed_message(day: str) -> list[dict[str, Any]]:
    told = {"action": "mass_send", "outcome": "failed", "occurred_at": f"{day} 03:00:00"}
    return [{"record_id": f"group_sends:m1|zhangsan|wm{i}", **told} for i in range(20)]


def _gone_groups(day: str) -> list[dict[str, Any]]:
    return [{"holder_id": f"g{i}", "end_reason": "dissolved", "ended_at": f"{day} 16:00:00"} for i in range(4)]


def _dear_day(day: str) -> list[dict[str, Any]]:
    usual = [{"campaign_id": "C", "spend_date": f"2026-05-{i + 1:02d}", "amount": 10} for i in range(20)]
    return [*usual, {"campaign_id": "C", "spend_date": day, "amount": 1000}]


def _early_reaction(day: str) -> list[dict[str, Any]]:
    return [
        {"record_id": "sends:1", "direction": "outbound", "occurred_at": f"{day} 03:00:00"},
        {"record_id": "sends:1#click", "direction": "inbound", "occurred_at": f"{day} 02:00:00"},
    ]


def _failed_sends(day: str) -> list[dict[str, Any]]:
    told = {"medium": "sms", "direction": "outbound", "outcome": "failed", "occurred_at": f"{day} 03:00:00"}
    return [{"record_id": f"sends:{i}", **told} for i in range(100)]


@pytest.mark.parametrize(
    ("table", "described", "rows"),
    [
        ("staging.wecom__touch", "most of a mass message failed", _failed_message),
        ("staging.wecom_group__link", "many groups are gone on one day", _gone_groups),
        ("staging.ads__spend", "a day far above the campaign's others", _dear_day),
        ("staging.outreach__spend", "a day far above the campaign's others", _dear_day),
        ("staging.outreach__touch", "a reaction before its send", _early_reaction),
        ("staging.outreach__touch", "most sends of a medium failed", _failed_sends),
    ],
)
def test_what_went_wrong_is_told_for_a_month(
    project: Project, suites: dict[str, Suite], engines: Engines, table: str, described: str, rows: Any
) -> None:
    (expectation,) = (e for e in suites[table].expectations if e.kwargs.get("description") == described)
    columns = {c.name: c.type for c in project.binder.columns(relation(table))}
    with engines.at(AS_OF) as (_, session):
        for day, is_told in ((LATELY, True), (LONG_AGO, False)):
            fill(session, relation(table), columns, rows(day))
            assert bool(session.rows(rows_query(expectation, relation(table)))) == is_told, day


def test_a_day_of_a_campaign_is_the_sum_of_its_platforms(
    project: Project, suites: dict[str, Suite], engines: Engines
) -> None:
    """Most platforms of the campaign spend nothing, so a usual row says little about a usual day."""
    described, table = "a day far above the campaign's others", "staging.ads__spend"
    (expectation,) = (e for e in suites[table].expectations if e.kwargs.get("description") == described)
    columns = {c.name: c.type for c in project.binder.columns(relation(table))}
    rows = [
        {"record_id": f"{platform}:{day}", "campaign_id": "C", "spend_date": f"2026-06-{day:02d}", "amount": amount}
        for day in range(1, 21)
        for platform, amount in (("a", 2), ("b", 1), ("c", {19: 1000, 20: 4001}.get(day, 197)))
    ]
    with engines.at(AS_OF) as (_, session):
        fill(session, relation(table), columns, rows)
        assert [row[0] for row in session.rows(rows_query(expectation, relation(table)))] == ["c:20"]
