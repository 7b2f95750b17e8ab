"""The sample: models and plain Python give the same KPIs of sales, and the same table of teams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.people_reference import local
from tests.kpi.team_reference import Figure, Key, Team, handoffs, partners, per_head

pytestmark = pytest.mark.xdist_group("team_on_the_sample")
ROUNDING = Decimal("0.0000005")
CODES = {
    handoffs: {"handoff_hours", "handoff_accept_rate", "mql_to_sql"},
    per_head: {
        "revenue_per_head", "leads_per_head", "contacts_per_head", "projects_per_head", "subprojects_per_head",
    },
    partners: {"partner_revenue", "partner_training"},
}  # fmt: skip
PER_HEAD = ("contacts", "leads", "revenue", "projects")


@pytest.fixture(scope="module")
def team(night: Ran) -> Iterator[Team]:
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield Team(con)
    con.close()


def _is_wrong(wanted: Figure, found: tuple[Any, ...]) -> bool:
    numerator, denominator, value = found
    if (numerator, denominator) != wanted[:2]:
        return True
    given = wanted[2] if len(wanted) > 2 else Decimal(wanted[0]) / Decimal(wanted[1] or 1)
    return abs(value - Decimal(given)) > ROUNDING


@pytest.mark.parametrize("rule", CODES)
def test_every_figure(team: Team, rule: Callable[[Team], dict[Key, Figure]]) -> None:
    wanted = {key: figure for key, figure in rule(team).items() if key[0] in team.of_days(key[1], key[3])}
    assert {key[3] for key in wanted} == CODES[rule]
    codes = "', '".join(sorted(CODES[rule]))
    found = {
        row[:4]: row[4:]
        for row in team.people.rows(
            "select as_of_date, dimension, member, kpi_code, numerator, denominator, value from kpi.kpi_value"
            f" where kpi_code in ('{codes}') and value is not null"
        )
    }
    wrong = {
        key: (figure, found.get(key))
        for key, figure in wanted.items()
        if key not in found or _is_wrong(figure, found[key])
    }
    assert wrong == {}
    assert {key: figure for key, figure in found.items() if key not in wanted and any(figure[:2])} == {}


def test_the_table_of_teams(team: Team) -> None:
    """Every row, from the days of its month; members of staff of a vendor are one row for each team."""
    staff = {
        one: (group, "vendor", vendor) if outsourced == "true" else (group, "staff", one)
        for one, group, outsourced, vendor in team.files.table("staff", "staff_id", "team", "outsourced", "vendor")
    }
    rows = team.people.rows(
        f"select month, team, unit_kind, member, {', '.join(PER_HEAD)}, subprojects, heads,"
        f" {', '.join(f'{name}_per_head' for name in PER_HEAD)} from kpi.team_efficiency"
    )
    assert {row[1:4] for row in rows if row[1]} == {
        *staff.values(), *((group, "team", group) for group, _, _ in staff.values())
    }  # fmt: skip
    assert (
        len({row[0] for row in rows}) * len({row[1:4] for row in rows}) == len(rows) == len({row[:4] for row in rows})
    )
    for month, group, kind, member, *found in rows:

        def is_in(day: Any, one: str | None, month: str = month, row: Any = (group, kind, member)) -> bool:
            unit = staff.get(one or "", (None, "staff", one))
            return f"{day:%Y-%m}" == month and row in (unit, (unit[0], "team", unit[0]))

        projects = {one[2:] for one in team.projects if is_in(one[0], one[1])}
        wanted = [
            sum(one.is_contact and is_in(local(one.at), one.staff) for one in team.work),
            sum(is_in(*lead) for lead in team.leads),
            sum((line.amount for line in team.revenue.lines if is_in(line.day, line.members["staff"])), Decimal(0)),
            len({campaign for campaign, _ in projects}),
        ]
        heads = sum(
            (
                team.heads["staff", one]
                for one, unit in staff.items()
                if (group, kind, member) in (unit, (unit[0], "team", unit[0]))
            ),
            Decimal(0),
        )
        assert found[:6] == [*wanted, len(projects), heads or None], (month, group, kind, member)
        for value, figure in zip(wanted, found[6:], strict=True):
            assert figure is None if not heads else abs(figure - Decimal(value) / heads) <= ROUNDING
