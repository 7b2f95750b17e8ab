"""Named segments: their headers, the versions of their rules, and whom they may hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.compile.base_parts import BaseParts
from siyu.compile.model_files import load_models
from siyu.compile.model_header import AUDIENCES
from siyu.compile.project import Project
from siyu.compile.segments import find_segments
from siyu.errors import ConfigError
from siyu.layers import base_layer, read_yaml
from siyu.seeds.references import Reference
from siyu.settings import load_settings
from tests.engine.changed_rules import FOLDERS, ChangedRules

HEADER = """/*
description: Buyers of one region.
grain: [one_id]
name_zh: 华东客户
name_en: Customers of the east
purpose: Invite them to the fair,
  which is near.
owner: sales
audience: customers
*/
"""
QUERY = "select\n    one_id  -- The person.\nfrom {{ ref('person') }}\n"
# threshold -> the segments whose version changes with it: read directly, through a base model, or by the rule of a tag.
THRESHOLDS: dict[str, set[str]] = {
    "new_contact_days": {"event_visitors_without_follow_up", "wecom_without_service"},
    "silent_days": {"price_interest_gone_silent"},
    "interest_days": {"price_interest_gone_silent", "replay_watchers", "thorough_viewers"},
    "need_days": {"price_interest_gone_silent"},
    "renewal_days": {"customers_due_for_renewal", "owners_out_of_warranty"},
    "ticket_days": {"customers_at_risk", "promoters_to_ask"},
    "churn_days": {"customers_at_risk"},
    "rfm_amount": {"champions", "second_purchase_customers"},
    "lapse_days": {"second_purchase_customers"},
    "peer_percent": {"cross_sell_lookalikes"},
    # hot_leads_without_owner reads the tag lead_score_band, whose rule does not have how scores are made.
    "score_half_life_days": set(),
    "tier_days": {"valuable_and_unsatisfied"},
    "fatigue_days": {"sincere_leads_to_call"},
    # audience_person has this in a column that no segment reads.
    "fatigue_touches": set(),
}


class ChangedSegments(ChangedRules):
    """The rules of a project's segments, before and after a change."""

    folders = (*FOLDERS, "audience/base", "audience/segments")

    def with_sql(self, sql: Mapping[str, str], references: dict[str, Reference] | None = None) -> set[str]:
        """Return the segments whose version changes with the SQL of models."""
        before, after = versions(self._project), versions(self.changed_project(sql, references))
        assert before.keys() == after.keys()
        return {name for name in before if before[name] != after[name]}

    def with_text(self, model: str, old: str, new: str) -> set[str]:
        """Return the segments whose version changes with a text in the SQL of a model."""
        assert self.sql(model).count(old) == 1, model
        return self.with_sql({model: self.sql(model).replace(old, new)})

    def with_header(self, segment: str, **keys: str) -> set[str]:
        """Return the segments whose version changes with the header of one."""
        name = f"audience.{segment}"
        compiled = self._project.models[name]
        assert compiled.model.segment is not None
        model = replace(compiled.model, segment=replace(compiled.model.segment, **keys))
        changed = replace(self._project, models={**self._project.models, name: replace(compiled, model=model)})
        before, after = versions(self._project), versions(changed)
        return {name for name in before if before[name] != after[name]}


def versions(project: Project) -> dict[str, str]:
    return {found.segment: found.rule_version for found in find_segments(BaseParts(project))}


@pytest.fixture(scope="module")
def rules(project: Project) -> ChangedSegments:
    return ChangedSegments(project)


def test_a_threshold_counts_for_the_segments_that_it_decides(rules: ChangedSegments) -> None:
    values = dict(rules.pairs("thresholds", "threshold", "value"))
    changed = {
        name: rules.with_value("thresholds", {"threshold": name}, value=str(int(values[name]) + 1))
        for name in THRESHOLDS
    }
    assert changed == THRESHOLDS


def test_a_reference_row_counts_for_the_segments_that_read_it_or_a_tag_that_does(rules: ChangedSegments) -> None:
    assert rules.with_value("event_forms", {"action": "badge_scan"}, form="online") == {
        "event_visitors_without_follow_up"
    }
    assert rules.with_value("tag_bands", {"tag_code": "activity_grade"}, band="other") == {
        "dormant_decision_makers", "silent_customers",
    }  # fmt: skip
    assert not rules.with_value("tag_bands", {"tag_code": "six_touch_progress"}, band="other")
    assert not rules.with_value("thresholds", {"threshold": "new_contact_days"}, why="Another reason.")


