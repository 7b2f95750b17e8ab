"""Releases: the swap never goes back, retention keeps what may still be read."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from siyu.publish import Release, current, expire, previous_release, releases, swap

NOW = datetime(2026, 7, 1, 3, tzinfo=UTC)


def _release(warehouse: Path, day: date, run_id: int, written: datetime, previous: str | None = None) -> Release:
    folder = warehouse / "releases" / f"{day}-{run_id:06d}"
    folder.mkdir(parents=True)
    manifest = {"as_of": str(day), "run_id": run_id, "known_by": None, "previous_release": previous, "tables": {}}
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    os.utime(path, (written.timestamp(), written.timestamp()))
    return next(release for release in releases(warehouse) if release.run_id == run_id)


def test_the_swap_never_goes_back(tmp_path: Path) -> None:
    newer = _release(tmp_path, date(2026, 6, 30), 1, NOW)
    older = _release(tmp_path, date(2026, 6, 29), 2, NOW)
    assert swap(tmp_path, newer)
    assert not swap(tmp_path, older)
    found = current(tmp_path)
    assert found is not None and found.name == newer.name
    again = _release(tmp_path, date(2026, 6, 30), 3, NOW)
    assert swap(tmp_path, again)
    assert (tmp_path / "current").readlink() == Path("releases") / again.name


def test_previous_is_of_the_newest_earlier_date_and_a_rerun_keeps_its_own(tmp_path: Path) -> None:
    first = _release(tmp_path, date(2026, 6, 28), 1, NOW)
    _release(tmp_path, date(2026, 6, 30), 2, NOW, previous=first.name)
    late = _release(tmp_path, date(2026, 6, 29), 3, NOW)
    rerun = previous_release(tmp_path, date(2026, 6, 30))
    following = previous_release(tmp_path, date(2026, 7, 1))
    assert rerun is not None and rerun.name == first.name
    assert following is not None and following.run_id == 2
    assert late.as_of < following.as_of
    assert previous_release(tmp_path, date(2026, 6, 28)) is None


def test_retention_keeps_days_month_ends_and_yesterday(tmp_path: Path) -> None:
    start = date(2026, 1, 1)
    for number in range(181):
        day = start + timedelta(days=number)
        written = NOW - timedelta(days=180 - number)
        newest = _release(tmp_path, day, number + 1, written)
    swap(tmp_path, newest)
    removed = expire(tmp_path, NOW)
    kept = [release.as_of for release in releases(tmp_path)]
    assert len(removed) + len(kept) == 181
    assert kept[-14:] == [date(2026, 6, 17) + timedelta(days=i) for i in range(14)]
    assert kept[:-14] == [date(2026, m, d) for m, d in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31))]
    assert expire(tmp_path, NOW) == []


def test_a_release_current_within_a_day_stays(tmp_path: Path) -> None:
    day = date(2026, 6, 30)
    for number in range(1, 5):
        newest = _release(tmp_path, day, number, NOW - timedelta(hours=61 - 12 * number))
    swap(tmp_path, newest)
    expire(tmp_path, NOW)
    assert [release.run_id for release in releases(tmp_path)] == [3, 4]


def test_a_folder_without_a_manifest_is_no_release(tmp_path: Path) -> None:
    (tmp_path / "releases" / "2026-06-30-000001").mkdir(parents=True)
    assert releases(tmp_path) == []
    assert current(tmp_path) is None
