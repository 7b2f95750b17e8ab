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
from siyu.release.releases import Release
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


def _read(page: str, language: str = "en") -> str:
    """What a reader of one language sees, on one line."""
    other = "zh" if language == "en" else "en"
    body = re.sub(r"<(script|style|title).*?</\1>", "", page, flags=re.DOTALL)
    body = re.sub(rf'<span class="{other}"[^>]*>[^<]*</span>', "", body)
    return " ".join(re.sub(r"<[^>]+>", "", body).split())


def _tone(page: str) -> str:
    [found] = re.findall(r'class="block verdict ([a-z]+)"', page)
    return found


def _channel(reason: str | None = None) -> ChannelLine:
    return ChannelLine("fair", "展会 Fair", 1, 1000, 2, reason is not None, reason)


def test_a_good_night(tmp_path: Path) -> None:
    models = [ModelRun("records.touch", "table", 0.5, 1500), ModelRun("staging.fair__touch", "view", 0.0, None)]
    kpis = [KpiLine("net_revenue", "净收入", "Net revenue", "amount", "1.00", "2.00")]
    page = _page(
        tmp_path,
        _report(tmp_path, channels=[_channel()], models=models, kpis=kpis, rows_before={"records.touch": 1200}),
    )
    assert "Published Every channel is fresh, and every check passed." in _read(page) and _tone(page) == "good"
    assert "已发布 所有渠道数据及时，全部校验通过。" in _read(page, "zh")
    assert "2026-07-01 09:34 Asia/Shanghai (01:34 UTC)" in page
    assert "+300" in page and "净收入" in page and "1,000" in page
    assert "stale" not in _read(page) and "1 channel is fine" in _read(page)
    assert "首次发布" in _page(tmp_path, _report(tmp_path, models=models))
    assert "行数与上次发布相同" in _page(
        tmp_path, _report(tmp_path, models=models, rows_before={"records.touch": 1500})
    )
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert set(links) <= {"data:,", "#content", "index.html", "on-call.html"}, "the page must need no network"
    assert not re.search("https?://", page)


def test_a_failed_night_tells_what_and_where(tmp_path: Path) -> None:
    page = _page(tmp_path, _report(tmp_path, status="failed", error="error: it broke", checks=[FAILURE]))
    assert "Failed Nothing was published." in _read(page) and _tone(page) == "bad" and "error: it broke" in page
    assert "1,234 rows" in _read(page) and "One a person." in page
    assert '<a href="on-call.html#one-id" title="docs/on-call.md#one-id">one id</a>' in page
    assert "P1&lt;script&gt;" in page and "P1<script>" not in page
    assert "The run did not get this far" in page


def test_what_is_only_worth_knowing_leaves_the_page_green(tmp_path: Path) -> None:
    note = replace(FAILURE, severity="info", error=None)
    page = _page(tmp_path, _report(tmp_path, channels=[_channel()], checks=[note]))
    assert _tone(page) == "good" and "no check warns (1 of severity info found something)" in _read(page)
    assert "Worth knowing" in _read(page) and "Checks that failed" not in _read(page)
    could_not_run = replace(note, error="no such column")
    assert _tone(_page(tmp_path, _report(tmp_path, channels=[_channel()], checks=[could_not_run]))) == "warn"


def test_stale_channels_and_alerts_are_no_green_page(tmp_path: Path) -> None:
    alert = KpiAlert("2026-06-30", "buyers", "成交客户数", "Buyers", "total", "9", "1 to 5", "alert")
    kpis = [KpiLine("buyers", "成交客户数", "Buyers", "count", "9", "20")]
    parts = [replace(alert, member=f"channel {name}") for name in ("mall", "crm")]
    report = _report(tmp_path, channels=[_channel("no file matches a<b")], kpis=kpis, alerts=[alert, *parts])
    report.references = ["staff.csv: 3 rows, 9 to 30 are usual"]
    page = _page(tmp_path, report)
    assert _tone(page) == "warn" and "1 stale channel, 1 KPI out of band, 2 figures of single" in _read(page)
    assert "1 个渠道过期，1 个指标超出区间，2 个分项数值超出区间。" in _read(page, "zh")
    assert "no file matches a&lt;b" in page and "1 to 5" in page and "staff.csv: 3 rows" in page


def test_a_running_night_shows_what_the_last_one_found(tmp_path: Path) -> None:
    _page(tmp_path, _report(tmp_path, channels=[_channel("no file")]))
    page = _page(tmp_path, _report(tmp_path, status="running", ended_at=None))
    assert "Running A run is in progress." in _read(page) and "began 2026-07-01 09:30" in _read(page)
    assert "no file" in page


def test_the_page_links_the_site_of_the_release_if_it_has_one(tmp_path: Path) -> None:
    release = Release(tmp_path / "releases" / "2026-06-30-000007", date(2026, 6, 30), 7, {})
    (release.path / "site").mkdir(parents=True)
    for has_site in (False, True):
        write_status(tmp_path, _report(tmp_path), release, "Asia/Shanghai")
        page = (tmp_path / "status" / PAGE).read_text(encoding="utf-8")
        assert ('href="../current/site/index.html"' in page) is has_site
        (release.path / "site" / "index.html").touch()


def test_after_nothing_new_the_last_landing_is_shown(tmp_path: Path) -> None:
    line = ChannelLine("fair", "展会 Fair", 0, 0, 0, False, None, data_until="2026-06-30", rows_last=1234)
    page = _read(_page(tmp_path, _report(tmp_path, status="nothing new", channels=[line])))
    assert "Nothing new has landed. The table shows the last landing." in page
    assert "展会 Fair fair ok 2026-06-30 1,234" in page and "new files" not in page


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
        (3, "(3 hours ago)"),
        (27, "No run since then: Published"),
        (-5, "A clock is wrong: Published"),
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
    assert told in _read(shown)
    assert _tone(shown) == ("good" if 0 < hours < 26 else "bad")


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
