"""A night whose tables Spark makes publishes what a night on DuckDB publishes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.settings import FAMILIES, SAMPLE_SALT, load_settings
from tests.golden.conftest import SAMPLE, Ran, only_suites
from tests.shared import fill_cache

# Spark takes a second for a model, however few rows it has.
CHOSEN = FAMILIES if os.environ.get("SPARK_PARITY") else ("identity",)
# Some exports are read by Spark itself, as large ones are, and the others are copied for it.
LARGE = 0 if os.environ.get("SPARK_PARITY") else 2000
pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.e2e]


def _hashes(warehouse: Path) -> dict[str, str]:
    manifest = json.loads((warehouse / "current" / "manifest.json").read_text(encoding="utf-8"))
    return {name: table["content_hash"] for name, table in manifest["tables"].items()}


def test_both_engines_publish_the_same(night: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark", reason="siyu[spark] is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not installed")
    monkeypatch.setenv("SIYU_SALT", SAMPLE_SALT)
    monkeypatch.setattr("siyu.build.database.LARGE", LARGE)
    monkeypatch.setattr("siyu.check.suites.layer_files", only_suites("identity/one_id"))
    fill_cache(tmp_path / "warehouse" / "cache")
    settings = load_settings(
        tmp_path, warehouse=tmp_path / "warehouse", exports=SAMPLE, threads=2, engine="spark", families=CHOSEN
    )
    report = run_night(settings, Request())

    found, expected = _hashes(settings.warehouse), _hashes(night.settings.warehouse)
    built = {name for name in expected if name.partition(".")[0] in CHOSEN}
    built |= {name for name in found if name.startswith("records.")}  # of the records, what these families read
    assert len(built) > 20
    assert {name: found.get(name) for name in built} == {name: expected[name] for name in built}
    assert [check.success for check in report.checks] == [True] * len(report.checks) != []
