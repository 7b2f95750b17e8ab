"""Views of a release: what their queries become over published columns, what is refused, and what config() must say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from siyu.compile.business_names import check_names, chinese_name
from siyu.compile.model_files import Model
from siyu.compile.project import Column, CompiledModel
from siyu.compile.release_view import release_query
from siyu.compile.semantics import check_columns, check_semantics
from siyu.compile.template_functions import _check_config
from siyu.errors import ConfigError
from siyu.release.columns import published_columns
from siyu.release.kpi_metrics import kpi_measures, metric_name, rules
from siyu.release.views import _published, chinese_names

KINDS = {"mobile": "VARCHAR", "record_id": "VARCHAR", "since_at": "TIMESTAMP", "since_date": "DATE", "amount": "BIGINT"}


def column(name: str, text: str = "", kind: str = "") -> Column:
    is_personal = name.endswith(("mobile", "record_id"))
    return Column(name, kind or KINDS.get(name.removeprefix("x_"), "VARCHAR"), text, is_personal)


def model(sql: str, schema: str = "bi", **config: Any) -> CompiledModel:
    file = f"models/{schema}/mine.sql"
    written = Model(schema, "mine", file, Path(file), sql, "Mine.", ("one_id",))
    return CompiledModel(written, sql, "view", {"published": "view", **config}, set(), set(), set(), set(), "v")


def query(sql: str, *names: str) -> str:
    columns = [column(name) for name in names]
    return " ".join(release_query(model(sql), _published(columns), ["mobile", "record_id"]).split())


def test_personal_columns_and_moments_are_taken_from_published_ones() -> None:
    sql = "select p.one_id as person, p.mobile, q.since_at as x_since_at from identity.person as p, a.b as q"
    assert query(sql, "person", "mobile", "x_since_at") == (
        "SELECT p.one_id AS person, p.mobile_hash AS mobile_hash, p.mobile_masked AS mobile_masked,"
        " q.since_at AS x_since_at, q.since_date AS x_since_date FROM identity.person AS p, a.b AS q"
    )
    assert query("select p.record_id as x_record_id from a.b as p", "x_record_id") == (
        "SELECT p.record_id_hash AS x_record_id_hash FROM a.b AS p"
    )
    both = query("select p.since_at, p.since_date from a.b as p", "since_at", "since_date")
    assert both == "SELECT p.since_at, p.since_date FROM a.b AS p", "one date is enough"


@pytest.mark.parametrize(
    ("sql", "names", "problem"),
    [
        ("select upper(p.mobile) as mobile from a.b as p", ("mobile",), "not a column of a table"),
        ("with p as (select mobile from a.b) select p.mobile from p", ("mobile",), "not a column of a table"),
        ("select p.record_id as mobile from a.b as p", ("mobile",), "not a column of a table"),
        ("select p.one_id from a.b as p where p.mobile = '1'", ("one_id",), "only hashed and masked"),
        ("with x as (select mobile as m from a.b) select x.m from x", ("m",), "only hashed and masked"),
        ("select fn_local_date(p.x) as x from a.b as p", ("x",), "fn_local_date, which readers of a release do not"),
        ("select p.x from a.b as p union all select p.x from a.b as p", ("x",), "is a union"),
    ],
)
def test_what_a_view_of_a_release_cannot_do(sql: str, names: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        query(sql, *names)
    assert problem in str(error.value) and error.value.where == "models/bi/mine.sql" and error.value.fix


def test_only_a_view_can_be_published_as_one() -> None:
    written = model("select 1").model
    _check_config(written, {"materialized": "view", "published": "view"})
    for values in ({"published": "view"}, {"materialized": "view", "published": "table"}, {"restricted": "view"}):
        with pytest.raises(ConfigError):
            _check_config(written, values)
    assert model("select 1").is_release_view
    assert not model("select 1", published=True).is_release_view


def test_chinese_names_stand_in_front_of_the_comment() -> None:
    assert chinese_name("阶段. Stage now.") == "阶段"
    assert chinese_name("SDR编码. Who. 谁.") == "SDR编码"
    assert chinese_name("Stage now. 阶段.") == chinese_name("Stage 阶段") == ""
    check_names("bi.mine", "f.sql", [column("stage", "阶段. Stage now.")])
    with pytest.raises(ConfigError, match=r"stage of bi\.mine has no Chinese name"):
        check_names("bi.mine", "f.sql", [column("stage", "Stage now.")])


def test_added_columns_have_chinese_names_too() -> None:
    written = [
        column("mobile", "手机. Mobile."),
        column("since_at", "进入时间. When."),
        column("stage", "阶段. Code."),
        column("stage_name_zh", "阶段. Name."),
        column("stage_name_en", "阶段英文名. Name."),
    ]
    assert chinese_names(published_columns(written)) == {
        "mobile_hash": "手机（哈希）", "mobile_masked": "手机（脱敏）", "since_at": "进入时间",
        "since_date": "进入日期",
        "stage": "阶段", "stage_name_zh": "阶段（stage_name_zh）",
    }  # fmt: skip


def test_each_number_of_schema_bi_says_whether_it_adds_up() -> None:
    types = {"one_id": "VARCHAR", "amount": "DECIMAL(18,2)", "since_at": "TIMESTAMP"}
    check_columns(model("").model, {"measures": {"amount": "sum", "*": "count"}, "time": "since_date"}, types)
    with pytest.raises(ConfigError, match="nothing says whether it adds up"):
        check_columns(model("").model, {}, types)
    check_columns(model("", schema="kpi").model, {}, types)
    check_columns(model("").model, {"measures": {"amount": "sum by since_date"}}, types)
    with pytest.raises(ConfigError, match="names until_date, which it does not yield"):
        check_columns(model("").model, {"measures": {"amount": "sum by until_date"}}, types)
    with pytest.raises(ConfigError, match="names ammount, which it does not yield") as error:
        check_columns(model("", schema="kpi").model, {"measures": {"ammount": "sum"}}, types)
    assert error.value.fix == "did you mean amount?"


@pytest.mark.parametrize(
    "values",
    [{"measures": {"amount": "total"}}, {"measures": ["amount"]}, {"entities": {"a__b": "one_id"}}, {"time": 3}],
)
def test_words_that_the_manifest_does_not_know(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        check_semantics("bi.mine", values)


def test_the_rules_of_kpis() -> None:
    flow = {"is_stock": "false", "is_additive": "true"}
    total, channel, segment = (
        {"dimension": name, "is_partition": is_partition}
        for name, is_partition in (("total", "true"), ("channel", "true"), ("segment", "false"))
    )
    assert [rules(flow, d) for d in (total, channel, segment)] == [
        ("sum", "one_member"), ("sum", "sum"), ("sum", "never")
    ]  # fmt: skip
    assert rules({**flow, "is_stock": "true"}, channel) == ("last_day", "sum")
    assert rules({**flow, "is_additive": "false", "is_quotient": "false"}, channel) == ("never", "never")
    assert metric_name("dau", "total") == "dau" and metric_name("dau", "channel") == "dau_by_channel"
    assert [m["name"] for m in kpi_measures() if m["non_additive_dimension"]] == [
        "kpi_last_numerator", "kpi_last_denominator", "kpi_last_value"
    ]  # fmt: skip
