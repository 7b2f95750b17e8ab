"""The sample: models and plain Python give everybody the same audience, ways, next action and place in a playbook."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from siyu.compile.project import Project
from tests.audience.desk import READ, Desk
from tests.audience.differences import differences
from tests.audience.harness import ACTIONS, answers_in
from tests.audience.people import audience_person, person_ways
from tests.audience.reference import Answers, answers_of, has_heard_little
from tests.audience.test_people import differing
from tests.golden.conftest import Ran
from tests.tags.test_against_reference import TABLES, rows_of, settings_of
from tests.tags.world import World

pytestmark = pytest.mark.xdist_group("audience_on_the_sample")


@pytest.fixture(scope="module")
def built(night: Ran) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the night built, with the reference tables."""
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield con
    con.close()


@pytest.fixture(scope="module")
def desk(built: duckdb.DuckDBPyConnection, night: Ran, project: Project) -> Desk:
    listed = built.execute("select table_name from information_schema.tables where table_schema = 'reference'")
    references = [f"reference.{name}" for (name,) in listed.fetchall()]
    names = {*TABLES, *READ, "identity.identity_rule", *references}
    return Desk({name: rows_of(built, name) for name in names}, settings_of(night, project))


@pytest.fixture(scope="module")
def expected(desk: Desk) -> Answers:
    return answers_of(desk)


def test_people(desk: World, built: duckdb.DuckDBPyConnection) -> None:
    wanted = [audience_person(desk, one) for one in desk.people]
    assert differing(wanted, rows_of(built, "audience.audience_person"), ("one_id",)) == []


def test_ways(desk: World, built: duckdb.DuckDBPyConnection) -> None:
    wanted = [way for one in desk.people for way in person_ways(desk, one)]
    assert differing(wanted, rows_of(built, "audience.person_way"), ("one_id", "touchpoint")) == []


def test_every_action(desk: Desk, expected: Answers, built: duckdb.DuckDBPyConnection) -> None:
    told = differences(desk, expected, answers_in(*(rows_of(built, name) for name in ACTIONS)))
    assert not told, "\n\n".join(told)


def test_nobody_who_heard_little_is_forgotten(desk: Desk, built: duckdb.DuckDBPyConnection) -> None:
    """Everybody who is not won, heard little and is silent has either an action or the one reason why not."""
    acted = {one for (one,) in built.execute("select one_id from audience.next_action").fetchall()}
    missing = [one for (one,) in built.execute("select one_id from audience.next_action_gap").fetchall()]
    little = {one for one in desk.persons if has_heard_little(desk, one)}
    assert len(missing) == len(set(missing))
    assert little - acted == set(missing)
    assert little & acted
    assert missing


def test_the_sample_has_many_rules(expected: Answers) -> None:
    assert len({action.rule for action in expected.actions.values()}) >= 8
    assert len({position.scenario for position in expected.positions.values()}) >= 4
