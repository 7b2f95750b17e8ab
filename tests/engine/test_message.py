"""What a message says, and when there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from siyu.check.suites import CheckResult
from siyu.report import failures
from siyu.report.headline import KpiAlert
from siyu.report.message import INTERRUPTED, WORDS, Style, compose, still_told
from siyu.report.status import as_json
from siyu.report.summary import ChannelLine, Report, TargetLine
from siyu.settings import NOTIFY_ON

EN, ZH = Style("en", "", "", NOTIFY_ON), Style("zh", "https://siyu.acme.cn/", "https://git.acme.cn/siyu/", NOTIFY_ON)
CHECK = CheckResult(
    table_name="identity.person", expectation="expect_column_values_to_be_unique", column_name="one_id",
    severity="critical", success=False, error=None, unexpected_count=1234, unexpected_percent=1.0,
    sample_keys=json.dumps([{"one_id": "P1"}]), query=None, runbook="docs/on-call.md#one-id", why="One a person.",
)  # fmt: skip
STALE = ChannelLine("hotline", "热线", 0, 0, 0, True, "no file matches calls_*.csv")
ALERT = KpiAlert("2026-06-30", "buyers", "成交客户数", "Buyers", "total", "9", "1 to 5", "alert")


def _status(**values: Any) -> dict[str, Any]:
    given = {"status": "published", "started_at": "2026-07-01 01:30:00.000", "ended_at": "2026-07-01 01:34:00.000"}
    report = Report(as_of=date(2026, 6, 30), warehouse=Path("nowhere"), run_id=7, **{**given, **values})
    found: dict[str, Any] = json.loads(json.dumps(as_json(report, None)))
    return found


def test_a_good_run_has_no_message() -> None:
    assert compose(_status(), [], EN) is None
    assert compose(_status(checks=[replace(CHECK, severity="info")]), [], EN) is None
    watch, member = replace(ALERT, status="watch"), replace(ALERT, member="channel mall")
    assert compose(_status(alerts=[watch, member, replace(ALERT, is_good=True)]), [], EN) is None


def test_a_failure_is_told_every_time_with_rows_and_runbook() -> None:
    status = _status(status="failed", checks=[CHECK], stopped_by=failures.of_check(CHECK))
    for told in ([], still_told(status, [], was_sent=True)):
        message = compose(status, told, ZH)
        assert message is not None and message.title == "siyu 未发布 2026-06-30"
        lines = message.text.splitlines()
        assert lines[0] == "首先失败: check identity.person: expect_column_values_to_be_unique (one_id), 1,234 行"
        assert "样例: {one_id=P1}" in lines and "BI 当前读取: 尚无发布" in lines
        assert "手册: https://git.acme.cn/siyu/docs/on-call.md#one-id" in lines
        assert lines[-1] == "状态页: https://siyu.acme.cn/"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"channels": [STALE]}, "stale channel (new): hotline: no file matches calls_*.csv"),
        ({"channels": [replace(STALE, is_stale=False, drift=("crm.a: x is new",))]}, "column changed (new): crm.a: x"),
        ({"references": ["staff.csv: 3 rows, 9 to 30 are usual"]}, "unusual data (new): staff.csv: 3 rows, 9 to 30"),
        (
            {"channels": [replace(STALE, owner="service", data_until="2026-06-28")]},
            "stale channel (new): hotline (owner service, data until 2026-06-28): no file matches calls_*.csv",
        ),
        ({"alerts": [ALERT]}, "KPI alert (new): buyers 成交客户数 2026-06-30: 9, 1 to 5"),
        (
            {"checks": [replace(CHECK, severity="warning")]},
            "check warns (new): identity.person (one_id): One a person.",
        ),
        ({"targets": [TargetLine("postgresql", None, 0, 0.1, "refused")]}, "failed first: target postgresql: refused"),
    ],
)
def test_what_needs_somebody_is_told_once_and_again_when_it_is_over(values: dict[str, Any], told: str) -> None:
    status = _status(**values)
    message = compose(status, [], EN)
    assert message is not None and told in message.text and not message.is_good
    keys = still_told(status, [], was_sent=True)
    assert compose(status, keys, EN) is None, "the same again is no news"
    assert still_told(status, [], was_sent=False) == [], "what was not sent is not known"
    over = compose(_status(), keys, EN)
    assert over is not None and over.is_good and over.text.startswith("recovered: ")
    assert still_told(_status(), keys, was_sent=True) == []


def test_an_unusual_landing_is_told_once() -> None:
    """Its check in schema ops says the same without the name. A check that could not run says something else."""
    check = replace(CHECK, table_name="ops.volume", severity="warning", runbook="docs/on-call.md#a-landing-is-unusual")
    told = "crm.leads: 3 rows, 90 to 300 are usual"
    channels = [replace(STALE, is_stale=False, unusual=(told,))]
    message = compose(_status(channels=channels, checks=[check]), [], EN)
    assert message is not None and f"unusual data (new): {told}" in message.text
    assert "ops.volume" not in message.text and message.text.count("docs/on-call.md") == 1
    message = compose(_status(channels=channels, checks=[replace(check, error="no such table")]), [], EN)
    assert message is not None and "ops.volume" in message.text


def test_a_column_that_changed_is_told_once() -> None:
    warns = replace(CHECK, severity="warning", table_name="ops.drift", why="A column was renamed.")
    drifted = replace(STALE, is_stale=False, drift=("crm.a: x is new",))
    both = compose(_status(channels=[drifted], checks=[warns]), [], EN)
    alone = compose(_status(checks=[warns]), [], EN)
    assert both is not None and "A column was renamed." not in both.text
    assert alone is not None and "A column was renamed." in alone.text


def test_a_run_that_failed_does_not_know_what_recovered() -> None:
    keys = still_told(_status(channels=[STALE]), [], was_sent=True)
    failed = _status(status="failed", error="error: it broke")
    message = compose(failed, keys, EN)
    assert message is not None and "recovered" not in message.text
    kept = still_told(failed, keys, was_sent=True)
    assert kept == ["failure", "stale:hotline"]
    message = compose(_status(channels=[STALE]), kept, EN)
    assert message is not None and "recovered: the run before failed" in message.text
    assert "stale channel: hotline" in message.text, "what still stands is listed"


def test_a_run_that_was_killed_is_told_by_the_next() -> None:
    message = compose(_status(), [INTERRUPTED], ZH)
    assert message is not None and message.text.startswith("已恢复: 上次运行中断")


def test_reasons_can_be_left_out() -> None:
    few = replace(EN, reasons=("failure",))
    assert compose(_status(channels=[STALE], alerts=[ALERT]), [], few) is None
    assert compose(_status(), ["stale:hotline"], few) is None
    assert compose(_status(status="failed"), [], few) is not None


def test_a_message_is_short_and_masked() -> None:
    reason = "13912345678 li@acme.cn " + "很长的理由" * 200
    channels = [replace(STALE, channel=f"channel_{n}", reason=reason) for n in range(40)]
    message = compose(_status(channels=channels), [], ZH)
    assert message is not None
    assert len(f"{message.title}\r\n{message.text}".encode()) <= 2000
    assert "13912345678" not in message.text and "139****5678 l***@acme.cn" in message.text
    assert message.text.endswith("BI 当前读取: 尚无发布\n状态页: https://siyu.acme.cn/"), "the end has room"
    assert "另有 35 项" not in message.text and "\n…\n" in message.text
    short = compose(_status(channels=[replace(line, reason="x") for line in channels]), [], ZH)
    assert short is not None and "另有 35 项" in short.text


def test_every_word_has_both_languages() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    assert {reason for reason in NOTIFY_ON if reason != "failure"} <= WORDS["en"].keys()
