"""The tables that Spark knows: Parquet in a folder of its own, under the name that queries have for it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siyu.engines.base import ColumnType
from siyu.engines.spark_functions import FILES, SUMS, content_sums

# Types of DuckDB under other names on Spark.
TYPES = {"VARCHAR": "string", "TIMESTAMP": "timestamp_ntz", "HUGEINT": "decimal(38, 0)", "INTEGER": "int"}


@dataclass(frozen=True)
class SparkFiles:
    """Parquet files that a query reads: as SQL of DuckDB, their paths, and the column that has the path, if any."""

    sql: str
    paths: tuple[str, ...]
    path_column: str | None


class Lake:
    """The tables that Spark knows, by the name in its queries. Threads may share it."""

    def __init__(self, spark: Any, folder: Path) -> None:
        self._spark = spark
        self._folder = folder
        self._known: set[str] = set()
        self._guard = threading.Lock()
        self._guards: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._written = 0
        self._counted: dict[Path, int] = {}

    def new_folder(self, relation: str) -> Path:
        """Return a folder that has not been written yet."""
        with self._guard:
            self._written += 1
            return self._folder / relation / str(self._written)

    def need(self, name: str, copy: Callable[[Path], Sequence[ColumnType]]) -> None:
        """Let Spark know a relation. What it has not written, `copy` writes to a folder, and returns its columns."""
        with self._guarded(name) as is_known:
            if not is_known:
                folder = self.new_folder(name)
                folder.mkdir(parents=True)
                self.register(name, folder, copy(folder))

    def need_files(self, name: str, files: SparkFiles, columns: Sequence[ColumnType]) -> None:
        """Let Spark know files that lie elsewhere."""
        with self._guarded(name) as is_known:
            if not is_known:
                held = [column for column in columns if column.name != files.path_column]
                found = self._spark.read.schema(_schema(held)).parquet(*files.paths)
                if files.path_column:
                    found = found.selectExpr("*", f"_metadata.file_path as {tick(files.path_column)}")
                found.createOrReplaceTempView(name)
                self._known.add(name)

    @contextmanager
    def _guarded(self, name: str) -> Iterator[bool]:
        """Let one thread at a time make a name known. Yield whether it is known already."""
        with self._guard:
            guard = self._guards[name]
        with guard:
            yield name in self._known

    def register(self, name: str, folder: Path, columns: Sequence[ColumnType]) -> None:
        """Let Spark know a table whose files are in a folder."""
        self._spark.read.schema(_schema(columns)).parquet(str(folder.absolute())).createOrReplaceTempView(name)
        self._known.add(name)

    def write(self, sql: str, folder: Path) -> None:
        """Write the result of a query to a new folder."""
        self._spark.sql(sql).write.parquet(str(folder.absolute()))

    def rows_in(self, folder: Path, count: Callable[[], int]) -> int:
        """Return how many rows a folder has, which `count` finds out once."""
        if folder not in self._counted:
            self._counted[folder] = count()
        return self._counted[folder]

    def first_row(self, sql: str) -> tuple[Any, ...]:
        """Return the first row of a query."""
        return tuple(self._spark.sql(sql).first())

    def content_hash(self, folder: Path, columns: Sequence[ColumnType], version: int) -> tuple[int, str]:
        """Return the content hash of a folder, which the workers of Spark add up."""
        paths = [(str(path),) for path in sorted(folder.absolute().glob("*.parquet"))]
        files = self._spark.createDataFrame(paths, FILES).repartition(len(paths))
        parts = files.mapInArrow(content_sums(columns, version), SUMS).collect()
        count = sum(part[0] for part in parts)
        return count, f"{count}:{sum(int(part[1]) for part in parts)}"

    def drop(self, name: str) -> None:
        """Let Spark forget a table."""
        self._spark.catalog.dropTempView(name)
        self._known.discard(name)

    def forget(self) -> None:
        """Let Spark forget all tables."""
        for name in sorted(self._known):
            self.drop(name)


def _schema(columns: Sequence[ColumnType]) -> str:
    return ", ".join(f"{tick(column.name)} {spark_type(column.type)}" for column in columns)


def spark_type(kind: str) -> str:
    """Return the name that Spark has for a type of DuckDB."""
    return TYPES.get(kind, kind.lower())


def tick(name: str) -> str:
    """Return a column name as Spark quotes it."""
    return "`" + name.replace("`", "``") + "`"
