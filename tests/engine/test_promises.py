"""config(restate=…, calendar=…): what is refused, and the query of a model over parts of its inputs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from siyu.compile.project import CompiledModel, Project
from siyu.compile.promises import (
    ALL,
    Turn,
    check_inputs,
    check_keys,
    check_restatement,
    key_columns,
    kind_of,
    names_in,
    query_of_part,
    reads_calendar,
    tables_read,
    turns_of,
)
from siyu.errors import ConfigError, SiyuError


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"restate": "persons"}, "unknown restate 'persons' of tags.x"),
        ({"restate": "person", "materialized": "snapshot"}, "is neither table nor view"),
        ({"calendar": ["occurred_at"]}, "has calendar=…, but no restate"),
        ({"through": {"one_id": ["node"]}}, "has through=…, but no restate"),
        ({"restate": "record", "through": {"one_id": "node"}}, "does not map tables to lists of columns"),
        ({"restate": "record", "calendar": ["occurred_at - 3"]}, "is no list of columns"),
        ({"restate": "record", "calendar": "occurred_at"}, "is no list of columns"),
    ],
)
def test_a_wrong_promise_is_refused(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        check_restatement("tags.x", values)


def test_a_promise_needs_the_columns_of_its_key(project: Project) -> None:
    model = project.models["journey.person_touch"].model
    check_keys(model, {"restate": "person"}, ["one_id", "score"])
    with pytest.raises(ConfigError, match="not person_key or one_id"):
        check_keys(model, {"restate": "person"}, ["channel", "score"])
    with pytest.raises(ConfigError, match="not channel and record_id"):
        check_keys(model, {"restate": "record"}, ["channel", "score"])


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"calendar": ["ocurred_at + 90"]}, ["has ocurred_at, which no input has", "did you mean occurred_at?"]),
        ({"through": {"one_ids": ["node"]}}, ["names one_ids, which is no table", "did you mean one_id?"]),
        (
            {"through": {"touch": ["chanel", "touchpoint"]}, "calendar": ["at"]},
            [
                "the calendar of journey.person_touch has at,",
                "has chanel, which is no column of records.touch",
                "has chanel, which is no column of any other input",
                "has touchpoint, which is no column of any other input",
            ],
        ),
    ],
)
def test_a_promise_names_what_its_inputs_have(project: Project, config: dict[str, Any], told: list[str]) -> None:
    model = replace(project.models["journey.person_touch"], config={"restate": "record", **config})
    with pytest.raises(SiyuError) as found:
        check_inputs(project, model, project.models)
    assert all(one in str(found.value) for one in told)


def test_an_input_may_be_missing_with_its_channel(project: Project) -> None:
    model = project.models["journey.person_touch"]
    through = {"restate": "record", "calendar": ["at"], "through": {"account_id": ["account_key"]}}
    without = replace(
        project, models={name: one for name, one in project.models.items() if name != "identity.account_id"}
    )
    check_inputs(without, replace(model, refs=set(), sources=set(), config=through), project.models)


def test_the_key_of_a_table_is_the_first_that_it_has() -> None:
    assert key_columns("person", ["one_id", "person_key"]) == ("person_key",)
    assert key_columns("person", ["one_id"]) == ("one_id",)
    assert key_columns("record", ["record_id"]) is None
    assert key_columns(ALL, ["one_id"]) is None


def test_a_time_of_the_calendar_may_be_some_days_later(project: Project) -> None:
    model = project.models["journey.person_touch"]
    assert turns_of(replace(model, config={"calendar": ["occurred_at", "moved_at + 90"]})) == [
        Turn("occurred_at"),
        Turn("moved_at", 90),
    ]


def test_only_the_relations_of_a_query_are_replaced(project: Project) -> None:
    """Chinese texts before them do not move the places; comments and aliases stay."""
    model = project.models["journey.person_touch"]
    sql = (
        "-- 触点 records.touch\nselect '触点 records.touch' as 标签, touch.channel from records.touch\n"
        "semi join records.touch as t using (channel) where touch.channel <> 'identity.record_person'"
    )
    written = replace(model, sql=sql)
    assert query_of_part(project, written, {"records.touch": "temp.part_1"}) == (
        "-- 触点 records.touch\nselect '触点 records.touch' as 标签, touch.channel from temp.part_1 as touch\n"
        "semi join temp.part_1 as t using (channel) where touch.channel <> 'identity.record_person'"
    )
    assert query_of_part(project, written, {}) == sql


def test_views_are_written_out(project: Project) -> None:
    reader = next(m for m in project.models.values() if m.refs & _views(project))
    view = project.models[sorted(reader.refs & _views(project))[0]]
    table = sorted(tables_read(project, view))[0]
    found = query_of_part(project, reader, {table: "temp.part_1"})
    assert "temp.part_1" in found
    assert table in tables_read(project, reader)


def _views(project: Project) -> set[str]:
    """Views that read a table directly."""
    return {
        name
        for name, model in project.models.items()
        if model.materialized == "view"
        and any(project.models[r].materialized == "table" for r in _models(project, model))
    }


def _models(project: Project, model: CompiledModel) -> set[str]:
    return model.refs & project.models.keys()


def test_names_in_a_query(project: Project) -> None:
    model = project.models["journey.person_touch"]
    assert {"occurred_at", "channel", "person_key"} <= (names_in(project, model) or set())
    assert names_in(project, replace(model, sql="select count(*) as n from records.touch")) is not None
    assert names_in(project, replace(model, sql="select t.* from records.touch as t")) is None


def test_models_that_depend_on_the_business_date_say_by_which_times(project: Project) -> None:
    """Of the models that can be restated, all read records or touches of a night, so they have to know."""
    without = {
        name
        for name, model in project.models.items()
        if kind_of(model) != ALL and reads_calendar(project, model) and not model.config.get("calendar")
    }
    assert without == set()
