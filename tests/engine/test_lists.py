"""`siyu list` on a small release: order, filters, names, masks, permissions, files, and the access log."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from siyu.ask import list_access, list_files
from siyu.cli import app
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.settings import Settings
from siyu.warehouse.ledger import Ledger
from tests.engine.list_world import PEOPLE, make_world
from tests.shared import Shared

ROOT = Path(__file__).resolve().parents[2]

Ask = Callable[..., str]
PERSONAL = [value for _, *personal, _, _ in PEOPLE for value in personal if value]
NOBODY = 65534


def enter(patch: pytest.MonkeyPatch, settings: Settings, folder: Path) -> None:
    patch.setenv("SIYU_WAREHOUSE", str(settings.warehouse))
    patch.setenv("SIYU_EXPORTS", str(settings.exports))
    patch.chdir(folder)


@pytest.fixture
def world(shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of the world."""
    made = shared.once("list_world", make_world)
    for folder in (made.warehouse, made.exports):
        shutil.copytree(str(folder), tmp_path / Path(str(folder)).name, symlinks=True)
    settings = made.model_copy(update={"warehouse": tmp_path / "warehouse", "exports": tmp_path / "exports"})
    enter(monkeypatch, settings, tmp_path)
    return settings


@pytest.fixture
def ask(world: Settings) -> Ask:
    """What `siyu list` prints; `exits` is the exit code."""
    return asked


def asked(*arguments: str, exits: int = 0) -> str:
    result = CliRunner().invoke(app, ["list", *arguments])
    assert result.exit_code == exits, result.output
    return result.output


def told(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asked(*arguments, "--json"))
    return found


def ids(*arguments: str) -> list[str]:
    return [row["one_id"] for row in told(*arguments)["rows"]]


def log(settings: Settings) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(settings.warehouse / "ledger.sqlite")) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("select * from access_log order by access_no")]


# What there is


def test_without_a_name_it_says_what_there_is(ask: Ask) -> None:
    assert ask().split("\n\n") == [
        "lists 名单 as of 2026-06-30",
        "segments 人群: siyu list segment NAME\n"
        "  asleep_leads  沉睡线索 Sleeping leads  2 people 人 (+1 −0)  owner 负责 market\n"
        "  big_accounts  大客户 Big accounts  0 people 人 (+0 −0)  owner 负责 –",
        "coming events 近期活动: siyu list invite --event EVENT\n"
        "  E1  2026-07-10  传感器沙龙  seats 20; fitting 3; invited 2; left out 1\n"
        "  E2  2026-08-01  机器人大会  seats 100; fitting 1; invited 1; left out 0",
        "hand-offs that wait 待接收线索: siyu list handoff\n"
        "  marketing_to_sdr 市场转SDR  1 open 待接收, 1 overdue 超时\n"
        "  sdr_to_sales SDR转销售  2 open 待接收, 1 overdue 超时",
        "next actions 下一步行动: siyu list next-action\n"
        "  resolve_ticket 处理工单  1 person 人\n"
        "  send_content 发送内容  2 people 人\n",
    ]
    found = told()
    assert [row["segment"] for row in found["segments"]] == ["asleep_leads", "big_accounts"]
    assert found["handoffs"][0] == {"step": "marketing_to_sdr", "open_count": 1, "overdue_count": 1}


def test_lists_are_in_the_order_of_work(ask: Ask) -> None:
    assert ids("handoff") == ["P3", "P2", "P1"], "overdue first, then what is due first"
    assert ids("handoff", "--closed") == ["P3", "P2", "P1", "P1"]
    assert [(row["event_id"], row["invite_no"]) for row in told("invite")["rows"]] == [("E1", 1), ("E1", 2), ("E2", 1)]
    assert ids("next-action") == ids("next_action") == ["P5", "P1", "P4"], "priority, due, ID"
    assert ids("segment", "asleep_leads") == ["P2", "P1"], "newest members first"


