"""The files of night.py: a simulated world, what its channels deliver in one night more, the yardstick over them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from measuring import KEY, Cost, cost, plain_environment
from worlds import bare_plan

from siyu.release.releases import MANIFEST
from siyu.settings import load_settings

LAST_DAY = date(2026, 6, 18)  # the night before it is an ordinary one: no end of a month, no complete lists
NIGHTS = 2  # only the first is delivered: the last simulated day also has the complete lists of its end


@dataclass(frozen=True)
class World:
    """What is simulated: people, days up to the last night, a seed."""

    people: int
    days: int
    seed: int
    last_day: date

    @property
    def name(self) -> str:
        """The end of the names of its folders."""
        return f"{self.people}_{self.days}_{self.seed}_{self.last_day}"

    def folder(self, root: Path) -> Path:
        """Return the folder of its exports, which are simulated unless they were kept."""
        world = root / f"world_{self.name}"
        if not (world / "exports.yml").is_file():
            options = {
                "--people": self.people, "--days": self.days, "--seed": self.seed, "--last-day": self.last_day,
                "--nights": NIGHTS, "--out": world,
            }  # fmt: skip
            words = [str(word) for option in options.items() for word in option]
            cost([sys.executable, "-m", "siyu", "simulate", *words], plain_environment(), root)
        return world


def working_copy(world: Path, exports: Path) -> Path:
    """Make an exports folder that has the files of the first load. They are links to those of the world."""
    shutil.rmtree(exports, ignore_errors=True)
    without = shutil.ignore_patterns("night=*", "truth")
    shutil.copytree(world, exports, ignore=without, copy_function=os.link)
    return exports


def deliver(world: Path, exports: Path) -> date:
    """Add the files of the first night to an exports folder. Return its date."""
    night = min(world.glob("night=*"))
    for file in (path for path in night.rglob("*") if path.is_file()):
        target = exports / file.relative_to(night)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # a link to a file of the world, which must not change
        os.link(file, target)
    return date.fromisoformat(night.name.removeprefix("night="))


def equal_tables(one: Path, other: Path) -> tuple[int, int, list[str]]:
    """Return how many tables of two releases have the same content hash, how many there are, and the other ones."""
    first, second = (
        {name: facts["content_hash"] for name, facts in json.loads((path / MANIFEST).read_text())["tables"].items()}
        for path in (one, other)
    )
    names = sorted(first.keys() | second.keys())
    differing = [name for name in names if first.get(name) != second.get(name)]
    return len(names) - len(differing), len(names), differing


def run_yardstick(root: Path, exports: Path) -> tuple[Cost, dict[str, Any]]:
    """Run the plain script over an exports folder, in a process of its own. Return what it took and what it counted."""
    os.environ |= {"SIYU_EXPORTS": str(exports), "SIYU_SALT": KEY}  # the plan is made from the contracts
    try:
        plan = bare_plan(exports)
        threads = str(load_settings(root).cores)
    finally:
        del os.environ["SIYU_EXPORTS"], os.environ["SIYU_SALT"]
    script, listed, database = Path(__file__).with_name("yardstick.py"), root / "plan.json", root / "yardstick.duckdb"
    listed.write_text(json.dumps(plan), encoding="utf-8")
    database.unlink(missing_ok=True)
    taken = cost([sys.executable, str(script), str(listed), str(database), threads], plain_environment(), root)
    told: dict[str, Any] = json.loads(database.with_suffix(".json").read_text(encoding="utf-8"))
    return taken, told
