"""A list of 40,000 people becomes a file row by row: the memory does not grow with the list."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from tests.engine.list_world import make_world

PEOPLE = 40_000
# More than the same command takes for two people. Row by row it is 42; a list of all rows takes 60, a workbook 95.
MOST_MB = 52

pytestmark = pytest.mark.scale


def run(folder: Path, *arguments: str) -> int:
    """Run `siyu list` and return the most memory that it held, in MB."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIYU_")}
    environment |= {"SIYU_WAREHOUSE": str(folder / "warehouse"), "SIYU_EXPORTS": str(folder / "exports"),
                    "SIYU_THREADS": "2"}  # fmt: skip
    command = [sys.executable, "-m", "siyu", "list", *arguments]
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_maxrss // 1024


def test_memory_does_not_grow_with_the_list(tmp_path: Path) -> None:
    make_world(tmp_path)
    few = run(tmp_path, "segment", "asleep_leads", "--xlsx", "few.xlsx")
    with duckdb.connect(str(tmp_path / "warehouse" / "current" / "siyu.duckdb")) as con:
        con.execute(
            "insert into audience.segment_member select 'big_accounts', 'P' || n, n, date '2026-06-01', null, 'S1'"
            f" from range(10, {PEOPLE + 10}) as t (n)"
        )
        con.execute(
            "insert into identity.person select n, '=' || n || repeat('名', 20), '+86139****' || n, 'm***@company.cn',"
            f" repeat('职位', 10), '公司' || n from range(10, {PEOPLE + 10}) as t (n)"
        )
    many = {form: run(tmp_path, "segment", "big_accounts", f"--{form}", f"many.{form}") for form in ("csv", "xlsx")}
    assert max(many.values()) - few < MOST_MB, (few, many)
    with (tmp_path / "many.csv").open(encoding="utf-8-sig") as file:
        assert sum(1 for _ in file) == PEOPLE + 1
    book = CalamineWorkbook.from_path(str(tmp_path / "many.xlsx"))
    assert book.get_sheet_by_name("segment").height == PEOPLE + 1
