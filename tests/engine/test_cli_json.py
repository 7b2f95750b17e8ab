"""What commands print with --json is JSON and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from siyu.cli import app
from siyu.layers import base_layer

SAMPLE = base_layer() / "seeds" / "sample"


def test_graph_lists_what_each_model_reads() -> None:
    [row] = json.loads(CliRunner().invoke(app, ["graph", "--json", "--select", "person_stage"]).stdout)
    assert row["model"] == "journey.person_stage" and row["materialized"] == "table"
    assert {"journey.stage_interval", "reference.stages"} <= set(row["reads"])


def test_a_dry_run_tells_each_problem(tmp_path: Path) -> None:
    file = next((SAMPLE / "training").glob("enrolments_*.csv"))
    found = json.loads(CliRunner().invoke(app, ["land", "--dry-run", "--json", str(file)]).stdout)
    assert found["lands"] is True and found["problems"] == [] and found["rows_read"] > 0
    broken = tmp_path / "training" / file.name
    broken.parent.mkdir()
    broken.write_text(file.read_text(encoding="utf-8").replace("course_id", "kurs"), encoding="utf-8")
    result = CliRunner().invoke(app, ["land", "--dry-run", "--json", "--as", "training.enrolments", str(broken)])
    assert result.exit_code == 1
    assert "course_id" in " ".join(json.loads(result.stdout)["problems"])
