"""`siyu tags`, and the tags in `siyu explain` and `siyu journey`, on the release of the sample: as the tables say."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from typer.testing import CliRunner

from siyu.ask.tag_lookup import tag_catalog, tags_of
from siyu.ask.tags_text import catalog_text, tags_text
from siyu.cli import app
from siyu.report.markup import Terminal
from siyu.settings import Settings
from tests.golden.conftest import Ran

FORMER = "P" + "0" * 20
NOBODY = "P" + "f" * 20
# The ID, "" for today's; the grade; since when and why.
BEFORE = (FORMER, "B", "since 自 2026-06-10: data 数据, until 止 2026-06-22: identity 身份")
MERGED = ("", "C", "since 自 2026-06-22: identity 身份, until 止 2026-06-25: rule 规则")
CHANGED = ("", "now", "since 自 2026-06-25: rule 规则")
Ask = Callable[..., str]


def rows(night: Ran, sql: str) -> list[tuple[Any, ...]]:
    with night.connect("siyu_restricted.duckdb") as con:
        con.execute(
            f"attach if not exists '{night.settings.warehouse / 'current' / 'siyu.duckdb'}' as public (read_only)"
        )
        return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def known(night: Ran) -> tuple[str, str, str]:
    """one_id, mobile and account_id of the person with the most tags whose company has tags, too."""
    [found] = rows(
        night,
        "select t.one_id, max(i.id_value), max(a.account_id) from public.tags.person_tag as t"
        " join identity.one_id as i on t.one_id = i.one_id and i.id_type = 'mobile'"
        " join public.identity.person_account as a on t.one_id = a.one_id and a.is_current"
        " where a.account_id in (select account_id from public.tags.account_tag)"
        " group by t.one_id order by count(distinct t.tag_code) desc, t.one_id limit 1",
    )
    return found  # type: ignore[return-value]


@pytest.fixture
def ask(night: Ran, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What a command that succeeds prints."""
    monkeypatch.setenv("SIYU_WAREHOUSE", str(night.settings.warehouse))

    def asked(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == 0, result.output
        return result.output

    return asked


@pytest.fixture
def changed(night: Ran, known: tuple[str, str, str], tmp_path: Path) -> Settings:
    """A release with a past: on 2026-06-20 the person had another ID, and since 2026-06-25 another grade.

    Of the tags of its catalog, one is used, one has not its data, one applies to nobody.
    """
    release = (night.settings.warehouse / "current").resolve()
    target = tmp_path / "releases" / release.name
    target.mkdir(parents=True)
    for name in ("siyu.duckdb", "siyu_restricted.duckdb", "manifest.json"):
        shutil.copyfile(release / name, target / name)
    (tmp_path / "current").symlink_to(target)
    one_id, mobile, _ = known
    past = "insert into tags.tag_history (level, entity_id, tag_code, tag_value, valid_from, valid_to, reason,"
    past += " end_reason) values ('person', "
    with duckdb.connect(str(target / "siyu.duckdb")) as con:
        con.execute(
            f"update tags.tag_history set valid_from = date '2026-06-25', reason = 'rule'"
            f" where entity_id = '{one_id}' and tag_code = 'activity_grade'"
        )
        con.execute(f"{past}'{FORMER}', 'activity_grade', 'B', '2026-06-10', '2026-06-22', 'data', 'identity')")
        con.execute(f"{past}'{one_id}', 'activity_grade', 'C', '2026-06-22', '2026-06-25', 'identity', 'rule')")
        con.execute(
            f"insert into identity.one_id_alias values ('{FORMER}', '{one_id}', 'merge', '2026-06-22', 1, true)"
        )
        con.execute("update tags.tag_catalog set status = 'unused', missing = null, used_by = null")
        con.execute(
            "update tags.tag_catalog set status = 'live', used_by = 'audience.invite, kpi.kpi_calls', drift = 0.3125"
            " where tag_code = 'activity_grade'"
        )
        con.execute(
            "update tags.tag_catalog set status = 'uncomputable', missing = 'no channel fills contact.title; '"
            " || repeat('no rows in content.csv; ', 12) where tag_code = 'seniority'"
        )
        con.execute("update tags.tag_catalog set scope_count = 0, coverage_rate = null where tag_code = 'renewal_due'")
    with duckdb.connect(str(target / "siyu_restricted.duckdb")) as con:
        con.execute(
            f"update identity.one_id_history set valid_from = date '2026-06-22' where id_value = '{mobile}'"
            " and id_type = 'mobile'"
        )
        con.execute(
            f"insert into identity.one_id_history select id_type, id_value, '{FORMER}', '2026-06-10', '2026-06-22'"
            f" from identity.one_id_history where id_value = '{mobile}' and id_type = 'mobile'"
        )
    return night.settings.model_copy(update={"warehouse": tmp_path})


def page(settings: Settings, width: int, status: str | None = None) -> list[str]:
    terminal = Terminal(width=width, record=True, file=io.StringIO())
    terminal.print(catalog_text(tag_catalog(settings, status)), soft_wrap=True)
    return terminal.export_text().splitlines()


def test_the_catalog_has_every_tag(night: Ran, ask: Ask) -> None:
    told = json.loads(ask("tags", "--json"))
    [(count, classes)] = rows(night, "select count(*), count(distinct class) from public.tags.tag_catalog")
    assert len(told["tags"]) == count > 50 and len({row["class"] for row in told["tags"]}) == classes
    assert told["as_of"] == "2026-06-30" and all(row["rule"] and row["decision"] for row in told["tags"])
    text = ask("tags")
    assert text.startswith(f"{count} tags 标签 as of 2026-06-30: ")
    for row in told["tags"]:
        assert len(re.findall(rf"^{row['class_no']:02d} {row['tag_code']} ", text, re.MULTILINE)) == 1
    states = {row["status"] for row in told["tags"]}
    for status in ("unused", "uncomputable"):
        chosen = json.loads(ask("tags", f"--{status}", "--json"))["tags"]
        assert chosen == [row for row in told["tags"] if row["status"] == status]
        assert bool(chosen) == (status in states)


@pytest.mark.parametrize("width", [80, 160])
def test_no_line_of_the_catalog_breaks(changed: Settings, width: int) -> None:
    """Names are cut on a narrow terminal; figures, reasons and readers never."""
    lines = page(changed, width)
    count = len(tag_catalog(changed)["tags"])
    assert (
        lines[0]
        == f"{count} tags 标签 as of 2026-06-30: 1 live 使用中, {count - 2} unused 未使用, 1 uncomputable 无法计算"
    )
    table = {line.split()[1]: line.split() for line in lines[2 : 2 + count]}
    assert len(table) == count
    assert table["activity_grade"][-4:] == ["0.312", "–", "live", "使用中"]
    assert table["renewal_due"][-7:-5] == ["–", "0"]
    assert lines[2 + count :] == [
        "",
        "cannot be computed 无法计算",
        "  seniority  no channel fills contact.title; " + "no rows in content.csv; " * 12,
        "",
        "used by 使用者",
        "  activity_grade  audience.invite, kpi.kpi_calls",
    ]


def test_one_status(changed: Settings) -> None:
    assert [row["tag_code"] for row in tag_catalog(changed, "uncomputable")["tags"]] == ["seniority"]
    assert page(changed, 120, "uncomputable")[0] == "1 tag 标签 as of 2026-06-30: 1 uncomputable 无法计算"
    assert page(changed, 120, "lost") == ["0 tags 标签 as of 2026-06-30: none 无"]


def test_the_tags_of_a_person(night: Ran, ask: Ask, known: tuple[str, str, str]) -> None:
    one_id, mobile, _ = known
    told = json.loads(ask("tags", one_id, "--json"))
    assert (told["id"], told["entity"]) == (one_id, "person")
    wanted = rows(night, f"select tag_code, tag_value from public.tags.person_tag where one_id = '{one_id}'")
    assert sorted((row["tag_code"], row["tag_value"]) for row in told["tags"]) == sorted(wanted)
    assert [row["class_no"] for row in told["tags"]] == sorted(row["class_no"] for row in told["tags"])
    assert all(row["evidence_at"] is None or row["evidence_at"].endswith("Z") for row in told["tags"])
    text = ask("tags", f"mobile:{mobile}")
    assert f"{one_id}  tags 标签 as of 2026-06-30\nasked for 查询: mobile:{mobile}\n" in text
    assert ask("tags", "--mobile", mobile) == text
    assert "\n14 activity_rating\n" in text
    [(value, score, at)] = rows(
        night,
        "select tag_value, score, evidence_at from public.tags.person_tag"
        f" where one_id = '{one_id}' and tag_code = 'recency_band'",
    )
    day = at.replace(tzinfo=UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    [line] = [line for line in text.splitlines() if line.startswith("  recency_band ")]
    assert line.startswith(f"  recency_band 最近活跃 = {value} ")
    assert f"(score 数值 {score.normalize():f}; evidence 依据 " in line and f" {day}; " in line


def test_a_record_and_a_company_have_tags(night: Ran, ask: Ask, known: tuple[str, str, str]) -> None:
    one_id, _, account_id = known
    channel, record_id = rows(
        night, f"select channel, record_id from identity.record_person where one_id = '{one_id}' order by all limit 1"
    )[0]
    assert json.loads(ask("tags", f"record:{channel}:{record_id}", "--json"))["id"] == one_id
    told = json.loads(ask("tags", account_id, "--json"))
    wanted = rows(night, f"select tag_code, tag_value from public.tags.account_tag where account_id = '{account_id}'")
    assert sorted((row["tag_code"], row["tag_value"]) for row in told["tags"]) == sorted(wanted)
    assert told["entity"] == "company" and "  industry 行业 = " in ask("tags", account_id)


def test_explain_and_journey_show_tags(ask: Ask, known: tuple[str, str, str]) -> None:
    one_id, _, account_id = known
    block = "\ntags 标签\n" + ask("tags", one_id).split("\n", 1)[1]
    assert block in ask("explain", one_id)
    assert block in ask("journey", one_id)
    assert "\ntags 标签\n" + ask("tags", account_id).split("\n", 1)[1] in ask("explain", account_id)
    tags = json.loads(ask("tags", one_id, "--json"))["tags"]
    assert json.loads(ask("explain", one_id, "--json"))["tags"] == tags
    assert json.loads(ask("journey", one_id, "--json"))["tags"] == tags


@pytest.mark.parametrize(
    ("day", "by", "grade"),
    [
        (date(2026, 6, 10), "mobile", BEFORE),
        (date(2026, 6, 21), "former", BEFORE),
        (date(2026, 6, 22), "mobile", MERGED),
        (date(2026, 6, 24), "former", MERGED),
        (date(2026, 6, 25), "one_id", CHANGED),
        (date(2026, 6, 30), "mobile", CHANGED),
    ],
)
def test_a_past_day_is_told_by_the_id_of_that_day(
    changed: Settings, known: tuple[str, str, str], day: date, by: str, grade: tuple[str, str, str]
) -> None:
    one_id, mobile, _ = known
    told = tags_of(changed, {"mobile": f"mobile:{mobile}", "former": FORMER, "one_id": one_id}[by], day)
    [found] = [row for row in told["tags"] if row["tag_code"] == "activity_grade"]
    wanted, value, reason = grade
    assert told["id"] == (wanted or one_id)
    assert value in (found["tag_value"], "now")
    text = tags_text(told)
    assert f"tags 标签 published for 发布于 {day}" in text and f"({reason})" in text
    assert (f"today 现为: {one_id}" in text) == (by == "mobile" and bool(wanted))


def test_a_former_id_has_the_tags_of_its_successor(changed: Settings, known: tuple[str, str, str]) -> None:
    told = tags_of(changed, FORMER)
    assert told["id"] == known[0] and told["tags"] == tags_of(changed, known[0])["tags"]
    assert f"asked for 查询: {FORMER}" in tags_text(told)


def test_a_day_before_the_first_release_has_no_tags(changed: Settings, known: tuple[str, str, str]) -> None:
    told = tags_of(changed, known[0], date(2026, 6, 9))
    assert told["tags"] == [] and told["id"] == known[0]
    assert tags_text(told).splitlines()[-1] == "none 无: the history of tags begins on 标签历史始于 2026-06-10"
    told = tags_of(changed, known[0], date(2026, 6, 12))
    assert tags_text(told).splitlines()[-1] == "none 无"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--unused", "--uncomputable"], "--unused and --uncomputable exclude each other"),
        (["--on", "2026-06-30"], "--on needs a person or company"),
        ([NOBODY, "--unused"], "--unused and --uncomputable are for the catalog"),
        ([NOBODY, NOBODY], "2 arguments are given"),
        ([NOBODY], f"nobody has the ID {NOBODY}"),
        ([NOBODY, "--on", "2026-06-30"], f"nobody has the ID {NOBODY}"),
        ([NOBODY, "--on", "2026-07-01"], "2026-07-01 lies after the last business date, 2026-06-30"),
        (["mobile:139"], "'139' is not a valid mobile"),
        (["mobil:13912345678"], "unknown identifier type 'mobil'"),
        (["activity_grade"], "'activity_grade' is neither an ID nor an identifier"),
        (["--unsed"], "--unsed has no value"),
    ],
)
def test_wrong_use(night: Ran, arguments: list[str], problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(night.settings.warehouse))
    result = CliRunner().invoke(app, ["tags", *arguments])
    assert result.exit_code == 2, result.output
    assert problem in result.output and "fix:" in result.output and "Nothing was changed." in result.output


def test_without_a_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(tmp_path))
    result = CliRunner().invoke(app, ["tags"])
    assert result.exit_code == 2 and "there is no release yet" in result.output
