"""The state of the last run: status/status.json for machines, and the output of `siyu status`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from siyu import clock
from siyu.errors import ON_CALL, PUBLISHED, TARGET_FAILED, ConfigError
from siyu.masking import UNREADABLE
from siyu.release.releases import INDEX, SITE, current
from siyu.report import markup
from siyu.report.briefing import Block, Fact, Item, briefing, headline
from siyu.report.failures import DISK_RUNBOOK, Failure
from siyu.report.markup import line as text_line
from siyu.report.page import runbook_page, status_page
from siyu.report.summary import Report, TargetLine, first_of_targets
from siyu.warehouse.reserve import is_little, told_space

if TYPE_CHECKING:
    from siyu.release.releases import Release

STATUS, PAGE, RUNBOOKS = "status.json", "index.html", "on-call.html"
VERSION = 7  # a file of another version was written by another siyu and is not read
AGE = re.compile(r"([0-9]+)\s*([mhd])")
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def as_json(report: Report, seen: Release | None) -> dict[str, Any]:
    """Return the content of status.json, for on-call staff and monitors."""
    return {
        "version": VERSION,
        "run_id": report.run_id,
        "as_of": report.as_of.isoformat() if report.as_of else None,
        "status": report.status,
        "started_at": report.started_at,
        "ended_at": report.ended_at,
        "exit_code": report.exit_code,
        "error": report.error,
        "first_failure": asdict(report.first_failure) if report.first_failure else None,
        "current_release": seen.name if seen else None,
        "current_as_of": seen.as_of.isoformat() if seen else None,
        "site": f"current/{SITE}/{INDEX}" if seen and (seen.path / SITE / INDEX).is_file() else None,
        "channels": [vars(line) for line in report.channels],
        "references": report.references,
        "notes": report.limits(),
        "checks": report.check_counts(),
        "failures": [
            {**result.as_row(), "sample_keys": json.loads(result.sample_keys)} for result in report.failures()
        ],
        "models": [{**vars(model), "row_count_before": report.rows_before.get(model.model)} for model in report.models],
        "kpis": [vars(line) for line in report.kpis],
        "alerts": [vars(alert) for alert in report.alerts],
        "changes": [vars(change) for change in report.changes],
        "targets": [vars(line) for line in report.targets],
        "notification": asdict(report.notification) if report.notification else None,
        "nights": report.nights,
    }


_KEYS = tuple(as_json(Report(as_of=None, warehouse=Path()), None))
# While a run is in progress, the findings of the previous run stay.
CARRIED = (
    "channels", "references", "notes", "checks", "failures", "models", "kpis", "alerts", "changes", "targets",
    "notification", "nights",
)  # fmt: skip


def write_status(warehouse: Path, report: Report, seen: Release | None, timezone: str) -> None:
    """Write status.json and the page, when a run begins and when it ends. Each file is replaced atomically."""
    folder = warehouse / "status"
    folder.mkdir(parents=True, exist_ok=True)
    status = as_json(report, seen)
    before = read_status(warehouse) or {}
    if report.status == "running":
        status |= {key: before[key] for key in CARRIED if key in before}
    _write(folder, status, timezone)


def _write(folder: Path, status: Mapping[str, Any], timezone: str) -> None:
    text = UNREADABLE.sub("�", json.dumps(status, indent=2, ensure_ascii=False, default=str)) + "\n"
    files = {STATUS: text, PAGE: status_page(json.loads(text), timezone), RUNBOOKS: runbook_page()}
    for name, content in files.items():
        draft = folder / f".{name}"
        draft.write_text(content, encoding="utf-8")
        os.replace(draft, folder / name)


def write_targets(warehouse: Path, lines: Sequence[TargetLine], timezone: str) -> None:
    """Put how loads into targets ended into the state of the last run, after `siyu publish`."""
    status = read_status(warehouse)
    if status is None:
        return
    new = {line.target: line for line in lines}
    kept = [TargetLine(**line) for line in status["targets"] if line["target"] not in new]
    targets = [*kept, *new.values()]
    changed: dict[str, Any] = {"targets": [vars(line) for line in targets]}
    if status["exit_code"] in (PUBLISHED, TARGET_FAILED):  # nothing else failed
        failure = first_of_targets(targets)
        changed |= {"exit_code": TARGET_FAILED if failure else PUBLISHED,
                    "first_failure": asdict(failure) if failure else None}  # fmt: skip
    _write(warehouse / "status", {**status, **changed}, timezone)


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


def interrupted(status: Mapping[str, Any], warehouse: Path) -> dict[str, Any]:
    """Return the state of a run whose process ended before the run did, or could not write how it ended."""
    failure = Failure(
        "run", "", "the process ended unexpectedly", "", "run it again; nothing is damaged.",
        f"{ON_CALL}#the-run-ended-without-a-message",
    )  # fmt: skip
    if is_little(warehouse):
        failure = replace(
            failure, problem="the run ended without a report, and the disk is full", where=told_space(warehouse),
            fix="free some space, then run again. Nothing is damaged.", runbook=DISK_RUNBOOK,
        )  # fmt: skip
    error = f"{failure.problem}; {failure.fix}"
    changed = {"status": "interrupted", "exit_code": None, "error": error, "first_failure": asdict(failure)}
    return {**status, **changed}


TONES = {"good": "green", "warn": "yellow", "bad": "red", "dim": "dim"}
LABEL = 10


def status_text(status: Mapping[str, Any]) -> Group:
    """Return the output of `siyu status`."""
    return Group(*(part for item in briefing(status) for part in _terminal(item)))


def _terminal(item: Item) -> Iterator[RenderableType]:
    if isinstance(item, Fact):
        yield text_line(f"{item.label:<{LABEL}} {item.text}", TONES.get(item.tone, "default"))
        yield from (text_line(f"{'':<{LABEL}} {note}", "default") for note in item.notes)
    elif isinstance(item, Block):
        yield Text(item.text, style="red")
    else:
        table = Table(*item.columns, box=None, header_style="dim")
        for column in table.columns[1 : len(item.columns) - item.words]:
            column.justify = "right"
        for row in item.rows:
            table.add_row(*map(text_line, row))
        yield table


def markdown(report: Report) -> str:
    """Return what `siyu status` says of a run as Markdown, for the artifact of a Prefect run."""
    status = as_json(report, current(report.warehouse))
    lines = [f"# {markup.markdown(headline(status))}", ""]
    for item in briefing(status):
        lines += _markdown(item)
    return "\n".join(lines) + "\n"


def _markdown(item: Item) -> Iterator[str]:
    text = markup.markdown
    if isinstance(item, Fact):
        yield f"- **{item.label}** {text(item.text)}"
        yield from (f"  - {text(note)}" for note in item.notes)
    elif isinstance(item, Block):
        yield from ("", *markup.markdown_block(item.text), "")
    else:
        yield from ("", f"| {' | '.join(item.columns)} |")
        numbers = len(item.columns) - item.words
        yield f"| {' | '.join('---:' if 0 < n < numbers else '---' for n in range(len(item.columns)))} |"
        yield from (f"| {' | '.join(map(text, row))} |" for row in item.rows)
        yield ""


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