def test_a_var_counts_for_the_segments_that_read_its_tags(rules: ChangedSegments, project: Project) -> None:
    assert rules.with_var("trend_percent", project.variables["trend_percent"] + 1) == {"customers_at_risk"}


@pytest.mark.parametrize(
    ("model", "old", "new", "changed"),
    [
        # What decides who is in.
        ("audience.champions", "'champion'", "'loyal'", {"champions"}),
        ("audience.promoters_to_ask", "coalesce(open_ticket, 'none')", "open_ticket", {"promoters_to_ask"}),
        ("audience.wecom_without_service", "c.last_contact_at <", "c.last_contact_at <=", {"wecom_without_service"}),
        ("audience.replay_watchers", "sum(interest_touches) as replay_count", "max(interest_touches) as replay_count",
         set()),
        ("audience.replay_watchers", "interest_touches > 0", "interest_touches > 1", {"replay_watchers"}),
        ("audience.last_contact", "is distinct from 'group'", "is distinct from 'groups'",
         {"event_visitors_without_follow_up", "wecom_without_service"}),
        ("audience.audience_person", "a.days_since as silent_days", "a.days_since + 1 as silent_days",
         {"price_interest_gone_silent"}),
        # A change of the tag is a change of the rule.
        ("tags.18_service", "'referrer'", "'referer'", {"promoters_to_ask"}),
        # Comments, layout, and why somebody is in.
        ("audience.champions", "-- The person.", "-- Somebody.", set()),
        ("audience.champions", "\nwhere rfm", "\n\n  where   rfm", set()),
        ("audience.champions", "'近期购买、次数多、金额高' as", "'重要价值客户' as", set()),
        ("audience.silent_customers", "A customer who did nothing", "Did nothing", set()),
        # A column that no segment reads.
        ("audience.audience_person", "coalesce(l.score, 0) as lead_score", "l.score as lead_score", set()),
    ],
)  # fmt: skip
def test_the_sql_counts_as_far_as_it_decides_who_is_in(
    rules: ChangedSegments, model: str, old: str, new: str, changed: set[str]
) -> None:
    assert rules.with_text(model, old, new) == changed


def test_who_belongs_to_which_audience_counts_for_every_segment(rules: ChangedSegments, project: Project) -> None:
    every = set(versions(project))
    assert len(every) >= 12
    assert (
        rules.with_text("audience.audience_person", "then 'kept_out'\n        when", "then 'out'\n        when")
        == every
    )


def test_of_the_header_only_the_audience_counts(rules: ChangedSegments) -> None:
    assert rules.with_header("champions", audience="people") == {"champions"}
    assert not rules.with_header("champions", name_zh="冠军", name_en="Winners", purpose="To praise.", owner="sales")


def test_a_segment_that_reads_another_has_a_part_of_its_rule(project: Project) -> None:
    reader = project.models["audience.champions"]
    sql = "select s.one_id, s.why_zh, s.why_en from audience.silent_customers as s"
    champions = replace(reader, sql=sql, refs={"audience.silent_customers"})
    read = project.models["audience.silent_customers"]
    silent = replace(read, sql=read.sql.replace("'dormant'", "'D'"))
    rest = {name: model for name, model in project.models.items() if name != reader.name}
    before, after = (
        # What reads a model comes after it, as in the order of the build.
        versions(replace(project, models={**rest, read.name: model, reader.name: champions}))
        for model in (read, silent)
    )
    assert read.sql != silent.sql
    assert {name for name in before if before[name] != after[name]} == {"champions", "silent_customers"}


def test_a_segment_is_an_unpublished_view_and_all_that_are_not_are_told(project: Project) -> None:
    models = dict(project.models)
    for name, change in (
        ("audience.champions", {"materialized": "table"}),
        ("audience.replay_watchers", {"config": {"materialized": "view"}}),
    ):
        models[name] = replace(models[name], **change)  # type: ignore[arg-type]
    with pytest.raises(ConfigError) as error:
        find_segments(BaseParts(replace(project, models=models)))
    assert [item.problem for item in error.value.errors] == [  # type: ignore[attr-defined]
        "the segment champions is not an unpublished view",
        "the segment replay_watchers is not an unpublished view",
    ]


def loaded(root: Path, files: Mapping[str, str]) -> Any:
    for name, text in files.items():
        path = root / "layer" / "models" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_models(load_settings(root, layers=(root / "layer",)))


def test_a_header_says_what_the_segment_is_for(tmp_path: Path) -> None:
    model = loaded(tmp_path, {"audience/segments/eastern": HEADER + QUERY})["audience.eastern"]
    assert (model.description, model.grain) == ("Buyers of one region.", ("one_id",))
    assert model.segment.purpose == "Invite them to the fair, which is near."
    assert (model.segment.name_zh, model.segment.name_en) == ("华东客户", "Customers of the east")
    assert (model.segment.owner, model.segment.audience) == ("sales", "customers")


