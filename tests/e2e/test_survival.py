"""kill -9, two triggers at once, readers during the swap: what a night must survive, on real processes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from siyu.release.releases import Release, current, releases, swap

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("survival")]

KILLS = int(os.environ.get("KILLS", "5"))
AT_ONCE = int(os.environ.get("AT_ONCE", "2"))
SWAPS, READERS = 30, 10


def _start(warehouse: Path, *options: str, shares_cache: bool = True) -> subprocess.Popen[bytes]:
    kept = ("SIYU_CACHE",) if shares_cache else ()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIYU_") or name in kept}
    return subprocess.Popen(
        [sys.executable, "-m", "siyu", "run", *options],
        env=environment | {"SIYU_WAREHOUSE": str(warehouse), "SIYU_CHANNELS": "website,crm,wecom"},
        cwd=warehouse.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _whole(warehouse: Path) -> Release | None:
    """The current release, after every table of it was counted; None before the first."""
    release = current(warehouse)
    if release is None:
        assert not (warehouse / "current").is_symlink()
        return None
    con = duckdb.connect(str(release.path / "siyu.duckdb"), read_only=True)
    for name, facts in release.manifest["tables"].items():
        schema, _, table = name.partition(".")
        assert con.execute(f'select count(*) from {schema}."{table}"').fetchall()[0][0] == facts["rows"]
    con.close()
    return release


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, float]:
    warehouse = tmp_path_factory.mktemp("undisturbed") / "warehouse"
    started = time.monotonic()
    assert _start(warehouse).wait() == 0
    release = _whole(warehouse)
    assert release is not None
    return release, time.monotonic() - started


def test_killed_at_any_moment_and_run_again(undisturbed: tuple[Release, float], tmp_path: Path) -> None:
    """`current` is whole after every kill, and the run that gets through gives what an undisturbed one gives."""
    release, seconds = undisturbed
    warehouse, chance = tmp_path / "warehouse", random.Random(20260630)
    for _ in range(KILLS):
        process = _start(warehouse, "--force", shares_cache=False)
        time.sleep(chance.uniform(0.2, seconds * 1.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
        _whole(warehouse)
    assert _start(warehouse, "--force", shares_cache=False).wait() == 0
    done = _whole(warehouse)
    assert done is not None
    assert done.manifest["tables"] == release.manifest["tables"]
    assert not list((warehouse / "releases").glob(".draft-*"))


def test_two_at_once(undisturbed: tuple[Release, float], tmp_path: Path) -> None:
    for _ in range(AT_ONCE):
        both = [_start(tmp_path / "warehouse", "--force") for _ in range(2)]
        assert sorted(process.wait() for process in both) == [0, 3]
    assert _whole(tmp_path / "warehouse") is not None


def test_readers_never_see_half_a_release(undisturbed: tuple[Release, float]) -> None:
    """Ten readers open, read and close while `current` moves thirty times between two releases."""
    warehouse = undisturbed[0].path.parents[1]
    assert _start(warehouse, "--force").wait() == 0
    pair = [release for release in releases(warehouse) if release.as_of == undisturbed[0].as_of]
    assert len(pair) == 2
    names = {release.name: release.run_id for release in pair}
    stop = False

    def read() -> int:
        opened = 0
        while not stop:
            folder = (warehouse / "current").resolve()
            con = duckdb.connect(str(folder / "siyu.duckdb"), read_only=True)
            told = con.execute("select max(run_id) from ops.run").fetchall()[0][0]
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            con.close()
            assert told == manifest["run_id"] == names[folder.name]
            opened += 1
        return opened

    with ThreadPoolExecutor(max_workers=READERS) as pool:
        readers = [pool.submit(read) for _ in range(READERS)]
        for number in range(SWAPS):
            assert swap(warehouse, pair[number % 2])
            time.sleep(0.05)
        stop = True
        assert min(reader.result() for reader in readers) > 0
