"""One Spark for all tests of this folder, in the process of the tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from siyu.compile.spark_sql import spark_query
from siyu.engines.base import RunInputs
from tests.spark.both import BothEngines

INPUTS = RunInputs("2026-06-30", "Asia/Shanghai", "k")


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothEngines]:
    """A build database whose tables Spark makes, beside a session in which DuckDB makes them."""
    pytest.importorskip("pyspark", reason="Spark is not installed: pip install 'siyu[spark]'")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Spark needs Java, which this machine does not have")
    from siyu.engines.spark import SparkEngine  # it imports pyspark

    folder = tmp_path_factory.mktemp("spark")
    settings = {
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "1g",
        "spark.sql.warehouse.dir": str(folder / "catalog"),  # Spark would make one in the working folder
    }
    engine = SparkEngine(
        folder / "build.duckdb", INPUTS, lambda sql: spark_query(sql, INPUTS), cluster="local[2]", settings=settings,
        folder=folder / "tables",
    )  # fmt: skip
    yield BothEngines(engine, folder / "tables")
    engine.close()
