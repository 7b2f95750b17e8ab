"""`siyu candidates`, and deciding by number: the list, the verdicts and what they leave behind."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from siyu.ask.text_columns import columns_of
from siyu.cli import app, stewardship
from siyu.seeds.candidate_tables import CANDIDATE_TABLES
from siyu.seeds.references import load_references
from siyu.seeds.table_checks import errors_of
from siyu.settings import Settings
from tests.identity.candidate_world import COMPANIES, PEOPLE, RELEASE, make_world
from tests.shared import Shared

A1, B2, C3, D4, E5, F6 = (
    "K0000000000a1", "K0000000000b2", "K1000000000c3", "K1000000000d4", "K1000000000e5", "K2000000000f6",
)  # fmt: skip


@pytest.fixture
def world(shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of the world."""
    made = shared.once("candidate_world", make_world)
    for folder in (made.warehouse, made.exports):
        shutil.copytree(str(folder), tmp_path / Path(str(folder)).name, symlinks=True)
    monkeypatch.setenv("SIYU_WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.setenv("SIYU_EXPORTS", str(tmp_path / "exports"))
    monkeypatch.chdir(tmp_path)
    return made.model_copy(update={"warehouse": tmp_path / "warehouse", "exports": tmp_path / "exports"})


def run(*arguments: str, exits: int = 0, keys: str | None = None) -> str:
    result = CliRunner().invoke(app, list(arguments), input=keys)
    assert result.exit_code == exits, result.output
    return result.output


def told(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("candidates", *arguments, "--json"))
    return found


def ids(*arguments: str) -> list[str]:
    return [row["candidate_id"] for row in told(*arguments)["candidates"]]


def rows(settings: Settings, table: str) -> list[dict[str, str]]:
    path = Path(str(settings.exports)) / "reference" / f"{table}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def pairs(settings: Settings) -> list[tuple[str, str, str]]:
    return [(row["decision"], row["left_id"], row["right_id"]) for row in rows(settings, "identity_rules")]


def labels(settings: Settings) -> list[tuple[str, ...]]:
    found = rows(settings, "identity_labels")
    return [tuple(row[name] for name in ("channel", "record_id", "person", "sample")) for row in found]


def written(settings: Settings) -> list[str]:
    return [path.name for path in (Path(str(settings.exports)) / "reference").iterdir()]


def test_the_list_shows_what_a_steward_needs_on_100_columns(world: Settings) -> None:
    page = run("candidates", "--limit", "2")
    assert max(map(columns_of, page.splitlines())) <= 100
    assert f"2026-06-30, release {RELEASE}\n4 open 待定, 1 unsure 存疑, 1 joined 已自动合并" in page
    for text in (A1, "0.998", "张三  采购经理  甲公司  +8613900000001", PEOPLE[2], "姓名相同：张三；公司相同：甲公司",
                 "other mobiles: +8613900000001 and +8613900000002", "amount 金额 12,345.60", "1 deal + 2",
                 "Buyers 成交客户数", "月活跃人数", "2 more 另有 2 个", "siyu candidates --status unsure",
                 "siyu link 1", "siyu unlink 1"):  # fmt: skip
        assert text in page, text
    assert "siyu candidates --unsure 1" in " ".join(page.split())
    assert C3 not in page and E5 not in page and F6 not in page


def test_a_side_without_a_golden_record_is_told_by_its_identifier(world: Settings) -> None:
    with duckdb.connect(str(world.warehouse / "current" / "siyu_restricted.duckdb")) as con:
        con.execute("delete from identity.account where account_id = ?", [COMPANIES[2]])
    assert f"second 乙      company_name:上海华扬机电  {COMPANIES[2]}\n" in run("candidates", "--kind", "company")


def test_a_verdict_tells_two_of_one_name_apart(world: Settings) -> None:
    page = run("link", "1", "3")
    assert "张三 (crm_contact_id:K1) and 张三 (member_id:m2): they are the same" in page
    assert "(company_name" not in page


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), [A1, B2, C3, D4]),
        (("--kind", "company"), [C3]),
        (("--generator", "rare_name"), [A1, B2]),
        (("--generator", "同公司同名"), [A1]),
        (("--status", "unsure"), [E5]),
        (("--status", "joined"), [F6]),
        (("--status", "all"), [A1, B2, C3, D4, E5, F6]),
        (("--min-score", "0.8"), [A1, B2, C3]),
        (("--kind", "person", "--min-score", "0.8"), [A1, B2]),
        (("--of", PEOPLE[3]), [B2, D4]),
        (("--of", "mobile:139 0000 0002"), [A1, E5]),
        (("--of", COMPANIES[2]), [C3]),
    ],
)
def test_filters(world: Settings, arguments: tuple[str, ...], expected: list[str]) -> None:
    assert ids(*arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--kind", "persn"), "did you mean person?"),
        (("--status", "closed"), "expected one of"),
        (("--generator", "rare_nam"), "did you mean rare_name?"),
        (("9",), "there is no candidate 9"),
        (("K1",), "K1000000000c3, K1000000000d4, K1000000000e5"),
        (("x",), "'x' is not a candidate"),
        (("1", "2"), "2 candidates are given"),
        (("--unsure",), "--unsure needs candidates"),
        (("--review", "--json"), "exclude each other"),
        (("--review",), "asks on a terminal"),
        (("--csv", "a.csv", "1"), "names no candidate"),
        (("--force",), "--force is for files"),
        (("--of", "mobile:13999999999"), "no record carries"),
    ],
)
def test_what_does_not_fit_is_told(world: Settings, arguments: tuple[str, ...], problem: str) -> None:
    assert problem in run("candidates", *arguments, exits=2)


