"""siyu status and the artifact of Prefect say the same facts in the same order, the most urgent first."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from siyu.build.materialization import ModelRun
from siyu.cli import app
from siyu.report import failures
from siyu.report.briefing import Block, Fact, Grid, briefing
from siyu.report.changes import Change
from siyu.report.headline import KpiLine
from siyu.report.markup import Terminal
from siyu.report.markup import markdown as escaped
from siyu.report.notify import Notification
from siyu.report.status import PAGE, as_json, interrupted, markdown, read_status, status_text, write_status
from siyu.report.summary import ChannelLine, Report, TargetLine
from tests.engine.test_message import ALERT, CHECK, STALE

WARNING = replace(CHECK, severity="warning", table_name="records.deal", sample_keys="[]", why="Paid once.")
NIGHTS = [
    {"run_id": 6, "as_of": "2026-06-29", "status": "failed", "started_at": "2026-06-30 01:30:00", "seconds": 61.4},
    {"run_id": 7, "as_of": "2026-06-30", "status": "published", "started_at": "2026-07-01 01:30:00", "seconds": 9.0},
]


def _report(tmp_path: Path, **values: Any) -> Report:
    """A run in which everything happened."""
    given: dict[str, Any] = {
        "status": "failed", "started_at": "2026-07-01 01:30:00.000", "ended_at": "2026-07-01 01:34:00.000",
        "error": "error: one\nerror: two", "exit_code": 1, "stopped_by": failures.of_check(CHECK),
        "checks": [CHECK, replace(CHECK, column_name="other"), WARNING, replace(WARNING, severity="info")],
        "channels": [STALE, ChannelLine("fair", "展会", 1, 1000, 2, False, None, drift=("fair.a: x is new",))],
        "alerts": [ALERT, replace(ALERT, member="channel mall", status="watch")], "nights": NIGHTS,
        "references": ["staff.csv: 3 rows, 9 to 30 are usual"],
        "kpis": [KpiLine("buyers", "成交客户数", "Buyers", "count", "9", "20")],
        "models": [ModelRun("identity.person", "table", 0.5, 110), ModelRun("records.deal", "table", 0.5, 40)],
        "rows_before": {"identity.person": 100, "records.deal": 70},
        "changes": [Change("ids", "identity.one_id_alias", "people 人: 2 merged 合并", 2),
                    Change("tag", "province", "province 省份: PSI 0.31", 0.31)],
        "targets": [TargetLine("postgresql", "2026-06-29-000005", 0, 0.1, "refused")],
        "notification": Notification("failed", "siyu 未发布", None, ("WeCom Bot (1): not sent: 500",), ()),
        **values,
    }  # fmt: skip
    return Report(as_of=date(2026, 6, 30), warehouse=tmp_path, run_id=7, **given)


def _status(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(as_json(report, None)))
    return found


def _shown(status: dict[str, Any], *, is_terminal: bool = False, width: int = 160) -> str:
    written = io.StringIO()
    Terminal(file=written, width=width, force_terminal=is_terminal).print(status_text(status))
    return written.getvalue()


def _pieces(status: dict[str, Any]) -> list[str]:
    found = []
    for item in briefing(status):
        if isinstance(item, Fact):
            found += [item.text, *item.notes]
        elif isinstance(item, Block):
            found += item.text.splitlines()
        elif isinstance(item, Grid):
            found += [cell for row in item.rows for cell in row]
    return found


def test_terminal_and_markdown_have_the_same_facts_in_the_same_order(tmp_path: Path) -> None:
    report = _report(tmp_path)
    status = _status(report)
    pieces = _pieces(status)
    assert len(pieces) > 50
    for text, form in ((_shown(status), str), (markdown(report), escaped)):
        place = 0
        for piece in pieces:
            options = {form(piece), piece}  # a block of Markdown is not escaped
            found = [text.index(option, place) for option in options if option in text[place:]]
            assert found, f"{piece!r} is missing, or too early"
            place = min(found)


def test_the_most_urgent_comes_first(tmp_path: Path) -> None:
    shown = _shown(_status(_report(tmp_path)))
    labels = [line.split("  ")[0].strip() for line in shown.splitlines() if re.match(r"[a-zA-Z]+( [a-z]+)? {2,}", line)]
    order = ["last run", "current", "failed", "critical", "target", "stale", "drift", "unusual", "alert", "watch",
             "warning", "people", "IDs", "tag drift", "rows", "info", "checks", "message", "last runs"]  # fmt: skip
    assert labels == order
    assert "check identity.person: expect_column_values_to_be_unique (one_id), 1,234 rows" in shown.splitlines()[2]
    for told in (
        "one_id=P1", "runbook: docs/on-call.md#one-id", "hotline: no file matches calls_*.csv", "110 (+10)",
        "records.deal -30 to 40; identity.person +10 to 110", "06-29 FAILED 1m01s · 06-30 ok 9s",
        "postgresql: refused; it has 2026-06-29-000005", "buyers 成交客户数 Buyers on 2026-06-30 (total) 9, band",
    ):  # fmt: skip
        assert told in shown


def test_each_line_that_needs_somebody_names_a_runbook(tmp_path: Path) -> None:
    facts = [item for item in briefing(_status(_report(tmp_path))) if isinstance(item, Fact)]
    urgent = {fact.label for fact in facts if fact.tone in ("bad", "warn")}
    assert urgent == {"last run", "failed", "critical", "target", "stale", "drift", "unusual", "alert", "watch",
                      "warning", "message"}  # fmt: skip
    for fact in facts:
        if fact.label in urgent - {"last run"}:
            assert fact.notes[-1].startswith("runbook: docs/on-call.md#"), fact
    alert = lambda **values: _status(_report(tmp_path, alerts=[replace(ALERT, **values)]))  # noqa: E731
    tones = [f.tone for status in (alert(), alert(is_good=True)) for f in briefing(status)
             if isinstance(f, Fact) and f.label == "alert"]  # fmt: skip
    assert tones == ["bad", "warn"], "more than ever is no reason to act"


def test_a_good_night_is_short_and_green(tmp_path: Path) -> None:
    good = _report(
        tmp_path, status="published", error=None, exit_code=0, stopped_by=None, checks=[], channels=[], alerts=[],
        references=[], kpis=[], targets=[], changes=[], notification=None, nights=NIGHTS[1:], models=[],
        rows_before={},
    )  # fmt: skip
    assert _shown(_status(good)).splitlines() == [
        "last run   7: published, as of 2026-06-30, ended 2026-07-01 01:34:00.000 UTC",
        "current    no release yet",
        "last runs  06-30 ok 9s",
    ]
    assert "\x1b[32m" in _shown(_status(good), is_terminal=True), "green"


def test_the_first_failed_target_is_what_failed(tmp_path: Path) -> None:
    status = _status(_report(tmp_path, status="published", stopped_by=None, error=None, exit_code=5, checks=[]))
    assert status["first_failure"]["stage"] == "target"
    facts = [(item.label, item.text) for item in briefing(status) if isinstance(item, Fact)]
    assert facts[2] == ("failed", "target postgresql: refused") and "target" not in {label for label, _ in facts}


def test_the_page_says_what_failed_first_and_how_the_last_runs_ended(tmp_path: Path) -> None:
    write_status(tmp_path, _report(tmp_path), None, "Asia/Shanghai")
    page = (tmp_path / "status" / PAGE).read_text(encoding="utf-8")
    for told in ("Failed first:", "首先失败：", "on-call.html#one-id", "one_id=P1", "2026-06-29-000005", "refused",
                 "people 人: 2 merged 合并", "61.4", "WeCom Bot (1): not sent: 500"):  # fmt: skip
        assert told in page
    assert page.index("Failed first:") < page.index("last runs 最近运行") < page.index("Checks that failed")


def test_json_is_the_content_of_status_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(tmp_path))
    write_status(tmp_path, _report(tmp_path), None, "Asia/Shanghai")
    done = CliRunner().invoke(app, ["status", "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout) == read_status(tmp_path)
    write_status(tmp_path, _report(tmp_path, status="running", ended_at=None), None, "Asia/Shanghai")
    killed = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)
    running = read_status(tmp_path)
    assert running is not None and killed == json.loads(json.dumps(interrupted(running, tmp_path)))
    assert killed["first_failure"]["runbook"] == "docs/on-call.md#the-run-ended-without-a-message"
    monkeypatch.setattr("siyu.report.status.is_little", lambda warehouse: True)
    shown = " ".join(CliRunner().invoke(app, ["status"]).stdout.split())
    assert "the disk is full" in shown and " MB are free" in shown and "docs/on-call.md#the-disk-is-full" in shown
    assert killed["channels"] == running["channels"] and running["nights"], "of the run before"
