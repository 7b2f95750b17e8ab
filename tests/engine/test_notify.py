"""Messages are sent by Apprise: to services on this machine, that take, refuse or lose them, and to nobody."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
import hmac
import logging
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.errors import ConfigError
from siyu.report import notify
from siyu.report.message import Message
from siyu.report.notify import addressees, send, without_secrets
from siyu.settings import load_settings
from tests.receiver import ADDRESS, KEY, Robot, mailbox, robot

SECRET, SLACK = "SECabc0123456789", "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
MESSAGE = Message("siyu 未发布 2026-06-30", "首先失败: check\n手册: docs/on-call.md#one-id")


@pytest.fixture
def listener() -> Iterator[Robot]:
    with robot() as found:
        yield found


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What reaches the handlers of the process. (caplog also listens to loggers that pass nothing on.)"""
    lines: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    root, handler = logging.getLogger(), Handler(logging.DEBUG)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.setLevel(level)
    root.removeHandler(handler)


def _send(monkeypatch: pytest.MonkeyPatch, folder: Path, *addresses: str) -> list[str]:
    monkeypatch.setenv("SIYU_NOTIFY", " ".join(addresses))
    return send(MESSAGE, addressees(load_settings(folder)))


def test_a_robot_of_wecom_gets_its_own_format(listener: Robot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROBOT_KEY", KEY)
    native = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"
    assert _send(monkeypatch, tmp_path, ADDRESS, native, "wecombot://${ROBOT_KEY}") == []
    assert listener.paths == [f"/cgi-bin/webhook/send?key={KEY}"] * 3
    for got in listener.got:
        assert got["msgtype"] == "text" and set(got) == {"msgtype", "text"}
        title, *lines = got["text"]["content"].splitlines()
        assert title == MESSAGE.title and "\n".join(lines) == MESSAGE.text


def test_each_service_gets_plain_text_in_its_own_format(
    listener: Robot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The longest message, in one piece, with what Markdown and HTML would take for their own."""
    marked = "{name=张*, code=_d_ ~e~ `f`} a > 0 & <b>x</b> https://x.cn/a_b_c?d=e&f=g"
    text = "\n".join([marked, *["检查失败 expect_column_values_to_be_in_set" * 5] * 7])
    assert 1600 < len(text.encode()) < 1900
    message = Message("siyu 未发布 2026-06-30", text)
    whole = f"{message.title}\n{text}"
    with mailbox() as (port, mails):
        monkeypatch.setenv("SIYU_NOTIFY", " ".join([
            "dingtalk://plain678901234567890/", f"dingtalk://{SECRET}@signed78901234567890/", "feishu://token7890123",
            "lark://token7890123", f"https://hooks.slack.com/services/{SLACK}",
            f"mailto://siyu:geheim99@firm.cn:{port}?smtp=127.0.0.1&to=li@firm.cn",
        ]))  # fmt: skip
        assert send(message, addressees(load_settings(tmp_path))) == []
    for got in listener.got_at("/robot/send"):
        assert got["msgtype"] == "text" and got["text"]["content"].replace("\r\n", "\n") == whole
    [signed] = [parse_qs(path.partition("?")[2]) for path in listener.paths if "signed" in path]
    [timestamp], [sign] = signed["timestamp"], signed["sign"]
    expected = hmac.new(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert sign == base64.b64encode(expected).decode()
    for service in ("/feishu/", "/lark/"):
        [got] = listener.got_at(service)
        assert got["msg_type"] == "text" and got["content"]["text"].replace("\r\n", "\n") == whole
    [slack] = listener.got_at("/services/")
    [part] = slack["attachments"]  # Slack takes marks in an attachment as they are, unless it has mrkdwn_in
    assert (part["title"], unescape(part["text"])) == (message.title, text) and "mrkdwn_in" not in part
    assert "&lt;b&gt;x" in part["text"] and len(listener.got) == 5
    [mail] = [email.message_from_bytes(one, policy=email.policy.default) for one in mails]
    assert (mail["Subject"], mail["To"], mail.get_content_type()) == (message.title, "li@firm.cn", "text/plain")
    assert mail.get_content().replace("\r\n", "\n").strip() == text


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"errcode": 93000}, "refused with code 93000: invalid webhook url, hint: [1]"),
        ({"status": 500}, "error=500"),
        ({"delay": 20.0}, "no answer within 1 seconds"),
    ],
)
def test_who_did_not_get_it_is_told_in_time_and_without_keys(
    listener: Robot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: dict[str, float], told: str,
    logged: list[str], capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if "delay" in fault:
        monkeypatch.setattr(notify, "SECONDS", 1.0)
    for name, value in fault.items():
        monkeypatch.setattr(listener, name, value)
    monkeypatch.setenv("SIYU_NOTIFY", f"{ADDRESS} json://127.0.0.1:9/a-path-with-a-secret")
    everybody = addressees(load_settings(tmp_path))
    began = time.monotonic()
    problems = send(MESSAGE, everybody)
    assert time.monotonic() - began < 15
    wecom, other = problems
    assert wecom.startswith("WeCom Bot (1): not sent: ") and told in wecom
    assert other.startswith("JSON (2): not sent: ")
    assert "A Connection error occurred" in other or "delay" in fault  # a busy machine may take longer than a second
    shown = "".join([*logged, *capfd.readouterr(), wecom, other])
    for secret in (KEY, "a-path-with-a-secret"):
        assert secret not in shown


def test_an_address_that_nobody_knows_stops_the_run_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, logged: list[str]
) -> None:
    monkeypatch.setenv("SIYU_NOTIFY", f"wecombot://not!valid-{KEY} nobody://{KEY} ${{NO_SUCH_NAME}}")
    monkeypatch.setenv("SIYU_NOTIFY_ON", "failure,stail")
    with pytest.raises(ConfigError) as error:
        addressees(load_settings(tmp_path))
    text = str(error.value)
    assert "there is no reason 'stail'" in text and "did you mean stale?" in text
    assert "address 1 of notify (wecombot://****)" in text and "address 2 of notify (nobody://****)" in text
    assert "address 3 of notify names the variable NO_SUCH_NAME" in text and "environment SIYU_NOTIFY" in text
    assert KEY not in text + "".join(logged)


def test_secrets_are_not_settings_that_show_or_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_settings(tmp_path).content_fingerprint
    monkeypatch.setenv("SIYU_NOTIFY", ADDRESS)
    monkeypatch.setenv("SIYU_NOTIFY_LANGUAGE", "en")
    settings = load_settings(tmp_path)
    assert KEY not in repr(settings) + str(settings) + settings.model_dump_json()
    assert settings.content_fingerprint == before


def test_parts_of_addresses_are_removed_from_texts() -> None:
    assert without_secrets("sending to abcd-efgh-12 failed: send", "slack://abcd-efgh-12/send") == (
        "sending to **** failed: ****"
    )


def test_the_command_sends_a_test_message(listener: Robot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke
    assert run(app, ["notify", "--test"]).exit_code == 2, "no address"
    monkeypatch.setenv("SIYU_NOTIFY", ADDRESS)
    assert run(app, ["notify"]).exit_code == 2
    good = run(app, ["notify", "--test"])
    assert (good.exit_code, good.stdout.strip()) == (0, "WeCom Bot (1): sent")
    assert "测试消息" in listener.texts[0]
    listener.errcode = 93000
    bad = run(app, ["notify", "--test"])
    assert bad.exit_code == 1 and "refused with code 93000" in bad.stderr