def test_a_list_shows_what_its_reader_needs(ask: Ask) -> None:
    lines = ask("handoff").splitlines()
    assert lines[0] == "hand-offs 线索交接 as of 2026-06-30: 3 rows 行, 3 people 人"
    assert lines[3] == (
        "1  nobody 无人  marketing_to_sdr 市场转SDR  due 应接收时间 2026-06-28 18:00  overdue 超时  李***  +***"
    )
    assert lines[-2:] == [
        "3  S1 王芳  sdr_to_sales SDR转销售  due 应接收时间 2026-07-01 18:00  张***  采购经理  甲集团  +***  z***",
        "   status 状态 open 待接收; why 原因 intent; score 评分 80; of behaviours 行为分 60.5; ID 统一身份 P1",
    ]
    lines = ask("invite", "--event", "E1").splitlines()
    assert lines[0] == "invitations 邀约名单 as of 2026-06-30, E1 传感器沙龙: 2 rows 行, 2 people 人"
    assert lines[3].endswith("  z***  S1 王芳  wecom 企业微信")
    assert "why in Chinese 原因 主题相符; why 英文原因 fits the topic; score 得分 8.5; of the topic" in lines[4]
    assert "  priority 优先级 10  resolve_ticket 处理工单  due 截止日期 2026-06-30  " in ask("next-action")
    assert "  member since 加入日期 2026-06-01  S1 王芳" in ask("segment", "asleep_leads")


def test_codes_have_their_names_beside_them_in_json(ask: Ask) -> None:
    row = told("invite")["rows"][0]
    assert (row["event_id"], row["event_name"], row["inviter_staff_name"]) == ("E1", "传感器沙龙", "王芳")
    row = told("handoff")["rows"][2]
    assert row["due_at"] == "2026-07-01T10:00:00Z" and row["step_name"] == "SDR转销售" and row["is_overdue"] is False


def test_an_empty_list_says_so(ask: Ask, tmp_path: Path) -> None:
    assert ask("segment", "big_accounts").splitlines() == [
        "segment 人群 big_accounts 大客户 Big accounts as of 2026-06-30: 0 rows 行, 0 people 人",
        "nobody is on this list 名单上没有人",
    ]
    assert "nobody is on this list" in ask("segment", "big_accounts", "--csv", "empty.csv")
    assert len((tmp_path / "empty.csv").read_text(encoding="utf-8").splitlines()) == 1


