"""The setting families: what is built of a project, and that mistakes in the rest stop nobody."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from siyu.check.suites import Suite, load_suites
from siyu.compile.compiler import compile_project
from siyu.compile.families import told
from siyu.compile.project import Project
from siyu.dev.selection import graph_lines, sql_of
from siyu.errors import ConfigError
from siyu.settings import FAMILIES, Settings, load_settings

KPI = """/*
description: Days with a tag.
grain: [business_date]
*/
select
    d.business_date  -- Business date.
from {{ ref('business_day') }} as d
"""
SUITE = """table: {table}
expectations:
  - type: unexpected_rows_expectation
    kwargs:
      unexpected_rows_query: select * from {{batch}} where exists (select 1 from {read})
  - type: expect_column_values_to_not_be_null
    kwargs: {{column: {column}}}
"""


def settings_of(tmp_path: Path, *families: str, **files: str) -> Settings:
    for name, text in files.items():
        folder, _, rest = name.partition("__")
        ending = {"models": "sql", "expectations": "yml"}[folder]
        path = tmp_path / "layer" / folder / f"{rest.replace('__', '/', 1)}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "layer").mkdir(exist_ok=True)
    return load_settings(tmp_path, layers=(tmp_path / "layer",), families=families or None)


@pytest.fixture(scope="module")
def part_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    """A project that builds these families, compiled once. Tests only read it."""
    return cache(lambda *families: compile_project(load_settings(tmp_path_factory.mktemp("part"), families=families)))


def schemas(project: Project) -> set[str]:
    return {model.model.schema for model in project.models.values()}


def test_families_are_read_from_both_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(tmp_path).families == FAMILIES
    (tmp_path / "siyu.toml").write_text('families = ["kpi", "identity"]\n', encoding="utf-8")
    assert load_settings(tmp_path).families == ("identity", "kpi"), "in the order of the schemas"
    monkeypatch.setenv("SIYU_FAMILIES", "tags, kpi")
    assert load_settings(tmp_path).families == ("tags", "kpi")
    monkeypatch.setenv("SIYU_FAMILIES", "kpis")
    with pytest.raises(ConfigError, match=r"there is no family 'kpis': did you mean kpi\?") as error:
        load_settings(tmp_path)
    assert error.value.where == "environment SIYU_FAMILIES"


def test_a_release_with_other_families_is_another_release(tmp_path: Path) -> None:
    prints = {load_settings(tmp_path, families=f).content_fingerprint for f in (None, FAMILIES, ("kpi",), ("tags",))}
    assert len(prints) == 3, "all of them is the default"


def test_the_models_of_a_family_and_what_they_read(part_of: Callable[..., Project], project: Project) -> None:
    part = part_of("kpi")
    assert schemas(part) == {"staging", "records", "identity", "journey", "tags", "kpi", "bi"}
    business = {name for name in part.models if name.startswith("bi.")}
    assert business == {"bi.deals", "bi.kpi_daily", "bi.stage_moves", "bi.touches_daily"}, "others read tags"
    assert {m.name for m in part.models.values() if m.model.schema == "tags"} == {"tags.person_link"}
    left_out = {name for name in part.left_out if name.startswith(("kpi.", "bi."))}
    wanted = {name for name in project.models if name.startswith(("kpi.", "bi."))} - left_out
    assert wanted <= part.models.keys()
    pending, needed = sorted(wanted), set(wanted)
    while pending:
        model = project.models[pending.pop()]
        reads = ((model.refs | model.previous) & project.models.keys()) - left_out
        pending += sorted(reads - needed)
        needed |= reads
    assert part.models.keys() == needed
    assert "journey.lead_score" in part.left_out and "journey.deal_hold" in part.models
    unions = {name for name in part.models if project.models[name].refs & left_out}
    assert unions == {
        "kpi.kpi_entity_member", "kpi.kpi_figure", "kpi.kpi_member", "kpi.portrait_of_companies",
        "kpi.portrait_of_people",
    }  # fmt: skip
    assert {name: model.sql for name, model in part.models.items() if name not in unions} == {
        name: project.models[name].sql for name in part.models if name not in unions
    }, "they are built in the same way"
    order = {name: number for number, name in enumerate(part.models)}
    assert all(order[read] < order[name] for name in order for read in part.models[name].refs & order.keys())
    assert not part.tag_rules and not part.segments and not project.left_out


def test_rules_have_the_same_version_without_the_other_families(
    part_of: Callable[..., Project], project: Project
) -> None:
    assert project.tag_rules and part_of("tags").tag_rules == project.tag_rules
    assert project.segments and part_of("audience").segments == project.segments


@pytest.mark.parametrize("family", FAMILIES)
def test_the_suites_of_a_family_run_without_the_others(
    family: str, part_of: Callable[..., Project], suites: dict[str, Suite]
) -> None:
    """Only KPIs are also checked against tags and segments."""
    part = part_of(family)
    own = load_suites(part)
    assert own.keys() == suites.keys() - part.left_out
    shortened = {table for table, suite in own.items() if suite != suites[table]}
    assert all(table.startswith("kpi.") and own[table].told_left_out for table in shortened)
    assert bool(shortened) == (family == "kpi")
    assert any(table.startswith(family) for table in own)


def test_a_mistake_in_a_family_that_is_left_out_stops_nobody(tmp_path: Path) -> None:
    wrong = {
        "models__tags__no_header": "select 1 as x",
        "models__tags__no_sql": KPI.replace("select", "selekt"),
        "models__tags__no_table": KPI.replace("business_day", "no_such_table"),
        "models__audience__segments": KPI.replace("grain", "grains"),
        "expectations__tags__person_tag": "table: [",
    }
    part = compile_project(settings_of(tmp_path, "kpi", **wrong))
    assert "kpi.kpi_value" in part.models and load_suites(part)
    with pytest.raises(ConfigError) as error:
        compile_project(settings_of(tmp_path, "kpi", "tags"))
    assert "tags/no_header.sql" in str(error.value), "whoever builds it is told"


def test_a_mistake_in_a_kpi_stops_nobody_without_kpis(tmp_path: Path) -> None:
    wrong = {"models__kpi__kpi_revenue": "select 1 as x", "models__kpi__kpi_ours": KPI}
    assert compile_project(settings_of(tmp_path, "journey", **wrong)).models
    with pytest.raises(ConfigError, match="the header has no description or no grain"):
        compile_project(settings_of(tmp_path, "kpi"))


def test_a_mistake_in_what_a_family_reads_is_told_at_its_file(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "kpi", models__journey__stage_evidence="select 1 as stage")
    with pytest.raises(ConfigError) as error:
        compile_project(settings)
    assert error.value.where.startswith("models/journey/stage_evidence.sql")


def test_what_a_suite_reads_is_built_or_its_expectation_is_left_out(tmp_path: Path) -> None:
    """Of this family and of those that it needs, it is built; an expectation about another one is left out, and told,
    whatever family the suite itself is of."""
    read, other = (SUITE.format(table=f"kpi.{name}_day", read=table, column="business_date")
                   for name, table in (("scored", "journey.lead_score"), ("tagged", "tags.tag_member")))  # fmt: skip
    part = compile_project(
        settings_of(
            tmp_path, "kpi", models__kpi__scored_day=KPI, models__kpi__tagged_day=KPI,
            expectations__kpi__scored_day=read, expectations__kpi__tagged_day=other,
            expectations__journey__deal_hold=SUITE.format(
                table="journey.deal_hold", read="tags.tag_member", column="record_id"
            ),
        )
    )  # fmt: skip
    assert "journey.lead_score" in part.models
    assert {"tags.tag_member", "tags.person_tag"} <= part.left_out
    suites = load_suites(part)
    assert len(suites["kpi.scored_day"].expectations) == 2
    assert "read tags.tag_member" in suites["kpi.tagged_day"].told_left_out
    found = suites["journey.deal_hold"]
    assert [one.type for one in found.expectations] == ["expect_column_values_to_not_be_null"]
    assert found.told_left_out == (
        "not checked 未校验: expectations of journey.deal_hold read tags.tag_member,"
        " not built 未构建 (setting families)"
    )


def test_whoever_asks_for_a_model_that_is_left_out_is_told_the_setting(
    part_of: Callable[..., Project], tmp_path: Path
) -> None:
    settings, part = settings_of(tmp_path, "kpi"), part_of("kpi")
    for ask in (
        lambda: compile_project(settings, selection=["person_tag"]),
        lambda: list(graph_lines(part, ["tags.person_tag"], False)),
        lambda: sql_of(part, "person_tag", "duckdb"),
    ):
        with pytest.raises(ConfigError) as error:
            ask()
        assert error.value.fix == "the setting families leaves it out: add tags there."


def test_the_summary_says_what_is_built(tmp_path: Path) -> None:
    assert told(load_settings(tmp_path), ["kpi.kpi_value"]) == ""
    assert told(settings_of(tmp_path, "kpi"), ["kpi.kpi_value", "identity.person", "records.touch"]) == (
        "families 模块: only kpi are built 仅构建; of identity what these read 仅其所需;"
        " not built 未构建: journey, tags, audience (setting families)"
    )


def test_models_found_by_their_folder_are_left_out_if_they_read_a_family_that_is_not_built(
    part_of: Callable[..., Project], tmp_path: Path
) -> None:
    """No other model names them. With the family, they are there; a family that another one needs counts as built."""
    about_tags = {"kpi.member_owner", "kpi.member_segment", "kpi.member_industry", "kpi.segment_name"}
    readers = ["kpi.kpi_entity_member", "kpi.kpi_member"]
    small = part_of("kpi")
    assert about_tags <= small.left_out
    assert small.models["kpi.kpi_entity_member"].refs == {"kpi.member_acquisition"}
    assert "kpi.kpi_wecom" in small.models and "tags.person_link" in small.models, "what families have in common"
    with_tags = compile_project(load_settings(tmp_path, families=("tags", "kpi")), selection=readers)
    assert {"kpi.member_owner", "kpi.member_industry"} <= with_tags.models.keys()
    assert "kpi.member_segment" in with_tags.left_out
    needed = compile_project(load_settings(tmp_path, families=("audience", "kpi")), selection=readers)
    assert about_tags <= needed.models.keys()
