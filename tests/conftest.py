"""What every test may use: a project compiled once, worlds made once, and settings that ignore the environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from siyu.check.suites import Suite, load_suites
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.settings import Settings, load_settings
from tests.shared import Shared

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, so that no worker begins one when the others are done; cheap ones fill the gaps."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.get_closest_marker("e2e") or item.get_closest_marker("scale"):
        return 0
    return 1 if item.path.parent.name in ("golden", "layers") else 2


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
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Worlds that one worker makes for all."""
    return Shared(tmp_path_factory)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The base layer, compiled once for each worker; tests only read it."""
    return compile_project(load_settings(tmp_path_factory.mktemp("project")))


@pytest.fixture(scope="session")
def suites(project: Project) -> dict[str, Suite]:
    """The suites of the base layer, read once for each worker."""
    return load_suites(project)
