"""Casts of an export's text: one value that does not fit would stop the night."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from siyu.compile.text_casts import text_casts, text_columns

TEXTS = {"day", "amount", "note", "_extra"}
FOUND = {
    "select cast(day as date) as x from raw.a": "fn_try_date(day, '%Y-%m-%d')",
    "select cast(trim(day) as timestamp) as x from raw.a": "fn_try_timestamp(TRIM(day), '%Y-%m-%d %H:%M:%S')",
    "select amount::decimal(18, 2) as x from raw.a": "fn_try_decimal(amount, '.')",
    "select cast(replace(coalesce(amount, '0'), ',', '') as bigint) as x from raw.a": "cast(round(fn_try_decimal(",
    "select cast(_extra ->> '$.day' as integer) as x from raw.a": "cast(round(fn_try_decimal(",
    "select cast(fn_trim(day) as date) as x from raw.a": "fn_try_date(",
    "select cast(case when a = 1 then day end as date) as x from raw.a": "fn_try_date(",
    "with r as (select day, amount as total from raw.a) select cast(day as date) as x from r": "fn_try_date(",
    "select cast(note as boolean) as x from raw.a": "try_cast(note as …)",
    "with r as (select cast(day as date) as day from raw.a) select max(day) as day from r": "fn_try_date(",
}
LEFT_ALONE = (
    "select cast(day as varchar) as x, try_cast(amount as integer) as y from raw.a",
    "select cast(length(day) as integer) as x, cast(day = 'x' as integer) as y from raw.a",
    "select case when regexp_matches(amount, '^[0-9]+$') then cast(amount as integer) end as x from raw.a",
    "select cast(at as date) as x, cast(null as date) as y, cast('2026-01-01' as date) as z from raw.a",
    "with r as (select length(note) as note from raw.a) select cast(note as integer) as x from r",
    "select fn_try_date(day, '%Y') as x, cast(fn_try_decimal(amount, '.') as decimal(18, 2)) as y from raw.a",
)


def query(sql: str) -> exp.Query:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    return tree


@pytest.mark.parametrize("sql", FOUND)
def test_a_cast_of_a_text_is_found_and_says_what_to_write(sql: str) -> None:
    (finding,) = text_casts(query(sql), TEXTS)
    assert finding.instead.startswith(FOUND[sql])


@pytest.mark.parametrize("sql", LEFT_ALONE)
def test_what_cannot_fail_on_a_text_is_left_alone(sql: str) -> None:
    assert not list(text_casts(query(sql), TEXTS))


def test_only_texts_of_sources_count() -> None:
    read = {
        "raw.a": {"day": "varchar", "at": "timestamp", "rate": "varchar", "_file": "varchar"},
        "reference.rates": {"rate": "varchar"},
    }
    assert text_columns(read, {"raw.a"}) == {"day"}
