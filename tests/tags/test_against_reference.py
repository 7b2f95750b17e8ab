"""The sample: models and plain Python give the same tags to every person and company."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from siyu.compile.project import Project
from tests.golden.conftest import Ran
from tests.tags.differences import differences, tags_in, wrong_scores
from tests.tags.reference import Tags, scores_of, tags_of
from tests.tags.world import Settings, World

pytestmark = pytest.mark.xdist_group("tags_on_the_sample")

TABLES = (
    "records.contact", "records.touch", "records.link", "records.deal", "records.ticket", "records.device",
    "identity.person", "identity.account", "identity.person_account", "identity.record_person", "identity.one_id",
    "journey.deal_hold", "journey.account_deal_hold", "journey.person_stage", "journey.account_stage",
    "journey.lead_score", "journey.exclusion",
)  # fmt: skip


@pytest.fixture(scope="module")
def built(night: Ran) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the night built, with the reference tables."""
    con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    yield con
    con.close()


@pytest.fixture(scope="module")
def world(built: duckdb.DuckDBPyConnection, night: Ran, project: Project) -> World:
    listed = built.execute("select table_name from information_schema.tables where table_schema = 'reference'")
    names = [*TABLES, *(f"reference.{name}" for (name,) in listed.fetchall())]
    return World({name: rows_of(built, name) for name in names}, settings_of(night, project))


def settings_of(night: Ran, project: Project) -> Settings:
    domains = {name: contract.domain for name, contract in project.channels.items()}
    assert night.report.as_of is not None
    return Settings(night.report.as_of, night.settings.timezone, project.variables, domains)


def rows_of(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, object]]:
    found = con.execute(f"select * from {name}")
    columns = [column[0] for column in found.description or []]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def found(built: duckdb.DuckDBPyConnection) -> Tags:
    person = built.execute("select one_id, tag_code, tag_value from tags.person_tag").fetchall()
    account = built.execute("select account_id, tag_code, tag_value from tags.account_tag").fetchall()
    return {"person": tags_in(person), "account": tags_in(account)}


def test_every_tag_of_every_person_and_company(world: World, found: Tags) -> None:
    told = differences(world, tags_of(world), found)
    assert not told, "\n\n".join([f"{len(told)} tags differ", *told])


def test_scores_that_a_rule_defines(world: World, built: duckdb.DuckDBPyConnection) -> None:
    rows = built.execute(
        "select tag_code, one_id, tag_value, score from tags.person_tag"
        " union all select tag_code, account_id, tag_value, score from tags.account_tag"
    ).fetchall()
    wrong = wrong_scores(scores_of(world), rows)
    assert not wrong, f"{len(wrong)} differ: {wrong[:10]}"


def test_the_reference_knows_every_tag(world: World) -> None:
    """And on the sample it gives every tag to somebody, so that the comparison says something of each."""
    expected = tags_of(world)
    rows = world.reference("tags")
    levels = {(level, row["tag_code"]) for row in rows for level in row["level"].split(", ")}
    assert {(level, code) for level in expected for code, given in expected[level].items() if given} == levels