def test_long_lists_are_cut_on_the_screen_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    members = [{"segment": "asleep_leads", "one_id": f"P{n:03d}", "person_key": n} for n in range(60)]
    enter(monkeypatch, make_world(tmp_path, {"audience.segment_member": members}), tmp_path)
    text = asked("segment", "asleep_leads")
    assert text.count("ID 统一身份") == 50 and "10 more 另有 10 行: --all shows them" in text
    assert asked("segment", "asleep_leads", "--all").count("ID 统一身份") == 60
    assert len(ids("segment", "asleep_leads")) == 60
    asked("segment", "asleep_leads", "--csv", "all.csv")
    assert len((tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()) == 61
    asked("segment", "asleep_leads", "--raw")
    assert json.loads(asked("--log", "--json"))[-1]["person_count"] == 50, "the people that were shown"


# Filters


def test_an_owner_is_an_id_or_a_name(ask: Ask) -> None:
    assert ids("handoff", "--owner", "S1") == ids("handoff", "--owner", " 王芳 ") == ["P1"]
    assert ids("handoff", "--owner", "D1") == [] and ids("handoff", "--owner", "D1", "--closed") == ["P1"]
    assert told("invite", "--owner", "D1")["rows"][0]["one_id"] == "P5"
    assert ids("next-action", "--owner", "S1") == ["P5"] and ids("segment", "沉睡线索", "--owner", "S1") == ["P1"]
    assert ids("invite", "--event", "机器人大会") == ["P1"]


def test_an_owner_whom_only_the_list_names_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"audience.next_action": [{"one_id": "P1", "person_key": 1, "kind": "invite", "owner_staff": "left"}]}
    enter(monkeypatch, make_world(tmp_path, rows), tmp_path)
    assert ids("next-action", "--owner", "left") == ["P1"]


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [
        (["handof"], "there is no list 'handof'", "did you mean handoff?"),
        (["segment", "aslep_leads"], "there is no segment 'aslep_leads'", "did you mean asleep_leads?"),
        (["segment", "zz"], "there is no segment 'zz'", "expected one of: asleep_leads 沉睡线索, big_accounts 大客户."),
        (["segment"], "needs the name of a segment", "with one of: asleep_leads, big_accounts."),
        (["invite", "--event", "E9"], "there is no event 'E9'", "expected one of: E1 传感器沙龙, E2 机器人大会."),
        (
            ["handoff", "--owner", "S9"],
            "there is no member of staff 'S9'",
            "expected one of: D1 李雷, S1 王芳, S2 李雷.",
        ),
        (["handoff", "--owner", "王芬芳"], "there is no member of staff '王芬芳'", "did you mean 王芳?"),
        (["handoff", "--owner", "李雷"], "李雷 is the name of D1 and S2", "give one of these IDs."),
        (["handoff", "asleep_leads"], "a name does not fit the list handoff", "leave it out."),
        (["handoff", "--event", "E1"], "--event does not fit the list handoff", "leave it out."),
        (["next-action", "--closed"], "--closed does not fit the list next-action", "leave it out."),
        (["handoff", "--csv", "a.csv", "--json"], "exclude each other", "give one of them."),
        (["handoff", "--csv", "a.csv", "--xlsx", "a.xlsx"], "exclude each other", "give one of them."),
        (["handoff", "--force"], "--force is for files", "add --csv or --xlsx"),
        (["--raw"], "these options need a list", "handoff, invite, next-action or segment."),
        (["--csv", "a.csv"], "these options need a list", "handoff, invite, next-action or segment."),
        (["handoff", "--log"], "--log stands alone", "--all and --json go with it."),
    ],
)
def test_wrong_questions(world: Settings, tmp_path: Path, arguments: list[str], problem: str, fix: str) -> None:
    text = " ".join(asked(*arguments, exits=2).split())
    assert problem in text and fix in text
    assert log(world) == [] and not list(tmp_path.glob("*.csv"))


def test_a_nearest_name_of_many_may_be_a_name_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        {"event_id": f"EV-{n:02d}", "name_zh": f"第{n}届机器人大会", "event_date": "2026-08-01"} for n in range(9)
    ]
    enter(monkeypatch, make_world(tmp_path, {"audience.invite_event": events, "audience.invite_list": []}), tmp_path)
    assert "did you mean 第7届机器人大会?" in asked("invite", "--event", "第7届机器人会", exits=2)
    assert ids("invite", "--event", "第7届机器人大会") == []
    assert "expected one of: EV-00 第0届机器人大会, " in asked("invite", "--event", "x", exits=2)


def test_a_release_of_an_earlier_siyu_has_no_lists(world: Settings) -> None:
    with duckdb.connect(str(world.warehouse / "current" / "siyu.duckdb")) as con:
        con.execute("drop schema audience cascade")
    assert "the release has no table audience.lead_handoff" in asked("handoff", exits=2)
    assert "an earlier version of siyu built this release" in asked(exits=2)


# Masks and permissions


@pytest.mark.parametrize("form", ["text", "json", "csv", "xlsx"])
@pytest.mark.parametrize(
    "name", [["handoff", "--closed"], ["invite"], ["next-action"], ["segment", "asleep_leads"]], ids=lambda n: n[0]
)
def test_personal_values_only_when_asked_for(world: Settings, tmp_path: Path, name: list[str], form: str) -> None:
    def output(*more: str) -> str:
        if form in ("text", "json"):
            return asked(*name, *more, *(["--json"] if form == "json" else []))
        path = tmp_path / f"x.{form}"
        asked(*name, *more, f"--{form}", str(path), "--force")
        if form == "csv":
            return path.read_text(encoding="utf-8-sig")
        return str(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python())

    masked, raw = output(), output("--raw")
    found = [value for value in PERSONAL if " ".join(value.split()) in raw or json.dumps(value)[1:-1] in raw]
    assert len(found) >= 4
    assert not [value for value in PERSONAL if value in masked]
    assert "***" in masked and "***" not in raw
    if form == "text":
        assert "contact data is masked 联系方式已脱敏" in masked and "this is personal data 含个人信息" in raw
    if form == "json":
        assert json.loads(masked)["is_raw"] is False and json.loads(raw)["is_raw"] is True
    assert [row["is_raw"] for row in log(world)] == ([1] if form in ("text", "json") else [0, 1])


