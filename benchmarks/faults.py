"""Forty planted faults: which of them a night tells on-call about, and by what; and how many quiet nights do.

A simulated company delivers 24 quiet nights. Then one fault is planted in the night after, each in a copy of its own. A
fault is found if on-call is told something that names its channel or table.

    python benchmarks/faults.py                         all faults, at landing
    python benchmarks/faults.py --only encoding         those with this word in their name
    python benchmarks/faults.py --quiet 30 --faults 0   thirty quiet nights with every model and check (40 CPU minutes)

A fault that landing does not find may still be found by a check of the models; the table says "-" for it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from siyu.errors import SiyuError
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.report.message import Style, compose, concerns, still_told
from siyu.report.status import as_json
from siyu.settings import NOTIFY_ON, load_settings
from siyu.simulate import simulate_exports
from tests.faults.nights import LAST_DAY, SALT, World, deliver, make_world
from tests.faults.planted import FAULTS

WIDTH, SHOWN = 42, 90


def plant(root: Path, people: int, only: str, count: int) -> None:
    """Plant each fault in a copy of the world, and print what is told."""
    world = World(root / "world", ())
    if not (root / "world" / "warehouse").is_dir():
        make_world(root / "world", people, days=120, nights=24)
    chosen = [fault for fault in FAULTS[:count] if only in fault.name]
    by: Counter[str] = Counter()
    print(f"{'fault':<{WIDTH}} {'told by':<9} told", flush=True)
    for fault in chosen:
        with tempfile.TemporaryDirectory(dir=root) as folder:
            told = world.night(Path(folder), fault)
        named = [page for page in told if any(name in page.told for name in fault.names)]
        by[named[0].by if named else "-"] += 1
        line = named[0].told.replace("\n", " ") if named else f"{len(told)} others"
        print(f"{fault.name:<{WIDTH}} {named[0].by if named else '-':<9} {line[:SHOWN]}", flush=True)
    found = sum(count for kind, count in by.items() if kind != "-")
    print(f"\n{found} of {len(chosen)} faults are told by the name of their channel or table; by what: {dict(by)}")


def stay_quiet(root: Path, people: int, nights: int, seed: int) -> None:
    """Work nights in which nothing is wrong, and print why each would send a message to on-call."""
    exports = root / "quiet" / "exports"
    simulate_exports(root / "quiet" / "nights", people=people, days=180, seed=seed, nights=nights + 1,
                     last_day=LAST_DAY)  # fmt: skip
    exports.mkdir()
    settings = load_settings(root / "quiet", warehouse=root / "quiet" / "warehouse", exports=exports)
    told: list[str] = []
    loud = over = 0
    for number in range(nights + 1):
        day = LAST_DAY - timedelta(days=nights + 1 - number)
        deliver(root / "quiet" / "nights" / (f"night={day}" if number else "."), exports)
        try:
            report = run_night(settings, Request())
        except SiyuError as error:
            if error.report is None:
                raise
            report = error.report
        status = as_json(report, None)
        news = [one for one in concerns(status) if one.key not in told]
        message = compose(status, told, Style("en", "", "", NOTIFY_ON))
        gone = sorted(set(told) - {one.key for one in concerns(status)})
        loud += bool(number and news)
        over += bool(number and message and not news)
        told = still_told(status, told, was_sent=message is not None)
        lines = [f"{one.kind}: {one.told or status['error']}" for one in news] + [f"over: {key}" for key in gone]
        print(f"{day}  {'first load, which tells ' if not number else ''}{'; '.join(lines) or 'quiet'}", flush=True)
    print(f"\n{loud} of {nights} quiet nights send a message about something new; {over} only about what is over")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--only", default="", help="Only the faults with this text in their name.")
    parser.add_argument("--faults", type=int, default=len(FAULTS), help="How many faults; 0 for none.")
    parser.add_argument("--quiet", type=int, default=0, help="How many quiet nights to work as a whole.")
    parser.add_argument("--seed", type=int, default=7, help="The world of the quiet nights.")
    parser.add_argument("--keep", type=Path, help="Folder for the world; kept, and used again.")
    arguments = parser.parse_args()
    os.environ["SIYU_SALT"] = SALT
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    with nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        if arguments.faults:
            plant(root, arguments.people, arguments.only, arguments.faults)
        if arguments.quiet:
            stay_quiet(root, arguments.people, arguments.quiet, arguments.seed)


if __name__ == "__main__":
    main()
