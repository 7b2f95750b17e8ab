"""`siyu journey` on the release of the sample: what it tells is what the tables say."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from typer.testing import CliRunner

from siyu.ask.journey import Story, as_data, journey
from siyu.ask.journey_text import SHOWN, fold, told_story
from siyu.cli import app
from siyu.errors import WrongQuestion
from siyu.settings import Settings
from tests.golden.conftest import Ran

TABLES = {
    "move": "journey.stage_transition",
    "touch": "journey.person_touch",
    "ask": "journey.ask_completion",
}


# The release with raw values, by warehouse: its views are made once, which takes longer than most queries.
OPENED: dict[Path, duckdb.DuckDBPyConnection] = {}


def rows(night: Ran, sql: str) -> list[tuple[Any, ...]]:
    if night.settings.warehouse not in OPENED:
        OPENED[night.settings.warehouse] = night.connect_raw()
    return OPENED[night.settings.warehouse].execute(sql).fetchall()


def counted(night: Ran, table: str, one_id: str, where: str = "true") -> int:
    return int(rows(night, f"select count(*) from {table} where one_id = '{one_id}' and {where}")[0][0])


@pytest.fixture(scope="module")
def known(night: Ran) -> tuple[str, str]:
    """one_id and mobile of who moved most, back too, ordered, and completed a call to action."""
    return rows(
        night,
        "select t.one_id, (select min(id_value) from identity.one_id as i where i.one_id = t.one_id"
        " and id_type = 'mobile') as mobile from journey.stage_transition as t where mobile is not null"
        " and t.one_id in (select one_id from journey.ask_completion)"
        " and t.one_id in (select p.one_id from records.deal join identity.record_person as p"
        " using (channel, record_id) where kind = 'order')"
        " group by t.one_id having bool_or(direction = 'back') order by count(*) desc, t.one_id limit 1",
    )[0]


@pytest.fixture(scope="module")
def story(night: Ran, known: tuple[str, str]) -> Story:
    return journey(night.settings, f"mobile:{known[1]}")


@pytest.fixture
def copy(night: Ran, tmp_path: Path) -> Settings:
    """The release again, to be written to."""
    release = (night.settings.warehouse / "current").resolve()
    target = tmp_path / "releases" / release.name
    target.mkdir(parents=True)
    for name in ("siyu.duckdb", "siyu_restricted.duckdb", "manifest.json"):
        shutil.copyfile(release / name, target / name)
    (tmp_path / "current").symlink_to(target)
    return night.settings.model_copy(update={"warehouse": tmp_path})


def change(settings: Settings, file: str, *statements: str) -> None:
    with duckdb.connect(str(settings.warehouse / "current" / file)) as con:
        for statement in statements:
            con.execute(statement)


def test_every_row_of_the_release_is_an_event(night: Ran, known: tuple[str, str], story: Story) -> None:
    one_id, _ = known
    assert story.head["one_id"] == one_id
    kinds = Counter(event.kind for event in story.events)
    for kind, table in TABLES.items():
        assert kinds[kind] == counted(night, table, one_id) > 0
    assert kinds["sequence"] == counted(night, "journey.lead_score_part", one_id, "part = 'sequence'")
    ends = counted(night, "journey.exclusion", one_id, "until_at is not null")
    assert kinds["exclusion"] == counted(night, "journey.exclusion", one_id) + ends
    of_person = "join identity.record_person as p using (channel, record_id)"
    links = f"(select p.one_id, l.* from records.link as l {of_person})"
    assert kinds["link"] == counted(night, links, one_id) + counted(night, links, one_id, "ended_at is not null")
    deals = f"(select p.one_id, d.* from records.deal as d {of_person})"
    closed = counted(night, deals, one_id, "status in ('won', 'lost')")
    assert kinds["deal"] == counted(night, deals, one_id) + closed > 0
    turns = rows(
        night,
        "select count(*) from (select is_dormant, lag(is_dormant, 1, false) over (order by valid_from) as was"
        f" from public.journey.stage_interval where one_id = '{one_id}') where is_dormant <> was",
    )
    assert kinds["dormancy"] == turns[0][0]
    days = [event.day for event in story.events]
    assert days == sorted(days)


def test_points_amounts_and_the_head_are_the_release_s(night: Ran, known: tuple[str, str], story: Story) -> None:
    one_id, _ = known
    scores = [event.facts["score"] for event in story.events if event.facts.get("score")]
    score = rows(
        night,
        "select score, behaviour_score, sequence_score, call_score, part_count from public.journey.lead_score"
        f" where one_id = '{one_id}'",
    )[0]
    assert (sum(part["score"] for part in scores), len(scores)) == (score[0], score[-1])
    assert tuple(story.head["score"].values())[:4] == score[:4] and score[0] == sum(score[1:4])
    stage = rows(
        night,
        f"select stage, since_at, days_in_stage, is_dormant, content_stage from public.journey.person_stage"
        f" where one_id = '{one_id}'",
    )[0]
    names = ("stage", "since_at", "days_in_stage", "is_dormant", "content_stage")
    assert tuple(story.head["stage"][name] for name in names) == stage
    moves = [event for event in story.events if event.kind == "move"]
    assert (moves[-1].facts["to_stage"], moves[-1].at) == stage[:2]
    assert [m.facts["from_stage"] for m in moves[1:]] == [m.facts["to_stage"] for m in moves[:-1]]
    ordered = rows(
        night,
        "select sum(amount) from records.deal join identity.record_person as p using (channel, record_id)"
        f" where one_id = '{one_id}' and kind = 'order'",
    )[0][0]
    assert sum(e.facts["amount"] for e in story.events if e.facts.get("change") == "ordered") == ordered


def test_everybody_has_a_story_that_reads_well(night: Ran) -> None:
    """One of each sort: excluded, partner, dormant, without a stage, with the most touches."""
    found = rows(
        night,
        "select min(one_id) from journey.exclusion group by kind union all"
        " select min(one_id) from public.journey.stage_interval where is_dormant union all"
        " select min(one_id) from journey.lead_score_part where part = 'sequence' union all"
        " select min(one_id) from identity.one_id where one_id not in"
        " (select one_id from public.journey.person_stage) union all"
        " (select one_id from journey.person_touch group by one_id order by count(*) desc, one_id limit 1)",
    )
    assert len(found) >= 6
    pages = []
    for (one_id,) in found:
        story = journey(night.settings, one_id)
        pages.append(told_story(story, None))
        assert f"{one_id}  " in pages[-1] and "None" not in pages[-1]
        rule = rows(night, f"select exclusion_rule from public.journey.person_stage where one_id = '{one_id}'")
        listed = [row["rule"] for row in story.head["exclusions"]]
        assert listed[:1] == [rule[0][0]] if rule and rule[0][0] else True
        assert sum(map(len, fold(story.events))) == len(story.events)
        assert told_story(story, SHOWN).count("\n") <= pages[-1].count("\n") + 1
    everything = "\n".join(pages)
    for word in ("excluded 排除", "partner 合作伙伴: courses", "dormant 沉睡 since", "sequence completed", "none 无"):
        assert word in everything


def test_the_command_says_it_as_text_and_as_data(
    night: Ran, known: tuple[str, str], story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(night.settings.warehouse))
    result = CliRunner().invoke(app, ["journey", "--mobile", known[1], "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert len(told["timeline"]) == len(story.events)
    assert all(row["at"].endswith("Z") for row in told["timeline"] if row["at"])
    assert told["score"]["score"] == float(story.head["score"]["score"])
    assert set(told) == set(as_data(story))
    page = CliRunner().invoke(app, ["journey", known[0], "--all"])
    assert page.exit_code == 0 and page.output.count("══") == 2 * len(told["path"])
    assert story.head["person"]["full_name"] in page.output and "Asia/Shanghai" in page.output
    since = story.events[len(story.events) // 2].day
    part = CliRunner().invoke(app, ["journey", known[0], "--since", since.isoformat()])
    before = sum(event.day < since for event in story.events)
    assert f"{before} events before {since} left out" in part.output


def test_a_record_and_its_person_have_one_story(night: Ran, known: tuple[str, str], story: Story) -> None:
    channel, record_id = rows(
        night, f"select channel, record_id from identity.record_person where one_id = '{known[0]}' order by all limit 1"
    )[0]
    assert journey(night.settings, f"record:{channel}:{record_id}").events == story.events


def test_a_former_id_and_what_was_said_before(copy: Settings, known: tuple[str, str], story: Story) -> None:
    """The sample is one night: nobody was renamed, and nothing was said before."""
    former, (one_id, _) = "P" + "0" * 19 + "1", known
    change(
        copy,
        "siyu.duckdb",
        "insert into identity.one_id_alias (former_one_id, one_id, reason, since_date, identifier_count, is_primary)"
        f" values ('{former}', '{one_id}', 'merged', date '2026-06-01', 1, true)",
    )
    change(
        copy,
        "siyu_restricted.duckdb",
        f"attach '{copy.warehouse / 'current' / 'siyu.duckdb'}' as public (read_only)",
        "insert into journey.stage_change_log by name select one_id, date '2026-06-30' as noted_date,"
        " 'withdrawn' as change, 1 as change_no, to_stage, direction, moved_at as was_moved_at,"
        " from_stage as was_from_stage, reason as was_reason, channel as was_channel,"
        f" record_id_hash as was_record_id from public.journey.stage_transition where one_id = '{one_id}' limit 1",
        "insert into journey.stage_change_log by name select"
        f" one_id, '{former}' as former_one_id, date '2026-05-31' as noted_date, 'added' as change, 1 as change_no,"
        " moved_at, from_stage, to_stage, direction, reason, channel, record_id_hash as record_id"
        f" from public.journey.stage_transition where one_id = '{one_id}' limit 1",
    )
    again = journey(copy, former)
    assert again.head["one_id"] == one_id
    noted = [event for event in again.events if event.kind == "noted"]
    assert [(event.day, event.facts["change"]) for event in noted] == [
        (date(2026, 5, 31), "added"),
        (date(2026, 6, 30), "withdrawn"),
    ]
    assert len(again.events) == len(story.events) + 2 and again.events[-1] == noted[-1]
    assert "noted on 记于 2026-06-30: withdrawn 撤回; before 原为" in told_story(again, None)


def test_without_records_it_tells_what_is_there(
    night: Ran, copy: Settings, known: tuple[str, str], story: Story
) -> None:
    lost = rows(night, "select min(one_id) from journey.stage_transition where reason = 'lost'")[0][0]
    stories = [story, journey(night.settings, lost)]
    for file in ("siyu.duckdb", "siyu_restricted.duckdb"):
        change(copy, file, "drop schema records cascade")
    for full in stories:
        bare = journey(copy, full.head["one_id"])
        assert "not in this release 本版未发布: links, deal amounts" in told_story(bare, None)
        kinds, all_kinds = (Counter(event.kind for event in told.events) for told in (bare, full))
        assert kinds["link"] == 0
        assert all(kinds[kind] == all_kinds[kind] for kind in all_kinds.keys() - {"link", "deal"})
        assert _dealt(full) <= _dealt(bare) and _dealt(full)
    assert {"lost", "ordered"} <= {change for told in stories for _, change, _ in _dealt(told)}


def _dealt(told: Story) -> set[tuple[datetime | None, str, str]]:
    """Deals, but for orders that were cancelled and for refunds of a part, which hold nobody."""
    return {
        (event.at, event.facts["change"], event.facts["deal_id"])
        for event in told.events
        if event.kind == "deal" and event.facts["change"] != "refunded" and event.facts.get("status") != "cancelled"
    }


def test_nothing_is_told_that_comes_after_the_release(night: Ran, story: Story) -> None:
    midnight = datetime.combine(story.as_of + timedelta(days=1), time(), ZoneInfo(story.timezone))
    end = midnight.astimezone(UTC).replace(tzinfo=None)
    assert all(event.at < end for event in story.events if event.at)


def test_a_release_of_an_earlier_siyu_is_told(copy: Settings, known: tuple[str, str]) -> None:
    for file in ("siyu.duckdb", "siyu_restricted.duckdb"):
        change(copy, file, "drop table if exists journey.exclusion")
    with pytest.raises(WrongQuestion, match=r"no table journey\.exclusion") as caught:
        journey(copy, known[0])
    assert "siyu run" in caught.value.fix


def test_what_is_no_person_is_told(night: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(night.settings.warehouse))
    company, account_id = rows(
        night, "select company_name, account_id from public.identity.company_name order by all limit 1"
    )[0]
    blocked = rows(
        night,
        "select id_type || ':' || id_value from identity.identity_audit where reason = 'blocked_rule' order by 1"
        " limit 1",
    )[0][0]
    for arguments, problem in (
        ([account_id], f"{account_id} belongs to a company"),
        ([f"company_name:{company}"], "belongs to a company"),
        ([blocked], "belongs to nobody (blocked)"),
        (["P00000000000000000000"], "nobody has the ID"),
        (["mobile:13999999999"], "no record carries mobile:+8613999999999"),
        (["record:crm:contacts:none"], "no record crm:contacts:none"),
        (["a:1", "b:2"], "2 arguments are given"),
        ([], "0 arguments are given"),
    ):
        result = CliRunner().invoke(app, ["journey", *arguments])
        assert result.exit_code == 2 and problem in result.output and "fix:" in result.output, result.output