def test_masked_lists_do_not_open_the_restricted_file(world: Settings, tmp_path: Path) -> None:
    (world.warehouse / "current" / "siyu_restricted.duckdb").unlink()
    assert "张***" in asked("handoff") and asked()
    asked("handoff", "--csv", "a.csv")
    assert "the release has no siyu_restricted.duckdb" in asked("handoff", "--raw", exits=2)
    assert "the release has no siyu_restricted.duckdb" in asked("handoff", "--raw", "--csv", "b.csv", exits=2)
    assert not (tmp_path / "b.csv").exists() and len(log(world)) == 1


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A world that belongs to somebody else, who lets all read the public file, and a folder for files of one's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "own").mkdir()
    (folder / "own").chmod(0o777)
    settings = make_world(folder)
    enter(monkeypatch, settings, folder / "own")
    monkeypatch.setenv("SIYU_CACHE", str(folder / "own"))
    is_root = os.geteuid() == 0
    if is_root and not all(folder.stat().st_mode & 0o005 == 0o005 for folder in (ROOT, *ROOT.parents)):
        pytest.skip(f"no other user may read the checkout, {ROOT}")
    restricted, ledger = settings.warehouse / "current" / "siyu_restricted.duckdb", settings.warehouse / "ledger.sqlite"
    if is_root:
        os.seteuid(NOBODY)
    else:
        restricted.chmod(0)
        ledger.chmod(0o444)
    yield settings
    if is_root:
        os.seteuid(0)
    shutil.rmtree(folder)


def test_who_may_not_read_the_restricted_file_sees_masks_only(stranger: Settings) -> None:
    assert "张***" in asked("handoff")
    for more in ([], ["--json"], ["--csv", "a.csv"]):
        text = asked("handoff", "--raw", *more, exits=2)
        assert "you may not read siyu_restricted.duckdb of the release" in text and "张三" not in text
    assert asked("--log").startswith("access log 访问日志: 0 outputs 次")
    assert not list((stranger.warehouse.parent / "own").iterdir())


def test_who_may_not_write_the_log_writes_no_file(stranger: Settings) -> None:
    for form in ("csv", "xlsx"):
        text = asked("handoff", f"--{form}", f"a.{form}", exits=4)
        assert "the access log cannot be written, so nothing left the release" in text
        assert "look at the masked list on the screen" in text
    assert not list((stranger.warehouse.parent / "own").iterdir()) and not log(stranger)


# The access log