def test_a_replaced_segment_stays_one_wherever_the_layer_puts_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the header of the segment has no name_zh"):
        loaded(tmp_path, {"audience/champions": "/*\ndescription: x\ngrain: [one_id]\n*/\n" + QUERY})


def without(*keys: str) -> Callable[[str], str]:
    return lambda text: "\n".join(line for line in text.split("\n") if line.partition(":")[0] not in keys)


def test_all_that_is_wrong_with_headers_is_told_at_once(tmp_path: Path) -> None:
    files = {
        "audience/segments/bare": "/*\ndescription: x\ngrain: [one_id]\n*/\n" + QUERY,
        "audience/segments/half": without("purpose", "audience", "grain")(HEADER) + QUERY,
        "audience/segments/mixed": HEADER.replace("audience: customers", "audience: customer") + QUERY,
        "audience/segments/wrong": HEADER.replace("owner:", "ownr:") + QUERY,
        "audience/elsewhere": HEADER + QUERY,
        "kpi/named": "/*\ndescription: x\ngrain: [one_id]\nname_zh: 名\nnames: all\n*/\n" + QUERY,
    }
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, files)
    keys = "a segment says name_zh, name_en, purpose, owner, audience in its header, each in a line of its own."
    move = "remove it, or move the file to models/audience/segments if it is a segment."
    found = [(item.where.removeprefix("models/").removesuffix(".sql:1"), item.problem, item.fix)
             for item in error.value.errors]  # type: ignore[attr-defined]  # fmt: skip
    assert found == [
        ("audience/segments/bare", "the header of the segment has no name_zh, name_en, purpose, owner, audience", keys),
        *(
            ("audience/elsewhere", f"{key} in the header: only segments have this key", move)
            for key in ("name_zh", "name_en", "purpose", "owner", "audience")
        ),
        ("audience/segments/half", "the header has no description or no grain",
         "begin the file with /* description: …, grain: [columns] */."),
        ("audience/segments/half", "the header of the segment has no purpose, audience", keys),
        ("audience/segments/mixed", "the audience of the segment is 'customer'", "did you mean customers?"),
        ("audience/segments/wrong", "unknown key ownr in the header", "did you mean owner?"),
        ("audience/segments/wrong", "the header of the segment has no owner", keys),
        ("kpi/named", "name_zh in the header: only segments have this key", move),
        ("kpi/named", "unknown key names in the header", "expected one of: description, grain."),
    ]  # fmt: skip


def expectation(table: str, description: str) -> str:
    path = base_layer() / "expectations" / "audience" / f"{table}.yml"
    suite = read_yaml(path.read_text(encoding="utf-8"), str(path))
    [query] = [e["kwargs"]["unexpected_rows_query"] for e in suite["expectations"]
               if e["kwargs"].get("description") == description]  # fmt: skip
    return str(query)


@pytest.mark.parametrize(
    ("table", "description"),
    [("segment_member", "partners and prospects never mix"), ("segment_person", "whom a segment may hold")],
)
def test_checks_find_everybody_in_a_segment_of_another_audience(table: str, description: str) -> None:
    """Each audience of a segment with each of a person; these are the pairs that are allowed."""
    allowed = {
        ("prospects", "prospect"), ("customers", "customer"), ("partners", "partner"), ("people", "prospect"),
        ("people", "customer"), ("kept_out", "kept_out"),
    }  # fmt: skip
    pairs = list(product(AUDIENCES, ("prospect", "customer", "partner", "kept_out")))
    con = duckdb.connect()
    for schema in ("ops", "audience"):
        con.execute(f"create schema {schema}")
    con.execute("create table ops.segment (segment varchar, audience varchar)")
    con.execute("create table audience.audience_person (one_id varchar, audience varchar, is_erased boolean)")
    con.execute("create table member (segment varchar, one_id varchar)")
    for whom, who in pairs:
        con.execute("insert into ops.segment values (?, ?)", [f"{whom} {who}", whom])
        con.execute("insert into audience.audience_person values (?, ?, false)", [f"P {whom} {who}", who])
        con.execute("insert into member values (?, ?)", [f"{whom} {who}", f"P {whom} {who}"])
    query = expectation(table, description).replace("{batch}", "member as batch")
    found = {(whom, who) for _, _, whom, who in con.execute(query).fetchall()}
    assert found == set(pairs) - allowed
