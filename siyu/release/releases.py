"""Releases on disk: list them, find the current one, make one current, remove old ones."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from siyu.settings import FAMILIES
from siyu.warehouse.files import fsync

PUBLIC, RESTRICTED = "siyu.duckdb", "siyu_restricted.duckdb"


# Folders of Parquet files: what the public file has, and raw values.
PARQUET_FILES, RESTRICTED_PARQUET = "parquet", "restricted"


MANIFEST = "manifest.json"


SITE, INDEX = "site", "index.html"  # the folder of the site, and its first page


WAS_CURRENT = ".was-current"  # ending of the stamp beside a release that ceased to be current


KEPT_DAYS, KEPT_MONTHS, KEPT_HOURS = 14, 12, 24
READ_HOURS, KEPT_BRIEF = 1, 3
LATEST_ZONE = timedelta(hours=14)  # the earliest midnight on earth is 14 hours before that of UTC


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

    @property
    def families(self) -> tuple[str, ...]:
        """The families of models that it has. Of others it has what these read."""
        return tuple(self.manifest.get("families", FAMILIES))


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


def outranks(now: Release, as_of: date, today: date) -> bool:
    """Return whether the current release stays current after one of `as_of`: its date is later, but not in the future.

    A future date counts only for a run that asks for a future date itself.
    """
    return now.as_of > as_of and (now.as_of <= today or as_of > today)


def swap(warehouse: Path, release: Release, today: date = date.max) -> bool:
    """Make a release the current one, in one rename. Return False if one of a later as_of is current or becomes it.

    If the current release has a date after `today`, the newest of the others takes its place.
    """
    now = current(warehouse)
    if now is not None and outranks(now, release.as_of, today):
        return False
    chosen = release
    if now is not None and now.as_of > release.as_of:
        past = [r for r in releases(warehouse) if r.as_of <= today and r.manifest["known_by"] is None]
        chosen = past[-1]
    if now is not None and now.name != chosen.name:
        (now.path.parent / f".{now.name}{WAS_CURRENT}").touch()
    link, fresh = warehouse / "current", warehouse / ".current-next"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(os.path.relpath(chosen.path, warehouse))
    os.replace(fresh, link)
    fsync(warehouse)
    return chosen.name == release.name


def expire(warehouse: Path, now: datetime) -> list[str]:
    """Remove old releases. Return their names.

    14 daily and 12 month-end releases stay, the current one and the one that it was compared with. Others stay for
    KEPT_HOURS after they were last current or were written, so that readers can finish. Of those that were current for
    less than READ_HOURS, as when many nights are caught up, only the last KEPT_BRIEF stay.
    """
    found = releases(warehouse)
    seen = current(warehouse)
    kept = _kept_by_date(found, max((now + LATEST_ZONE).date(), seen.as_of if seen else date.min))
    if seen is not None:
        kept |= {seen.name, str(seen.manifest["previous_release"])}
    others = [release for release in found if release.name not in kept]
    recent = [release for release in others if now - _last_current(release, now) <= timedelta(hours=KEPT_HOURS)]
    brief = [release for release in recent if release.manifest["known_by"] is None and not _was_read(release)]
    brief.sort(key=lambda release: release.run_id)
    kept |= {release.name for release in recent} - {release.name for release in brief[:-KEPT_BRIEF]}
    removed = []
    for release in found:
        if release.name not in kept:
            shutil.rmtree(release.path)
            _stamp(release).unlink(missing_ok=True)
            removed.append(release.name)
    return removed


def _kept_by_date(found: list[Release], latest: date) -> set[str]:
    """Return the newest releases of the last dates and of the last month ends. Dates after `latest` do not count."""
    nightly = [release for release in found if release.manifest["known_by"] is None and release.as_of <= latest]
    newest = {release.as_of: release for release in sorted(nightly, key=lambda release: release.run_id)}
    days = sorted(newest, reverse=True)
    month_ends = list({(day.year, day.month): day for day in sorted(days)}.values())[::-1]
    return {newest[day].name for day in (*days[:KEPT_DAYS], *month_ends[:KEPT_MONTHS])}


def _stamp(release: Release) -> Path:
    """Return the file whose time says when the release ceased to be current."""
    return release.path.parent / f".{release.name}{WAS_CURRENT}"


def _was_read(release: Release) -> bool:
    """Whether the release was current for long enough that a reader may still have it open."""
    stamp = _stamp(release)
    if not stamp.is_file():
        return False
    written = (release.path / MANIFEST).stat().st_mtime
    return stamp.stat().st_mtime - written >= timedelta(hours=READ_HOURS).total_seconds()


def _last_current(release: Release, now: datetime) -> datetime:
    """Return when the release was last known to be current, or else when it was written.

    A time in the future, from a wrong clock, is set to now: otherwise the release would stay until then.
    """
    times = []
    for path in (_stamp(release), release.path / MANIFEST):
        if path.is_file():
            if path.stat().st_mtime > now.timestamp():
                os.utime(path, (now.timestamp(), now.timestamp()))
            times.append(path.stat().st_mtime)
    return datetime.fromtimestamp(max(times), now.tzinfo)
