"""A night whose tables Spark makes publishes what a night on DuckDB publishes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from siyu.check.suites import CheckResult
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.release.releases import PARQUET_FILES, PUBLIC, RESTRICTED_PARQUET
from siyu.settings import FAMILIES, SAMPLE_SALT, load_settings
from tests.golden.conftest import SAMPLE, only_suites
from tests.shared import fill_cache

# Spark takes a second for a model, however few rows it has: every test run has one family, of three channels.
IS_WHOLE = bool(os.environ.get("SPARK_PARITY"))
CHOSEN = FAMILIES if IS_WHOLE else ("identity",)
CHANNELS = () if IS_WHOLE else ("crm", "mall", "wecom")
# Some exports are read by Spark itself, as large ones are, and the others are copied for it.
LARGE = 0 if IS_WHOLE else 500
# Rows from which on Spark counts, adds up and writes the release, as it does with large tables.
MANY_ROWS = 500
# Suites of tables and views, with expectations of every type that is counted.
SUITES = ("identity/one_id", "identity/person_audit", "records/deal", "staging/mall__deal")
pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.e2e]


def _hashes(warehouse: Path) -> dict[str, str]:
    manifest = json.loads((warehouse / "current" / "manifest.json").read_text(encoding="utf-8"))
    return {name: table["content_hash"] for name, table in manifest["tables"].items()}


def test_both_engines_publish_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark", reason="siyu[spark] is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not installed")
    monkeypatch.setenv("SIYU_SALT", SAMPLE_SALT)
    monkeypatch.setattr("siyu.build.database.LARGE", LARGE)
    monkeypatch.setattr("siyu.engines.spark.MANY_ROWS", MANY_ROWS)
    monkeypatch.setattr("siyu.check.suites.layer_files", only_suites(*SUITES))
    plain = load_settings(
        tmp_path, warehouse=tmp_path / "on_duckdb", exports=SAMPLE, threads=2, families=CHOSEN, channels=CHANNELS,
    )  # fmt: skip
    fill_cache(plain.warehouse / "cache")
    night = run_night(plain, Request())
    settings = plain.model_copy(
        update={"warehouse": tmp_path / "on_spark", "engine": "spark", "publish_parquet_from": 1}
    )
    fill_cache(settings.warehouse / "cache")
    report = run_night(settings, Request())

    found = _hashes(settings.warehouse)
    assert len(found) > 20
    assert found == _hashes(plain.warehouse)
    release = settings.warehouse / "current"
    for folder, least in ((PARQUET_FILES, 3), (RESTRICTED_PARQUET, 2)):
        by_spark = [path for path in (release / folder).glob("*/*.parquet") if path.is_dir()]
        assert len(by_spark) >= least
        assert {file.suffix for path in by_spark for file in path.iterdir()} == {".parquet"}
    with duckdb.connect(str(release / PUBLIC), read_only=True) as con:
        [people] = con.execute(
            "select count(*), count(mobile_hash), count(mobile_masked) from identity.person"
        ).fetchall()
    assert people[0] == json.loads((release / "manifest.json").read_text())["tables"]["identity.person"]["rows"]
    assert people[1] == people[2] > 0
    checked = {check.table_name for check in report.checks}
    assert checked == {name.replace("/", ".") for name in SUITES}
    assert _sorted(report.checks) == _sorted(night.checks)


def _sorted(checks: Iterable[CheckResult]) -> list[CheckResult]:
    return sorted(checks, key=lambda check: str(check.as_row()))
