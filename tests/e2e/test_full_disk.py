"""A disk that fills up while a night lands, builds or publishes: the release stands, the message is clear, exit code 4.

The warehouse lies on a tmpfs in a mount namespace of its own, which this file, run as a script, makes and resizes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.compile.model_files import relation
from siyu.layers import base_layer
from siyu.settings import SAMPLE_SALT
from tests.e2e.nights import exit_code, start
from tests.shared import fill_cache

pytestmark = pytest.mark.e2e

NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
ROOMY = 400_000  # KiB
EVENTS = 5_000


def _can_mount(folder: Path) -> bool:
    command = [*NAMESPACE, "mount", "-t", "tmpfs", "none", str(folder)]
    return (
        shutil.which("unshare") is not None and not subprocess.run(command, capture_output=True, check=False).returncode
    )


def _kib(path: Path) -> int:
    return sum(file.lstat().st_blocks for file in path.rglob("*")) // 2


def _night(root: Path, day: str, warehouse: Path) -> dict[str, Any]:
    """One run, and what it left: exit code, message, how many steps of each kind it told, the release, and whether that
    is whole."""
    settings = {
        "SIYU_WAREHOUSE": str(warehouse), "SIYU_EXPORTS": str(root / "exports"), "SIYU_SALT": SAMPLE_SALT,
        "SIYU_CHANNELS": "website,crm", "SIYU_FAMILIES": "identity", "SIYU_PUBLISH_PARQUET": "true",
    }  # fmt: skip
    out, err = root / "out", root / "err"
    code = exit_code(start(root, "--as-of", day, settings=settings, out=str(out), err=str(err)))
    lines = out.read_text(encoding="utf-8").splitlines()
    steps = {kind: sum(line.startswith(kind) for line in lines) for kind in ("landed", "built", "checked")}
    told = {"exit": code, "stderr": err.read_text(encoding="utf-8"), "steps": steps}
    current = warehouse / "current"
    if current.exists():
        manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
        con = duckdb.connect(str(current / "siyu.duckdb"), read_only=True)
        rows = {name: con.execute(f"select count(*) from {relation(name)}").fetchall()[0][0]
                for name in manifest["tables"]}  # fmt: skip
        told |= {
            "release": current.resolve().name,
            "is_whole": rows == {name: facts["rows"] for name, facts in manifest["tables"].items()},
            "hashes": {name: facts["content_hash"] for name, facts in manifest["tables"].items()},
        }
    return told


def _is_checked(night: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Every suite ran, so that only publishing was left. Suites run while models are still being built."""
    return bool(night["steps"]["checked"] == whole["steps"]["checked"])


def _write_second_night(exports: Path) -> None:
    """Enough new events that a landing takes room."""
    lines = [
        json.dumps({"event_id": f"full-{n}", "event_time": "2026-07-01T10:00:00+08:00", "event_name": "page_view",
                    "cookie_id": f"cookie-{n:06d}", "page_url": f"/p/{hashlib.sha256(str(n).encode()).hexdigest()}"})
        for n in range(EVENTS)
    ]  # fmt: skip
    (exports / "website" / "events_later.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _script(root: Path) -> list[dict[str, Any]]:
    """A night, then another one with too little room, with hardly any room from the moment at which publishing begins,
    and with enough. The last one told is that night where the disk was never full, in a copy of the first night's
    warehouse."""
    disk = root / "disk"
    warehouse, roomy = disk / "warehouse", root / "roomy"
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOMY}k", "none", str(disk)], check=True)
    fill_cache(warehouse / "cache")  # the disk holds the compile cache, too
    told = [_night(root, "2026-06-30", warehouse)]
    shutil.copytree(warehouse, roomy, symlinks=True, ignore=shutil.ignore_patterns("build"))
    shutil.move(root / "later.jsonl", root / "exports" / "website" / "events_later.jsonl")
    for room in (100, _kib(warehouse / "build") // 8):
        shutil.rmtree(warehouse / "build", ignore_errors=True)
        _resize(disk, _used(disk) + room)
        told.append(_night(root, "2026-07-01", warehouse))
    _resize(disk, ROOMY)
    with _filled_by_publishing(disk, warehouse):
        told.append(_night(root, "2026-07-01", warehouse))
    _resize(disk, ROOMY)
    return [*told, _night(root, "2026-07-01", warehouse), _night(root, "2026-07-01", roomy)]


@contextmanager
def _filled_by_publishing(disk: Path, warehouse: Path) -> Iterator[None]:
    """Take the room away as soon as there is the folder of a release in the making."""
    is_over = threading.Event()

    def watch() -> None:
        while not any((warehouse / "releases").glob(".draft-*")):
            if is_over.wait(0.005):
                return
        _resize(disk, _used(disk) + 500)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def _used(disk: Path) -> int:
    """KiB that the files of a disk take."""
    state = os.statvfs(disk)
    return (state.f_blocks - state.f_bfree) * state.f_frsize // 1024


def _resize(disk: Path, kib: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kib}k", str(disk)], check=True)


def _nights(root: Path, later: Path) -> list[dict[str, Any]]:
    (root / "disk").mkdir(parents=True)
    shutil.copytree(base_layer() / "seeds" / "sample", root / "exports")
    shutil.copy(later, root / "later.jsonl")
    command = [*NAMESPACE, sys.executable, __file__, str(root)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_full_disk_breaks_nothing(tmp_path: Path) -> None:
    if not _can_mount(tmp_path):
        pytest.skip("a tmpfs cannot be mounted here (unshare)")
    (tmp_path / "made" / "website").mkdir(parents=True)
    _write_second_night(tmp_path / "made")
    later = tmp_path / "made" / "website" / "events_later.jsonl"
    first, *tight, last, undisturbed = _nights(tmp_path / "tight", later)
    assert first["exit"] == last["exit"] == 0, (first, last)
    print([(full["exit"], full["steps"]) for full in tight])  # noqa: T201 - for readers of the test
    for full in tight:
        assert full["exit"] == 4, full
        assert "No space left" in str(full["stderr"]) or "database or disk is full" in str(full["stderr"]), full
        assert "Traceback" not in str(full["stderr"])
        assert full["release"] == first["release"] and full["is_whole"]
    assert tight[0]["steps"]["built"] == 0 < first["steps"]["built"]
    assert not _is_checked(tight[1], first)
    assert _is_checked(tight[-1], first), [full["steps"] for full in tight]
    assert last["is_whole"] and last["release"] != first["release"]
    assert last["hashes"] == undisturbed["hashes"]


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(_script(Path(sys.argv[1]))) + "\n")
