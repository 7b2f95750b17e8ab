"""Nights that go on from the last build publish what a full rebuild publishes, whatever happens on the way."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.settings import Settings, load_settings
from siyu.simulate import simulate_exports
from tests.golden.shop import only_suites
from tests.golden.tag_nights import RULES
from tests.shared import fill_cache

pytestmark = [pytest.mark.scale, pytest.mark.xdist_group("incremental_nights")]
SALT = "a salt for nights, long enough"
PEOPLE, NIGHTS = 120, 3
RETIRED = "webinar"
# A model of a layer that is restated by day.
TOUCH_DAY = """/*
description: Touches 触达与互动 by business date and channel.
grain: [occurred_date, channel]
*/
{{ config(restate='day', time='occurred_date', measures={'touch_count': 'sum'}) }}
select
    occurred_date,  -- 日期. Business date.
    channel,  -- 渠道. Channel.
    count(*) as touch_count  -- 次数. Touches. Adds up.
from {{ ref('person_touch') }}
group by occurred_date, channel
"""
THRESHOLDS = "threshold,value,min,max,unit,why\nscore_half_life_days,20,1,3650,days,Ours.\n"


@dataclass(frozen=True)
class Nights:
    """A world that delivers night by night, and the warehouse of its nights."""

    root: Path

    def settings(self, warehouse: str = "warehouse", **others: object) -> Settings:
        """Settings of a night."""
        layers = (self.root / "layer",)
        return load_settings(
            self.root, warehouse=self.root / warehouse, exports=self.root / "exports", cache=self.root / "cache",
            layers=layers, site=False, incremental="always", **others,
        )  # fmt: skip

    def deliver(self, number: int, late: str = "") -> None:
        """Deliver a night, but for what is late. The first one is everything before the nights."""
        folder = [self.root / "world", *sorted((self.root / "world").glob("night=*"))][number]
        skipped = shutil.ignore_patterns("night=*", "truth", late or "none")
        shutil.copytree(folder, self.root / "exports", dirs_exist_ok=True, ignore=skipped)

    def deliver_late(self, number: int, name: str) -> int:
        """Deliver what was late in a night. Return how many files it was."""
        folder = [self.root / "world", *sorted((self.root / "world").glob("night=*"))][number]
        found = sorted(path for path in folder.glob(f"*/{name}") if path.is_file())
        for path in found:
            shutil.copy(path, self.root / "exports" / path.relative_to(folder))
        return len(found)

    def run(self, warehouse: str = "warehouse", **others: object) -> Counter[str]:
        """Run a night. Return how many models were built, kept and restated."""
        report = run_night(self.settings(warehouse, **others), Request())
        assert report.status == "published"
        return Counter(model.way for model in report.models)

    def hashes(self, warehouse: str = "warehouse") -> dict[str, str]:
        """Table -> content hash of the current release."""
        text = (self.root / warehouse / "current" / "manifest.json").read_text(encoding="utf-8")
        return {name: table["content_hash"] for name, table in json.loads(text)["tables"].items()}

    def files(self, warehouse: str = "warehouse") -> dict[str, str]:
        """Columns, comments and the content hash of each table of both files, read from the current release."""
        found = {}
        for name in ("siyu.duckdb", "siyu_restricted.duckdb"):
            with duckdb.connect(str(self.root / warehouse / "current" / name), read_only=True) as con:
                described = con.execute(
                    "select schema_name || '.' || table_name, list((column_name, data_type, comment) order by"
                    " column_index)::varchar from duckdb_columns() where not internal and schema_name <> 'ops'"
                    " group by 1"
                ).fetchall()
                for table, columns in described:
                    digest = con.execute(f"select count(*), sum(hash(hash(t))::hugeint) from {table} as t").fetchone()
                    found[f"{name} {table}"] = f"{columns} {digest}"
        return found

    def carried_on(self) -> int:
        """Return in how many tables of the current release rows of the last one were replaced."""
        told = json.loads((self.root / "warehouse" / "build" / "complete.json").read_text(encoding="utf-8"))
        return sum(rows > 0 for rows in told["released"]["replaced"].values())

    def copy_without_build(self) -> None:
        """Copy the warehouse. A night on the copy builds everything."""
        full = self.root / "full"
        shutil.rmtree(full, ignore_errors=True)
        shutil.copytree(self.root / "warehouse", full, symlinks=True, ignore=shutil.ignore_patterns("build"))

    def both(self, **others: object) -> Counter[str]:
        """Run a night on the last build, and on a copy of the warehouse that has none. Both publish the same."""
        self.copy_without_build()
        ways = self.run(**others)
        assert self.run("full", **others).keys() == {"built"}
        assert self.hashes() == self.hashes("full")
        assert self.files() == self.files("full")
        assert self.carried_on() > 10
        return ways


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """The first night is over: everything before the last days landed at once."""
    root = tmp_path_factory.mktemp("incremental")
    simulate_exports(root / "world", people=PEOPLE, days=100, seed=23, nights=NIGHTS)
    (root / "layer" / "models" / "bi").mkdir(parents=True)
    (root / "layer" / "models" / "bi" / "touch_day.sql").write_text(TOUCH_DAY, encoding="utf-8")
    fill_cache(root / "cache")
    nights = Nights(root)
    nights.deliver(0)
    return nights


@pytest.fixture(autouse=True)
def _few_suites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_SALT", SALT)
    monkeypatch.setattr("siyu.check.suites.layer_files", only_suites("records/deal"))
    # The tables are small: releases would be written whole, because of their size and of their gaps.
    monkeypatch.setattr("siyu.build.restatement.ENOUGH_TO_COMPARE", 0)
    monkeypatch.setattr("siyu.release.last_release.MOST_FREE", 1)


def test_nights_publish_what_a_full_rebuild_publishes(nights: Nights) -> None:
    """Late files, people who are linked and taken apart again, a rule that changes, a channel that is retired."""
    assert nights.run().keys() == {"built"}
    rules = nights.root / "exports" / "reference" / "identity_rules.csv"
    one, other = _two_people(nights)
    rules.parent.mkdir(exist_ok=True)
    rules.write_text(f"{RULES}link,{one},{other},2026-06-01,li,one\n", encoding="utf-8")
    nights.deliver(1, late="events_*")
    ways = nights.both()
    assert ways["restated"] > 20
    assert ways["kept"] > 20
    assert _way(nights, "bi.touch_day") == "restated"

    rules.write_text(f"{rules.read_text(encoding='utf-8')}unlink,{one},{other},2026-06-02,li,two\n", encoding="utf-8")
    nights.deliver(2)
    assert nights.deliver_late(1, "events_*") > 0
    assert nights.both()["restated"] > 20

    reference = nights.root / "layer" / "seeds" / "reference"
    reference.mkdir(parents=True)
    (reference / "thresholds.add.csv").write_text(THRESHOLDS, encoding="utf-8")
    nights.deliver(3)
    assert nights.both(retired_channels=(RETIRED,))["kept"] > 0
    # The same date again, with the channel.
    assert nights.run()["kept"] > 50


def _way(nights: Nights, model: str) -> str:
    """Return how the last night made a table of a model."""
    told = json.loads((nights.root / "warehouse" / "status" / "status.json").read_text(encoding="utf-8"))
    return next(one["way"] for one in told["models"] if one["model"] == model)


def _two_people(nights: Nights) -> tuple[str, str]:
    file = nights.root / "warehouse" / "current" / "siyu_restricted.duckdb"
    with duckdb.connect(str(file), read_only=True) as con:
        rows = con.execute(
            "select 'member_id:' || min(id_value) from identity.one_id where id_type = 'member_id'"
            " group by one_id order by 1 limit 2"
        ).fetchall()
    return rows[0][0], rows[1][0]


def test_after_a_killed_night_the_next_one_publishes_the_same(nights: Nights, tmp_path: Path) -> None:
    """The file that says that the build is complete is gone as soon as a night changes it."""
    rules = nights.root / "exports" / "reference" / "identity_rules.csv"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(f"{text}link,member_id:M-none,member_id:M-no,2026-06-03,li,nobody\n", encoding="utf-8")
    nights.copy_without_build()
    assert nights.run("full").keys() == {"built"}
    environment = os.environ | {
        "SIYU_WAREHOUSE": str(nights.root / "warehouse"), "SIYU_EXPORTS": str(nights.root / "exports"),
        "SIYU_CACHE": str(nights.root / "cache"), "SIYU_LAYERS": str(nights.root / "layer"), "SIYU_SITE": "false",
        "SIYU_INCREMENTAL": "always",
    }  # fmt: skip
    complete = nights.root / "warehouse" / "build" / "complete.json"
    assert complete.is_file()
    process = subprocess.Popen(
        [sys.executable, "-m", "siyu", "run"], env=environment, cwd=tmp_path, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while complete.is_file() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(random.Random(3).uniform(0.2, 2))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not complete.is_file()
    assert nights.run().keys() == {"built"}
    assert nights.hashes() == nights.hashes("full")
