"""DuckDB: the build database and its sessions. Only this module imports the driver."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from siyu.engines.amounts import told
from siyu.engines.base import HASH_VERSION, ColumnType, RunInputs
from siyu.engines.functions import FUNCTIONS
from siyu.engines.paths import parquet
from siyu.engines.sql import PARQUET, cast_list, quoted
from siyu.errors import EngineFault, OutOfMemory, SiyuError, SqlProblem, StatementFault

# DuckDB 1.4 and later can read this, so BI tools do not need our version of DuckDB.
RELEASE_STORAGE = "v1.4.0"
# A quarter of DuckDB's own block: a table ends in the middle of a block, and texts get dictionaries of fewer values,
# whose numbers need fewer bits. Half of this block takes more room again.
RELEASE_BLOCK = 65_536
# Nobody reads a file before it is whole, and what is left of a run that died is thrown away. Without the log, small
# tables are written once instead of twice, and a commit does not wait for the disk.
NEW_FILE = f"storage_version '{RELEASE_STORAGE}', block_size {RELEASE_BLOCK}, recovery_mode 'no_wal_writes'"
# The number of a row that content_hash adds up, by version of the formula. hash() has 64 bits and covers every column;
# DuckDB 1.5 and 2.0 give the same one, and a test fails when a later DuckDB does not. The second hash() mixes the bits:
# the first one ends with an XOR, and a sum hardly sees an XOR. md5 did that, too, in five times the time.
ROW_NUMBERS = {
    1: "md5_number_lower(to_json(t)::varchar)",
    2: "md5_number_lower(hash(t)::varchar)",
    3: "hash(hash(t))",
}
FAULTS = (duckdb.IOException, duckdb.FatalException)
OF_DATA = (duckdb.InvalidInputException, duckdb.ConversionException)  # their messages quote values
DISK = ("No space left on device", "Could not write file", "Disk quota exceeded")
SPILL = "max_temp_directory_size"  # DuckDB names its setting when the spill reaches its limit
ORIGINAL = "Original error: "
SCAN = "LOGICAL_GET"  # in a plan, what reads a table
BATCH = 10_000  # rows of a large result at a time


def _translate(error: duckdb.Error, sql: str, limits: str = "") -> SiyuError:
    text = str(error)
    if isinstance(error, duckdb.FatalException):
        # After a fatal error, all other statements fail with a text that ends with the first error.
        text = text.rpartition(ORIGINAL)[2].strip('"')
    first = (text.splitlines() or [type(error).__name__])[0]  # the next lines may quote a record
    # A full disk may also show up as a failed commit or a failed spill. The query is not at fault.
    if isinstance(error, FAULTS) or (not isinstance(error, OF_DATA) and any(sign in first for sign in DISK)):
        return EngineFault(f"DuckDB: {first}", "", "check disk space, memory and the file in the message.")
    if isinstance(error, duckdb.PermissionException):
        return EngineFault(
            f"DuckDB: {first}", "", "queries cannot open files or load extensions: land the file by a contract."
        )
    if isinstance(error, duckdb.OutOfMemoryException) and SPILL in text:
        fix = f"raise SIYU_SPILL_LIMIT: {limits}With more SIYU_MEMORY_LIMIT or fewer SIYU_THREADS, less is spilled."
        return OutOfMemory("DuckDB: the spill has reached its limit", "", fix, "the-disk-is-full")
    if isinstance(error, duckdb.OutOfMemoryException):
        return OutOfMemory(f"DuckDB: {first}", "", "raise SIYU_MEMORY_LIMIT, or lower SIYU_THREADS.")
    if isinstance(error, duckdb.InternalException):
        return StatementFault(f"DuckDB: {first}", "", "this is a bug: report it.")
    return SqlProblem(str(error), sql, "")


def _confinement(reach: Sequence[Path]) -> str:
    """Return the statements that confine an engine to folders. DuckDB compares paths without symlinks."""
    folders = ", ".join(quoted(path) for path in dict.fromkeys(path.resolve() for path in reach))
    return f"set allowed_directories = [{folders}]; set enable_external_access = false; set lock_configuration = true"


def _told_limits(folder: Path | None, most: int | None) -> str:
    """Say where an engine spills to, and how much."""
    return "" if folder is None or most is None else f"{folder} may take {told(most)}. "


class DuckSession:
    """One cursor of a DuckEngine."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, limits: str = "") -> None:
        self._cursor = cursor
        self._limits = limits  # of the spill, as an error says them

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run a statement and drop its result."""
        self.rows(sql, params)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a small result."""
        try:
            return self._cursor.execute(sql, list(params) or None).fetchall()
        except duckdb.Error as error:
            raise _translate(error, sql, self._limits) from error

    def named_rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Return all rows of a small result as dicts by column name."""
        rows = self.rows(sql, params)
        names = [column[0] for column in self._cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def batches(self, sql: str, params: Sequence[Any] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a large result, some at a time."""
        try:
            self._cursor.execute(sql, list(params) or None)
            while rows := self._cursor.fetchmany(BATCH):
                yield rows
        except duckdb.Error as error:
            raise _translate(error, sql, self._limits) from error

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        """Return the first value of the first row, or None."""
        found = self.rows(sql, params)
        return found[0][0] if found else None

    def reads_large(self, query: str) -> bool:
        """Return False: DuckDB made what it reads."""
        return False

    def counts(self, query: str) -> tuple[Any, ...]:
        """Return the only row of a query of counts."""
        return self.rows(query)[0]

    def columns(self, relation: str) -> list[ColumnType]:
        """Return the columns of a table or view, in order."""
        return [ColumnType(row[0], row[1]) for row in self.rows(f"describe {relation}")]

    def stream(self, sql: str) -> Any:
        """Return a result as a stream of Arrow. The session must not run anything else until it is read."""
        try:
            return self._cursor.sql(sql)
        except duckdb.Error as error:
            raise _translate(error, sql, self._limits) from error

    def streamed(self, stream: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a small stream of Arrow."""
        try:
            return self._cursor.from_arrow(stream).fetchall()
        except duckdb.Error as error:
            raise _translate(error, "stream") from error

    def arrays(self, sql: str) -> dict[str, np.ndarray[Any, Any]]:
        """Return one array per column of a result that has only numbers and no NULLs."""
        try:
            found: dict[str, np.ndarray[Any, Any]] = self._cursor.execute(sql).fetchnumpy()
        except duckdb.Error as error:
            raise _translate(error, sql, self._limits) from error
        return found

    def write_arrays(self, relation: str, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Write arrays of equal length as a table, and replace an existing one."""
        self._cursor.register("arrays_to_write", dict(arrays))
        try:
            self.execute(f"create or replace table {relation} as select * from arrays_to_write")
        finally:
            self._cursor.unregister("arrays_to_write")

    def create_table(self, relation: str, query: str) -> None:
        """Replace a table by the result of a query."""
        self.execute(f"create or replace table {relation} as (\n{query}\n)")

    def create_view(self, relation: str, query: str) -> None:
        """Replace a view."""
        self.execute(f"create or replace view {relation} as (\n{query}\n)")

    def write_parquet(self, query: str, path: Path) -> None:
        """Write the result of a query as a Parquet file."""
        self.execute(f"copy ({query}) to {quoted(path.absolute())} ({PARQUET})")

    def parquet_hash(self, path: Path, columns: Sequence[ColumnType], version: int = HASH_VERSION) -> tuple[int, str]:
        """Return the number of rows and the content hash of a Parquet file."""
        return self.content_hash(f"(select {cast_list(columns)} from {parquet(path.absolute())})", version)

    def rename_table(self, relation: str, table: str) -> None:
        """Give a table another name in its schema, which must be free."""
        self.execute(f"alter table {relation} rename to {table}")

    def drop_table(self, relation: str) -> None:
        """Drop a table."""
        self.execute(f"drop table {relation}")

    def applied(self, expression: str, table: Any) -> Any:
        """Return an expression over a table of Arrow as a column of Arrow: a value for each row, in their order."""
        self._cursor.register("columns_read", table)
        try:
            found = self._cursor.sql(f"select {expression} as value from columns_read").to_arrow_table()
        except duckdb.Error as error:
            raise _translate(error, expression) from error
        finally:
            self._cursor.unregister("columns_read")
        return found.column("value").combine_chunks()

    def content_hash(self, relation: str, version: int = HASH_VERSION) -> tuple[int, str]:
        """Return the number of rows and a sum over the rows that does not depend on their order."""
        count, total = self.rows(
            f"select count(*), coalesce(sum({ROW_NUMBERS[version]}::hugeint), 0)::varchar from {relation} as t"
        )[0]
        return count, f"{count}:{total}"

    def plan(self, sql: str) -> dict[str, Any]:
        """Return the bound logical plan of a query, or its error. `nodes` are the parts of the plan that call a
        function or read a table, inner ones first: to walk through a plan takes as long as to parse it."""
        nodes: list[dict[str, Any]] = []

        def kept(node: dict[str, Any]) -> dict[str, Any]:
            if "qname" in node or node.get("type") == SCAN:
                nodes.append(node)
            return node

        plan: dict[str, Any] = json.loads(self.value("select json_serialize_plan(?)", [sql]), object_hook=kept)
        return {**plan, "nodes": nodes}

    def close(self) -> None:
        """Close the cursor."""
        self._cursor.close()


class DuckEngine:
    """A DuckDB database, in a file or in memory, that only this process has open.

    `reach` are the folders whose files its statements may open, apart from its own file and its spill. Without `reach`
    they may open every file, which landing needs. DuckDB has no way back: neither the folders nor any other setting
    can be changed afterwards, and extensions cannot be loaded. `spill_limit` is the most bytes that the spill may take.
    """

    def __init__(
        self,
        path: Path | None,
        inputs: RunInputs,
        *,
        threads: int = 1,
        memory_limit: str = "55%",
        temp_directory: Path | None = None,
        spill_limit: int | None = None,
        reach: Sequence[Path] | None = None,
    ) -> None:
        self.path = path
        self._key = inputs.key
        self._limits = _told_limits(temp_directory, spill_limit)
        # Trying zstd on every text column takes a quarter of the time of writing a table, and DICT_FSST wins.
        config: dict[str, Any] = {
            "threads": threads, "memory_limit": memory_limit, "disabled_compression_methods": "zstd",
        }  # fmt: skip
        if temp_directory is not None:
            config["temp_directory"] = str(temp_directory)
        try:
            self._connection = duckdb.connect(str(path.absolute()) if path else ":memory:", config=config)
            self._connection.execute("set global TimeZone = 'UTC'")
            self._connection.execute("set enable_progress_bar = false")
            if spill_limit is not None:  # DuckDB 2.0 ignores it among the options of connect()
                self._connection.execute(f"set max_temp_directory_size = '{spill_limit}B'")
            for function in FUNCTIONS:
                body = function.body(inputs)
                self._connection.execute(f"create or replace macro {function.name}({function.parameters}) as {body}")
            if reach is not None:
                self._connection.execute(_confinement(reach))
        except duckdb.Error as error:
            fix = "check that the file can be written and that no other program has it open."
            raise EngineFault(f"DuckDB cannot open the database: {error}", str(path or "memory"), fix) from error

    def driver_connection(self) -> duckdb.DuckDBPyConnection:
        """Open a cursor that knows the key. A cursor does not inherit variables or settings from the connection."""
        statement = "set variable siyu_key = ?"
        try:
            cursor = self._connection.cursor()
            cursor.execute(statement, [self._key])
        except duckdb.Error as error:
            raise _translate(error, statement) from error
        return cursor

    def session(self) -> DuckSession:
        """Open a session."""
        return DuckSession(self.driver_connection(), self._limits)

    def attach(self, path: Path, alias: str, *, writable: bool) -> None:
        """Attach another database file as alias.schema.table."""
        option = NEW_FILE if writable else "read_only"
        self._run(f"attach {quoted(path.absolute())} as {alias} ({option})")

    def detach(self, alias: str) -> None:
        """Write an attached file to disk and detach it."""
        self._run(f"checkpoint {alias}")
        self._run(f"detach {alias}")

    def _run(self, sql: str) -> None:
        session = self.session()
        try:
            session.execute(sql)
        finally:
            session.close()

    def close(self) -> None:
        """Close the database file."""
        self._connection.close()
