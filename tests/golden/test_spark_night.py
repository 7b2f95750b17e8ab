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
from tests.golden.conftest import SAMPLE, Ran, only_suites
from tests.shared import fill_cache

# Spark takes a second for a model, however few rows it has.
CHOSEN = FAMILIES if os.environ.get("SPARK_PARITY") else ("identity",)
# Some exports are read by Spark itself, as large ones are, and the others are copied for it.
LARGE = 0 if os.environ.get("SPARK_PARITY") else 2000
# Rows from which on Spark counts, adds up and writes the release, as it does with large tables.
MANY_ROWS = 1000
# Suites of tables and views, with expectations of every type that is counted.
SUITES = ("identity/one_id", "identity/person_audit", "records/deal", "staging/mall__deal")
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
    monkeypatch.setattr("siyu.engines.spark.MANY_ROWS", MANY_ROWS)
    monkeypatch.setattr("siyu.check.suites.layer_files", only_suites(*SUITES))
    fill_cache(tmp_path / "warehouse" / "cache")
    settings = load_settings(
        tmp_path, warehouse=tmp_path / "warehouse", exports=SAMPLE, threads=2, engine="spark", families=CHOSEN,
        publish_parquet_from=1,
    )  # fmt: skip
    report = run_night(settings, Request())

    found, expected = _hashes(settings.warehouse), _hashes(night.settings.warehouse)
    built = {name for name in expected if name.partition(".")[0] in CHOSEN}
    built |= {name for name in found if name.startswith("records.")}  # of the records, what these families read
    assert len(built) > 20
    assert {name: found.get(name) for name in built} == {name: expected[name] for name in built}
    release = settings.warehouse / "current"
    for folder, least in ((PARQUET_FILES, 5), (RESTRICTED_PARQUET, 2)):
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
    assert _sorted(report.checks) == _sorted(c for c in night.report.checks if c.table_name in checked)


def _sorted(checks: Iterable[CheckResult]) -> list[CheckResult]:
    return sorted(checks, key=lambda check: str(check.as_row()))
