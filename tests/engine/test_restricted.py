"""The restricted file: what it has, what its two key tables lead to, and what a later night reads of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from siyu.ask.raw_values import identifiers_of_record, with_record_ids
from siyu.compile.project import Column, Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.release.columns import public_list, published_columns, restricted_list
from siyu.release.copies import KEY_TABLES
from siyu.release.history import Previous, previous_tables
from siyu.release.publish import is_published


@pytest.fixture
def session() -> Iterator[DuckSession]:
    engine = DuckEngine(None, RunInputs("2026-01-31", "Asia/Shanghai", "k"), threads=2)
    yield engine.session()
    engine.close()


def test_key_tables_have_the_hash_beside_the_value_and_publish_the_same(session: DuckSession) -> None:
    plain = [Column("id_type", "VARCHAR", "Type.", pii=False), Column("id_value", "VARCHAR", "Value.", pii=True)]
    session.execute("create table model as select 'mobile' as id_type, '+8613912345678' as id_value")
    for is_key in (False, True):
        columns = published_columns(plain, is_key=is_key)
        kind = "key" if is_key else "other"
        session.execute(f"create table restricted_{kind} as select {restricted_list(columns)} from model")
        session.execute(f"create table public_{kind} as select {public_list(columns, True)} from restricted_{kind}")
    names = {table: [c.name for c in session.columns(table)] for table in ("restricted_other", "restricted_key")}
    assert names == {
        "restricted_other": ["id_type", "id_value"],
        "restricted_key": ["id_type", "id_value", "id_value_hash"],
    }
    assert session.rows("select * from public_key") == session.rows("select * from public_other")
    assert session.rows("select id_value_hash from public_key") == session.rows(
        "select id_value_hash from restricted_key"
    )


def test_every_table_that_is_left_out_has_only_record_ids_and_identifiers(project: Project) -> None:
    """The key tables have the raw values of nothing else."""
    for name in KEY_TABLES:
        assert project.models[name].is_restricted
    identifiers = {id_type.column for id_type in project.shapes.identifiers.simple}
    left_out = [
        model
        for model in project.models.values()
        if is_published(project, model)
        and model.pii_columns
        and not model.is_restricted
        and not model.is_release_view  # it takes hashes and masks from tables, and has none of its own
    ]
    assert "records.touch" in {model.name for model in left_out}
    for model in left_out:
        records = {"record_id": "channel", "touch_record_id": "touch_channel"}
        assert set(model.pii_columns) <= {*records, *identifiers}, model.name
        channels = {"channel", *(records[name] for name in model.pii_columns if name in records)}
        assert channels <= {column.name for column in model.columns}, model.name


def test_a_hash_leads_to_the_record(session: DuckSession) -> None:
    """The same hash in another channel is another record; one that is no longer there shows its hash."""
    session.execute(
        "create table records as select * from (values ('crm', 'h1', 'c:1', 7), ('mall', 'h1', 'm:1', 7))"
        " as v (channel, record_id_hash, record_id, person_key)"
    )
    session.execute(
        "create table moves as select * from (values (7, 'crm', 'h1'), (7, 'crm', 'h2'))"
        " as v (person_key, channel, record_id_hash)"
    )
    columns = {"person_key", "channel", "record_id_hash"}
    for known in (columns, columns - {"person_key"}):
        found = session.rows(f"select record_id from {with_record_ids('moves', known, 'records')} order by 1")
        assert found == [("c:1",), ("h2",)]
    assert with_record_ids("moves", {"record_id"}, "records") == "moves"


def test_a_hash_leads_to_the_identifiers_of_a_record(session: DuckSession) -> None:
    session.execute("create table records as select 'crm' as channel, 'h1' as record_id_hash, 'c:1' as record_id")
    session.execute(
        "create table identifiers as select * from (values ('mobile', 'x1', '139'), ('email', 'x1', 'a@b.cn'))"
        " as v (id_type, id_value_hash, id_value)"
    )
    session.execute(
        "create table touch as select 'crm' as channel, 'h1' as record_id_hash, 'x1' as mobile_hash,"
        " null::varchar as email_hash, 'ACME' as company_name"
    )
    columns = {"channel", "record_id_hash", "mobile_hash", "email_hash", "company_name"}
    types = [("mobile", "mobile"), ("email", "email"), ("company_name", "company_name")]
    query = identifiers_of_record("touch", columns, types, "records", "identifiers")
    assert session.rows(query, ["crm", "c:1"]) == [("139", None, "ACME")]
    assert session.rows(query, ["mall", "c:1"]) == []


def test_an_earlier_result_is_never_one_without_its_raw_values(project: Project, tmp_path: Path) -> None:
    """Compared with hashes, every row of a snapshot would be new. Without its history, the snapshot begins again."""
    folder = tmp_path / "releases" / "2026-06-29-000001"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "siyu.duckdb")) as con:
        con.execute("create schema identity; create schema journey; create schema tags")
        con.execute("create table tags.tag_history as select 'P1' as entity_id")
        con.execute("create table identity.one_id_history as select 'h' as id_value_hash")
        con.execute("create table journey.stage_transition_history as select 'h' as record_id_hash")
    with duckdb.connect(str(folder / "siyu_restricted.duckdb")) as con:
        con.execute("create schema identity")
        con.execute("create table identity.one_id_history as select '139' as id_value")
    engine = DuckEngine(None, RunInputs("2026-06-30", "Asia/Shanghai", "k"))
    found = previous_tables(engine, project, Previous(date(2026, 6, 29), 1), tmp_path)
    engine.close()
    assert {name: table.relation for name, table in found.items()} == {
        "identity.one_id_history": "previous_restricted.identity.one_id_history",
        "tags.tag_history": "previous_public.tags.tag_history",
    }
