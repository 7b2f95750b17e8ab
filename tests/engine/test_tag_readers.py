"""Who reads a tag (ops.tag_reader): by what a query asks for, wherever it stands, and through working tables."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from siyu.compile.base_parts import BaseParts
from siyu.compile.project import Project
from siyu.compile.tag_readers import find_tag_readers, working_tables

READER = "kpi.kpi_funnel"
TABLE = re.compile(r"\b(?:tags|audience|journey|identity)\.\w+")


def read_by(project: Project, sql: str) -> set[tuple[str, str]]:
    """Return the tags that a model of schema kpi with this query reads."""
    model = replace(project.models[READER], sql=sql, refs=set(TABLE.findall(sql)), sources=set(), previous=set())
    rest = {name: one for name, one in project.models.items() if name != READER}
    found = find_tag_readers(BaseParts(replace(project, models={**rest, READER: model})))
    return {(reader.tag_code, reader.level) for reader in found if reader.model == READER}


def person(*codes: str) -> set[tuple[str, str]]:
    return {(code, "person") for code in codes}


PROFILE, BASE, WAYS = "tags.person_profile", "audience.audience_person", "audience.person_way"


@pytest.mark.parametrize(
    ("sql", "tags"),
    [
        # A column of a profile, in any place.
        (f"select one_id as as_of_date from {PROFILE}", set()),
        (f"select need_status as as_of_date from {PROFILE}", person("need_status")),
        (f"select one_id as as_of_date from {PROFILE} where need_status = 'active'", person("need_status")),
        (f"select count(*) as as_of_date from {PROFILE} group by industry", {("industry", "account")}),
        (f"select p.one_id as as_of_date from {PROFILE} as p inner join {PROFILE} as o on p.province = o.province",
         person("province")),
        (f"select one_id as as_of_date from {PROFILE} qualify row_number() over (order by ltv_band, one_id) = 1",
         person("ltv_band")),
        (f"select one_id as as_of_date from {PROFILE} where is_lead and account_id is not null", set()),
        # The tag of the company, where people have it as well; a tag whose own code begins with account_.
        (f"select account_ltv_band as as_of_date from {PROFILE}", {("ltv_band", "account")}),
        (f"select account_stage as as_of_date from {PROFILE}", {("account_stage", "account")}),
        ("select ltv_band as as_of_date from tags.account_profile", {("ltv_band", "account")}),
        # What an import takes and nobody uses is not read.
        (f"with p as (select one_id, advocacy, seniority from {PROFILE}) select seniority as as_of_date from p",
         person("seniority")),
        # A code in a table of tags.
        ("select one_id as as_of_date from tags.person_tag where tag_code = 'advocacy'", person("advocacy")),
        ("select one_id as as_of_date from tags.person_tag where tag_code in ('advocacy', 'seniority')",
         person("advocacy", "seniority")),
        ("select p.one_id as as_of_date from identity.person as p left join tags.person_tag as t"
         " on p.one_id = t.one_id and t.tag_code = 'advocacy' where t.tag_value = 'promoter'", person("advocacy")),
        ("select max(case when tag_code = 'advocacy' then score end) as as_of_date from tags.person_tag",
         person("advocacy")),
        ("select entity_id as as_of_date from tags.tag_history where tag_code = 'ltv_band'",
         {("ltv_band", "person"), ("ltv_band", "account")}),
        # Whoever counts all tags reads none of them, and what describes tags holds none.
        ("select count(*) as as_of_date from tags.person_tag", set()),
        ("select tag_code as as_of_date from tags.tag_member where tag_code = 'advocacy'", set()),
        # Through working tables: only what is needed of them.
        (f"select one_id as as_of_date from {BASE}", set()),
        (f"select lead_score as as_of_date from {BASE} where is_won", set()),
        (f"select one_id as as_of_date from {BASE} where audience = 'prospect'", person("relationship_type")),
        (f"select one_id as as_of_date from {BASE} where is_fatigued", set()),
        (f"select our_touch_count as as_of_date from {BASE}", person("six_touch_progress")),
        (f"select sales_territory as as_of_date from {BASE} where owner_staff is null",
         person("sales_territory", "owner_staff")),
        (f"select touchpoint as as_of_date from {WAYS}", set()),
        (f"select touchpoint as as_of_date from {WAYS} where way_no = 1", person("best_touchpoint")),
        (f"select one_id as as_of_date from {WAYS} where is_marketing_allowed", person("consent_status")),
    ],
)  # fmt: skip
def test_a_tag_is_read_where_a_query_asks_for_it(project: Project, sql: str, tags: set[tuple[str, str]]) -> None:
    assert read_by(project, sql) == tags


def test_a_working_table_is_no_reader(project: Project) -> None:
    working = working_tables(project)
    assert {BASE, WAYS, "audience.segment_person", "tags.person_scope"} <= working
    readers = {reader.model for reader in project.tag_readers}
    assert not readers & working
    assert "audience.segment_member" in readers and "audience.champions" in readers
    assert all(name.partition(".")[0] in ("audience", "kpi") for name in readers)


def test_segments_are_readers_of_their_own_and_not_for_those_who_collect_them(project: Project) -> None:
    found = {(reader.tag_code, reader.model) for reader in project.tag_readers}
    assert {model for code, model in found if code == "rfm_segment"} >= {
        "audience.champions", "audience.second_purchase_customers",
    }  # fmt: skip
    assert ("rfm_segment", "audience.segment_member") not in found
    assert ("relationship_type", "audience.segment_member") in found


def test_the_tags_that_segments_read_are_those_of_their_files(project: Project) -> None:
    """The names of all columns of the profile in the text of a segment that reads nothing else."""
    codes = {rule.tag_code for rule in project.tag_rules}
    compared = 0
    for found in project.segments:
        model = project.models[found.model]
        if model.refs == {PROFILE}:
            words = set(re.findall(r"\w+", re.sub(r"(?s:/\*.*?\*/)|--.*|'[^']*'", "", model.sql)))
            expected = {code for code in codes if code in words}
            assert {r.tag_code for r in project.tag_readers if r.model == found.model} == expected, found.segment
            compared += 1
    assert compared >= 8
