"""`siyu init`: a folder in which siyu runs at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.settings import load_settings


def test_a_folder_to_work_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["init", "acme"])
    assert done.exit_code == 0, done.output
    assert load_settings(tmp_path / "acme").is_sample
    text = (tmp_path / "acme/siyu.toml").read_text(encoding="utf-8")
    (tmp_path / "acme/siyu.toml").write_text(text.replace("# layers", "layers").replace("# exports", "exports"))
    monkeypatch.chdir(tmp_path / "acme")
    settings = load_settings(Path())
    assert not settings.is_sample and settings.exports == Path("exports")
    monkeypatch.chdir(tmp_path)
    again = CliRunner().invoke(app, ["init", "acme"])
    assert again.exit_code == 2 and "already has siyu.toml, .gitignore, layer/seeds/vars.yml" in again.stderr
