"""A plan on the sample says what two whole nights say. PLAN_ON_SAMPLE=1 runs it: it takes a night of the sample."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from siyu.ask.release_diff import diff_releases
from siyu.dev.plan import make_plan
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.settings import Settings
from tests.golden.conftest import SAMPLE

pytestmark = [
    pytest.mark.scale,
    pytest.mark.skipif(not os.environ.get("PLAN_ON_SAMPLE"), reason="set PLAN_ON_SAMPLE=1: a night of the sample"),
]


def test_people_who_move_with_another_intent_score(
    copied_night: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy has no build database, so the plan reads the release and builds working tables again."""
    reference = tmp_path / "layer" / "seeds" / "reference"
    reference.mkdir(parents=True)
    (reference / "stage_rules.add.csv").write_text("rule,value\nintent_score,45\n", encoding="utf-8")
    monkeypatch.setenv("SIYU_SALT", "the-sample-holds-no-secret")
    settings = copied_night.model_copy(update={"layers": (tmp_path / "layer",), "exports": SAMPLE})
    planned = make_plan(settings, (), 1000, lambda event: None)
    run_night(settings, Request())
    names = sorted(path.name for path in (settings.warehouse / "releases").glob("2*"))
    nights = diff_releases(settings, names[0], names[1], limit=1000)
    assert planned.diff.moves == nights.moves and planned.diff.kpis == nights.kpis
    assert planned.diff.tables == nights.tables
    assert {move.to_value for move in nights.moves if move.kind == "stage"} == {"intent"}
