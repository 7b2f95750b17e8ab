"""What an engine must do. Everything above talks to these two, never to a driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class ColumnType:
    """A column of a relation as the engine sees it."""

    name: str
    type: str


@dataclass(frozen=True)
class RunInputs:
    """What a model may know of the outside, as semantic functions: no model reads a clock."""

    as_of: str
    timezone: str
    key: str


# Formula of content_hash. A manifest names it: hashes of two versions cannot be compared.
HASH_VERSION = 2

# For work on no data: binding, and writing invented exports.
ANY_INPUTS = RunInputs(as_of="2000-01-01", timezone="UTC", key="none")


class Session(Protocol):
    """One cursor: statements of one model, or of one file. Not shared between threads."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run a statement and drop its result. Raises EngineFault or SqlProblem."""
        ...

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        ...

    def named_rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """All rows of a small result, by column name."""
        ...

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """The first value of the first row, or None."""
        ...

    def columns(self, relation: str) -> list[ColumnType]:
        """Columns of a table or view, in order."""
        ...

    def arrays(self, sql: str) -> dict[str, np.ndarray[Any, Any]]:
        """A result of numbers without NULLs, an array a column."""
        ...

    def write_arrays(self, relation: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Arrays of equal length as a table."""
        ...

    def content_hash(self, relation: str, version: int = HASH_VERSION) -> tuple[int, str]:
        """Return the number of rows and a hash of all columns. Row order and threads do not change it."""
        ...

    def digest(self, relation: str) -> tuple[int, int]:
        """A cheap fingerprint of the content, good within one process: has anything changed?"""
        ...

    def close(self) -> None:
        """Give the cursor back."""
        ...


class Engine(Protocol):
    """A private build database."""

    path: Path | None

    def session(self) -> Session:
        """A new session that knows the run's inputs."""
        ...

    def driver_connection(self) -> Any:
        """A cursor of the underlying driver, for Great Expectations."""
        ...

    def attach(self, path: Path, alias: str, *, writable: bool) -> None:
        """Make another database file reachable as alias.schema.table."""
        ...

    def detach(self, alias: str) -> None:
        """Let go of an attached file, all of it written."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...
