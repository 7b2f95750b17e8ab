"""warehouse/status/index.html: how the last run ended, on one page that needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from siyu.report.summary import RUNBOOK, SHOWN_KEYS

SHOWN_TABLES = 12
OVERDUE_HOURS = 26


@dataclass(frozen=True)
class Verdict:
    """How a run ended, in words; `tone` is good, warn or bad."""

    tone: str
    en: str
    zh: str
    meaning: str


def status_page(status: Mapping[str, Any], timezone: str) -> str:
    """The page of a status.json. Moments are shown in the settings' time zone and in UTC."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
    )
    changed = [m for m in status["models"] if None not in (m["row_count"], m["row_count_before"])]
    changed = [m for m in changed if m["row_count"] != m["row_count_before"]]

    def moment(text: str) -> str:
        utc = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return f"{utc.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M} {timezone} ({utc:%H:%M} UTC)"

    return environment.get_template("status.html").render(
        s=status,
        verdict=verdict(status),
        changed=sorted(changed, key=lambda m: (-abs(m["row_count"] - m["row_count_before"]), m["model"])),
        is_first=all(m["row_count_before"] is None for m in status["models"]),
        moment=moment,
        runbook=RUNBOOK,
        is_note=is_note,
        shown_keys=SHOWN_KEYS,
        shown_tables=SHOWN_TABLES,
        overdue_hours=OVERDUE_HOURS,
    )


def verdict(status: Mapping[str, Any]) -> Verdict:
    """Good, bad, or to be looked at, and what that means for those who read the release."""
    stale = sum(line["is_stale"] for line in status["channels"])
    serious = [failure for failure in status["failures"] if not is_note(failure)]
    found = ((stale, "stale channel"), (len(serious), "warning"), (len(status["alerts"]), "KPI alert"))
    told = [f"{count} {what}{'s' if count > 1 else ''}" for count, what in found if count]
    last = status["current_release"] or "no release yet"
    if status["status"] == "running":
        return Verdict(
            "warn", "Running", "运行中",
            "A run is going on. If siyu status says interrupted, it was killed: run again; nothing is broken.",
        )  # fmt: skip
    if status["status"] not in ("published", "nothing new"):
        return Verdict("bad", "Failed", "未发布", f"Nothing was published. BI reads what it read before: {last}.")
    if told:
        return Verdict("warn", "Published, have a look", "已发布，请关注", f"{', '.join(told)}.")
    if status["status"] == "nothing new":
        return Verdict("good", "Nothing is new", "无新数据", "The release stands: no input has changed since.")
    notes = len(status["failures"])
    holds = f"no check warns, {notes} of severity info told something" if notes else "every check holds"
    return Verdict("good", "Published", "已发布", f"Every channel is fresh, {holds}.")


def is_note(failure: Mapping[str, Any]) -> bool:
    """A check of severity info that ran: worth knowing, nothing to do."""
    return failure["severity"] == "info" and not failure["error"]
