"""`siyu site` names the page behind the link `current`, which shows the next release, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.cli import app


def test_the_page_is_named_behind_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIYU_WAREHOUSE", "warehouse")
    release = tmp_path / "warehouse" / "releases" / "2026-06-30-000001"
    (release / "site").mkdir(parents=True)
    manifest = {"run_id": 1, "as_of": "2026-06-30"}
    (release / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (release / "site" / "index.html").write_text("", encoding="utf-8")
    (tmp_path / "warehouse" / "current").symlink_to("releases/2026-06-30-000001")
    done = CliRunner().invoke(app, ["site", "--no-open"])
    assert done.stdout.strip() == str(tmp_path / "warehouse/current/site/index.html"), done.output
