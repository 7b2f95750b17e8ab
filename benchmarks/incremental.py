"""Nights that go on from the last build, against full rebuilds: the same tables?

A simulated world delivers its days one by one. Some files come late, out of order, or again. On the way two people are
linked by hand and taken apart again, a rule table is edited, a model changes, and a channel is retired and comes back.
On some nights, and on the last one, the same night is run on a copy of the warehouse that builds everything, and the
content hashes of all published tables are compared. The tables are small, so what keeps small tables from being carried
on in a release is switched off. With --kills, a night is killed that many times at random moments, each time on a fresh
copy of the warehouse, and run again.

    python benchmarks/incremental.py                      90 nights of 300 people, 12 of them compared
    python benchmarks/incremental.py --nights 5 --check 5 --kills 3
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from measuring import KEY, plain_environment

from siyu import cli
from siyu.build import restatement
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.release import last_release
from siyu.settings import Settings, load_settings

LATE, AGAIN = 0.1, 0.05  # shares of files
RULES = "decision,left_id,right_id,decided_at,decided_by,reason\n"
THRESHOLDS = "threshold,value,min,max,unit,why\nscore_half_life_days,20,1,3650,days,Ours.\n"
RETIRED = "webinar"
ONE_NIGHT = "--one-night"  # how a night is started that will be killed


@dataclass
class World:
    """Exports that grow night by night, and the warehouse that reads them. `held` are files that come later."""

    root: Path
    chance: random.Random
    held: list[tuple[int, Path, Path]] = field(default_factory=list)

    def settings(self, night: Plan, warehouse: str = "warehouse", *, incremental: str = "always") -> Settings:
        """The settings of a night."""
        return load_settings(
            self.root,
            warehouse=self.root / warehouse,
            exports=self.root / "exports",
            cache=self.root / "cache",
            layers=(self.root / "layer",),
            retired_channels=(RETIRED,) if night.is_retired else (),
            incremental=incremental,
            site=False,
        )

    def deliver(self, number: int, folder: Path) -> None:
        """Put the files of a night, and those that are due, into the exports."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and "truth" not in path.parts):
            target = self.root / "exports" / path.relative_to(folder)
            late = self.chance.randint(1, 6) if number and self.chance.random() < LATE else 0
            if path.name == "exports.yml" or not late:
                _put(path, target)
            else:
                self.held.append((number + late, path, target))
            if number and path.name != "exports.yml" and self.chance.random() < AGAIN:
                again = target.with_name(f"{path.stem}_again{path.suffix}")
                self.held.append((number + self.chance.randint(1, 6), path, again))
        due = [item for item in self.held if item[0] <= number]
        self.held = [item for item in self.held if item[0] > number]
        self.chance.shuffle(due)
        for _, path, target in due:
            _put(path, target)


@dataclass(frozen=True)
class Plan:
    """What happens on the way, by the number of the night."""

    number: int
    nights: int

    def _at(self, share: float) -> int:
        return max(1, round(share * self.nights))

    @property
    def is_retired(self) -> bool:
        """Whether a channel is retired."""
        return self._at(0.7) <= self.number < self._at(0.85)

    def edit(self, world: World) -> str:
        """Change rules, decisions or models, if it is the night for it. Return what was done."""
        rules = world.root / "exports" / "reference" / "identity_rules.csv"
        if self.number == self._at(0.2):
            one, other = two_identifiers(world.root / "warehouse")
            rules.parent.mkdir(exist_ok=True)
            rules.write_text(RULES + f"link,{one},{other},2026-01-01,li,one person\n", encoding="utf-8")
            return "two people linked"
        if self.number == self._at(0.4):
            text = rules.read_text(encoding="utf-8")
            undone = text.splitlines()[1].replace("link", "unlink", 1).replace("one person", "two people")
            rules.write_text(f"{text}{undone}\n", encoding="utf-8")
            return "taken apart again"
        if self.number == self._at(0.5):
            folder = world.root / "layer" / "seeds" / "reference"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "thresholds.add.csv").write_text(THRESHOLDS, encoding="utf-8")
            return "a rule changed"
        if self.number == self._at(0.6):
            model = Path("models/journey/evidence/person_touch.sql")
            found = next(p for p in (Path(__file__).parents[1] / "models").rglob("person_touch.sql"))
            target = world.root / "layer" / model
            target.parent.mkdir(parents=True, exist_ok=True)
            text = found.read_text(encoding="utf-8")
            target.write_text(text.rstrip() + " and coalesce(t.action, '') <> 'menu_click'\n", encoding="utf-8")
            return "a model changed"
        return "a channel is retired" if self.is_retired else ""


