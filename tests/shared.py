"""What several tests read and none changes is made once a run, whichever worker asks for it first."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from filelock import FileLock

from siyu.compile.cache import FILE

T = TypeVar("T")


def fill_cache(folder: Path) -> None:
    """Copy what the run has compiled so far into a compile cache that no other test reads or writes."""
    known = Path(os.environ["SIYU_CACHE"]) / FILE
    folder.mkdir(parents=True, exist_ok=True)
    if known.exists():
        shutil.copy(known, folder)


class Shared:
    """Folders that all workers of a run read. Nobody writes to one: a test that changes something copies it first."""

    def __init__(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        base = tmp_path_factory.getbasetemp()
        # Each worker of pytest-xdist has a folder of its own inside the folder of the run.
        run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
        self.folder = run / "shared"
        self.folder.mkdir(exist_ok=True)

    def once(self, name: str, make: Callable[[Path], T]) -> T:
        """Return what `make` returned when it filled the folder `name`. Other workers wait until it is done.

        The result is pickled beside the folder. Where `make` fails, the next worker tries again.
        """
        result = self.folder / f"{name}.pickle"
        with FileLock(self.folder / f"{name}.lock"):
            if not result.exists():
                folder = self.folder / name
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                made = make(folder)
                draft = result.with_suffix(".draft")
                draft.write_bytes(pickle.dumps(made))
                draft.replace(result)
        found: T = pickle.loads(result.read_bytes())
        return found
