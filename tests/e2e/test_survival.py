"""kill -9, two triggers at once, readers during the swap: what a night must survive, on real processes."""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import duckdb
import pytest

from siyu.check.suites import load_suites
from siyu.compile.compiler import compile_project
from siyu.release.releases import Release, current, releases, swap
from siyu.settings import load_settings
from tests.e2e.nights import exit_code, start
from tests.golden.shop import FEW_FAMILIES, FEW_SUITES
from tests.shared import fill_cache

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("survival")]

KILLS = int(os.environ.get("KILLS", "5"))
AT_ONCE = int(os.environ.get("AT_ONCE", "1"))
SWAPS, READERS = 30, 10
CHANNELS = ("crm",)


def _start(warehouse: Path, *options: str, shares_cache: bool = True) -> ForkServerProcess:
    """A night of one channel, one family of models and few suites."""
    settings = {
        "SIYU_WAREHOUSE": str(warehouse),
        "SIYU_CHANNELS": ",".join(CHANNELS),
        "SIYU_FAMILIES": ",".join(FEW_FAMILIES),
    }
    if shares_cache and "SIYU_CACHE" in os.environ:
        settings["SIYU_CACHE"] = os.environ["SIYU_CACHE"]
    return start(warehouse.parent, *options, settings=settings, suites=FEW_SUITES)


def _compile(warehouse: Path) -> None:
    """Keep in the cache of the run what a night compiles."""
    project = compile_project(load_settings(warehouse.parent, channels=CHANNELS, families=FEW_FAMILIES))
    load_suites(project)
    project.cache.save()
    project.binder.close()


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
    """The release of a night that finds what it compiles in a cache, and its seconds."""
    warehouse = tmp_path_factory.mktemp("undisturbed") / "warehouse"
    _compile(warehouse)
    started = time.monotonic()
    assert exit_code(_start(warehouse)) == 0
    release = _whole(warehouse)
    assert release is not None
    return release, time.monotonic() - started


@pytest.fixture(scope="module")
def two_at_once(undisturbed: tuple[Release, float], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A warehouse with the undisturbed night in it, after `AT_ONCE` times two nights at once; their exit codes."""
    warehouse = tmp_path_factory.mktemp("two") / "warehouse"
    shutil.copytree(undisturbed[0].path.parents[1], warehouse, symlinks=True, ignore=shutil.ignore_patterns("build"))
    codes: list[int] = []
    for _ in range(AT_ONCE):
        both = [_start(warehouse, "--force") for _ in range(2)]
        codes += sorted(exit_code(night) for night in both)
    return warehouse, codes


def test_killed_at_any_moment_and_run_again(undisturbed: tuple[Release, float], tmp_path: Path) -> None:
    """`current` is whole after every kill, and the run that gets through gives what an undisturbed one gives.

    The first night compiles everything. Later ones find that in a cache of their own: their kills land in all steps.
    """
    release, seconds = undisturbed
    warehouse, chance = tmp_path / "warehouse", random.Random(20260630)
    for number in range(KILLS):
        if number:
            fill_cache(warehouse / "cache")
        night = _start(warehouse, "--force", shares_cache=False)
        night.join(chance.uniform(0.2, seconds * 1.1))
        night.kill()
        night.join()
        _whole(warehouse)
    assert exit_code(_start(warehouse, "--force", shares_cache=False)) == 0
    done = _whole(warehouse)
    assert done is not None
    assert done.manifest["tables"] == release.manifest["tables"]
    assert not list((warehouse / "releases").glob(".draft-*"))


def test_two_at_once(undisturbed: tuple[Release, float], two_at_once: tuple[Path, list[int]]) -> None:
    warehouse, codes = two_at_once
    assert codes == [0, 3] * AT_ONCE
    assert _whole(warehouse) is not None


def test_readers_never_see_half_a_release(two_at_once: tuple[Path, list[int]]) -> None:
    """Ten readers open, read and close while `current` moves thirty times between two releases."""
    warehouse = two_at_once[0]
    pair = sorted(releases(warehouse), key=lambda release: release.run_id)[-2:]
    assert len(pair) == 2 and pair[0].as_of == pair[1].as_of
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
