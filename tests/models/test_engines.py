"""Model tests share engines: no case may see what another one left."""

from __future__ import annotations

import pytest

from siyu.engines.base import Session
from siyu.errors import SqlProblem
from tests.models.test_models import Engines


def test_what_a_case_creates_is_gone(engines: Engines) -> None:
    with engines.at("2026-06-30") as (engine, session):
        before = _relations(session)
        session.execute("create table records.contact (record_id varchar)")
        session.execute("create view found as select * from records.contact")
        other = engine.session()
        other.execute("create table identity.person as select 1 as one_id")
        other.close()
    with engines.at("2026-06-30") as (_, session):
        assert _relations(session) == before
        assert {schema for schema, _ in before} == {"reference"}


def test_it_is_gone_after_a_failure(engines: Engines) -> None:
    with pytest.raises(SqlProblem), engines.at("2026-06-30") as (_, session):
        session.execute("create table records.contact (record_id varchar)")
        session.rows("select nothing")
    with engines.at("2026-06-30") as (_, session), pytest.raises(SqlProblem):
        session.rows("select * from records.contact")


def test_a_replaced_reference_table_is_back(engines: Engines) -> None:
    found = []
    for _ in range(3):
        with engines.at("2026-06-30") as (_, session):
            found.append(session.rows("select * from reference.stages order by all"))
            session.execute("create or replace table reference.stages (stage varchar)")
    assert found[0] == found[1] == found[2] and len(found[0]) == 6


def test_every_date_has_its_own_engine(engines: Engines) -> None:
    for as_of in ("2026-06-30", "2026-05-31", "2026-06-30"):
        with engines.at(as_of) as (_, session):
            assert str(session.value("select fn_as_of()")) == as_of


def _relations(session: Session) -> list[tuple[str, str]]:
    return session.rows(
        "select schema_name, table_name from duckdb_tables() union all"
        " select schema_name, view_name from duckdb_views() where not internal order by all"
    )  # type: ignore[return-value]
