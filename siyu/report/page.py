"""warehouse/status/: the state of the last run, and the runbooks. Each page is one file that needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from siyu.report.failures import TARGET_RUNBOOK
from siyu.report.message import GOOD_ENDS
from siyu.report.runbooks import runbook_link, runbooks
from siyu.report.summary import RUNBOOK, SHOWN_KEYS
from siyu.report.templating import asset, render
from siyu.seeds.kpi_tables import STATUSES

SHOWN_TABLES = 12
OVERDUE_HOURS = 26
SEVERITIES_ZH = {"critical": "严重", "warning": "警告", "info": "提示"}
STATUSES_ZH = {
    "published": "已发布", "nothing new": "无新数据", "failed": "失败", "interrupted": "中断", "running": "运行中",
    "not started": "未启动",
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """A text in both languages."""

    en: str
    zh: str


@dataclass(frozen=True)
class Verdict:
    """The state of a run in words, and what it means for people who read the release. `tone` is good, warn or bad."""

    tone: str
    title: Words
    meaning: Words


def status_page(status: Mapping[str, Any], timezone: str) -> str:
    """Render the page of a status.json. Moments are shown in `timezone` and in UTC."""
    changed = [m for m in status["models"] if None not in (m["row_count"], m["row_count_before"])]
    changed = [m for m in changed if m["row_count"] != m["row_count_before"]]

    def moment(text: str) -> str:
        utc = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return f"{utc.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M} {timezone} ({utc:%H:%M} UTC)"

    needing = [c for c in status["channels"] if c["is_stale"] or c["drift"] or c["unusual"]]
    return render(
        "status.html",
        s=status,
        verdict=verdict(status),
        needing=needing,
        fine=[channel for channel in status["channels"] if channel not in needing],
        is_new=status["status"] != "nothing new",
        changed=sorted(changed, key=lambda m: (-abs(m["row_count"] - m["row_count_before"]), m["model"])),
        is_first=all(m["row_count_before"] is None for m in status["models"]),
        moment=moment,
        link=runbook_link,
        runbook=RUNBOOK,
        target_runbook=TARGET_RUNBOOK,
        good_ends=GOOD_ENDS,
        is_note=is_note,
        severities_zh=SEVERITIES_ZH,
        statuses_zh=STATUSES_ZH,
        shown_keys=SHOWN_KEYS,
        shown_tables=SHOWN_TABLES,
        overdue_hours=OVERDUE_HOURS,
        kpi_statuses=STATUSES,
        asset=asset,
    )


def runbook_page(docs: str = "") -> str:
    """Render docs/on-call.md as a page. Links to other documents lead to the folder `docs`, if that is known."""
    return render("runbooks.html", runbooks=runbooks(docs), asset=asset)


def verdict(status: Mapping[str, Any]) -> Verdict:
    """Return the state of a run, and what it means for people who read the release."""
    last = status["current_release"]
    if status["status"] == "running":
        return Verdict("warn", Words("Running", "运行中"), Words(
            "A run is in progress. If siyu status shows interrupted, it was killed: run it again. No data is damaged.",
            "正在运行。如果 siyu status 显示 interrupted，说明进程被终止：请重新运行，数据没有损坏。"))  # fmt: skip
    if status["status"] not in GOOD_ENDS:
        reads = Words("There is no release yet.", "尚无发布。")
        if last:
            reads = Words(f"BI still reads {last}.", f"BI 仍读取 {last}。")
        told = Words(f"Nothing was published. {reads.en}", f"本次未发布。{reads.zh}")
        return Verdict("bad", Words("Failed", "未发布"), told)
    if needs := _what_needs_somebody(status):
        joined = Words(", ".join(one.en for one in needs), "，".join(one.zh for one in needs))
        return Verdict(
            "warn", Words("Published, needs attention", "已发布，请关注"), Words(f"{joined.en}.", f"{joined.zh}。")
        )
    if status["status"] == "nothing new":
        return Verdict("good", Words("Nothing is new", "无新数据"), Words(
            "The release is up to date: no input has changed.", "发布已是最新：输入没有变化。"))  # fmt: skip
    notes = len(status["failures"])
    passed = Words(
        f"no check warns ({notes} of severity info found something)" if notes else "every check passed",
        f"没有校验警告（{notes} 条提示供参考）" if notes else "全部校验通过",
    )
    return Verdict("good", Words("Published", "已发布"), Words(
        f"Every channel is fresh, and {passed.en}.", f"所有渠道数据及时，{passed.zh}。"))  # fmt: skip


def _what_needs_somebody(status: Mapping[str, Any]) -> list[Words]:
    """Return what needs somebody, as counts."""
    totals = sum(line["member"] == "total" for line in status["alerts"])
    counts = (
        (sum(line["error"] is not None for line in status["targets"]), "failed target{s}", "个目标库未同步"),
        (sum(line["is_stale"] for line in status["channels"]), "stale channel{s}", "个渠道过期"),
        (sum(not is_note(failure) for failure in status["failures"]), "warning{s}", "条校验警告"),
        (totals, "KPI{s} out of band", "个指标超出区间"),
        (len(status["alerts"]) - totals, "figure{s} of single channels, teams … out of band", "个分项数值超出区间"),
    )
    return [
        Words(f"{count} {en.format(s='s' if count > 1 else '')}", f"{count} {zh}") for count, en, zh in counts if count
    ]  # fmt: skip


def is_note(failure: Mapping[str, Any]) -> bool:
    """Whether a check of severity info ran and found something. Nothing needs to be done."""
    return failure["severity"] == "info" and not failure["error"]
