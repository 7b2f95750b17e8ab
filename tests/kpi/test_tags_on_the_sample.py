"""The sample: KPIs of tags, counted from the tags that were published."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest

from siyu.layers import base_layer
from tests.golden.conftest import Ran

pytestmark = pytest.mark.xdist_group("assets_on_the_sample")


def test_counts_of_tags(night: Ran) -> None:
    with (base_layer() / "seeds/reference/tags.csv").open(encoding="utf-8", newline="") as file:
        catalog = {row["tag_code"] for row in csv.DictReader(file)}
    con = night.connect()
    people = {row[0] for row in con.execute("select one_id from identity.person").fetchall()}
    of_people = set(con.execute("select one_id, tag_code from tags.person_tag").fetchall())
    of_companies = set(con.execute("select account_id, tag_code from tags.account_tag").fetchall())
    live = {row[0] for row in con.execute("select tag_code from tags.tag_catalog where status = 'live'").fetchall()}
    figures = {
        row[0]: row[1:]
        for row in con.execute(
            "select kpi_code, numerator, denominator, value from kpi.kpi_value where dimension = 'total'"
            " and kpi_code in ('tag_coverage', 'tags_per_person', 'usable_tags')"
            " and as_of_date = (select max(as_of_date) from kpi.kpi_value)"
        ).fetchall()
    }
    con.close()
    assert {code for _, code in of_people | of_companies} <= catalog and live <= catalog
    assert figures["tags_per_person"][:2] == (len(of_people), len(people))
    assert figures["tag_coverage"][0] == len(of_people) + len(of_companies)
    assert figures["usable_tags"][:2] == (len(live), len(catalog))
    for numerator, denominator, value in figures.values():
        assert abs(value - numerator / denominator) < Decimal("0.000001")
