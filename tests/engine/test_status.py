"""The status page: what it says of each end of a run, and that a real browser tells when it has grown old."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from siyu import clock
from siyu.build.materialization import ModelRun
from siyu.check.suites import CheckResult
from siyu.report.headline import KpiAlert, KpiLine
from siyu.report.page import status_page
from siyu.report.status import PAGE, overdue, read_status, write_status
from siyu.report.summary import ChannelLine, Report

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
FAILURE = CheckResult(
    table_name="identity.person", expectation="expect_column_values_to_be_unique", column_name="one_id",
    severity="critical", success=False, error=None, unexpected_count=1234, unexpected_percent=1.0,
    sample_keys=json.dumps([{"one_id": "P1<script>"}]), query=None, runbook="docs/on-call.md#one-id",
    why="One a person.",
)  # fmt: skip


def _report(tmp_path: Path, **values: object) -> Report:
    given = {"status": "published", "started_at": "2026-07-01 01:30:00.000", "ended_at": "2026-07-01 01:34:00.000"}
    return Report(as_of=date(2026, 6, 30), warehouse=tmp_path, run_id=7, **{**given, **values})  # type: ignore[arg-type]


def _page(tmp_path: Path, report: Report) -> str:
    write_status(tmp_path, report, None, "Asia/Shanghai")
    return (tmp_path / "status" / PAGE).read_text(encoding="utf-8")


def _channel(reason: str | None = None) -> ChannelLine:
    return ChannelLine("fair", "展会 Fair", 1, 1000, 2, reason is not None, reason)


def test_a_good_night(tmp_path: Path) -> None:
    models = [ModelRun("records.touch", "table", 0.5, 1500), ModelRun("staging.fair__touch", "view", 0.0, None)]
    kpis = [KpiLine("net_revenue", "净收入", "Net revenue", "amount", "1.00", "2.00")]
    page = _page(
        tmp_path,
        _report(tmp_path, channels=[_channel()], models=models, kpis=kpis, rows_before={"records.touch": 1200}),
    )
    assert "Published 已发布" in page and '<header class="good">' in page
    assert "2026-07-01 09:34 Asia/Shanghai (01:34 UTC)" in page
    assert "+300" in page and "净收入" in page and "1,000" in page
    assert "stale" not in page
    assert "首次发布" in _page(tmp_path, _report(tmp_path, models=models))
    assert "行数与上次发布相同" in _page(
        tmp_path, _report(tmp_path, models=models, rows_before={"records.touch": 1500})
    )
    assert not re.search(r"(src|href)=|https?://", page), "the page must need no network"


def test_a_failed_night_tells_what_and_where(tmp_path: Path) -> None:
    page = _page(tmp_path, _report(tmp_path, status="failed", error="error: it broke", checks=[FAILURE]))
    assert "Failed 未发布" in page and '<header class="bad">' in page and "error: it broke" in page
    assert "1,234" in page and "docs/on-call.md#one-id" in page and "One a person." in page
    assert "P1&lt;script&gt;" in page and "P1<script>" not in page
    assert "The run did not get this far" in page


def test_what_is_only_worth_knowing_leaves_the_page_green(tmp_path: Path) -> None:
    note = replace(FAILURE, severity="info", error=None)
    page = _page(tmp_path, _report(tmp_path, channels=[_channel()], checks=[note]))
    assert '<header class="good">' in page and "no check warns (1 of severity info found something)" in page
    assert "Worth knowing 供参考" in page and "Checks that failed" not in page
    could_not_run = replace(note, error="no such column")
    assert '<header class="warn">' in _page(tmp_path, _report(tmp_path, channels=[_channel()], checks=[could_not_run]))


def test_stale_channels_and_alerts_are_no_green_page(tmp_path: Path) -> None:
    alert = KpiAlert("2026-06-30", "buyers", "成交客户数", "Buyers", "total", "9", "1 to 5", "alert")
    kpis = [KpiLine("buyers", "成交客户数", "Buyers", "count", "9", "20")]
    report = _report(tmp_path, channels=[_channel("no file matches a<b")], kpis=kpis, alerts=[alert])
    report.references = ["staff.csv: 3 rows, 9 to 30 are usual"]
    page = _page(tmp_path, report)
    assert '<header class="warn">' in page and "1 stale channel, 1 KPI alert." in page
    assert "no file matches a&lt;b" in page and "1 to 5" in page and "staff.csv: 3 rows" in page


def test_a_running_night_shows_what_the_last_one_found(tmp_path: Path) -> None:
    _page(tmp_path, _report(tmp_path, channels=[_channel("no file")]))
    page = _page(tmp_path, _report(tmp_path, status="running", ended_at=None))
    assert "Running 运行中" in page and "began 开始于 2026-07-01 09:30" in page and "no file" in page


def test_a_status_of_another_version_is_not_read(tmp_path: Path) -> None:
    _page(tmp_path, _report(tmp_path))
    path = tmp_path / "status" / "status.json"
    assert read_status(tmp_path) is not None
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "version": 1}), encoding="utf-8")
    assert read_status(tmp_path) is None
    assert "Running" in _page(tmp_path, _report(tmp_path, status="running", ended_at=None))


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (3, "3 hours ago 3 小时前"),
        (27, "No run since then 此后没有运行: Published"),
        (-5, "A clock is wrong 时钟有误: Published"),
    ],
)
def test_a_browser_tells_how_old_the_page_is(tmp_path: Path, hours: int, told: str) -> None:
    ended = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=hours, minutes=1)
    _page(tmp_path, _report(tmp_path, ended_at=ended.isoformat(sep=" ", timespec="milliseconds")))
    shown = subprocess.run(
        [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'browser'}",
         "--dump-dom", (tmp_path / "status" / PAGE).as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    assert told in shown
    assert f'<header class="{"good" if 0 < hours < 26 else "bad"}">' in shown


def test_an_end_in_the_future_is_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 7, 1, 2, tzinfo=UTC))
    status = {"status": "published", "ended_at": "2026-07-01 01:34:00.000"}
    assert overdue(status, "26h") is None and "0.4 hours ago" in str(overdue(status, "20m"))
    late = overdue({**status, "ended_at": "2026-07-02 01:34:00.000"}, "26h")
    assert late is not None and "is in the future: check the machine's clock" in late


def test_the_page_is_made_of_status_json_alone(tmp_path: Path) -> None:
    page = _page(tmp_path, _report(tmp_path, channels=[_channel()]))
    status = read_status(tmp_path)
    assert status is not None and status_page(status, "Asia/Shanghai") == page