def test_one_in_full_by_number_and_by_a_part_of_its_id(world: Settings) -> None:
    page = run("candidates", "1")
    assert page == run("candidates", "K0000000000a") == run("candidates", "k0000000000A1")
    assert max(map(columns_of, page.splitlines())) <= 100
    lines = [line.split() for line in page.splitlines()]
    assert ["*", "mobile", "手机", "+8613900000001", "+8613900000002"] in lines
    assert ["name", "姓名", "张三", "张三"] in lines
    # Records of channels: two of the crm, one of the mall; the other has one of the mall.
    assert ["*", "crm", "records", "2", "0"] in lines and ["mall", "records", "1", "1"] in lines
    assert "+ same name 张三 姓名相同：张三 (+9.92 bits)" in page
    assert "− other mobiles: +8613900000001 and +8613900000002 手机号不同 (-1.5 bits)" in page


def test_words_with_a_mark_in_a_value_stay_together(world: Settings) -> None:
    assert "+ same name 李四; alias 姓名相同：李四" in run("candidates", "2")


def test_link_by_number_and_id(world: Settings) -> None:
    page = run("link", "1", "K0000000000b", "--by", "li")
    assert "candidate 1" in page and "candidate 2" in page
    # Logins of P3 and P4 are linked; P1 and P2 have no unique type in common.
    assert pairs(world) == [
        ("link", "crm_contact_id:K1", "member_id:m2"),
        ("link", "unionid:o0000000000000000000000000A3", "unionid:o0000000000000000000000000A4"),
    ]
    reasons = [row["reason"] for row in rows(world, "identity_rules")]
    assert reasons[0] == f"candidate {A1}, 0.998, by rare_name and same_company: same_name, same_company"
    assert not any(name in " ".join(reasons) for name in ("张三", "李四", "139"))
    first, second = rows(world, "candidate_decisions")
    assert first | {"decided_at": ""} == {
        "candidate_id": A1, "entity": "person", "verdict": "accept", "score": "0.998",
        "generators": "rare_name, same_company", "left_id": "crm_contact_id:K1", "right_id": "member_id:m2",
        # The latest contact, not the later touch and deal.
        "left_record": "crm:contacts:K1b", "right_record": "mall:members:m2#1", "decided_at": "", "decided_by": "li",
    }  # fmt: skip
    assert datetime.fromisoformat(first["decided_at"])
    assert second["left_record"] == "website:events:e3"  # no contact: the latest of two touches
    assert labels(world) == [
        ("crm", "contacts:K1b", A1, A1), ("mall", "members:m2", A1, A1),
        ("website", "events:e3", B2, B2), ("crm", "contacts:K4", B2, B2),
    ]  # fmt: skip
    assert ids() == [C3, D4]
    assert "2 decided since" in run("candidates")


