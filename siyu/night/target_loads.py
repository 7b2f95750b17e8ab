"""Load the current release into the BI targets, and report how each ended. The release is published by then."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from siyu.errors import EngineFault, SiyuError, TargetFailed, WrongQuestion, nearest
from siyu.masking import first_line, masked, printable
from siyu.release.releases import Release, current
from siyu.release.targets import check_targets, load_target
from siyu.report.events import Event
from siyu.report.status import read_status, write_targets
from siyu.report.summary import Report, TargetLine
from siyu.settings import Settings

LOADED, NOTED = "loaded", "target"


def load(settings: Settings, name: str, release: Release, tell: Callable[[Event], None]) -> TargetLine:
    """Load a release into a target. An error is in the line: the release is published, whatever happens here."""
    started = time.monotonic()

    def told(table: str, detail: str, total: int) -> None:
        tell(Event(LOADED, table, detail, total))

    try:
        loading = load_target(settings, name, release, told)
    except Exception as error:  # noqa: BLE001 - reported, and the night ends with exit code 5
        text = str(error) if isinstance(error, SiyuError) else f"{type(error).__name__}: {first_line(error)}"
        line = TargetLine(
            name, _release_before(settings.warehouse, name), 0, _seconds(started), masked(printable(text))
        )
        tell(Event(NOTED, name, line.error or "", is_bad=True))
        return line
    for note in loading.notes:
        tell(Event(NOTED, name, note, is_bad=True))
    line = TargetLine(name, release.name, loading.tables, _seconds(started))
    tell(Event(NOTED, name, line.told))
    return line


def _seconds(started: float) -> float:
    return round(time.monotonic() - started, 1)


def _release_before(warehouse: Path, name: str) -> str | None:
    """Return the release that the target had after the last load, as far as the status page knows."""
    with suppress(OSError):
        lines = (read_status(warehouse) or {}).get("targets", [])
        return next((line["release"] for line in lines if line["target"] == name), None)
    return None


def require_targets(report: Report) -> None:
    """Raise TargetFailed if a target did not take the release."""
    failed = [line for line in report.targets if line.error]
    if failed:
        names = ", ".join(line.target for line in failed)
        has = f"it still has {failed[0].release}" if failed[0].release else "see its line above"
        error = TargetFailed(
            f"the target {names} did not take the release; {has}", "",
            "docs/on-call.md#a-target-failed says what to do; then run siyu publish.",
        )  # fmt: skip
        error.report = report
        raise error


def publish_again(settings: Settings, names: list[str], tell: Callable[[Event], None]) -> list[TargetLine]:
    """Load the current release into targets again: into these, or into all. The status page shows how they ended."""
    for name in names:
        if name not in settings.targets:
            raise WrongQuestion(
                f"{name} is not a target of this deployment", "--target",
                nearest(name, settings.targets) or "set SIYU_TARGETS: docs/postgresql.md.",
            )  # fmt: skip
    if not settings.targets:
        raise WrongQuestion("no target is set", settings.place("targets"), "set SIYU_TARGETS: docs/postgresql.md.")
    check_targets(settings)
    release = current(settings.warehouse)
    if release is None:
        raise EngineFault("there is no release yet", str(settings.warehouse), "run siyu run.")
    lines = [load(settings, name, release, tell) for name in names or settings.targets]
    write_targets(settings.warehouse, lines, settings.timezone)
    return lines
