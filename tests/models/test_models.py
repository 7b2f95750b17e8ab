"""Model tests of the base layer: `tests/models/<schema>/<table>.yml`. `siyu test` runs them, too, and those of layers.

See `ModelTest` in siyu/dev/model_test_files.py for what a case may contain.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from siyu.compile.project import Project
from siyu.dev.model_test_files import AS_OF, case_of
from siyu.dev.model_tests import Engines, fill, run_model_test
from siyu.layers import read_yaml_file

__all__ = ["AS_OF", "Engines", "engines", "fill"]

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*/*.yml"))


@pytest.fixture(scope="session")
def engines(project: Project) -> Iterator[Engines]:
    """Engines that all cases of a worker share. Every case leaves them as it found them."""
    opened = Engines(project)
    yield opened
    opened.close()


def _cases() -> list[Any]:
    found = []
    for path in FILES:
        text = read_yaml_file(path.read_text(encoding="utf-8"), str(path))
        for number, data in enumerate(text.data["cases"]):
            case = case_of(text.data["model"], data, str(path), number, text)
            found.append(pytest.param(case, id=f"{path.parent.name}.{path.stem}: {case.name}"))
    return found


@pytest.mark.parametrize("case", _cases())
def test_model(project: Project, engines: Engines, case: Any) -> None:
    outcome = run_model_test(project, engines, case)
    assert outcome.error is None, str(outcome.error)
    assert (outcome.missing, outcome.surplus) == ((), ()), f"of {outcome.columns}"
