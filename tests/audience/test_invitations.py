"""The sample: models and plain Python invite the same people to the same events, in the same order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy

import duckdb
import pytest

from tests.audience.invitations import FITTING, Row, Tables, coming, invitations
from tests.golden.conftest import Ran

pytestmark = pytest.mark.xdist_group("invitations_on_the_sample")

REFERENCE = (
    "events", "invite_points", "invite_reasons", "thresholds", "territories", "stages", "tag_values", "products",
)  # fmt: skip
KEYS = {
    "invite_list": ("event_id", "one_id"),
    "invite_left_out": ("event_id", "reason"),
    "invite_event": ("event_id",),
}


@pytest.fixture(scope="module")
def built(night: Ran) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the night built, with the reference tables."""
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield con
    con.close()


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    found = con.execute(query)
    columns = [column[0] for column in found.description or []]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def tables(built: duckdb.DuckDBPyConnection, night: Ran) -> Tables:
    assert night.report.as_of is not None
    return Tables(
        as_of=night.report.as_of,
        reference={name: rows(built, f"select * from reference.{name}") for name in REFERENCE},
        people=rows(built, "select * from audience.audience_person"),
        profiles={row["one_id"]: row for row in rows(built, "select * from tags.person_profile")},
        ways=rows(built, "select * from audience.person_way"),
        owners=rows(built, "select * from audience.person_owner"),
        touches=rows(built, "select person_key, campaign_id, direction, behaviour from journey.person_touch"),
    )


@pytest.fixture(scope="module")
def expected(tables: Tables) -> dict[str, list[Row]]:
    return dict(zip(KEYS, invitations(tables), strict=True))


@pytest.mark.parametrize("name", KEYS)
def test_every_row_is_that_of_the_rules(
    built: duckdb.DuckDBPyConnection, expected: dict[str, list[Row]], name: str
) -> None:
    found = {tuple(row[key] for key in KEYS[name]): row for row in rows(built, f"select * from audience.{name}")}
    wanted = {tuple(row[key] for key in KEYS[name]): row for row in expected[name]}
    assert wanted.keys() == found.keys(), wanted.keys() ^ found.keys()
    columns = list(next(iter(wanted.values())))
    told = {key: {column: found[key][column] for column in columns} for key in found}
    assert [(key, wanted[key], told[key]) for key in wanted if wanted[key] != told[key]] == []


def test_the_release_has_the_same_rows(
    night: Ran, built: duckdb.DuckDBPyConnection, expected: dict[str, list[Row]]
) -> None:
    with night.connect() as con:
        for name in KEYS:
            assert con.execute(f"select count(*) from audience.{name}").fetchone() == (len(expected[name]),)


def test_the_sample_has_every_kind_of_event(tables: Tables, expected: dict[str, list[Row]]) -> None:
    """So that the comparison says something of each."""
    events = expected["invite_event"]
    over = len(tables.reference["events"]) - len(coming(tables))
    assert over and len(events) > 4
    assert {row["form"] for row in coming(tables)} == {"online", "offline"}
    assert {row["audience"] for row in events} == {"prospects", "customers", "people", "partners"}
    assert all(row["invited_count"] for row in events)
    assert any(row["no_seat_count"] for row in events) and any(row["already_registered_count"] for row in events)
    reasons = {row["reason"] for row in expected["invite_left_out"]}
    assert {"erased", "learner", "competitor", "wrong_audience", "no_consent", "fatigued", "no_seat"} <= reasons
    assert any(row["place_points"] for row in expected["invite_list"])


def test_nobody_gets_more_invitations_than_they_may_hear_of(tables: Tables, expected: dict[str, list[Row]]) -> None:
    invited = Counter(row["one_id"] for row in expected["invite_list"])
    people = {row["one_id"]: row for row in tables.people}
    assert max(invited.values()) == tables.number("fatigue_touches")
    for one_id, count in invited.items():
        assert count + people[one_id]["recent_touch_count"] <= tables.number("fatigue_touches")


def test_sums_add_up_in_the_release(night: Ran) -> None:
    left = " + ".join(f"{reason}_count" for reason in FITTING)
    with night.connect() as con:
        found = con.execute(f"select fitting_count, invited_count + {left} from audience.invite_event").fetchall()
        assert found and all(fitting == parts for fitting, parts in found)


def test_the_comparison_sees_a_change_of_a_rule(tables: Tables, expected: dict[str, list[Row]]) -> None:
    """Points, a threshold, seats: each of them changes somebody's invitation."""
    for table, change in (
        ("invite_points", {"points": "3"}), ("thresholds", {"value": "1"}), ("events", {"seats": "4"}),
    ):  # fmt: skip
        changed = deepcopy(tables)
        for row in changed.reference[table]:
            if table != "thresholds" or row["threshold"] == "fatigue_touches":
                row.update(change)
        if table == "invite_points":
            next(row for row in changed.reference["thresholds"] if row["threshold"] == "invite_points_min")["value"] = (
                "6"
            )
        assert invitations(changed)[0] != expected["invite_list"], table
