"""Fixtures for every test: a compiled project, worlds that are made once, and an environment without settings."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from siyu.check.suites import Suite, load_suites
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.settings import Settings, load_settings
from tests.e2e.bi_server import Server, bi_server
from tests.engine.compiled_facts import facts
from tests.shared import Shared

ROOT = Path(__file__).resolve().parents[1]
# Groups that take a worker for minutes, the longest first.
LONGEST = ("deployed", "tags_in_nights")
# The groups and files that need nothing compiled, or not in their first minute. They run while one worker compiles.
COMPILE_LATER = ("deployed", "postgresql", "test_mutated_files", "test_simulate_knobs", "test_simulate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run long tests first, so that no worker still has one when the others are done."""
    items.sort(key=_rank)
    for item in items:
        if not _compiles_later(item):
            item.fixturenames.insert(0, "compiled")  # type: ignore[attr-defined]


def pytest_collection_finish() -> None:
    """What is there by now stays until the end: Python need not go through it in search of garbage."""
    gc.collect()
    gc.freeze()


def _group(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark else ""


def _compiles_later(item: pytest.Item) -> bool:
    return _group(item) in COMPILE_LATER or item.path.stem in COMPILE_LATER


def _rank(item: pytest.Item) -> int:
    if _group(item) in LONGEST:
        return LONGEST.index(_group(item)) - len(LONGEST)
    if _compiles_later(item):
        return 0
    if item.get_closest_marker("e2e") or item.get_closest_marker("scale"):
        return 1
    return 2 if item.path.parent.name in ("golden", "layers") else 3


@pytest.fixture(scope="session")
def bi_postgresql() -> Iterator[Server]:
    """A PostgreSQL as a BI target; each worker that asks has its own."""
    with bi_server() as running:
        yield running


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
        patch.setenv("SIYU_SITE", "false")  # tests of the site write it themselves
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="session")
def compiled(_environment: None, shared: Shared) -> dict[str, str] | None:
    """The base layer is in the compile cache of the run. Every test waits for this, but for those that ask later.

    Returns the facts of that first compilation; None where one process runs all tests.
    """
    return shared.once("compiled", _compile) if "PYTEST_XDIST_WORKER" in os.environ else None


def _compile(root: Path) -> dict[str, str]:
    """Compile the base layer once a run, so that neither workers nor nights in processes of their own do it again."""
    project = compile_project(load_settings(root))
    load_suites(project)
    project.check_privacy()
    found = facts(project)
    project.cache.save()
    project.binder.close()
    return found


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
