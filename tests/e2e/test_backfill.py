"""A backfill that is killed, in a process of its own, and started again gives what an undisturbed one gives."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from datetime import date, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.release.releases import current, releases
from siyu.warehouse.ledger import Ledger
from siyu.warehouse.lock import is_backfilling
from tests.e2e.deployed import shop_environment
from tests.e2e.nights import exit_code, start
from tests.golden.shop import FEW_SUITES, FIRST_DAY, Shop

pytestmark = pytest.mark.e2e

DATES = int(os.environ.get("BACKFILL_DATES", "3"))
DAYS = [(date.fromisoformat(FIRST_DAY) + timedelta(days=number)).isoformat() for number in range(DATES)]


def _shop(root: Path) -> Shop:
    """A shop before its first night, with the exports of all dates and of the day after."""
    shop = Shop(root)
    for day in DAYS[1:]:
        shop.deliver(day)
    shop.write("exports/exports.yml", f"as_of: {DAYS[-1]}\n")
    return shop


def _start(shop: Shop) -> ForkServerProcess:
    return start(
        shop.root, "--from", DAYS[0], "--to", DAYS[-1], command="backfill", settings=shop_environment(shop),
        suites=FEW_SUITES, out=str(shop.root / "out.log"), err=str(shop.root / "err.log"),
    )  # fmt: skip


def _rows(warehouse: Path) -> list[dict[str, Any]]:
    ledger = Ledger(warehouse / "ledger.sqlite")
    found = ledger.runs()
    ledger.close()
    return found


def _published(warehouse: Path) -> int:
    if not (warehouse / "ledger.sqlite").is_file():
        return 0
    return len([row for row in _rows(warehouse) if row["status"] == "published"])


def _contents(warehouse: Path) -> dict[str, Any]:
    """Everything that a backfill leaves, by date, without the numbers of runs."""
    tables = {release.as_of: release.manifest["tables"] for release in releases(warehouse)}
    compared = {release.as_of: str(release.manifest["previous_release"])[:10] for release in releases(warehouse)}
    newest: dict[tuple[str, str], Path] = {}
    for path in sorted((warehouse / "history").glob("[0-9]*/[0-9]*/*.parquet")):
        newest[path.parts[-3], path.name] = path
    history = {key: duckdb.sql(f"select * from '{path}' order by all").fetchall() for key, path in newest.items()}
    return {"tables": tables, "compared": compared, "history": history}


def test_killed_half_way_and_started_again(tmp_path: Path) -> None:
    calm, killed = _shop(tmp_path / "calm"), _shop(tmp_path / "killed")
    assert exit_code(_start(calm)) == 0, (calm.root / "err.log").read_text()
    warehouse = killed.root / "warehouse"
    process = _start(killed)
    while _published(warehouse) < DATES // 2:
        assert process.is_alive(), (killed.root / "err.log").read_text()
        time.sleep(0.05)
    time.sleep(1 + random.Random(20260630).uniform(0.3, 1.5))  # into the next date, after the pause
    assert process.is_alive() and is_backfilling(warehouse)
    process.kill()
    process.join()
    assert not is_backfilling(warehouse)
    done = _published(warehouse)
    assert exit_code(_start(killed)) == 0, (killed.root / "err.log").read_text()

    assert _contents(warehouse) == _contents(calm.root / "warehouse")
    statuses = Counter(row["status"] for row in _rows(warehouse))
    assert statuses["published"] == DATES and statuses["nothing new"] == done and statuses["interrupted"] <= 1
    assert sum(statuses.values()) == DATES + done + statuses["interrupted"]
    published = [row["as_of"] for row in _rows(warehouse) if row["status"] == "published"]
    assert published == DAYS
    assert [row["status"] for row in _rows(calm.root / "warehouse")] == ["published"] * DATES
    now = current(warehouse)
    assert now is not None and now.as_of.isoformat() == DAYS[-1]
    told = (killed.root / "out.log").read_text()
    assert f"{DATES - done} published 已发布, {done} nothing new 无新数据" in told
