"""Engines that all model tests of a worker share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from siyu.compile.project import Project
from tests.models.engines import Engines


@pytest.fixture(scope="session")
def engines(project: Project) -> Iterator[Engines]:
    """Every case leaves them as it found them."""
    opened = Engines(project)
    yield opened
    opened.close()
