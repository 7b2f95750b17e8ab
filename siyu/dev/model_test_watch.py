"""`siyu test --watch`: wait for a change in the layers, and find the cases that it concerns."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from siyu.dev.model_test_files import FOLDER, ModelTest
from siyu.dev.model_test_plan import Plan
from siyu.dev.model_tests import Outcome

LOOK_EVERY = 0.5  # seconds
# The sample is left out: no model test reads it, and it has large files.
FOLDERS = ("models", "macros", "seeds/channels", "seeds/reference", FOLDER)
FILES = ("seeds/*.yml",)
State = dict[Path, tuple[int, int]]


def state_of(roots: Sequence[Path], *more: Path) -> State:
    """Return the time and size of each file that a model test depends on. `more` are single files, such as siyu.toml.

    Looking is enough: a layer has hundreds of files, and looking at 2,000 takes 15 ms. It works on network disks, too.
    """
    paths = [path for root in roots for name in FOLDERS for path in (root / name).rglob("*")]
    paths += [path for root in roots for pattern in FILES for path in root.glob(pattern)]
    found: State = {}
    for path in (*paths, *more):
        try:
            stat = path.stat()
        except OSError:  # an editor replaces files
            continue
        if path.is_file():
            found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def changed(before: State, after: State) -> list[Path]:
    """Return the files that are new, gone or different."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def wait_for_change(roots: Sequence[Path], before: State, *more: Path) -> State:
    """Return the state after the next change, when no file has changed for a moment: editors save several."""
    after = before
    while True:
        time.sleep(LOOK_EVERY)
        now = state_of(roots, *more)
        if now == after != before:
            return now
        after = now


@dataclass
class Watched:
    """What is known about each case: the digest of what its last result depends on, and whether it was ok."""

    keys: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def concerned(self, plan: Plan) -> list[ModelTest]:
        """Return the cases whose model, rows or reference tables have changed since they ran. Forget those that are
        gone."""
        keys = {test.title: plan.key(test) for test in plan.tests}
        self.outcomes = {title: outcome for title, outcome in self.outcomes.items() if title in keys}
        found = [test for test in plan.tests if self.keys.get(test.title) != keys[test.title]]
        self.keys = {title: key for title, key in self.keys.items() if keys.get(title) == key}
        return found

    def note(self, plan: Plan, outcomes: Iterable[Outcome]) -> None:
        """Remember the outcomes of cases that have run."""
        for outcome in outcomes:
            self.keys[outcome.test.title] = plan.key(outcome.test)
            self.outcomes[outcome.test.title] = outcome

    @property
    def failing(self) -> list[Outcome]:
        """The cases whose last outcome is a failure."""
        return [outcome for outcome in self.outcomes.values() if not outcome.is_ok]
