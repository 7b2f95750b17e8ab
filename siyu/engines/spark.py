"""Spark: it makes the tables of a build, which DuckDB reads. Only this module imports the driver.

The build database knows every relation of a build, whichever engine made it. Spark writes a table as Parquet beside the
build database, which has a view of the files. What Spark has not written, such as a reference table, is copied for it
when a query first reads it.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, ParseException, PySparkException
from pyspark.sql import SparkSession as Cluster
from pyspark.sql.functions import ArrowUDFType, arrow_udf  # type: ignore[attr-defined]  # its stub lacks them

from siyu.engines.base import HASH_VERSION, ColumnType, RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.engines.spark_functions import by_duckdb, in_sql
from siyu.engines.spark_lake import Lake, SparkFiles, spark_type, tick
from siyu.engines.sql import cast_list, quote_name, quoted, spark_name
from siyu.errors import EngineFault, SiyuError, SqlProblem
from siyu.masking import first_line, without_values

# Set for every session: moments are in UTC and without a zone, a wrong cast is an error, and no page is served.
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",  # a product keeps its digits after the point
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",
}
# Set for a Spark in this process alone; a cluster has its own settings.
LOCAL_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.shuffle.partitions": "16",
    "spark.driver.memory": "4g",
    "spark.log.level": "OFF",  # its errors quote values of people
}
FAULTS = (PySparkException, Py4JError, OSError)  # OSError: the process of Spark has ended
CONDITION = re.compile(r"\[[A-Z][A-Z0-9_.]+\]")  # the name of an error of Spark
LOCAL, REMOTE = "local", "sc://"
PORT, PATIENCE = 15002, 10  # of Spark Connect, unless the address has one; seconds until it must have answered

# Rows of a table from which on Spark counts and adds up, and writes releases. On two cores, DuckDB counts so many in
# about 4 seconds and hashes them in 10, Spark in 30 and 30: it takes a cluster to be quicker than one machine.
MANY_ROWS = 100_000_000
OPS = "ops."  # the schema of tables that DuckDB writes again while a night goes on; Spark has the rows before

warnings.filterwarnings("ignore", module="pyspark")  # it warns of each pandas that it has not been tried with


class Translated(Protocol):
    """A query for Spark, and what it reads, by the name in the query."""

    @property
    def sql(self) -> str:
        """The query."""
        ...

    @property
    def relations(self) -> Mapping[str, str]:
        """The relations of the build database that it reads, as SQL."""
        ...

    @property
    def files(self) -> Mapping[str, SparkFiles]:
        """The files that it reads."""
        ...


Translate = Callable[[str], Translated]
T = TypeVar("T")


def _translate_error(error: Exception, sql: str) -> SiyuError:
    """Return what siyu tells of an error: all that Spark says of a query, and only the name of an error in the data."""
    text = str(error)
    condition = CONDITION.search(text)
    if condition is None:
        what = first_line(error) if isinstance(error, OSError) else type(error).__name__  # the others may quote values
        return EngineFault(f"Spark: {what}", "", "check the cluster, its memory and its disk.")
    if isinstance(error, AnalysisException | ParseException):
        line = next(line for line in text.splitlines() if condition[0] in line)
        return SqlProblem(f"Spark: {without_values(line.strip())}", sql, "")
    return SqlProblem(f"Spark: {condition[0]}", sql, "")


class SparkEngine(DuckEngine):
    """A build database whose tables Spark makes. `folder` is where Spark writes; the cluster must see the same path."""

    def __init__(
        self, path: Path, inputs: RunInputs, translate: Translate, *, cluster: str, settings: Mapping[str, str],
        folder: Path, **options: Any,
    ) -> None:  # fmt: skip
        self._translate = translate
        self._lake = Lake(_connected(cluster, settings, inputs, folder), folder)
        super().__init__(path, inputs, **options)

    def session(self) -> DuckSession:
        """Open a session whose tables Spark makes."""
        return SparkTables(self.driver_connection(), self._translate, self._lake)

    def close(self) -> None:
        """Let Spark forget what it knows of this build, and close the database file."""
        with suppress(*FAULTS):  # a cluster that is gone knows nothing any more
            self._lake.forget()
        super().close()


def _connected(cluster: str, settings: Mapping[str, str], inputs: RunInputs, folder: Path) -> Cluster:
    """Return a session of a cluster, which knows the semantic functions. Raises EngineFault if there is no cluster."""
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)  # it prints each error with its trace
    builder: Any = Cluster.builder
    if cluster.startswith(REMOTE):
        _check_address(cluster)
        builder = builder.remote(cluster)
    else:
        builder = builder.master(cluster).appName("siyu")
    own: dict[str, str] = {}
    if cluster.startswith(LOCAL):
        own = {**LOCAL_SETTINGS, "spark.sql.warehouse.dir": str(folder.absolute())}
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers on this machine have what this process has
    for name, value in {**own, **SETTINGS, **settings}.items():
        builder = builder.config(name, value)
    try:
        spark: Cluster = builder.getOrCreate()
        for statement in in_sql(inputs):
            spark.sql(statement)
        for name, (function, kind) in by_duckdb(inputs).items():
            spark.udf.register(name, arrow_udf(function, kind, ArrowUDFType.SCALAR))
    except FAULTS as error:
        raise _unreachable(error, cluster) from error
    return spark


def _check_address(cluster: str) -> None:
    """Raise EngineFault if nothing answers at an address of Spark Connect: Spark itself tries for ten minutes."""
    address = urlsplit(cluster)
    try:
        socket.create_connection((address.hostname or "", address.port or PORT), PATIENCE).close()
    except (OSError, ValueError) as error:
        raise _unreachable(error, cluster) from error


def _unreachable(error: Exception, cluster: str) -> EngineFault:
    fix = "check SIYU_SPARK and whether the cluster runs; a Spark on this machine needs Java 17 or later."
    where = cluster.partition(";")[0]  # a token may follow
    return EngineFault(f"Spark cannot be reached: {first_line(error)}", where, fix)


class SparkTables(DuckSession):
    """A session of the build database. Its tables are made by Spark, everything else is done by DuckDB."""

    def __init__(self, cursor: Any, translate: Translate, lake: Lake) -> None:
        super().__init__(cursor)
        self._translate = translate
        self._lake = lake

    def create_table(self, relation: str, query: str) -> None:
        """Replace a table by the result of a query, which Spark carries out."""
        columns, folder = self.columns(f"({query})"), self._lake.new_folder(relation)
        self._write(query, columns, folder)
        self._show(relation, folder, columns)

    def write_parquet(self, query: str, path: Path) -> None:
        """Write the result of a query as Parquet; Spark does that if the query reads a large table."""
        if not self.reads_large(query):
            super().write_parquet(query, path)
            return
        self._write(query, self.columns(f"({query})"), path)
        for file in path.iterdir():
            if file.suffix != ".parquet":  # Spark's notes of how it went
                file.unlink()

    def parquet_hash(self, path: Path, columns: Sequence[ColumnType], version: int = HASH_VERSION) -> tuple[int, str]:
        """Return the number of rows and the content hash of what write_parquet has written."""
        if path.is_file():
            return super().parquet_hash(path, columns, version)
        return self._do(lambda: self._lake.content_hash(path, columns, version), str(path))

    def _write(self, query: str, columns: Sequence[ColumnType], folder: Path) -> None:
        """Let Spark write the result of a query to a new folder, in the types of DuckDB."""
        translated = self._translated(query)
        chosen = ", ".join(f"cast({tick(c.name)} as {spark_type(c.type)}) as {tick(c.name)}" for c in columns)
        self._do(lambda: self._lake.write(f"select {chosen} from ({translated.sql})", folder), translated.sql)

    def create_view(self, relation: str, query: str) -> None:
        """Replace a table. Spark would put a view into each of its readers, whose plans grow without end."""
        self.create_table(relation, query)

    def rename_table(self, relation: str, table: str) -> None:
        """Give a table another name in its schema, which must be free."""
        named = f"{relation.partition('.')[0]}.{table}"
        folder = self.value(FOLDER_OF, [_plain(relation)])
        if folder is None:  # DuckDB wrote it
            super().rename_table(relation, table)
            self._do(lambda: self._lake.drop(spark_name(relation)), relation)
            return
        if self.value(KIND_OF, [_plain(named)] * 2) is not None:
            raise SqlProblem(f"{named} exists already", relation, "")
        columns = self.columns(relation)
        self.drop_table(relation)
        self._show(named, Path(folder), columns)

    def drop_table(self, relation: str) -> None:
        """Drop a table or view on both engines; its files stay until the build ends."""
        kind = self.value(KIND_OF, [_plain(relation)] * 2)
        if kind is not None:
            self.execute(f"drop {kind} {relation}")
        self._do(lambda: self._lake.drop(spark_name(relation)), relation)

    def write_arrays(self, relation: str, arrays: Mapping[str, Any]) -> None:
        """Write arrays of equal length as a table, and replace an existing one."""
        self.drop_table(relation)
        super().write_arrays(relation, arrays)

    def reads_large(self, query: str) -> bool:
        """Return whether a query reads a large table that Spark has written, and none that is written again."""
        relations = self._translate(query).relations.values()
        return not any(r.startswith(OPS) for r in relations) and any(map(self._large_folder, relations))

    def counts(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query of counts. Where Spark cannot carry it out, DuckDB does."""
        if self.reads_large(query):
            with suppress(SqlProblem):
                sql = self._translated(query).sql
                return self._do(lambda: self._lake.first_row(sql), sql)
        return super().counts(query)

    def content_hash(self, relation: str, version: int = HASH_VERSION) -> tuple[int, str]:
        """Return the number of rows and a hash of all columns, which Spark adds up for a large table."""
        folder = self._large_folder(relation)
        if folder is None:
            return super().content_hash(relation, version)
        return self.parquet_hash(folder, self.columns(relation), version)

    def _large_folder(self, relation: str) -> Path | None:
        """Return where Spark has written a table; None if it has not, or if DuckDB reads the table in less time."""
        written = self.value(FOLDER_OF, [_plain(relation)])
        if written is None:
            return None
        rows = self._lake.rows_in(Path(written), lambda: int(self.value(f"select count(*) from {relation}")))
        return Path(written) if rows >= MANY_ROWS else None

    def _show(self, relation: str, folder: Path, columns: Sequence[ColumnType]) -> None:
        """Let both engines read what Spark has written."""
        chosen = cast_list(columns)
        files = quoted(folder.absolute() / "*.parquet")
        self.drop_table(relation)
        self.execute(f"create view {relation} as select {chosen} from read_parquet({files}, hive_partitioning = false)")
        self.execute(f"comment on view {relation} is {quoted(folder)}")
        self._do(lambda: self._lake.register(spark_name(relation), folder, columns), relation)

    def _translated(self, query: str) -> Translated:
        """Return a query for Spark, which knows the relations that it reads by then."""
        translated = self._translate(query)
        for name, relation in translated.relations.items():
            self._do(partial(self._lake.need, name, partial(self._copy, relation)), relation)
        for name, files in translated.files.items():
            columns = self.columns(f"(from {files.sql})")
            self._do(partial(self._lake.need_files, name, files, columns), files.sql)
        return translated

    def _copy(self, relation: str, folder: Path) -> Sequence[ColumnType]:
        """Copy a relation that Spark has not written, such as a reference table, to where Spark reads it."""
        columns = self.columns(relation)
        chosen = ", ".join(
            f"cast({quote_name(c.name)} as decimal(38, 0)) as {quote_name(c.name)}" if c.type == "HUGEINT" else
            quote_name(c.name) for c in columns
        )  # fmt: skip
        self.execute(f"copy (select {chosen} from {relation}) to {quoted(folder.absolute() / 'copy.parquet')}")
        return columns

    def _do(self, work: Callable[[], T], sql: str) -> T:
        try:
            return work()
        except FAULTS as error:
            raise _translate_error(error, sql) from error


# What a name is in the build database: another one, such as an earlier release, may be attached beside it.
KIND_OF = (
    "select 'table' from duckdb_tables()"
    " where database_name = current_database() and lower(schema_name || '.' || table_name) = lower(?)"
    " union all select 'view' from duckdb_views()"
    " where database_name = current_database() and lower(schema_name || '.' || view_name) = lower(?)"
)
# The folder of a table that Spark wrote is in the comment of its view.
FOLDER_OF = (
    "select comment from duckdb_views()"
    " where database_name = current_database() and lower(schema_name || '.' || view_name) = lower(?)"
)


def _plain(relation: str) -> str:
    """Return schema.table without quotes, as catalogs have it."""
    return relation.replace('"', "")
