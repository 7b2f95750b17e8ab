"""The interface of an engine. Other packages use these two protocols, never a driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    """The inputs of a run. Models read them through semantic functions and never read a clock."""

    as_of: str
    timezone: str
    key: str


# The formula of content_hash. A manifest names it, because hashes of two versions cannot be compared.
HASH_VERSION = 3

# For work without data of a run: binding, and writing simulated exports.
ANY_INPUTS = RunInputs(as_of="2000-01-01", timezone="UTC", key="none")


class Session(Protocol):
    """A cursor for the statements of one model or one file. Threads must not share it."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run a statement and drop its result. Raises EngineFault or SqlProblem."""
        ...

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a small result."""
        ...

    def named_rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return all rows of a small result as dicts by column name."""
        ...

    def batches(self, sql: str, params: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a large result, some at a time. The session must not run anything else meanwhile."""
        ...

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the first value of the first row, or None."""
        ...

    def reads_large(self, query: str) -> bool:
        """Return whether a query reads a table so large that the engine which made it has to count, and not DuckDB."""
        ...

    def counts(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a portable query of counts, from the engine that made what it reads if that is large.

        Raises EngineFault or SqlProblem.
        """
        ...

    def columns(self, relation: str) -> list[ColumnType]:
        """Return the columns of a table or view, in order."""
        ...

    def stream(self, sql: str) -> Any:
        """Return a result as a stream of Arrow. The session must not run anything else until it is read."""
        ...

    def streamed(self, stream: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a small stream of Arrow."""
        ...

    def arrays(self, sql: str) -> dict[str, np.ndarray[Any, Any]]:
        """Return one array per column of a result that has only numbers and no NULLs."""
        ...

    def write_arrays(self, relation: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Write arrays of equal length as a table, and replace an existing one."""
        ...

    def create_table(self, relation: str, query: str) -> None:
        """Replace a table by the result of a query."""
        ...

    def create_view(self, relation: str, query: str) -> None:
        """Replace a view."""
        ...

    def write_parquet(self, query: str, path: Path) -> None:
        """Write the result of a query as a Parquet file, or as a folder of files from the engine that made a large
        table."""
        ...

    def parquet_hash(self, path: Path, columns: Sequence[ColumnType], version: int = HASH_VERSION) -> tuple[int, str]:
        """Return the number of rows and the content hash of what write_parquet has written, a folder or a file."""
        ...

    def rename_table(self, relation: str, table: str) -> None:
        """Give a table another name in its schema, which must be free."""
        ...

    def drop_table(self, relation: str) -> None:
        """Drop a table."""
        ...

    def content_hash(self, relation: str, version: int = HASH_VERSION) -> tuple[int, str]:
        """Return the number of rows and a hash of all columns. Row order and threads do not change the hash."""
        ...

    def close(self) -> None:
        """Close the cursor."""
        ...


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """Commit all statements inside at once, because each commit waits for the disk; none of them after an error."""
    session.execute("begin")
    try:
        yield
    except BaseException:
        session.execute("rollback")
        raise
    session.execute("commit")


class Engine(Protocol):
    """A private build database."""

    path: Path | None

    def session(self) -> Session:
        """Open a session in which the semantic functions know the inputs of the run."""
        ...

    def driver_connection(self) -> Any:
        """Open a cursor of the underlying driver, for Great Expectations."""
        ...

    def attach(self, path: Path, alias: str, *, writable: bool) -> None:
        """Attach another database file as alias.schema.table."""
        ...

    def detach(self, alias: str) -> None:
        """Write an attached file to disk and detach it."""
        ...

    def close(self) -> None:
        """Close the database file."""
        ...