def test_unlink_separates_the_oldest_identifiers_and_takes_a_joined_one_apart(world: Settings) -> None:
    run("unlink", "2", "6", "--why", "two people")
    assert pairs(world) == [
        ("unlink", "crm_contact_id:K3", "crm_contact_id:K4"), ("unlink", "crm_contact_id:K5", "member_id:m5"),
    ]  # fmt: skip
    assert {row["reason"] for row in rows(world, "identity_rules")} == {"two people"}
    # Both sides of a joined one have one owner: a record that carries the identifier stands for each.
    assert [(row["left_record"], row["right_record"]) for row in rows(world, "candidate_decisions")][1] == (
        "crm:contacts:K5", "mall:members:m5",
    )  # fmt: skip
    assert [label[2:] for label in labels(world)] == [
        (f"{B2}/1", B2), (f"{B2}/2", B2), (f"{F6}/1", F6), (f"{F6}/2", F6),
    ]  # fmt: skip
    assert ids("--status", "joined") == []


def test_a_joined_one_has_its_records_once_and_is_accepted_by_its_identifiers(world: Settings) -> None:
    page = run("candidates", "6")
    assert "as one 合并后  3 records 条记录, 0 deals 笔商机与订单" in page and "they are one already" in page
    assert f"王五  {PEOPLE[5]}  crm_contact_id:K5" in page and f"王五  {PEOPLE[5]}  member_id:m5" in page
    run("link", "6")
    assert pairs(world) == [("link", "crm_contact_id:K5", "member_id:m5")]


def test_companies_are_decided_and_get_no_labels(world: Settings) -> None:
    run("link", "3")
    assert pairs(world) == [("link", "company_name:上海华阳机电", "company_name:上海华扬机电")]
    assert labels(world) == []
    [row] = rows(world, "candidate_decisions")
    assert (row["entity"], row["left_record"], row["right_record"]) == (
        "company", "crm:accounts:A1", "exhibition:leads:L2",
    )  # fmt: skip
    assert ids("--kind", "company") == []


def test_a_line_in_other_words_decides_a_candidate_too(world: Settings) -> None:
    """Somebody linked other identifiers of the two, in any spelling, or a name of the company as people write it."""
    run("link", "mobile:13900000001", "mobile:13900000002", "--why", "she told us")
    run("unlink", "company_name:上海华阳机电有限公司", "company_name:上海华扬机电有限公司", "--why", "no")
    assert ids() == [B2, D4]
    before = rows(world, "identity_rules")
    page = run("link", "1", "2", "3", exits=2)
    assert f"candidate 1 ({A1}) was decided since the release: link" in page
    assert f"candidate 3 ({C3}) was decided since the release: unlink" in page and "candidate 2" not in page
    assert rows(world, "identity_rules") == before and rows(world, "candidate_decisions") == []


def test_a_line_about_records_decides_the_candidate_of_their_owners(world: Settings) -> None:
    path = Path(str(world.exports)) / "reference" / "identity_rules.csv"
    line = "link,mobile:139 0000 0003,crm_contact_id:K9,2026-07-01,li,nobody knows these\n"
    line += "unlink,record:crm:contacts:K1b,record:mall:members:m2#1,2026-07-01,li,no\n"
    path.write_text(f"decision,left_id,right_id,decided_at,decided_by,reason\n{line}", encoding="utf-8")
    assert ids() == [B2, C3, D4]
    # These two are records of companies; and K4 is a contact of one, which says nothing about the companies.
    path.write_text(path.read_text(encoding="utf-8").replace("crm:contacts:K1b", "crm:contacts:K4"), encoding="utf-8")
    assert ids() == [A1, B2, C3, D4]
    line = "link,record:crm:accounts:A1,record:exhibition:leads:L2,2026-07-01,li,no\n"
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")
    assert ids() == [A1, B2, D4]


def test_a_line_that_the_release_knows_decides_nothing_since(world: Settings) -> None:
    """The release has the pair in spite of it, as of a link that later decisions overrule."""
    run("link", "1", "--why", "so", "--by", "li")
    [line] = rows(world, "identity_rules")
    with duckdb.connect(str(world.warehouse / "current" / "siyu_restricted.duckdb")) as con:
        values = [1, "link", line["decided_at"], "li", "so"]
        con.execute(
            "insert into identity.identity_rule (rule_no, decision, decided_at, decided_by, reason)"
            " values (?, ?, ?, ?, ?)", values,
        )  # fmt: skip
    assert ids() == [A1, B2, C3, D4]
    run("unlink", "1")
    assert ids() == [B2, C3, D4]


