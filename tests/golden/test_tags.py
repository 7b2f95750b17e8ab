"""The 60 tags on the sample: each has rows at each of its levels, and each value occurs."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping

import pytest

from siyu.layers import base_layer
from tests.golden.conftest import Ran

REFERENCE = base_layer() / "seeds" / "reference"
TABLES = {"person": "person_tag", "account": "account_tag"}


def _rows(table: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TAGS = {row["tag_code"]: row for row in _rows("tags")}


@pytest.fixture(scope="module")
def found(night: Ran) -> Mapping[tuple[str, str], set[str]]:
    """(level, tag_code) -> its values."""
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    con = night.connect()
    for level, table in TABLES.items():
        for code, value in con.execute(f"select distinct tag_code, tag_value from tags.{table}").fetchall():
            values[level, code].add(value)
    return values


def test_there_are_60_tags_in_18_classes() -> None:
    assert len(TAGS) == 60
    assert sorted({row["class_no"] for row in TAGS.values()}) == [f"{number:02d}" for number in range(1, 19)]


def test_every_tag_has_rows_at_each_of_its_levels(found: Mapping[tuple[str, str], set[str]]) -> None:
    assert set(found) == {(level, code) for code, row in TAGS.items() for level in row["level"].split(", ")}


def test_no_tag_is_uncomputable(night: Ran) -> None:
    con = night.connect()
    assert con.execute("select tag_code, missing from tags.tag_catalog where status = 'uncomputable'").fetchall() == []
    assert con.execute("select count(*) from tags.tag_catalog").fetchall() == [(60,)]


def test_every_value_occurs_but_the_rare_ones(found: Mapping[tuple[str, str], set[str]]) -> None:
    """A rare value that occurs must leave the list of rare ones, so that the list stays short."""
    listed: dict[str, set[str]] = defaultdict(set)
    for row in _rows("tag_values"):
        listed[row["tag_code"]].add(row["tag_value"])
    for code, row in TAGS.items():
        table, _, column = row["values_from"].partition(".")
        if row["rare_values"] and column:
            listed[code] = {line[column] for line in _rows(table)}
    for code, values in listed.items():
        rare = {value.strip() for value in TAGS[code]["rare_values"].split(",") if value.strip()}
        seen = set().union(*(found[level, code] for level in TAGS[code]["level"].split(", ")))
        assert seen == values - rare, (code, "missing", values - rare - seen, "not rare", seen & rare)


def test_the_profile_says_what_the_tags_say(night: Ran) -> None:
    """Every single-valued tag is a column of the profile, with the same value for everybody."""
    con = night.connect()
    for level, profile, key in (("person", "person_profile", "one_id"), ("account", "account_profile", "account_id")):
        for code, row in TAGS.items():
            if level in row["level"].split(", ") and row["is_multi"] == "false":
                tags = f"select {key}, tag_value from tags.{TABLES[level]} where tag_code = '{code}'"
                differing = con.execute(
                    f"select count(*) from tags.{profile} as p left join ({tags}) as t using ({key})"
                    f" where p.{code} is distinct from t.tag_value"
                ).fetchall()
                assert differing == [(0,)], code


def test_a_person_has_the_tags_of_their_company_in_the_profile(night: Ran) -> None:
    con = night.connect()
    differing = con.execute(
        "select count(*) from tags.person_profile as p left join tags.account_profile as a using (account_id)"
        " where p.industry is distinct from a.industry or p.account_ltv_band is distinct from a.ltv_band"
    ).fetchall()
    assert differing == [(0,)]
    assert con.execute("select count(industry) > 100 from tags.person_profile").fetchall() == [(True,)]
