"""`siyu explain`, and what `siyu link` and its kind refuse, on the release of the sample."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from siyu.ask.decide import decide
from siyu.ask.explain import explain
from siyu.ask.explain_text import explained
from siyu.cli import app
from siyu.errors import ConfigError, SiyuError
from siyu.settings import Settings
from tests.golden.conftest import Ran

NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def settings(night: Ran, tmp_path: Path) -> Settings:
    """The release of the sample, and a folder of its own to write decisions to."""
    return night.settings.model_copy(update={"exports": tmp_path})


def rows(night: Ran, sql: str) -> list[tuple[Any, ...]]:
    con = night.connect("siyu_restricted.duckdb")
    con.execute(f"attach if not exists '{night.settings.warehouse / 'current' / 'siyu.duckdb'}' as public (read_only)")
    return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def known(night: Ran) -> tuple[str, str, str, str]:
    """one_id, mobile, contact and cookie of somebody who has them all."""
    return rows(
        night,
        "select one_id, min(id_value) filter (where id_type = 'mobile'),"
        " min(id_value) filter (where id_type = 'crm_contact_id'), min(id_value) filter (where id_type = 'cookie_id')"
        " from identity.one_id group by one_id having count(distinct id_type) filter"
        " (where id_type in ('mobile', 'crm_contact_id', 'cookie_id')) = 3 order by one_id limit 1",
    )[0]


def test_everything_about_a_person(night: Ran, known: tuple[str, str, str, str]) -> None:
    one_id, mobile, *_ = known
    told = explain(night.settings, [f"mobile:{mobile[3:6]} {mobile[6:10]}-{mobile[10:]}"], None)
    assert told["asked"][0]["id"] == one_id
    own = f"from identity.one_id where one_id = '{one_id}'"
    assert {(i["id_type"], i["id_value"]) for i in told["identifiers"]} == set(
        rows(night, f"select id_type, id_value {own}")
    )
    edges = rows(
        night,
        "select count(*) from public.identity.edge as e where e.is_kept and"
        f" e.node in (select node {own}) and e.lesser_node in (select node {own})",
    )
    assert len(told["evidence"]) == edges[0][0]
    strengths = [edge["strength"] for edge in told["evidence"]]
    assert strengths == sorted(strengths)
    assert sum(edge["is_strongest"] for edge in told["evidence"]) == len(told["identifiers"]) - 1
    records = rows(
        night, f"select channel, record_id from identity.record_person where one_id = '{one_id}' order by all"
    )
    assert [(row["channel"], row["record_id"]) for row in told["records"]["shown"]] == records
    assert told["records"]["count"] == len(records) == sum(told["records"]["channels"].values())
    assert told["golden_record"]["one_id"] == one_id
    assert [account["is_current"] for account in told["accounts"]][:1] in ([], [True])
    text = explained(told)
    assert one_id in text and "锚点" in text and "证据链" in text


def test_why_two_are_one_and_why_two_are_not(night: Ran, known: tuple[str, str, str, str]) -> None:
    one_id, _, contact, cookie = known
    told = explain(night.settings, [f"cookie_id:{cookie}", f"crm_contact_id:{contact}"], 0)
    assert told["is_same"]
    ends = [(edge["left"], edge["right"]) for edge in told["chain"]]
    assert ends[0][0] == f"cookie_id:{cookie}" and ends[-1][1] == f"crm_contact_id:{contact}"
    assert all(before[1] == after[0] for before, after in pairwise(ends))
    assert "because 依据" in explained(told)
    other = rows(night, f"select min(one_id) from identity.one_id where one_id <> '{one_id}'")[0][0]
    apart = explain(night.settings, [one_id, other], 0)
    assert not apart["is_same"]
    assert "are not the same person" in explained(apart)


def test_a_record_is_asked_for_by_its_name(night: Ran, known: tuple[str, str, str, str]) -> None:
    one_id, _, contact, _ = known
    told = explain(night.settings, [f"record:crm:contacts:{contact}"], 5)
    assert told["asked"][0]["id"] == one_id
    nobodys = rows(
        night,
        "select r.channel || ':' || r.record_id from identity.record_person as r join records.contact as c"
        " using (channel, record_id) where r.one_id is null and r.account_id is not null and c.mobile is not null"
        " order by 1 limit 1",
    )
    assert nobodys, "the sample has a lead with an excluded mobile"
    told = explain(night.settings, [f"record:{nobodys[0][0]}"], 5)
    assert told["asked"][0]["id"] is None
    assert told["audit"][0]["reason"] == "blocked_rule" and told["accounts_named"][0]["account_id"].startswith("C")
    assert "belongs to nobody 不属于任何人" in explained(told)


def test_a_company_by_a_short_name(night: Ran) -> None:
    name, account = rows(
        night,
        "select company_name, account_id from public.identity.company_name where resolution = 'short' order by 1"
        " limit 1",
    )[0]
    told = explain(night.settings, [f"company_name:{name}"], 0)
    assert told["asked"][0]["id"] == account
    assert {row["company_name"] for row in told["names"]} >= {name}
    assert "简称唯一" in explained(told) and told["golden_record"]["company_name"] in explained(told)
    both = explain(night.settings, [f"company_name:{name}", account], 0)
    assert both["short_names"] and "简称唯一" in explained(both)


def test_json_says_all_in_utc(night: Ran, known: tuple[str, str, str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(night.settings.warehouse))
    result = CliRunner().invoke(app, ["explain", "--mobile", known[1], "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert told["asked"][0]["id"] == known[0]
    assert all(edge["first_seen_at"] is None or edge["first_seen_at"].endswith("Z") for edge in told["evidence"])
    assert told["records"]["count"] == len(told["records"]["shown"])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["P00000000000000000000"], "nobody has the ID"),
        (["mobile:13999999999"], "no record carries mobile:+8613999999999"),
        (["mobile:12345"], "'12345' is not a valid mobile"),
        (["phone:1"], "unknown identifier type 'phone'"),
        (["somebody"], "neither an ID nor an identifier"),
        (["record:crm:contacts:none"], "no record crm:contacts:none"),
        (["a:1", "b:2", "c:3"], "3 arguments are given"),
        ([], "0 arguments are given"),
    ],
)
def test_what_is_not_there_is_told(
    night: Ran, arguments: list[str], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(night.settings.warehouse))
    result = CliRunner().invoke(app, ["explain", *arguments])
    assert result.exit_code == 2
    assert problem in result.output and "fix:" in result.output


def _refused(settings: Settings, decision: str, *named: str, why: str = "so") -> str:
    with pytest.raises(ConfigError) as caught:
        decide(settings, decision, named, why, "li", NOW)
    assert not list((settings.exports or Path()).rglob("*.csv"))
    return str(caught.value)


def test_a_decision_that_cannot_be_obeyed_is_refused_and_not_written(
    settings: Settings, known: tuple[str, str, str, str]
) -> None:
    one_id, mobile, contact, _ = known
    told = _refused(settings, "link", "mobile:13999999999", "mobile:13999999998")
    assert told.count("no record carries") == 2
    assert "the same identifier" in _refused(settings, "unlink", f"mobile:{mobile}", f"mobile:{mobile[3:]}")
    assert "not a person or company" in _refused(settings, "exclude", one_id)
    assert "no reason" in _refused(settings, "exclude", f"mobile:{mobile}", why=" ")
    company = "crm_account_id:company-000001"
    assert "identifies a person" in _refused(settings, "link", f"crm_contact_id:{contact}", company)


def test_a_decision_is_written_where_the_run_reads_it_and_tells_what_it_replaces(
    night: Ran, settings: Settings, known: tuple[str, str, str, str], tmp_path: Path
) -> None:
    _, mobile, contact, _ = known
    done = decide(settings, "unlink", [f"mobile:{mobile[3:]}", f"crm_contact_id:{contact}"], "no, her", "li", NOW)
    path = tmp_path / "reference" / "identity_rules.csv"
    assert done.path == path and "they will be separated" in done.told
    excluded = rows(night, "select left_value from identity.identity_rule where decision = 'exclude' limit 1")[0][0]
    again = decide(settings, "exclude", [f"mobile:{excluded}"], "again", "li", NOW)
    assert "earlier decision: exclude on" in again.told
    twice = decide(settings, "exclude", [f"mobile:{excluded}"], "again", "li", NOW + timedelta(minutes=1))
    assert "exclude on 2026-07-01 00:00:00 by li (not applied yet)" in twice.told
    back = decide(settings, "link", [f"mobile:{excluded}", f"crm_contact_id:{contact}"], "hers", "li", NOW)
    assert "they will share one ID" in back.told
    assert path.read_text(encoding="utf-8").splitlines() == [
        "decision,left_id,right_id,decided_at,decided_by,reason",
        f'unlink,mobile:{mobile},crm_contact_id:{contact},2026-07-01 00:00:00,li,"no, her"',
        f"exclude,mobile:{excluded},,2026-07-01 00:00:00,li,again",
        f"exclude,mobile:{excluded},,2026-07-01 00:01:00,li,again",
        f"link,mobile:{excluded},crm_contact_id:{contact},2026-07-01 00:00:00,li,hers",
    ]
    path.write_text(path.read_text(encoding="utf-8") + "lnik,mobile:1,,yesterday,,\n", encoding="utf-8")
    with pytest.raises(SiyuError, match="'lnik' is not a decision"):
        decide(settings, "exclude", [f"mobile:{mobile}"], "so", "li", NOW)


def test_two_people_are_linked_whole(night: Ran, settings: Settings, tmp_path: Path) -> None:
    """By what a person has one of; and who links a lesser identifier is told that these stay two."""
    found = rows(
        night,
        "select one_id, min(id_value) filter (where id_type = 'unionid') as unionid,"
        " min(id_value) filter (where id_type = 'mobile') as mobile from identity.one_id group by one_id"
        " having unionid is not null and mobile is not null order by one_id limit 2",
    )
    (one, union_one, mobile_one), (other, union_other, mobile_other) = found
    done = decide(settings, "link", [one, other], "twice", "li", NOW)
    pairs = {(rule.left_id, rule.right_id) for rule in done.rules}
    assert (f"unionid:{union_one}", f"unionid:{union_other}") in pairs
    lesser = decide(settings, "link", [f"mobile:{mobile_one}", f"mobile:{mobile_other}"], "twice", "li", NOW)
    assert any(f"siyu link {one} {other}" in warning for warning in lesser.warnings)


def test_the_sample_is_not_written_to(night: Ran) -> None:
    sample = night.settings.model_copy(update={"exports": None})
    excluded = rows(night, "select left_value from identity.identity_rule where decision = 'exclude' limit 1")[0][0]
    with pytest.raises(ConfigError, match="the sample is part of siyu"):
        decide(sample, "exclude", [f"mobile:{excluded}"], "so", "li", NOW)
