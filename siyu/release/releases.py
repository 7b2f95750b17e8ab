"""Releases on disk: list them, find the current one, make one current, remove old ones."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from siyu.warehouse.files import fsync

PUBLIC, RESTRICTED = "siyu.duckdb", "siyu_restricted.duckdb"


MANIFEST = "manifest.json"


WAS_CURRENT = ".was-current"  # ending of the stamp beside a release that ceased to be current


KEPT_DAYS, KEPT_MONTHS, KEPT_HOURS = 14, 12, 24


@dataclass(frozen=True)
class Release:
    """A published run."""

    path: Path
    as_of: date
    run_id: int
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name


def releases(warehouse: Path) -> list[Release]:
    """Return all complete releases, oldest as_of first. A folder without a manifest does not count."""
    found = []
    for path in sorted((warehouse / "releases").glob("*/" + MANIFEST)):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found.append(Release(path.parent, date.fromisoformat(manifest["as_of"]), manifest["run_id"], manifest))
    return sorted(found, key=lambda release: (release.as_of, release.run_id))


def current(warehouse: Path) -> Release | None:
    """Return the release that readers see; None before the first one."""
    link = warehouse / "current"
    if not link.is_symlink() or not (link / MANIFEST).is_file():
        return None
    target = link.resolve()
    return next((release for release in releases(warehouse) if release.path.resolve() == target), None)


def swap(warehouse: Path, release: Release) -> bool:
    """Make a release the current one, in one rename. Return False, and change nothing, if a later as_of is current."""
    now = current(warehouse)
    if now is not None and now.as_of > release.as_of:
        return False
    if now is not None and now.name != release.name:
        (now.path.parent / f".{now.name}{WAS_CURRENT}").touch()
    link, fresh = warehouse / "current", warehouse / ".current-next"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(release.path, warehouse))
    os.replace(fresh, link)
    fsync(warehouse)
    return True


def expire(warehouse: Path, now: datetime) -> list[str]:
    """Remove old releases. Return their names.

    14 daily and 12 month-end releases stay, and all that were current within KEPT_HOURS. A stamp beside a folder says
    when it was last current. Releases of known_by never are, so they go KEPT_HOURS after they were written.
    """
    found = releases(warehouse)
    nightly = [release for release in found if release.manifest["known_by"] is None]
    newest = {release.as_of: release for release in sorted(nightly, key=lambda release: release.run_id)}
    days = sorted(newest, reverse=True)
    month_ends = list({(day.year, day.month): day for day in sorted(days)}.values())[::-1]
    kept = {newest[day].name for day in (*days[:KEPT_DAYS], *month_ends[:KEPT_MONTHS])}
    seen = current(warehouse)
    if seen is not None:
        kept |= {seen.name, str(seen.manifest["previous_release"])}
    removed = []
    for release in found:
        last_read = datetime.fromtimestamp(_last_current(release), now.tzinfo)
        if release.name not in kept and now - last_read > timedelta(hours=KEPT_HOURS):
            shutil.rmtree(release.path)
            (release.path.parent / f".{release.name}{WAS_CURRENT}").unlink(missing_ok=True)
            removed.append(release.name)
    return removed


def _last_current(release: Release) -> float:
    """Return when the release was last known to be current, or else when it was written."""
    stamp = release.path.parent / f".{release.name}{WAS_CURRENT}"
    return max(path.stat().st_mtime for path in (stamp, release.path / MANIFEST) if path.is_file())
