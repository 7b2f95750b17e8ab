"""The state of the last run: status/status.json for machines, and the output of `siyu status`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from siyu import clock
from siyu.errors import ConfigError
from siyu.masking import UNREADABLE
from siyu.report.markup import line as text_line
from siyu.report.page import status_page
from siyu.report.summary import RUNBOOK, Report

if TYPE_CHECKING:
    from siyu.release.releases import Release

STATUS, PAGE = "status.json", "index.html"
VERSION = 6  # a file of another version was written by another siyu and is not read
AGE = re.compile(r"([0-9]+)\s*([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def as_json(report: Report, current: Release | None) -> dict[str, Any]:
    """Return the content of status.json, for on-call staff and monitors."""
    return {
        "version": VERSION,
        "run_id": report.run_id,
        "as_of": report.as_of.isoformat() if report.as_of else None,
        "status": report.status,
        "started_at": report.started_at,
        "ended_at": report.ended_at,
        "error": report.error,
        "current_release": current.name if current else None,
        "current_as_of": current.as_of.isoformat() if current else None,
        "channels": [vars(line) for line in report.channels],
        "notes": report.limits(),
        "checks": report.check_counts(),
        "failures": [
            {**result.as_row(), "sample_keys": json.loads(result.sample_keys)} for result in report.failures()
        ],
        "models": [{**vars(model), "row_count_before": report.rows_before.get(model.model)} for model in report.models],
        "kpis": [vars(line) for line in report.kpis],
        "alerts": [vars(alert) for alert in report.alerts],
        "targets": [vars(line) for line in report.targets],
    }


_KEYS = tuple(as_json(Report(as_of=None, warehouse=Path()), None))
# While a run is in progress, the findings of the previous run stay.
CARRIED = ("channels", "notes", "checks", "failures", "models", "kpis", "alerts", "targets")


def write_status(warehouse: Path, report: Report, current: Release | None, timezone: str) -> None:
    """Write status.json and the page, when a run begins and when it ends. Each file is replaced atomically."""
    folder = warehouse / "status"
    folder.mkdir(parents=True, exist_ok=True)
    status = as_json(report, current)
    before = read_status(warehouse) or {}
    if report.status == "running":
        status |= {key: before[key] for key in CARRIED if key in before}
    text = UNREADABLE.sub("�", json.dumps(status, indent=2, ensure_ascii=False, default=str)) + "\n"
    for name, content in ((STATUS, text), (PAGE, status_page(json.loads(text), timezone))):
        draft = folder / f".{name}"
        draft.write_text(content, encoding="utf-8")
        os.replace(draft, folder / name)


def read_status(warehouse: Path) -> dict[str, Any] | None:
    """Return the state of the last run of this version of siyu; None before the first one.

    If it is `running` but nobody holds the lock, the run was killed.
    """
    path = warehouse / "status" / STATUS
    if not path.is_file():
        return None
    try:
        status: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # no JSON, or no utf-8
        return None
    is_ours = isinstance(status, dict) and status.get("version") == VERSION and set(status) == set(_KEYS)
    return status if is_ours else None


def status_text(status: Mapping[str, Any]) -> Text:
    """Return the output of `siyu status`: last run, current release, stale channels, alerts and failed checks."""
    style = {"published": "green", "nothing new": "green", "running": "yellow"}.get(status["status"], "red")
    ended = f", ended {status['ended_at']} UTC" if status["ended_at"] else ""
    last = f"{status['run_id']}: {status['status']}, as of {status['as_of'] or '?'}{ended}"
    lines = [
        text_line(f"last run   {last}", style),
        text_line(f"current    {status['current_release'] or 'no release yet'}", "default"),
    ]
    if status["error"]:
        lines.append(Text(status["error"], style="red"))
    for line in status["channels"]:
        if line["is_stale"]:
            lines.append(text_line(f"stale      {line['channel']}: {line['reason']}", "yellow"))
        lines += [text_line(f"drift      {drift}", "yellow") for drift in line["drift"]]
        lines += [text_line(f"unusual    {text}", "yellow") for text in line["unusual"]]
    lines += [text_line(f"note       {note}", "yellow") for note in status["notes"]]
    for alert in status["alerts"]:
        which = f"{alert['code']} {alert['zh']} ({alert['member']}) on {alert['day']}"
        lines.append(text_line(f"{alert['status']:<10} {which}: {alert['value']}, band {alert['band']}", "yellow"))
    for failure in status["failures"]:
        where = f"{failure['table_name']}: {failure['expectation']} {failure['column_name'] or ''}".rstrip()
        lines.append(text_line(f"{failure['severity']:<10} {where} ({failure['unexpected_count']} rows)", "yellow"))
        lines.append(text_line(f"           runbook: {failure['runbook'] or RUNBOOK}", "default"))
    return Text("\n").join([*lines, Text()])


def overdue(status: Mapping[str, Any], max_age: str) -> str | None:
    """Return a message if the last run failed or ended longer than `max_age` (26h, 2d, 90m) ago; else None.

    An end in the future counts as overdue: one of the two clocks was wrong, so nobody knows how old it is.
    """
    match = AGE.fullmatch(max_age.strip())
    if match is None:
        raise ConfigError(f"{max_age!r} is not a duration", "--max-age", "write 26h, 2d or 90m.")
    limit = timedelta(**{UNITS[match[2]]: int(match[1])})
    if status["status"] not in ("published", "nothing new"):
        return f"the last run ended as {status['status']}"
    age = clock.now().replace(tzinfo=None) - datetime.fromisoformat(status["ended_at"])
    if age < timedelta():
        return f"the last good run ended at {status['ended_at']} UTC, which is in the future: check the machine's clock"
    return f"the last good run ended {age.total_seconds() / 3600:.1f} hours ago" if age > limit else None
