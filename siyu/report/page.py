"""warehouse/status/index.html: the state of the last run, on one page that needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from siyu.masking import printable
from siyu.report.failures import TARGET_RUNBOOK
from siyu.report.message import GOOD_ENDS
from siyu.report.summary import RUNBOOK, SHOWN_KEYS

SHOWN_TABLES = 12
OVERDUE_HOURS = 26


@dataclass(frozen=True)
class Verdict:
    """The state of a run in words. `tone` is good, warn or bad."""

    tone: str
    en: str
    zh: str
    meaning: str


def status_page(status: Mapping[str, Any], timezone: str) -> str:
    """Render the page of a status.json. Moments are shown in `timezone` and in UTC."""
    changed = [m for m in status["models"] if None not in (m["row_count"], m["row_count_before"])]
    changed = [m for m in changed if m["row_count"] != m["row_count_before"]]

    def moment(text: str) -> str:
        utc = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return f"{utc.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M} {timezone} ({utc:%H:%M} UTC)"

    return _template().render(
        s=status,
        verdict=verdict(status),
        changed=sorted(changed, key=lambda m: (-abs(m["row_count"] - m["row_count_before"]), m["model"])),
        is_first=all(m["row_count_before"] is None for m in status["models"]),
        moment=moment,
        runbook=RUNBOOK,
        target_runbook=TARGET_RUNBOOK,
        good_ends=GOOD_ENDS,
        is_note=is_note,
        shown_keys=SHOWN_KEYS,
        shown_tables=SHOWN_TABLES,
        overdue_hours=OVERDUE_HOURS,
    )


@cache
def _template() -> Template:
    """Return the template of the page. A night renders it twice, and compiling it takes longer than that."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )  # fmt: skip
    return environment.get_template("status.html")


def verdict(status: Mapping[str, Any]) -> Verdict:
    """Return the state of a run, and what it means for people who read the release."""
    stale = sum(line["is_stale"] for line in status["channels"])
    serious = [failure for failure in status["failures"] if not is_note(failure)]
    targets = sum(line["error"] is not None for line in status["targets"])
    found = (
        (targets, "failed target"),
        (stale, "stale channel"),
        (len(serious), "warning"),
        (len(status["alerts"]), "KPI alert"),
    )
    told = [f"{count} {what}{'s' if count > 1 else ''}" for count, what in found if count]
    last = status["current_release"]
    if status["status"] == "running":
        return Verdict(
            "warn", "Running", "运行中",
            "A run is in progress. If siyu status shows interrupted, it was killed: run it again. No data is damaged.",
        )  # fmt: skip
    if status["status"] not in GOOD_ENDS:
        reads = f"BI still reads {last}." if last else "There is no release yet."
        return Verdict("bad", "Failed", "未发布", f"Nothing was published. {reads}")
    if told:
        return Verdict("warn", "Published, needs attention", "已发布，请关注", f"{', '.join(told)}.")
    if status["status"] == "nothing new":
        return Verdict("good", "Nothing is new", "无新数据", "The release is up to date: no input has changed.")
    notes = len(status["failures"])
    passed = f"no check warns ({notes} of severity info found something)" if notes else "every check passed"
    return Verdict("good", "Published", "已发布", f"Every channel is fresh, and {passed}.")


def is_note(failure: Mapping[str, Any]) -> bool:
    """Whether a check of severity info ran and found something. Nothing needs to be done."""
    return failure["severity"] == "info" and not failure["error"]
