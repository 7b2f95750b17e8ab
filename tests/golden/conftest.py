"""Nights on the sample, run once for all tests that look at them."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from siyu.report import Report
from siyu.run import run_night
from siyu.settings import SAMPLE_SALT, Settings, base_layer, load_settings
from siyu.workspace import Request

SAMPLE = base_layer() / "seeds" / "sample"


@dataclass(frozen=True)
class Ran:
    """A night that was run."""

    settings: Settings
    report: Report

    def connect(self, file: str = "siyu.duckdb") -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.settings.warehouse / "current" / file), read_only=True)


def run_on(root: Path, exports: Path, threads: int) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SAMPLE_SALT)
        settings = load_settings(root, warehouse=root / "warehouse", exports=exports, threads=threads)
        return Ran(settings, run_night(settings, Request()))


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The sample as it is, on two threads."""
    return run_on(tmp_path_factory.mktemp("night"), SAMPLE, threads=2)


@pytest.fixture(scope="session")
def shuffled_night(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The same rows in other files, in another order, on one thread."""
    root = tmp_path_factory.mktemp("shuffled")
    exports = root / "exports"
    shutil.copytree(SAMPLE, exports)
    chance = random.Random(11)
    _shuffle_lines(exports / "website", chance)
    for path in sorted((exports / "crm").glob("*.parquet")):
        _shuffle_parquet(path)
    return run_on(root, exports, threads=1)


def _shuffle_lines(folder: Path, chance: random.Random) -> None:
    lines: list[str] = []
    for path in sorted(folder.glob("*.jsonl")):
        lines += path.read_text(encoding="utf-8").splitlines()
        path.unlink()
    chance.shuffle(lines)
    third = len(lines) // 3
    for name, part in (("z", lines[:third]), ("a", lines[third : 2 * third]), ("m", lines[2 * third :])):
        (folder / f"events_{name}.jsonl").write_text("\n".join(part) + "\n", encoding="utf-8")


def _shuffle_parquet(path: Path) -> None:
    """Two files, rows in the order of a hash."""
    name, _, rest = path.name.partition("_")
    for part in (0, 1):
        target = path.with_name(f"{name.removesuffix('.parquet')}_{1 - part}_{rest or 'all.parquet'}")
        duckdb.sql(
            f"copy (select * from (select *, hash(t) as h from '{path}' as t) where h % 2 = {part} order by h)"
            f" to '{target}' (format parquet)"
        )
        duckdb.sql(f"copy (select * exclude (h) from '{target}') to '{target}.new' (format parquet)")
        Path(f"{target}.new").replace(target)
    path.unlink()