def test_blocks_that_were_not_searched_are_told(world: Settings) -> None:
    with duckdb.connect(str(world.warehouse / "current" / "siyu.duckdb")) as con:
        con.execute(
            "create schema identity; create table identity.identity_metric as select * from (values"
            " ('candidate_blocks_cut', 'rare_name', 2.0), ('candidate_blocks_cut', 'near_company', 1.0),"
            " ('candidates', 'rare_name', 7.0)) as v(metric, member, value)"
        )
    people, companies = (run("candidates", "--kind", kind) for kind in ("person", "company"))
    assert "not searched 未查: 2 blocks, too large 过大: A rare name 少见姓名" in people
    assert "not searched 未查: 1 block, too large 过大: A mistyped company name 公司名写错" in companies
    assert people.count("not searched") == companies.count("not searched") == 1
    assert run("candidates").count("not searched") == 2


def test_a_release_without_candidates_is_told(world: Settings) -> None:
    with duckdb.connect(str(world.warehouse / "current" / "siyu_restricted.duckdb")) as con:
        con.execute("drop table identity.candidate")
    assert "the release has no table identity.candidate" in run("candidates", exits=2)
    (world.warehouse / "current" / "siyu_restricted.duckdb").unlink()
    assert "the release has no siyu_restricted.duckdb" in run("candidates", exits=2)


@pytest.mark.parametrize(
    ("arguments", "problems"),
    [
        (("link", "1", "9", "K9"), ("there is no candidate 9", "there is no candidate K9")),
        (("unlink", "1", "K0000000000a1"), ("candidate 1 is named twice",)),
        (("link", "1", PEOPLE[3]), ("candidates are not named alone",)),
        (("link", PEOPLE[3], "--why", "x"), ("1 arguments are given",)),
        (("link", PEOPLE[1], PEOPLE[2], PEOPLE[3], "--why", "x"), ("3 arguments are given",)),
        (("link", PEOPLE[1], PEOPLE[2]), ("no reason is given",)),
        (("link", PEOPLE[1], PEOPLE[2], "--why", "x", "--again"), ("--again is for candidates",)),
        (("unlink", "1", "--file", "pairs.csv"), ("candidates are not named alone",)),
        (("candidates", "--unsure", "1", "77"), ("there is no candidate 77",)),
    ],
)
def test_nothing_is_written_if_one_is_wrong(world: Settings, arguments: tuple[str, ...], problems: tuple[str]) -> None:
    page = run(*arguments, exits=2)
    assert all(problem in page for problem in problems)
    assert written(world) == []


def test_unsure_is_noted_and_decides_nothing(world: Settings) -> None:
    run("candidates", "--unsure", "4", "3", "--by", "li")
    assert [(row["candidate_id"], row["verdict"]) for row in rows(world, "candidate_decisions")] == [
        (D4, "unsure"), (C3, "unsure"),
    ]  # fmt: skip
    assert written(world) == ["candidate_decisions.csv"]
    assert ids() == [A1, B2] and ids("--status", "unsure") == [C3, D4, E5]
    run("link", "4")
    assert ids("--status", "unsure") == [C3, E5]


def test_a_reversed_decision_replaces_the_labels(world: Settings) -> None:
    run("link", "1", "2")
    run("unlink", "1", "--again")
    assert pairs(world)[-1] == ("unlink", "crm_contact_id:K1", "member_id:m2")
    assert labels(world) == [
        ("website", "events:e3", B2, B2), ("crm", "contacts:K4", B2, B2),
        ("crm", "contacts:K1b", f"{A1}/1", A1), ("mall", "members:m2", f"{A1}/2", A1),
    ]  # fmt: skip
    assert [row["verdict"] for row in rows(world, "candidate_decisions")] == ["accept", "accept", "refuse"]
    assert "not the same 不同" in run("candidates", "--status", "all")
    assert "was decided since" in run("candidates", "--unsure", "1", exits=2)


