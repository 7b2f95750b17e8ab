"""Schema bi in a release: views over its tables, and what its numbers add up to, compared with other tables."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

import duckdb
import pytest

from siyu.compile.project import Project
from siyu.release.publish import published_tables, release_views
from siyu.release.semantic_manifest import FILE, semantic_manifest
from tests.golden.conftest import Ran

FEW_KPIS = ("net_revenue", "order_value", "members", "active_rate", "payback_months", "dau", "handoff_hours")
TABLES = ("account", "deals", "kpi_daily", "person", "stage_moves", "touches_daily")
VIEWS = ("account", "kpi_daily", "person", "stage_moves")


COUNTS = (
    (
        "select stage, count(*) from bi.person where stage is not null group by 1",
        "select stage, count(*) from journey.person_stage group by 1",
    ),
    (
        "select to_stage, direction, count(*) from bi.stage_moves group by all",
        "select to_stage, direction, count(*) from journey.stage_transition group by all",
    ),
    (
        "select touch_date, channel, sum(touch_count) from bi.touches_daily group by all",
        "select occurred_date, channel, count(*) from journey.person_touch group by all",
    ),
    (
        "select touch_date, channel, campaign_id, behaviour, direction, stage, people_count from bi.touches_daily",
        "select t.occurred_date, t.channel, t.campaign_id, t.behaviour, t.direction, s.stage, count(distinct t.one_id)"
        " from journey.person_touch as t left join journey.person_stage as s using (one_id) group by all",
    ),
    (
        "select person_id from bi.person where segments like '%silent_customers%'",
        "select one_id from audience.segment_member where segment = 'silent_customers'",
    ),
)


@pytest.fixture(scope="module")
def release(night: Ran) -> duckdb.DuckDBPyConnection:
    return night.connect()


def _columns(con: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [row[0] for row in con.execute(f"describe {relation}").fetchall()]


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return con.execute(sql).fetchall()


def test_the_release_has_the_views_and_says_so(night: Ran, release: duckdb.DuckDBPyConnection) -> None:
    manifest = json.loads((night.settings.warehouse / "current" / "manifest.json").read_text(encoding="utf-8"))
    found = {f"{schema}.{name}": is_view for schema, name, is_view in _rows(release, (
        "select schema_name, table_name, false from duckdb_tables() where schema_name in ('bi', 'bi_zh') union all"
        " select schema_name, view_name, true from duckdb_views() where not internal and schema_name like 'bi%'"
    ))}  # fmt: skip
    assert {name: name.startswith("bi_zh") or name.partition(".")[2] in VIEWS for name in found} == found
    assert found.keys() == {f"{schema}.{table}" for schema in ("bi", "bi_zh") for table in TABLES}
    assert manifest["views"].keys() == {name for name, is_view in found.items() if is_view}
    assert {name for name in manifest["tables"] if name.startswith("bi")} == {"bi.deals", "bi.touches_daily"}
    assert {p.stem for p in (night.settings.warehouse / "current/parquet/bi").iterdir()} == set(TABLES)


@pytest.mark.parametrize("table", VIEWS)
def test_a_view_of_the_release_has_the_rows_of_the_model(table: str, night: Ran) -> None:
    """Its query is another: it reads published columns. The build database still has the model itself."""
    con = duckdb.connect()
    con.execute(f"attach '{night.settings.warehouse / 'current' / 'siyu.duckdb'}' as release (read_only)")
    con.execute(f"attach '{night.settings.warehouse / 'build' / 'build.duckdb'}' as build (read_only)")
    both = set(_columns(con, f"release.bi.{table}")) & set(_columns(con, f"build.bi.{table}"))
    assert len(both) > 15
    listed = ", ".join(sorted(both))
    where = "where business_date > date '2026-06-20'" if table == "kpi_daily" else ""
    for one, other in (("release", "build"), ("build", "release")):
        [[missing]] = _rows(con, (
            f"select count(*) from (select {listed} from {one}.bi.{table} {where} except all select {listed}"
            f" from {other}.bi.{table} {where})"
        ))  # fmt: skip
        assert missing == 0


def test_people_are_named_only_masked(release: duckdb.DuckDBPyConnection) -> None:
    columns = _columns(release, "bi.person")
    assert not {"full_name", "mobile", "email"} & set(columns)
    masked = _rows(release, "select mobile_masked from bi.person where mobile_masked is not null")
    assert masked and all(re.fullmatch(r"\d{3}\*{4}\d{4}", text) for (text,) in masked)
    assert _rows(release, (
        "select count(*) from bi.person as b join identity.person as p on b.person_id = p.one_id where"
        " (b.mobile_hash, b.email_hash, b.last_seen_date)"
        " is distinct from (p.mobile_hash, p.email_hash, p.last_seen_date)"
    )) == [(0,)]  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_chinese_names(table: str, release: duckdb.DuckDBPyConnection) -> None:
    english, chinese = _columns(release, f"bi.{table}"), _columns(release, f"bi_zh.{table}")
    assert len(chinese) == len([name for name in english if not name.endswith("_en")])
    assert all(re.search(r"[\u4e00-\u9fff]", name) for name in chinese)
    assert not [name for name in chinese if "（" in name and not name.endswith(("（哈希）", "（脱敏）"))]
    comments = dict(_rows(release, (
        "select column_name, comment from duckdb_columns() where schema_name = 'bi_zh' and table_name = "
        f"'{table}'"
    )))  # fmt: skip
    assert {comments[name] for name in chinese} <= {f"bi.{table}.{name}" for name in english}
    for name in chinese[:3]:
        column = comments[name].rpartition(".")[2]
        assert _rows(release, f'select "{name}" from bi_zh.{table} order by 1') == _rows(
            release, f"select {column} from bi.{table} order by 1"
        )


def test_revenue_adds_up_to_the_kpi(release: duckdb.DuckDBPyConnection) -> None:
    [[kpi]] = _rows(release, (
        "select sum(numerator) from kpi.kpi_value where kpi_code = 'net_revenue' and dimension = 'total'"
    ))  # fmt: skip
    [[deals, person_less, account_less]] = _rows(release, (
        "select sum(revenue_amount), sum(revenue_amount) filter (where person_id is null),"
        " sum(revenue_amount) filter (where account_id is null) from bi.deals"
    ))  # fmt: skip
    assert deals == kpi > 1_000_000
    for table, without in (("person", person_less), ("account", account_less)):
        [[amount]] = _rows(release, f"select sum(revenue_amount) from bi.{table}")
        assert amount + (without or 0) == kpi, table


def test_counts_are_those_of_the_tables_behind(release: duckdb.DuckDBPyConnection) -> None:
    for ours, theirs in COUNTS:
        expected = sorted(_rows(release, theirs), key=str)
        assert sorted(_rows(release, ours), key=str) == expected and expected, ours


def test_names_are_those_of_the_tag_catalog(release: duckdb.DuckDBPyConnection) -> None:
    """The names of short lists are written into the view; tag_member has them, too."""
    columns = _columns(release, "bi.person")
    named = [name.removesuffix("_name_zh") for name in columns if name.endswith("_name_zh")]
    tags = [name for name in named if name in _columns(release, "tags.person_profile") and name != "trust_step"]
    assert len(tags) > 25
    for tag in tags:
        assert _rows(release, (
            f"select count(*) from bi.person as p left join tags.tag_member as m on m.tag_code = '{tag}' and p.{tag} ="
            f" m.tag_value where (p.{tag}_name_zh, p.{tag}_name_en) is distinct from"
            f" (coalesce(m.name_zh, p.{tag}), coalesce(m.name_en, p.{tag}))"
        )) == [(0,)], tag  # fmt: skip


def test_a_value_is_a_quotient_where_the_catalog_says_so(release: duckdb.DuckDBPyConnection) -> None:
    differs = (
        "select distinct k.kpi_code from kpi.kpi_value as v join kpi.kpi_catalog as k using (kpi_code) where v.value <>"
        " round(cast(v.numerator as decimal(30, 6)) / coalesce(nullif(v.denominator, 0), 1), 6)"
        " and abs(v.value - v.numerator / coalesce(nullif(v.denominator, 0), 1)) > 0.000001"
    )
    found = {code for (code,) in _rows(release, differs)}
    given = {code for (code,) in _rows(release, "select kpi_code from kpi.kpi_catalog where not is_quotient")}
    assert found <= given, "their values are more than numerator / denominator: write is_quotient false"
    assert {"stage_days", "payback_months", "group_uplift"} <= found


def _figure(rows: list[dict[str, Any]], days: str, is_quotient: bool = True) -> Fraction | None:
    """What the rows of a KPI and a dimension become, by the rules of bi.kpi_daily: in Python, over kpi.kpi_value."""
    if days == "never":
        return Fraction(rows[0]["value"]) if len(rows) == 1 else None
    if days == "last_day":
        last = max(row["as_of_date"] for row in rows)
        rows = [row for row in rows if row["as_of_date"] == last]
    if not is_quotient:
        return Fraction(rows[0]["value"])
    above = sum(Fraction(row["numerator"]) for row in rows)
    below = [Fraction(row["denominator"]) for row in rows if row["denominator"] is not None]
    return above / sum(below) if below and sum(below) else None if below else above


def test_members_of_an_additive_kpi_add_up_to_the_total(release: duckdb.DuckDBPyConnection) -> None:
    """For every KPI and dimension whose members may be added up, on every day."""
    pairs = _rows(release, (
        "select distinct kpi_code, dimension from bi.kpi_daily where across_members = 'sum' order by all"
    ))  # fmt: skip
    assert len(pairs) > 40
    wrong = _rows(release, (
        "with members as (select business_date, kpi_code, dimension, sum(numerator) as amount from bi.kpi_daily"
        " where across_members = 'sum' group by all)"
        " select m.kpi_code, m.dimension, count(*), min(m.business_date), max(m.business_date) from members as m"
        " join kpi.kpi_value as t on m.business_date = t.as_of_date and m.kpi_code = t.kpi_code"
        " and t.dimension = 'total' where m.amount <> t.numerator group by all order by all"
    ))  # fmt: skip
    assert wrong == []


def test_the_manifest_says_of_each_kpi_what_the_view_says(night: Ran, release: duckdb.DuckDBPyConnection) -> None:
    manifest = _manifest(night)
    told = {
        (meta["kpi_code"], meta["dimension"]): (meta["across_days"], meta["across_members"])
        for metric in manifest["metrics"]
        if "kpi_code" in (meta := metric["config"]["meta"])
    }
    codes = {code for (code,) in _rows(release, "select kpi_code from kpi.kpi_catalog")}
    assert {code for code, _ in told} == codes and len(codes) == 91
    shown = {(row[0], row[1]): (row[2], row[3]) for row in _rows(release, (
        "select distinct kpi_code, dimension, across_days, across_members from bi.kpi_daily"
    ))}  # fmt: skip
    assert shown.keys() <= told.keys() and {key: told[key] for key in shown} == shown


def _manifest(night: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((night.settings.warehouse / "current" / FILE).read_text(encoding="utf-8"))
    return found


def test_the_manifest_is_the_same_for_the_same_release(night: Ran, project: Project) -> None:
    views = release_views(project)
    names = [model.name for model in published_tables(project)] + [view.name for view in views]
    made = json.dumps(semantic_manifest(project, names), ensure_ascii=False) + "\n"
    assert made == (night.settings.warehouse / "current" / FILE).read_text(encoding="utf-8")


class TestMetricFlow:
    """MetricFlow itself reads the manifest and asks the release."""

    @pytest.fixture(scope="class")
    def engine(self, night: Ran) -> Any:
        pytest.importorskip("metricflow", reason="metricflow is not installed")
        from tests.golden.metricflow import MetricFlow

        return MetricFlow(night.settings.warehouse / "current")

    def test_the_manifest_is_valid(self, engine: Any) -> None:
        assert engine.problems() == []

    def test_kpis_by_month(self, engine: Any, release: duckdb.DuckDBPyConnection) -> None:
        """Flows, stocks, quotients and medians, as the rules make them of kpi.kpi_value; with SEMANTIC_KPIS=all, every
        KPI that has a total."""
        codes: Sequence[str] = FEW_KPIS
        if os.environ.get("SEMANTIC_KPIS") == "all":
            codes = [code for (code,) in _rows(release, (
                "select distinct kpi_code from kpi.kpi_value where dimension = 'total' order by 1"
            ))]  # fmt: skip
        found = engine.ask(codes, ["metric_time__month"])
        seen = set()
        for number, code in enumerate(codes, start=1):
            [[days]] = _rows(release, f"select distinct across_days from bi.kpi_daily where kpi_code = '{code}'")
            rows = _dicts(release, code)
            quotient = _rows(release, f"select is_quotient from kpi.kpi_catalog where kpi_code = '{code}'") == [(True,)]
            for month, part in groupby(rows, key=lambda row: row["month"]):
                expected = _figure(list(part), days, quotient)
                [got] = [row[number] for row in found if row[0].date() == month]
                assert (got is None) == (expected is None), (code, month, got, expected)
                assert got is None or abs(Fraction(got) - expected) < Fraction(1, 10**5), (code, month)
                seen.add((code, got is None))
        assert {code for code, is_empty in seen if not is_empty} >= set(FEW_KPIS) - {"handoff_hours", "dau"}
        assert ("handoff_hours", True) in seen, "medians of several days are no median"
        assert ("dau", True) in seen, "somebody is active on several days"

    def test_members_that_do_not_add_up_have_no_sum(self, engine: Any, release: duckdb.DuckDBPyConnection) -> None:
        by_member = dict(engine.ask(["orders_by_product_line"], ["kpi_daily_row__member"]))
        expected = dict(_rows(release, (
            "select member, sum(numerator) from kpi.kpi_value where kpi_code = 'orders' and dimension = 'product_line'"
            " group by 1"
        )))  # fmt: skip
        assert {member: Decimal(str(value)) for member, value in by_member.items()} == expected
        assert engine.ask(["orders_by_product_line"], []) == [(None,)], "an order has several product lines"
        [[all_channels]] = engine.ask(["net_revenue_by_channel"], [])
        assert engine.ask(["net_revenue"], []) == [(all_channels,)]

    def test_joins(self, engine: Any, release: duckdb.DuckDBPyConnection) -> None:
        found = engine.ask(["deals_revenue_amount", "deals_count"], ["person__stage_name_zh"])
        expected = _rows(release, (
            "select p.stage_name_zh, sum(d.revenue_amount), count(*) from bi.deals as d left join bi.person as p"
            " using (person_id) group by 1"
        ))  # fmt: skip
        assert {row[0]: (Decimal(str(row[1])), row[2]) for row in found} == {row[0]: row[1:] for row in expected}
        by_month = dict(engine.ask(["deals_revenue_amount"], ["metric_time__month"]))
        assert {day.date(): Decimal(str(amount)) for day, amount in by_month.items() if day} == dict(_rows(release, (
            "select cast(date_trunc('month', revenue_date) as date), sum(revenue_amount) from bi.deals"
            " where has_revenue group by 1"
        ))), "revenue counts when it comes in, not when a deal is opened"  # fmt: skip
        [[people]] = engine.ask(["person_count"], [])
        assert [(people,)] == _rows(release, "select count(*) from identity.person")


def _dicts(release: duckdb.DuckDBPyConnection, code: str) -> list[dict[str, Any]]:
    cursor = release.execute(
        "select as_of_date, numerator, denominator, value, cast(date_trunc('month', as_of_date) as date) as month from"
        f" kpi.kpi_value where kpi_code = '{code}' and dimension = 'total' order by as_of_date"
    )
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
