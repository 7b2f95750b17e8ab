"""`siyu kpi` on the release of the sample: as kpi.kpi_value says, with the records that each figure rests on."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest
from typer.testing import CliRunner

from siyu.ask.kpi_evidence import by_channel, counted_parts, has_evidence
from siyu.ask.kpi_lookup import KpiQuestion, kpi_catalog, placed
from siyu.ask.kpi_records import EVIDENCE
from siyu.ask.kpi_why import kpi_why
from siyu.ask.kpi_words import BLOCKS
from siyu.ask.lookup import Lookup, current_release
from siyu.cli import app
from siyu.compile.project import Project
from siyu.dev.kpi_docs import example
from siyu.engines.base import Session
from siyu.report.headline import headline_kpis
from siyu.seeds.kpi_tables import FAMILIES, listed
from siyu.settings import Settings
from tests.golden.conftest import Ran

Ask = Callable[..., str]
AS_OF = date(2026, 6, 30)
# KPIs that are 0 on each day of the sample, which has no such records.
ALL_ZERO = {"unknown_revenue", "unpriced_lines"}


def rows(night: Ran, sql: str) -> list[tuple[Any, ...]]:
    with night.connect() as con:
        return con.execute(sql).fetchall()


@pytest.fixture
def ask(night: Ran, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What a command that succeeds prints."""
    monkeypatch.setenv("SIYU_WAREHOUSE", str(night.settings.warehouse))

    def asked(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["kpi", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    return asked


@pytest.fixture
def changed(night: Ran, tmp_path: Path) -> Callable[[str], Settings]:
    """A copy of the release that statements change."""
    release = (night.settings.warehouse / "current").resolve()
    target = tmp_path / "releases" / release.name
    target.mkdir(parents=True)
    for name in ("siyu.duckdb", "manifest.json"):
        shutil.copyfile(release / name, target / name)
    (tmp_path / "current").symlink_to(target)

    def change(statement: str) -> Settings:
        with duckdb.connect(str(target / "siyu.duckdb")) as con:
            con.execute(statement)
        return night.settings.model_copy(update={"warehouse": tmp_path})

    return change


def test_the_catalog_has_every_kpi_by_family(night: Ran, ask: Ask) -> None:
    told = json.loads(ask("--json"))
    wanted = {code: (family, window or 0) for code, family, window in rows(
        night, "select kpi_code, family, window_days from kpi.kpi_catalog"
    )}  # fmt: skip
    assert [row["kpi_code"] for row in told["kpis"]] == sorted(
        wanted, key=lambda code: (FAMILIES.index(wanted[code][0]), code)
    )
    text = ask()
    assert text.startswith(f"{len(wanted)} KPIs 指标 on {AS_OF}, as of {AS_OF}\n")
    known = {
        (code, day): (value, status) for code, day, value, status in rows(
            night, "select kpi_code, as_of_date, value, status from kpi.kpi_value where dimension = 'total'"
        )
    }  # fmt: skip
    for row in told["kpis"]:
        day = AS_OF - timedelta(days=wanted[row["kpi_code"]][1])
        value, status = known.get((row["kpi_code"], day), (None, None))
        assert (row["as_of_date"], row["value"], row["status"]) == (str(day), value and float(value), status) or (
            value == 0 and row["value"] == 0
        )
        assert len(re.findall(rf"^[* ] {row['kpi_code']} ", text, re.MULTILINE)) == 1
    assert text.count("\n* ") == 1  # the core metric


def test_a_past_day_of_the_catalog(night: Ran) -> None:
    told = kpi_catalog(night.settings, date(2026, 5, 20))
    [row] = [row for row in told["kpis"] if row["kpi_code"] == "net_revenue"]
    assert [(row["value"], row["status"])] == rows(
        night,
        "select value, status from kpi.kpi_value where kpi_code = 'net_revenue' and dimension = 'total'"
        " and as_of_date = date '2026-05-20'",
    )


def test_a_series_has_a_block_for_each_day(night: Ran, ask: Ask) -> None:
    told = json.loads(ask("net_revenue", "--last", "20", "--json"))
    assert (told["first_day"], told["last_day"]) == ("2026-06-11", "2026-06-30")
    wanted = rows(
        night,
        "select as_of_date, value, baseline, low, high, target, status from kpi.kpi_value"
        " where kpi_code = 'net_revenue' and dimension = 'total'"
        " and as_of_date >= date '2026-06-11' order by as_of_date",
    )
    names = ("as_of_date", "value", "baseline", "low", "high", "target", "status")
    assert [[row[name] for name in names] for row in told["days"]] == json.loads(
        json.dumps(wanted, default=lambda value: str(value) if isinstance(value, date) else float(value))
    )
    text = ask("净收入", "--last", "20")
    assert text == ask("net_revenue", "--last", "20")
    assert told["kpi"]["formula"] in text and told["kpi"]["formula_zh"] in text
    assert "unit 单位 amount 金额; up is good 越高越好" in text
    [line] = re.findall(r"value 值 +([▁-█·]+)  scale", text)
    values = {str(row[0]): row[1] for row in wanted}
    assert len(line) == 20
    for number, block in enumerate(line):
        day = str(date(2026, 6, 11) + timedelta(days=number))
        assert (block == "·") == (values.get(day) is None)
    largest = max(values, key=lambda day: values[day] if values[day] is not None else -1)
    assert line[(date.fromisoformat(largest) - date(2026, 6, 11)).days] == max(line, key=f"·{BLOCKS}".index)
    [latest] = re.findall(r"^2026-06-30 .*", text, re.MULTILINE)
    assert f"{wanted[-1][1]:,.2f}" in latest and f"{wanted[-1][5]:,.2f}" in latest


def test_rates_are_percents_and_young_cohorts_are_marked(night: Ran, ask: Ask) -> None:
    text = ask("lead_to_won", "--date", "2026-06-30", "--last", "10")
    days = rows(
        night,
        "select as_of_date from kpi.kpi_value where kpi_code = 'lead_to_won' and dimension = 'total'"
        " and as_of_date > date '2026-06-20'",
    )
    [marked] = re.findall(r"marks 标记 +([i·]+)\n", text)
    assert marked.count("i") == len(days) > 0 and len(marked) == 10
    assert re.search(r"2026-06-\d\d +\d+\.\d % .* immature 未成熟", text)
    assert "lead_to_won" in text and "--" not in text
    closed = json.loads(ask("lead_to_won", "--json"))
    assert closed["last_day"] == str(AS_OF - timedelta(days=90))
    assert closed["days"] and all(row["status"] != "immature" for row in closed["days"])


def test_a_stale_day_is_marked(changed: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = changed(
        "update kpi.kpi_value set status = 'stale', value = null, numerator = null where kpi_code = 'net_revenue'"
        " and dimension = 'total' and as_of_date = date '2026-06-30'"
    )
    monkeypatch.setenv("SIYU_WAREHOUSE", str(settings.warehouse))
    text = CliRunner().invoke(app, ["kpi", "net_revenue", "--last", "5"]).output
    assert re.search(r"value 值 +[▁-█]{4}·", text) and re.search(r"marks 标记 +....s\n", text)
    assert re.search(r"^2026-06-30 +– .*stale 数据过期 *$", text, re.MULTILINE)


def test_a_figure_without_a_baseline_shows_what_is_usual_elsewhere(
    night: Ran, changed: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, day = "service_success_rate", "2026-05-30"
    settings = changed(
        "update kpi.kpi_value set baseline = null, low = null, high = null, status = 'no_baseline',"
        f" benchmark_low = 0.4, benchmark_high = 0.5 where kpi_code = '{code}' and dimension = 'total'"
    )
    monkeypatch.setenv("SIYU_WAREHOUSE", str(settings.warehouse))
    line = "\n  no baseline yet, elsewhere 暂无基线，行业参考 40.0 % to 50.0 %: Rule of thumb of the field\n"
    for arguments in ([code, "--date", day], [code, "--date", day, "--why"]):
        assert line in CliRunner().invoke(app, ["kpi", *arguments]).output
    text = CliRunner().invoke(app, ["kpi", "--date", "2026-06-29"]).output
    assert re.search(rf"^ +{code} .* \(40.0 % to 50.0 %\) +no_baseline ", text, re.MULTILINE)
    assert "(in brackets 括号内): usual elsewhere" in text
    assert "elsewhere" not in CliRunner().invoke(app, ["kpi", "buyers"]).output
    # Beside every figure of these KPIs without a baseline, whatever the member, and beside no other.
    rules = "(select kpi_code, low, high from (values ('traffic_success_rate', 0.7, 0.7)," + (
        " ('service_success_rate', 0.4, 0.5), ('monetisation_success_rate', 0.3, 0.4)) as r (kpi_code, low, high))"
    )
    [(shown, wrong)] = rows(
        night,
        "select count(v.benchmark_low), count(*) filter (where (v.benchmark_low, v.benchmark_high) is distinct from"
        " (case when v.baseline is null then r.low end, case when v.baseline is null then r.high end))"
        f" from kpi.kpi_value as v left join {rules} as r using (kpi_code)",
    )
    assert shown > 0 and wrong == 0


def test_the_summary_of_a_night_shows_what_is_usual_elsewhere(
    night: Ran, project: Project, changed: Callable[[str], Settings]
) -> None:
    settings = changed(
        "create or replace macro fn_as_of() as date '2026-06-30';"
        "update kpi.kpi_catalog set is_core = kpi_code = 'service_success_rate', is_current_phase = family = 'wecom';"
        "update kpi.kpi_value set baseline = null, benchmark_low = 0.4, benchmark_high = 0.5"
        " where kpi_code = 'service_success_rate'"
    )
    with duckdb.connect(str(settings.warehouse / "current" / "siyu.duckdb"), read_only=True) as con:
        lines = headline_kpis(cast(Session, SimpleNamespace(rows=lambda sql: con.execute(sql).fetchall())), project)
    told = {line.code: line.month for line in lines}
    assert list(told) == ["service_success_rate", "monetisation_success_rate", "traffic_success_rate"]
    assert re.fullmatch(r"\d+\.\d % \(cohorts to 2026-05-31; elsewhere 行业参考 40.0 % to 50.0 %\)",
                        told["service_success_rate"])  # fmt: skip
    assert re.fullmatch(r"\d+\.\d % \(cohorts to 2026-06-23\)", told["traffic_success_rate"])


def test_members_come_largest_first(night: Ran, ask: Ask) -> None:
    told = json.loads(ask("net_revenue", "--by", "活动", "--json"))
    wanted = rows(
        night,
        "select member, sum(numerator) as size from kpi.kpi_value where kpi_code = 'net_revenue'"
        " and dimension = 'campaign' and as_of_date > date '2026-05-31' group by member"
        " order by size desc nulls last, member nulls last",
    )
    assert [(row["member"], row["size"]) for row in told["members"]] == [
        (member, float(size or 0)) for member, size in wanted
    ]
    assert None in [member for member, _ in wanted]
    lines = ask("net_revenue", "--by", "campaign").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("member 成员")) + 1
    assert [line.split()[0] for line in lines[start : start + len(wanted)]] == [
        member or "unknown" for member, _ in wanted
    ]


def test_one_member_by_name(ask: Ask) -> None:
    text = ask("buyers", "--by", "channel", "--member", "商城")
    assert text == ask("buyers", "--by", "渠道", "--member", "mall")
    assert "\nchannel 渠道 mall 商城 Mall, 2026-06-01 to 2026-06-30 (30 days 天)\n" in text
    unknown = json.loads(ask("net_revenue", "--by", "campaign", "--member", "unknown", "--json"))
    assert unknown["member"]["member"] is None and unknown["days"]


def test_a_kpi_without_a_total_shows_its_members(ask: Ask) -> None:
    text = ask("stage_conversion")
    assert "\nstage 阶段, " in text and re.search(r"^intent +意向客户 Intent ", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [
        (["net_revenu"], "there is no KPI 'net_revenu'", "did you mean net_revenue?"),
        (["净收"], "there is no KPI '净收'", "did you mean 净收入?"),
        (["buyers", "--by", "chanel"], "there is no dimension of buyers 'chanel'", "did you mean channel?"),
        (["buyers", "--by", "ask_level"], "there is no dimension of buyers 'ask_level'", "expected one of: "),
        (["buyers", "--by", "channel", "--member", "mal"], "'mal'", "did you mean mall?"),
        (["buyers", "--member", "mall"], "--member needs --by", "--by channel"),
        (["buyers", "--date", "2026-07-01"], "2026-07-01 lies after the last business date", "--date"),
        (["--by", "channel"], "are for one KPI", "name it"),
        (["--why"], "are for one KPI", "name it"),
        (["buyers", "--why", "--by", "channel"], "--why is about one figure, and channel has many", "--member"),
        (["buyers", "--why", "--date", "2025-01-01"], "buyers has no figure on 2025-01-01", "siyu kpi buyers"),
    ],
)
def test_wrong_use(night: Ran, arguments: list[str], problem: str, fix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(night.settings.warehouse))
    result = CliRunner().invoke(app, ["kpi", *arguments])
    assert result.exit_code == 2, result.output
    assert problem in result.output and fix in result.output and "Nothing was changed." in result.output


@pytest.fixture(scope="module")
def opened(night: Ran) -> Iterator[Lookup]:
    """The release, opened once for all figures. Planning takes longer than reading, so more threads only cost time."""
    with current_release(night.settings.model_copy(update={"threads": 1}), is_raw=False) as lookup:
        yield lookup


@pytest.fixture(scope="module")
def figures(night: Ran) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
    """Three dates of two members of each KPI and dimension: the largest, the smallest, the last.

    The unknown member is one of the two if it has figures. All are read at once: a query of its own for each takes
    longer than what the test is about.
    """
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for code, dimension, *figure in rows(
        night,
        "with v as (select kpi_code, dimension, member, as_of_date, numerator, denominator,"
        " coalesce(denominator, numerator) as size from kpi.kpi_value where value is not null),"
        " m as (select kpi_code, dimension, member, count(*) filter (where numerator <> 0) as days from v"
        " group by kpi_code, dimension, member"
        " qualify row_number() over (partition by kpi_code, dimension"
        " order by member is null desc, days desc, member) <= 2)"
        " select v.kpi_code, v.dimension, v.member, v.as_of_date, v.numerator, v.denominator from v join m"
        " on v.kpi_code = m.kpi_code and v.dimension = m.dimension and v.member is not distinct from m.member"
        " window s as (partition by v.kpi_code, v.dimension, v.member)"
        " qualify least(row_number() over (s order by size desc, as_of_date),"
        " row_number() over (s order by size, as_of_date),"
        " row_number() over (s order by numerator = 0, as_of_date desc)) = 1 order by all",
    ):
        found[code, dimension].append(tuple(figure))
    return found


def test_every_kpi_has_evidence_in_every_dimension(opened: Lookup) -> None:
    without = {
        (row["kpi_code"], dimension) for row in opened.reference("kpis") for dimension in listed(row["dimensions"])
        if not has_evidence(row["model"], row["kpi_code"], dimension)
    }  # fmt: skip
    assert without == set()


@pytest.mark.parametrize(
    ("model", "code"), [(model, code) for model, evidence in EVIDENCE.items() for code in evidence.parts]
)
def test_the_records_add_up_to_the_figure(
    opened: Lookup, figures: dict[tuple[str, str], list[tuple[Any, ...]]], model: str, code: str
) -> None:
    place = placed(opened, KpiQuestion(code, on=AS_OF))
    checked = 0
    for dimension in listed(place.kpi["dimensions"]):
        cells = figures[code, dimension]
        places = [replace(place, dimension=dimension, member=member, day=day) for member, day, *_ in cells]
        for (member, day, numerator, denominator), channels in zip(
            cells, by_channel(opened, model, places) if places else [], strict=True
        ):
            assert sum(row["numerator"] or 0 for row in channels) == numerator, (dimension, member, day)
            if denominator is not None and "denominator" in counted_parts(model, code):
                assert sum(row["denominator"] or 0 for row in channels) == denominator, (dimension, member, day)
            checked += numerator != 0 or bool(denominator)
    assert (checked > 0) == (code not in ALL_ZERO)


@pytest.mark.parametrize(("code", "figure"), [("unknown_revenue", "49120.62"), ("unpriced_lines", "1.00")])
def test_records_that_the_sample_does_not_have(changed: Callable[[str], Settings], code: str, figure: str) -> None:
    """An order without person and company, and one without an amount."""
    day = "revenue_date = date '2026-06-24'"
    settings = changed(
        "update kpi.revenue_line set person_key = null, account_key = null, buyer_key = null"
        f" where {day} and amount = 49120.62;"
        f"update kpi.revenue_line set is_unpriced = true where {day} and amount = 20568.84"
    )
    with current_release(settings, is_raw=False) as lookup:
        for dimension, member in (("total", None), ("channel", "mall")):
            place = placed(lookup, KpiQuestion(code, dimension, member, on=date(2026, 6, 24)))
            [[row]] = by_channel(lookup, "kpi.kpi_revenue", [place])
            assert (row["channel"], str(row["numerator"]), row["numerator_records"]) == ("mall", figure, 1)


def test_why_lists_the_largest_records_masked(night: Ran, ask: Ask) -> None:
    told = json.loads(ask("net_revenue", "--why", "--date", "2026-06-11", "--json"))
    wanted = rows(
        night,
        "select channel, record_id_hash, amount, one_id from kpi.revenue_line where revenue_date = date '2026-06-11'"
        " order by abs(amount) desc, channel, record_id_hash",
    )
    assert len(wanted) > 1
    found = told["evidence"]["records"]
    assert [(row["channel"], row["record_id_hash"], row["numerator"], row["one_id"]) for row in found] == [
        (channel, record, float(amount), one_id) for channel, record, amount, one_id in wanted[:10]
    ]
    assert told["evidence"]["adds_up"] and told["evidence"]["record_count"] == len(wanted)
    text = ask("net_revenue", "--why", "--date", "2026-06-11")
    people = [row["one_id"] for row in found if row["one_id"]]
    assert people and all(one_id in text for one_id in people)
    with night.connect("siyu_restricted.duckdb") as con:
        raw = con.execute("select full_name, mobile, email from identity.person where one_id in ?", [people]).fetchall()
    told_text = text + json.dumps(told, ensure_ascii=False)
    assert [value for row in raw for value in row if value and value in told_text] == []
    assert any(row["full_name_masked"] in text for row in found if row["full_name_masked"])


def test_why_without_records_says_so(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A KPI of a layer, or a dimension, whose records siyu does not know."""
    with monkeypatch.context() as patch:
        patch.delitem(EVIDENCE, "kpi.kpi_interaction")
        told = json.loads(ask("active_rate", "--why", "--json"))
        assert told["evidence"] is None and told["lineage"]["exports"]
        assert "\nsiyu has no list of records for this figure, see the lineage below " in ask("active_rate", "--why")
    found = EVIDENCE["kpi.kpi_interaction"]
    monkeypatch.setitem(EVIDENCE, "kpi.kpi_interaction", replace(found, by={"total": found.by["total"]}))
    text = ask("active_rate", "--why", "--by", "channel", "--member", "wecom")
    assert "\nsiyu lists the records of this KPI only by 此指标仅按以下维度提供明细: total\n" in text


def test_why_of_tags_lists_people_and_of_tonight_only(
    ask: Ask, changed: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = json.loads(ask("tags_per_person", "--why", "--json"))["evidence"]
    assert evidence["adds_up"] and all(row["one_id"] and row["mobile_masked"] for row in evidence["records"])
    text = ask("usable_tags", "--why")
    assert re.search(r"^– +\S+ \S+ live +– +1 +1 *$", text, re.MULTILINE) and "not to the figure" not in text
    settings = changed(
        "insert into kpi.kpi_value by name select * replace (as_of_date - 1 as as_of_date) from kpi.kpi_value"
        " where kpi_code = 'usable_tags'"
    )
    monkeypatch.setenv("SIYU_WAREHOUSE", str(settings.warehouse))
    text = CliRunner().invoke(app, ["kpi", "usable_tags", "--why", "--date", "2026-06-29"]).output
    assert f"\nno list of records 没有明细记录清单: only of {AS_OF}\n" in text


def test_why_on_a_release_without_records(changed: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = changed("drop table records.link")
    monkeypatch.setenv("SIYU_WAREHOUSE", str(settings.warehouse))
    result = CliRunner().invoke(app, ["kpi", "reachable_people", "--why"])
    assert result.exit_code == 0, result.output
    assert "没有明细记录清单: the release does not have records.link\n" in result.output
    assert "\nlineage 血缘 of kpi.kpi_reach: " in result.output


def test_why_lists_both_parts_of_a_rate(ask: Ask) -> None:
    """Links of whom we can reach, and the touches of those who were active."""
    told = json.loads(ask("active_rate", "--why", "--json"))
    evidence, figure = told["evidence"], told["figure"]
    assert evidence["adds_up"] and (evidence["numerator"], evidence["denominator"]) == (
        figure["numerator"], figure["denominator"]
    )  # fmt: skip
    assert sum(row["numerator_records"] for row in evidence["channels"]) > figure["numerator"]
    assert sum(row["denominator_records"] for row in evidence["channels"]) >= figure["denominator"]
    assert {"website", "wecom"} <= {row["channel"] for row in evidence["channels"]}


def test_why_names_the_exports(ask: Ask) -> None:
    lineage = json.loads(ask("net_revenue", "--why", "--json"))["lineage"]
    exports = {(row["channel"], row["export"]) for row in lineage["exports"]}
    assert {("crm", "opportunities"), ("mall", "orders"), ("mall", "refunds")} <= exports
    assert all(channel in ("crm", "mall") for channel, _ in exports)
    reached = {step["source"] for step in lineage["steps"]}
    assert {"kpi.revenue_line", "records.deal", "staging.mall__deal", "identity.record_person"} <= reached
    text = ask("net_revenue", "--why")
    assert "\n  kpi.revenue_line ← " in text and re.search(r"\n    mall: .*orders \(.*amount", text)


def test_why_without_a_date_is_the_latest_closed_figure(night: Ran, ask: Ask) -> None:
    told = json.loads(ask("lead_to_won", "--why", "--json"))
    [(day,)] = rows(
        night,
        "select max(as_of_date) from kpi.kpi_value where kpi_code = 'lead_to_won' and dimension = 'total'"
        " and status <> 'immature' and value is not null",
    )
    assert told["figure"]["as_of_date"] == str(day)


def test_what_moved_most_against_its_baseline(changed: Callable[[str], Settings]) -> None:
    settings = changed(
        "update kpi.kpi_value set baseline = case member when 'mall' then value - 5 when 'crm' then value + 7 end,"
        " status = 'ok' where kpi_code = 'net_revenue' and dimension = 'channel' and as_of_date = date '2026-06-11'"
    )
    told = kpi_why(settings, KpiQuestion("net_revenue", on=date(2026, 6, 11)))
    [channels] = [found["members"] for found in told["moved"] if found["dimension"] == "channel"]
    assert [(row["member"], row["weight"]) for row in channels] == [("crm", -7), ("mall", 5)]


def test_drivers_are_the_kpis_that_the_formula_names(ask: Ask) -> None:
    told = json.loads(ask("revenue_per_buyer", "--why", "--json"))
    assert {"buyers", "net_revenue"} <= {row["kpi_code"] for row in told["drivers"]}


def test_records_that_do_not_add_up_are_told(
    changed: Callable[[str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = changed(
        "update kpi.kpi_value set numerator = numerator + 1 where kpi_code = 'net_revenue' and dimension = 'total'"
    )
    monkeypatch.setenv("SIYU_WAREHOUSE", str(settings.warehouse))
    text = CliRunner().invoke(app, ["kpi", "net_revenue", "--why"]).output
    assert "these records add up to 1,274.83, not to the figure" in text


def test_the_queries_of_the_docs_have_rows(night: Ran, opened: Lookup) -> None:
    kpis = opened.reference("kpis")
    assert kpis
    with night.connect() as con:
        for row in kpis:
            assert con.execute("\n".join(example(row))).fetchall(), row["kpi_code"]


def test_without_a_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(tmp_path))
    result = CliRunner().invoke(app, ["kpi"])
    assert result.exit_code == 2 and "there is no release yet" in result.output