def _put(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def two_identifiers(warehouse: Path) -> tuple[str, str]:
    """Logins of two people, from the restricted file of the current release."""
    import duckdb

    with duckdb.connect(str(warehouse / "current" / "siyu_restricted.duckdb"), read_only=True) as con:
        rows = con.execute(
            "select min('member_id:' || id_value) from identity.one_id where id_type = 'member_id'"
            " group by one_id order by 1 limit 2"
        ).fetchall()
    return rows[0][0], rows[1][0]


def carry_on_small_tables() -> None:
    """Releases would have them written whole, because of their size and of their gaps."""
    restatement.ENOUGH_TO_COMPARE = 0
    last_release.MOST_FREE = 1


def hashes(warehouse: Path) -> dict[str, str]:
    """Table -> content hash of the current release."""
    manifest = json.loads((warehouse / "current" / "manifest.json").read_text(encoding="utf-8"))
    return {name: table["content_hash"] for name, table in manifest["tables"].items()}


def copied(source: Path, target: Path, *, without_build: bool) -> None:
    """Copy a warehouse."""
    shutil.rmtree(target, ignore_errors=True)
    ignored = shutil.ignore_patterns("build") if without_build else None
    shutil.copytree(source, target, symlinks=True, ignore=ignored)


def compared(world: World, plan: Plan) -> list[str]:
    """Run a night on a copy that builds everything. Returns the tables that differ."""
    full = world.root / "full"
    run_night(world.settings(plan, "full", incremental="never"), Request())
    ours, others = hashes(world.root / "warehouse"), hashes(full)
    shutil.rmtree(full)
    return sorted(name for name in ours.keys() | others.keys() if ours.get(name) != others.get(name))


def killed(world: World, plan: Plan, before: Path, expected: dict[str, str], kills: int) -> int:
    """Kill the last night at random moments and run it again. Returns how often the tables were the expected ones."""
    settings = {
        "warehouse": world.root / "killed", "exports": world.root / "exports", "cache": world.root / "cache",
        "layers": world.root / "layer", "salt": KEY, "site": "false", "incremental": "always",
        "retired_channels": RETIRED if plan.is_retired else "",
    }  # fmt: skip
    environment = plain_environment(**settings)
    command = [sys.executable, str(Path(__file__).resolve()), ONE_NIGHT]
    started = time.time()
    copied(before, world.root / "killed", without_build=False)
    subprocess.run(command, env=environment, cwd=world.root, check=True, capture_output=True)
    whole, right = time.time() - started, 0
    for _ in range(kills):
        copied(before, world.root / "killed", without_build=False)
        process = subprocess.Popen(command, env=environment, cwd=world.root, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
        moment = world.chance.uniform(0.5, whole)
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        subprocess.run(command, env=environment, cwd=world.root, check=True, capture_output=True)
        found = hashes(world.root / "killed")
        right += found == expected
        print(f"  killed after {moment:5.1f} s of {whole:.1f}: {'the same' if found == expected else 'DIFFERENT'}")
    return right


def run(root: Path, people: int, nights: int, checks: int, kills: int, seed: int) -> bool:
    """All nights. Returns whether every comparison found the same tables."""
    world = World(root, random.Random(seed))
    simulated = root / "simulated"
    command = ["simulate", "--people", people, "--days", nights + 60, "--nights", nights, "--seed", seed]
    words = [str(word) for word in [*command, "--out", simulated]]
    subprocess.run([sys.executable, "-m", "siyu", *words], check=True, capture_output=True, env=plain_environment())
    (root / "layer").mkdir()
    os.environ["SIYU_SALT"] = KEY
    carry_on_small_tables()
    for path in sorted(simulated.glob("night=*")):
        path.rename(root / path.name)
    folders = [simulated, *sorted(root.glob("night=*"))]
    chosen = {nights, *world.chance.sample(range(1, nights), min(checks, nights) - 1)}
    is_same = True
    for number, folder in enumerate(folders):
        plan = Plan(number, nights)
        world.deliver(number, folder)
        done = plan.edit(world)
        warehouse = root / "warehouse"
        if number in chosen:
            copied(warehouse, root / "full", without_build=True)
        if number == nights and kills:
            copied(warehouse, root / "before", without_build=False)
        started = time.time()
        report = run_night(world.settings(plan), Request())
        ways = Counter(model.way for model in report.models)
        told = f"{number:3}  {report.status}  {time.time() - started:5.1f} s  {dict(ways)}  {done}"
        if number in chosen:
            differing = compared(world, plan)
            is_same = is_same and not differing
            told += f"  compared: {', '.join(differing) or 'all tables the same'}"
        print(told, flush=True)
    if kills:
        right = killed(world, plan, root / "before", hashes(root / "warehouse"), kills)
        is_same = is_same and right == kills
        print(f"killed {kills} times, {right} times the same tables")
    return is_same


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--nights", type=int, default=90)
    parser.add_argument("--check", type=int, default=12, help="How many nights to compare, the last one included.")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument(ONE_NIGHT, action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one_night:
        carry_on_small_tables()
        raise SystemExit(cli.main(["run"]))
    with tempfile.TemporaryDirectory() as folder:
        is_same = run(Path(folder).resolve(), given.people, given.nights, given.check, given.kills, given.seed)
    raise SystemExit(0 if is_same else 1)


if __name__ == "__main__":
    main()
