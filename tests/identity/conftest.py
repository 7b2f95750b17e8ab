"""A project of one channel whose rows carry whatever identifiers there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.settings import load_settings
from tests.identity.harness import CHANNEL, Models, write_layer
from tests.models.test_models import engines

__all__ = ["engines"]


@contextmanager
def models_of(root: Path, max_size: int, max_neighbours: int | None) -> Iterator[Models]:
    """Compiled models that hold people to these numbers."""
    write_layer(root / "layer", max_size, max_neighbours)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", "identity, long enough to be one")
        settings = load_settings(root, warehouse=root / "warehouse", layers=(root / "layer",), channels=(CHANNEL,))
        project = compile_project(settings)
    models = Models(project)
    try:
        yield models
    finally:
        models.close()
        project.binder.close()
