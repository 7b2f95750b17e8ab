"""Identifier types of a layer, by CSV and staging alone: a landline, an address and a company name that say who
somebody is only two at a time."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from siyu.compile.compiler import compile_project
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.settings import load_settings

pytestmark = pytest.mark.xdist_group("two_at_a_time")

LAYER = Path(__file__).parent / "two_at_a_time"
ASKING = ["staging.*", "records.*", "identity.*", "journey.exclusion_by_identifier"]
SALT = "two at a time, long enough"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    root = tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SALT)
        settings = load_settings(
            root,
            warehouse=root / "warehouse",
            layers=(LAYER,),
            channels=("dealers",),
            exports=LAYER / "exports",
            families=("identity",),
        )
        report = run_night(settings, Request())
    assert report.status == "published"
    assert not [result for result in report.checks if result.stops_release]
    return duckdb.connect(str(root / "warehouse" / "current" / "siyu_restricted.duckdb"), read_only=True)


def test_every_channel_of_the_base_compiles_beside_such_types(tmp_path: Path) -> None:
    """So do all models whose templates ask for identifier types: those of other families do not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SALT)
        settings = load_settings(tmp_path, layers=(LAYER,), families=("identity", "journey"))
        project = compile_project(settings, selection=ASKING)
    columns = {column.name for column in project.models["identity.combination"].columns}
    project.binder.close()
    assert {"landline_and_company_name", "landline_and_address", "address_and_company_name"} <= columns
    assert not {"landline", "address", "company_name"} & columns


def test_two_of_the_three_make_a_person_and_one_alone_makes_none(release: duckdb.DuckDBPyConnection) -> None:
    people = dict(release.execute("select record_id, one_id from identity.record_person").fetchall())
    by_pairs = {people[f"visits:{number}"] for number in (1, 2, 3, 4)}
    assert len(by_pairs) == 1 and None not in by_pairs
    alone = {number: people[f"visits:{number}"] for number in (5, 6, 7)}
    assert alone == {5: None, 6: None, 7: None}, "a landline, an address or a firm alone is nobody"


def test_the_same_part_with_another_one_is_somebody_else(release: duckdb.DuckDBPyConnection) -> None:
    people = dict(release.execute("select record_id, one_id from identity.record_person").fetchall())
    assert people["visits:8"] not in (None, people["visits:1"])


def test_a_blocked_part_blocks_the_whole_and_an_invalid_one_makes_none(release: duckdb.DuckDBPyConnection) -> None:
    people = dict(release.execute("select record_id, one_id from identity.record_person").fetchall())
    assert (people["visits:9"], people["visits:10"]) == (None, None)
    rows = release.execute(
        "select id_type, id_value, reason, detail from identity.identity_audit where subject = 'identifier'"
    ).fetchall()
    why = "Typed to get past a form."
    assert rows == [("landline+company_name", "021-00000000|华阳机电", "blocked_value", why)]


def test_identifiers_are_listed_as_wholes(release: duckdb.DuckDBPyConnection) -> None:
    listed = "select distinct id_type from identity.identifier where entity = 'person' order by all"
    types = release.execute(listed).fetchall()
    assert types == [("address+company_name",), ("landline+address",), ("landline+company_name",)]
