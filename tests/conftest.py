"""Fixtures for every test: a compiled project, worlds that are made once, and an environment without settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from siyu.check.suites import Suite, load_suites
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.settings import Settings, load_settings
from tests.shared import Shared

ROOT = Path(__file__).resolve().parents[1]
# Groups that take a worker for minutes, the longest first.
LONGEST = ("tags_in_nights", "deployed", "survival", "flow")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run long tests first, so that no worker still has one when the others are done."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    group = item.get_closest_marker("xdist_group")
    if group and group.args[0] in LONGEST:
        return LONGEST.index(group.args[0]) - len(LONGEST)
    if item.get_closest_marker("e2e") or item.get_closest_marker("scale"):
        return 0
    return 1 if item.path.parent.name in ("golden", "layers") else 2


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Worlds that one worker makes and all workers read."""
    return Shared(tmp_path_factory)


@pytest.fixture(scope="session", autouse=True)
def _environment(shared: Shared) -> Iterator[None]:
    """Remove the machine's settings. All compilations of a run keep what they find out in one cache.

    Files of tests need not survive a power cut: a night waits for the disk a hundred times.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("SIYU_")]:
            patch.delenv(name)
        patch.setenv("SIYU_CACHE", str(shared.folder / "cache"))
        patch.setattr(os, "fsync", lambda handle: None)
        if "PYTEST_XDIST_WORKER" in os.environ:
            shared.once("compiled", _compile)
        yield


def _compile(root: Path) -> None:
    """Compile the base layer once a run, so that neither workers nor nights in processes of their own do it again."""
    project = compile_project(load_settings(root))
    load_suites(project)
    project.check_privacy()
    project.cache.save()
    project.binder.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The sample, with a warehouse for one test."""
    return load_settings(tmp_path, warehouse=tmp_path / "warehouse")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The base layer, compiled once per worker. Tests only read it."""
    return compile_project(load_settings(tmp_path_factory.mktemp("project")))


@pytest.fixture(scope="session")
def suites(project: Project) -> dict[str, Suite]:
    """The suites of the base layer, read once per worker."""
    return load_suites(project)