def test_labels_without_the_column_get_it_and_keep_their_rows(world: Settings) -> None:
    path = Path(str(world.exports)) / "reference" / "identity_labels.csv"
    path.write_bytes('\ufeffchannel,record_id,person\r\ncrm,contacts:K1,"A, b"\r\n'.encode())
    assert load_references(world)["identity_labels"].columns == ("channel", "record_id", "person", "sample")
    run("link", "1")
    assert path.read_bytes().decode() == (
        '\ufeffchannel,record_id,person,sample\r\ncrm,contacts:K1,"A, b",\r\n'
        f"crm,contacts:K1b,{A1},{A1}\r\nmall,members:m2,{A1},{A1}\r\n"
    )


def test_what_is_written_passes_the_checks_of_a_night(world: Settings) -> None:
    from siyu.seeds.reference_checks import checked_identifiers

    run("link", "1", "3")
    run("unlink", "2", "6")
    run("candidates", "--unsure", "4")
    assert checked_identifiers(load_references(world))


def test_explain_tells_open_candidates(world: Settings) -> None:
    from siyu.ask.candidates import open_count
    from siyu.ask.lookup import current_release

    def counts() -> list[int]:
        with current_release(world) as lookup:
            return [open_count(lookup, own) for own in (PEOPLE[1], PEOPLE[2], PEOPLE[6], COMPANIES[1])]

    assert counts() == [2, 1, 0, 1]  # the unsure one of P6 is not open
    run("unlink", "1")
    assert counts() == [1, 0, 0, 1]


def test_the_guided_mode_writes_each_verdict_at_once(world: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stewardship, "_is_terminal", lambda: True)
    page = run("candidates", "--review", keys="xasuq")
    assert "1 of 4" in page and "4 of 4" in page and "2 verdicts written 已写入裁定, 2 left 剩余" in page
    assert [(row["candidate_id"], row["verdict"]) for row in rows(world, "candidate_decisions")] == [
        (A1, "accept"), (C3, "unsure"),
    ]  # fmt: skip
    keys = iter("n")

    def pressed() -> str:
        try:
            return next(keys)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(stewardship.typer, "getchar", pressed)
    assert "1 verdict written" in run("candidates", "--review")
    assert [row["verdict"] for row in rows(world, "candidate_decisions")] == ["accept", "unsure", "refuse"]


DECISION = {
    "candidate_id": A1, "entity": "person", "verdict": "accept", "score": "0.998", "generators": "rare_name",
    "left_id": "mobile:+8613900000001", "right_id": "mobile:+8613900000002", "left_record": "crm:contacts:K1",
    "right_record": "", "decided_at": "2026-06-30 08:15:00", "decided_by": "li",
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"candidate_id": "K12"}, "candidate_id is 'K12'"),
        ({"entity": "persons"}, "entity is 'persons'"),
        ({"verdict": "maybe"}, "verdict is 'maybe'"),
        ({"score": "1.2"}, "score is '1.2'"),
        ({"generators": ""}, "generators is empty"),
        ({"left_id": "mobil:1"}, "'mobil' is not a type"),
        ({"left_id": "mobile:+8613900000002"}, "is on both sides"),
        ({"right_id": "credit_code:9"}, "credit_code:9 identifies a company, but entity is person"),
        ({"left_record": "K1"}, "left_record is 'K1'"),
        ({"decided_at": "30.6.2026"}, "decided_at is '30.6.2026'"),
        ({"decided_by": ""}, "decided_by is empty"),
    ],
)
def test_wrong_rows_stop_a_night_and_the_next_verdict(world: Settings, wrong: dict[str, str], problem: str) -> None:
    path = Path(str(world.exports)) / "reference" / "candidate_decisions.csv"

    def write(*decisions: dict[str, str]) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, DECISION)
            writer.writeheader()
            writer.writerows(decisions)

    write(DECISION)
    assert _table_errors(world) == []
    write(DECISION, DECISION | wrong)
    [error] = _table_errors(world)
    assert problem in error and "row 3" in error
    assert problem in run("link", "2", exits=2)
    assert pairs(world) == []


def _table_errors(settings: Settings) -> list[str]:
    from siyu.ask.lookup import current_release

    with current_release(settings) as lookup:
        return [str(error) for error in errors_of(lookup.references, CANDIDATE_TABLES, lookup.types)]