def test_every_file_and_every_raw_output_has_a_line(world: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_access, "user", lambda: "li.wei")
    asked("handoff")
    told("handoff")
    assert log(world) == [], "masked values on the screen need none"
    asked("handoff", "--owner", "王芳", "--raw")
    asked("invite", "--event", "E1", "--xlsx", "e1.xlsx")
    told("segment", "沉睡线索", "--raw")
    asked("handoff", "--closed", "--raw", "--csv", "h.csv")
    lines = log(world)
    fields = ("who", "list", "release", "row_count", "person_count", "is_raw", "form", "file")
    folder, name = world.warehouse.parent, "2026-06-30-000001"
    assert [tuple(row[field] for field in fields) for row in lines] == [
        ("li.wei", "handoff", name, 1, 1, 1, "screen", None),
        ("li.wei", "invite", name, 2, 2, 0, "xlsx", str(folder / "e1.xlsx")),
        ("li.wei", "segment", name, 2, 2, 1, "json", None),
        ("li.wei", "handoff", name, 4, 3, 1, "csv", str(folder / "h.csv")),
    ]
    assert [json.loads(row["parameters"]) for row in lines] == [
        {"owner": "S1"}, {"event": "E1"}, {"segment": "asleep_leads"}, {"has_closed": True},
    ]  # fmt: skip
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row["accessed_at"]) for row in lines)
    assert all(row["finished_at"] for row in lines)
    text = asked("--log").splitlines()
    assert text[0] == "access log 访问日志: 4 outputs 次"
    assert text[2].split("  ")[2:] == [
        "li.wei", "invite", '{"event": "E1"}', name, "2 rows, 2 people", "masked 脱敏", "xlsx", str(folder / "e1.xlsx"),
    ]  # fmt: skip
    shown = json.loads(asked("--log", "--json"))
    assert shown[0]["parameters"] == {"owner": "S1"} and shown[0]["accessed_at"].endswith("Z") and shown[0]["is_raw"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_line_is_there_before_the_data_leave(
    world: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    def fail(path: Path, table: list_files.Table) -> None:
        assert [(row["form"], row["finished_at"]) for row in log(world)] == [(form, None)]
        path.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(list_files.WRITERS, form, fail)
    text = asked("handoff", "--raw", f"--{form}", f"a.{form}", exits=4)
    assert "the file cannot be written: No space left on device" in text and "No part of the file was left" in text
    assert not [path for path in tmp_path.iterdir() if path.name not in ("warehouse", "exports")]
    assert "not complete 未完成" in asked("--log")


@pytest.mark.parametrize("more", [["--raw"], ["--raw", "--json"], ["--csv", "a.csv"], ["--raw", "--xlsx", "a.xlsx"]])
@pytest.mark.parametrize("is_missing", [True, False])
def test_without_the_log_nothing_leaves(world: Settings, tmp_path: Path, more: list[str], is_missing: bool) -> None:
    ledger = world.warehouse / "ledger.sqlite"
    ledger.unlink()
    if not is_missing:
        ledger.write_bytes(b"no database" * 1000)
    text = asked("handoff", *more, exits=2 if is_missing else 4)
    assert "nothing left the release" in text
    assert not [value for value in PERSONAL if value in text]
    assert not list(tmp_path.glob("a.*")) and ledger.exists() != is_missing


def test_a_refused_target_has_no_line(world: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine", encoding="utf-8")
    assert "the file exists already" in asked("handoff", "--csv", "a.csv", exits=2)
    assert log(world) == [] and (tmp_path / "a.csv").read_text(encoding="utf-8") == "mine"
    asked("handoff", "--csv", "a.csv", "--force")
    assert len(log(world)) == 1 and stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) & 0o077


def test_names_of_files_that_are_not_utf_8(world: Settings, tmp_path: Path) -> None:
    for name in (b"\xff.csv", "王芳 a\nb\u202e.csv".encode()):
        assert "written to 已写入 " in asked("handoff", "--csv", os.fsdecode(name))
        assert (tmp_path / os.fsdecode(name)).is_file()
    assert [Path(row["file"]).name for row in log(world)] == ["�.csv", "王芳 a\nb.csv"]
    assert len(asked("--log").splitlines()) == 3


def test_files_have_labels_in_both_languages(world: Settings, tmp_path: Path) -> None:
    asked("handoff", "--raw", "--csv", "a.csv")
    asked("handoff", "--raw", "--xlsx", "a.xlsx")
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a.xlsx").stat().st_mode) == 0o600
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    book = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx"))
    header, *rows = book.get_sheet_by_name("handoff").to_python()
    assert header == list(lines[0]) and header[:4] == ["owner 负责人", "step 环节", "due 应接收时间", "overdue 超时"]
    assert [line["mobile 手机"] for line in lines] == ["'+8613700000003", "'+8613800000002", "'+8613912345678"]
    assert [row[header.index("mobile 手机")] for row in rows] == ["+8613700000003", "+8613800000002", "+8613912345678"]
    assert [line["person 客户"] for line in lines] == ["李 四", "'=cmd|' /C calc'!A1", "张三"]
    assert rows[1][header.index("person 客户")] == "=cmd|' /C calc'!A1"
    assert (lines[1]["title 职位"], lines[1]["company 公司"], lines[1]["mail 邮箱"]) == ("'-2+3", "'＝1+1", "'@sum(1)")
    about = dict(book.get_sheet_by_name("about 说明").to_python())
    assert about["contact data 联系方式"] == "raw 明文" and about["release 版本"] == "2026-06-30-000001"


# The ledger


def test_a_ledger_of_before_gets_the_log(tmp_path: Path) -> None:
    """A ledger of this version that an earlier siyu wrote. It can be read before it has the table."""
    settings = make_world(tmp_path)
    path = settings.warehouse / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("drop table access_log")
        db.execute("insert into landing values (1, '2026-06-30')")
        db.commit()
        version = db.execute("pragma user_version").fetchone()
    assert list_access.access_log(settings) == []
    ledger = Ledger(path)
    assert ledger.accesses() == [] and list(ledger.landings()) == [1]
    ledger.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("pragma user_version").fetchone() == version
    assert log(settings) == []


def test_a_release_has_the_log_without_the_names_of_files(world: Settings) -> None:
    from siyu.build import ops
    from siyu.compile.ops_schema import OPS_TABLES

    asked("handoff", "--raw", "--csv", "张三.csv")
    ledger = Ledger(world.warehouse / "ledger.sqlite")
    engine = DuckEngine(None, RunInputs("2026-06-30", "Asia/Shanghai", "k"))
    session = engine.session()
    session.execute("create schema ops")
    ops.write_runs(session, ledger, ledger.run(ledger.begin_run("2026-07-01 01:30:00.000")))
    rows = session.named_rows("select * from ops.access")
    types = {column.name: column.type.lower() for column in session.columns("select * from ops.access")}
    engine.close()
    ledger.close()
    assert types == OPS_TABLES["access"].types
    assert (rows[0]["list"], rows[0]["row_count"], rows[0]["is_raw"], rows[0]["form"]) == ("handoff", 3, True, "csv")
    assert rows[0]["finished_at"] >= rows[0]["accessed_at"] and "张三" not in str(rows)


def test_who_took_a_list_is_who_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd")
    account = pwd.getpwuid(os.getuid()).pw_name
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody else")
    monkeypatch.setattr(os, "getlogin", lambda: account)
    assert list_access.user() == account
    monkeypatch.setattr(os, "getlogin", lambda: "li.wei")
    assert list_access.user() == f"{account} (login li.wei)"

    def no_terminal() -> str:
        raise OSError(25, "Inappropriate ioctl for device")

    monkeypatch.setattr(os, "getlogin", no_terminal)
    assert list_access.user() == account
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert list_access.user() == "uid 4000000"


def test_scores_are_rounded_for_people_and_exact_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"one_id": "P1", "person_key": 1, "step": "sdr_to_sales", "status": "open", "reason": "asked_at_fair",
           "score": "5.375", "behaviour_score": "4.745", "call_score": "0.625", "sequence_score": "0"}  # fmt: skip
    settings = make_world(tmp_path, {"audience.lead_handoff": [row]})
    enter(monkeypatch, settings, tmp_path)
    assert (
        "why 原因 asked_at_fair; score 评分 5.38; of behaviours 行为分 4.75; of calls to action 行动号召分 0.63; ID"
        in asked("handoff")
    )
    assert told("handoff")["rows"][0]["behaviour_score"] == 4.745
    assert told("handoff")["rows"][0]["sequence_score"] == 0
    rules = tmp_path / "exports" / "reference" / "handoff_rules.csv"
    rules.write_text("rule,name_zh\nasked_at_fair,询价\n", encoding="utf-8")
    assert "why 原因 asked_at_fair 询价; " in asked("handoff"), "a rule of the reference table has a name"
