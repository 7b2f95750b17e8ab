"""docs/bi.md as it is written: its Python in processes of their own, its SQL, on the release of the sample's night."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.golden.conftest import Ran

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "bi.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def _run(code: str, night: Ran) -> str:
    code = code.replace("/srv/siyu/warehouse", str(night.settings.warehouse))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=night.settings.warehouse.parent,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_duckdb(night: Ran) -> None:
    [code] = [block for block in _blocks("python") if "import duckdb" in block and "polars" not in block]
    assert "net_revenue" in _run(code, night)


def test_pandas_and_sqlalchemy(night: Ran) -> None:
    """Reflection includes keys: SQLAlchemy asks for tables and types of PostgreSQL that DuckDB may not have."""
    pinned = re.search(r"^SQLAlchemy==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert pinned and f"siyu itself installs {pinned[1]}." in DOCUMENT
    if version("sqlalchemy") != pinned[1]:
        pytest.skip(f"SQLAlchemy {version('sqlalchemy')} is installed, not {pinned[1]} of constraints.txt")
    [code] = [block for block in _blocks("python") if "import sqlalchemy" in block]
    shown = _run(code, night)
    assert "2026年6月" in shown and "净收入" in shown and "Search ads" in shown
    assert shown.splitlines()[-1].endswith("Chinese name of the member.")


def test_polars(night: Ran) -> None:
    """The months' sums are those of the KPI."""
    pytest.importorskip("polars", reason="polars is not installed")
    [code] = [block for block in _blocks("python") if "import polars" in block]
    shown = _run(code, night)
    with night.connect() as con:
        query = (
            "select month, sum(numerator) from bi.kpi_daily"
            " where kpi_code = 'net_revenue' and dimension = 'channel' group by all"
        )
        months = con.execute(query).fetchall()
    assert months and all(f"{month} ┆ {revenue}" in re.sub(r" +", " ", shown) for month, revenue in months)


def test_command_line(night: Ran) -> None:
    if shutil.which("duckdb") is None:
        pytest.skip("the command-line client of DuckDB is not installed")
    [command] = [line for block in _blocks("sh") for line in block.splitlines() if line.startswith("duckdb ")]
    shown = subprocess.check_output(command, shell=True, cwd=night.settings.warehouse.parent, text=True)
    with night.connect() as con:
        revenue = con.execute(re.findall(r'"(.*)"', command)[0]).fetchall()[0][0]
    assert str(revenue) in shown


@pytest.mark.parametrize("number", range(2))
def test_sql(number: int, night: Ran) -> None:
    assert night.connect().execute(_blocks("sql")[number]).fetchall()


def test_every_query_is_tried() -> None:
    assert len(_blocks("sql")) == 2 and len(_blocks("python")) == 3
