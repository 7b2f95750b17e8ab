"""What single commands cost on the sample: whole processes, for overhead.py."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from measuring import KEY, Cost, cost, middle, plain_environment

from siyu.layers import base_layer

MODEL = "models/journey/person_stage.sql"
LAST_LINE = "where i.valid_to is null\n"
SIYU = [sys.executable, "-m", "siyu"]


def write_layer(layer: Path, number: int) -> None:
    """A layer with one model of the base, changed by a condition that always holds; each number is another change."""
    text = (base_layer() / MODEL).read_text(encoding="utf-8")
    if not text.endswith(LAST_LINE):
        raise SystemExit(f"{MODEL} does not end with {LAST_LINE!r}: adapt benchmarks/commands.py")
    path = layer / MODEL
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}    and i.person_key <> {-number}\n", encoding="utf-8")


def time_commands(root: Path, sample: dict[str, str], runs: int) -> dict[str, Cost]:
    """Title -> cost, for a warehouse that holds a release of the sample."""
    layer, cache = root / "edited", root / "edited_cache"
    write_layer(layer, 1)
    layered = plain_environment(layers=layer, salt=KEY, warehouse=root / "edited_warehouse", cache=cache)
    sql = [*SIYU, "sql", "person_stage"]
    edits = iter(range(2, runs + 2))

    def nothing() -> None:
        """The cache is as the last command left it."""

    steps: dict[str, tuple[Callable[[], None], list[str], dict[str, str]]] = {
        "siyu run, nothing new": (nothing, [*SIYU, "run"], sample),
        "siyu graph": (nothing, [*SIYU, "graph"], sample),
        "siyu sql person_stage, cache deleted": (lambda: shutil.rmtree(cache), sql, layered),
        "siyu sql person_stage, warm cache": (nothing, sql, layered),
        "siyu sql person_stage, that model edited": (lambda: write_layer(layer, next(edits)), sql, layered),
    }
    for _, command, environment in steps.values():  # not counted: fills the caches
        cost(command, environment, root)
    taken: dict[str, list[Cost]] = {title: [] for title in steps}
    for _ in range(runs):
        for title, (before, command, environment) in steps.items():
            before()
            taken[title].append(cost(command, environment, root))
    return {title: middle(costs) for title, costs in taken.items()}
