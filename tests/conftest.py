"""What every test may use: a project compiled once, and settings that know nothing of the machine's environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("SIYU_"):
            monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The sample, with a warehouse of the test's own."""
    return load_settings(tmp_path, warehouse=tmp_path / "warehouse")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The base layer, compiled once; tests only read it."""
    return compile_project(load_settings(tmp_path_factory.mktemp("project")))
