"""What the APIs of WeCom and of the Official Account answer, as the documentation prints it, lands as it is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.engines.duckdb import DuckSession
from siyu.landing.channel import ChannelLanding, land_channel
from siyu.landing.file import Landing
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.release.releases import RESTRICTED
from siyu.seeds.channels import ROOT, Channel, Column, Export, load_channels
from siyu.settings import load_settings
from tests.engine.test_identifiers import normal as normal
from tests.engine.test_landing import session as session
from tests.golden.shop import FEW_FAMILIES, FEW_SUITES, only_suites

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "wecom_payloads"
DATA = Path(os.environ.get("WECOM_PAYLOADS", BESIDE))
DAY, TOLD = date(2026, 1, 31), "20260131"
MSGID = "msgGCAAAXtWyujaWJHDDGi0mAAAA"
# method of the documented answer -> channel, export, name of the file
ANSWERS = {
    "batch.get_by_user": ("wecom", "contacts", f"contacts_{TOLD}.json"),
    "get": ("wecom", "contact_details", f"contact_details_{TOLD}.json"),
    "get_groupmsg_send_result": ("wecom", "group_sends", f"group_sends_{MSGID}_{TOLD}.json"),
    "get_contact_way": ("wecom", "contact_ways", f"contact_ways_{TOLD}.json"),
    "get_corp_tag_list": ("wecom", "corp_tags", f"corp_tags_{TOLD}.json"),
    "get_groupmsg_list_v2": ("wecom", "sent_messages", f"sent_messages_{TOLD}.json"),
    "groupchat.get": ("wecom_group", "groups", f"groups_{TOLD}.json"),
    "groupchat.list": ("wecom_group", "group_list", f"group_list_{TOLD}.json"),
    "groupchat.statistic": ("wecom_group", "group_statistics", f"group_statistics_{TOLD}.json"),
}
TOLD_BY_NAME = {"msgid": MSGID, "day": DAY}

documented = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the documented answers are absent: set WECOM_PAYLOADS (looked in {DATA})"
)

# The Official Account's answer of user/info, and its messages of events with the fields of the documented XML.
USER = """
{
    "subscribe": 1,
    "openid": "o6_bmjrPTlm6_2sgVt7hMZOPfL2M",
    "language": "zh_CN",
    "subscribe_time": 1382694957,
    "unionid": " o6_bmasdasdsad6_2sgVt7hMZOPfL",
    "remark": "",
    "groupid": 0,
    "tagid_list":[128,2],
    "subscribe_scene": "ADD_SCENE_QR_CODE",
    "qr_scene": 98765,
    "qr_scene_str": ""
}
"""
MESSAGE = {"ToUserName": "toUser", "FromUserName": "FromUser", "CreateTime": 123456789, "MsgType": "event"}
EVENTS = [
    {**MESSAGE, "Event": "subscribe", "EventKey": "qrscene_123123", "Ticket": "TICKET"},
    {**MESSAGE, "Event": "unsubscribe", "EventKey": ""},
    {**MESSAGE, "Event": "SCAN", "EventKey": "SCENE_VALUE", "Ticket": "TICKET"},
    {**MESSAGE, "Event": "CLICK", "EventKey": "EVENTKEY"},
    {**MESSAGE, "Event": "VIEW", "EventKey": "www.qq.com"},
    {**MESSAGE, "Event": "LOCATION", "Latitude": "23.137466", "Longitude": "113.352425", "Precision": "119.385040"},
    {**MESSAGE, "Event": "TEMPLATESENDJOBFINISH", "MsgID": 200163836, "Status": "success"},
    {**MESSAGE, "MsgType": "text", "Content": "this is a test", "MsgId": 1234567890123456},
]
CALLBACK = {
    "ToUserName": "toUser",
    "FromUserName": "sys",
    "CreateTime": 1403610513,
    "MsgType": "event",
    "Event": "change_external_contact",
    "UserID": "zhangsan",
    "ExternalUserID": "woAJ2GCAAAXtWyujaWJHDDGi0mACAAAA",
}
CALLBACKS = [
    {**CALLBACK, "ChangeType": "add_external_contact", "State": "teststate", "WelcomeCode": "WELCOMECODE"},
    {**CALLBACK, "ChangeType": "edit_external_contact"},
    {**CALLBACK, "ChangeType": "add_half_external_contact", "State": "teststate", "WelcomeCode": "WELCOMECODE"},
    {**CALLBACK, "ChangeType": "del_external_contact", "Source": "DELETE_BY_TRANSFER"},
    {**CALLBACK, "ChangeType": "del_follow_user"},
    {**CALLBACK, "ChangeType": "transfer_fail", "FailReason": "customer_refused"},
    {**CALLBACK, "ChangeType": "msg_audit_approved", "WelcomeCode": "WELCOMECODE"},
]


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Channel]:
    return load_channels(load_settings(tmp_path_factory.mktemp("contracts")))


def _land(session: DuckSession, channel: Channel, root: Path, export: str, name: str, text: str) -> ChannelLanding:
    folder, scratch = root / "in", root / "scratch"
    folder.mkdir()
    scratch.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    only = channel.model_copy(update={"exports": {export: channel.exports[export]}})
    return land_channel(session, only, folder, Landing(1, DAY, root, scratch, {}))


def _landed(session: DuckSession, result: ChannelLanding, root: Path) -> list[dict[str, Any]]:
    (file,) = result.files
    assert file.landed and not result.problems and file.rows_rejected == 0, (file.reason, result.problems)
    relation = f"select * from read_parquet('{root / str(file.path)}')"
    names = [column.name for column in session.columns(relation)]
    return [dict(zip(names, row, strict=True)) for row in session.rows(f"{relation} order by _line")]


def _at(value: Any, path: str) -> Any:
    for part in path.split(".") if path else []:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _records(document: Any, export: Export) -> list[Any]:
    found = _at(document, export.explode or "")
    return found if isinstance(found, list) else [found]


def _wanted(name: str, column: Column, record: Any, document: Any) -> Any:
    """The value that Python's json finds where the contract says, in the contract's type."""
    if column.file_name:
        return TOLD_BY_NAME[name]
    found = (
        _at(document, path.removeprefix(ROOT)) if path.startswith(ROOT) else _at(record, path)
        for path in column.path or (name,)
    )
    value = next((item for item in found if item not in (None, "")), None)
    if value is None or column.type in ("boolean", "integer"):
        return value
    if column.type == "epoch_seconds":
        return datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
    assert column.type == "text"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _hold(rows: list[dict[str, Any]], records: list[Any], document: Any, export: Export) -> None:
    """Every column is what the JSON says, and what no column names is kept where the contract keeps it."""
    assert len(rows) == len(records) > 0
    known = {
        path.split(".")[0]
        for name, c in export.in_file.columns.items()
        for path in c.path or (name,)
        if path[:2] != ROOT
    }
    for row, record in zip(rows, records, strict=True):
        assert {name: row[name] for name in export.columns} == {
            name: _wanted(name, column, record, document) for name, column in export.columns.items()
        }
        unknown = {name: value for name, value in record.items() if name not in known}
        kept = unknown if export.extra_columns == "keep" else {}
        assert (json.loads(row["_extra"]) if row["_extra"] else {}) == kept


def _files() -> Iterator[Path]:
    yield from sorted(DATA.glob("*.json")) if DATA.is_dir() else [DATA / "externalcontact.get.response.0.json"]


def _method(path: Path) -> str:
    return path.name.removeprefix("externalcontact.").partition(".response.")[0]


@documented
@pytest.mark.parametrize("path", _files(), ids=_method)
@pytest.mark.parametrize("as_list", [False, True], ids=["one answer", "a list of answers"])
def test_a_documented_answer_lands_as_it_is(
    session: DuckSession, channels: dict[str, Channel], tmp_path: Path, path: Path, as_list: bool
) -> None:
    channel, export, name = ANSWERS[_method(path)]
    text = path.read_text(encoding="utf-8")
    document = json.loads(text)
    result = _land(session, channels[channel], tmp_path, export, name, f"[{text}]" if as_list else text)
    contract = channels[channel].exports[export]
    _hold(_landed(session, result, tmp_path), _records(document, contract), document, contract)


@documented
def test_every_documented_answer_is_tried() -> None:
    assert {_method(path) for path in _files()} == set(ANSWERS)


@documented
def test_a_contact_and_a_member_of_a_group_with_one_unionid_are_one_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """李四 and 王语嫣 of the documentation: two external ids, one unionid. Nobody else is joined with them."""
    monkeypatch.setenv("SIYU_SALT", "documented, long enough to be one")
    for path in _files():
        channel, _, name = ANSWERS[_method(path)]
        (tmp_path / "exports" / channel).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "exports" / channel / name)
    monkeypatch.setattr("siyu.check.suites.layer_files", only_suites(*FEW_SUITES))
    settings = load_settings(
        tmp_path,
        warehouse=tmp_path / "warehouse",
        exports=tmp_path / "exports",
        channels=("wecom", "wecom_group"),
        families=FEW_FAMILIES,
    )
    run_night(settings, Request(as_of=DAY))
    with duckdb.connect(str(settings.warehouse / "current" / RESTRICTED), read_only=True) as release:
        people = dict(release.execute("select record_id, one_id from identity.record_person").fetchall())
    contacts = json.loads((DATA / "externalcontact.batch.get_by_user.response.0.json").read_text(encoding="utf-8"))
    group = json.loads((DATA / "externalcontact.groupchat.get.response.0.json").read_text(encoding="utf-8"))[
        "group_chat"
    ]
    (member,) = (m for m in group["member_list"] if m["type"] == 2)
    one, another = contacts["external_contact_list"]
    assert member["unionid"] == one["external_contact"]["unionid"] != another["external_contact"]["unionid"]
    of_one, of_another = (
        people[f"contacts:{c['external_contact']['external_userid']}|{c['follow_info']['userid']}"]
        for c in (one, another)
    )
    assert people[f"groups:{group['chat_id']}|{member['userid']}"] == of_one != of_another
    assert None not in (of_one, of_another)


def test_the_documented_user_of_the_official_account_lands(
    session: DuckSession, channels: dict[str, Channel], tmp_path: Path, normal: Any
) -> None:
    user = json.loads(USER)
    text = json.dumps(user, ensure_ascii=False)
    result = _land(session, channels["official_account"], tmp_path, "users", f"users_{TOLD}.jsonl", text)
    (row,) = rows = _landed(session, result, tmp_path)
    _hold(rows, [user], user, channels["official_account"].exports["users"])
    assert row["unionid"].startswith(" ") and normal("normal_unionid", [row["unionid"]]) == [row["unionid"].strip()]
    assert normal("normal_openid", [row["openid"]]) == [row["openid"]]


def test_who_is_no_follower_comes_with_nothing_else(
    session: DuckSession, channels: dict[str, Channel], tmp_path: Path
) -> None:
    user = {"subscribe": 0, "openid": "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"}
    result = _land(session, channels["official_account"], tmp_path, "users", f"users_{TOLD}.jsonl", json.dumps(user))
    _hold(_landed(session, result, tmp_path), [user], user, channels["official_account"].exports["users"])


def test_the_documented_events_of_the_official_account_land(
    session: DuckSession, channels: dict[str, Channel], tmp_path: Path
) -> None:
    text = "\n".join(json.dumps(event) for event in EVENTS)
    result = _land(session, channels["official_account"], tmp_path, "events", f"events_{TOLD}.jsonl", text)
    _hold(_landed(session, result, tmp_path), EVENTS, None, channels["official_account"].exports["events"])


def test_the_documented_callbacks_of_wecom_land(
    session: DuckSession, channels: dict[str, Channel], tmp_path: Path
) -> None:
    text = "\n".join(json.dumps(event) for event in CALLBACKS)
    result = _land(session, channels["wecom"], tmp_path, "events", f"events_{TOLD}.jsonl", text)
    _hold(_landed(session, result, tmp_path), CALLBACKS, None, channels["wecom"].exports["events"])


def test_values_that_wecom_has_not_documented_yet_land(
    session: DuckSession, channels: dict[str, Channel], tmp_path: Path
) -> None:
    """A contact that is rejected is one of an incomplete list, after which nobody counts as removed."""
    person = {"external_userid": "woAJ2GCAAAXtWyujaWJHDDGi0mACAAAA", "type": 3, "gender": 9}
    follow = {"userid": "zhangsan", "createtime": 1403610513, "add_way": 999, "remark_mobiles": [], "tag_id": None}
    answer = {"errcode": 0, "external_contact_list": [{"external_contact": person, "follow_info": follow}]}
    result = _land(session, channels["wecom"], tmp_path, "contacts", f"contacts_{TOLD}.json", json.dumps(answer))
    (row,) = _landed(session, result, tmp_path)
    assert (row["contact_type"], row["gender"], row["add_way"]) == ("3", "9", "999")
