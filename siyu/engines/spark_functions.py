"""The semantic functions on Spark: a few in its own SQL, the others carried out by DuckDB in the workers of Spark.

What DuckDB carries out has one meaning on both engines, because it is the same code: a worker of Spark passes batches
of values to a DuckDB in memory. What every query uses is written in Spark's SQL, which needs no worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from siyu.engines.base import ANY_INPUTS, ColumnType, RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.engines.functions import FUNCTIONS
from siyu.engines.sql import quoted

# name -> parameters and body in Spark's SQL
IN_SQL: Mapping[str, tuple[str, str]] = {
    "fn_local_date": ("moment timestamp_ntz", "cast(convert_timezone('UTC', '{timezone}', moment) as date)"),
    "fn_local_hour": ("moment timestamp_ntz", "hour(convert_timezone('UTC', '{timezone}', moment))"),
    "fn_local_midnight": ("day date", "convert_timezone('{timezone}', 'UTC', cast(day as timestamp_ntz))"),
}
# name -> type of the result on Spark and on DuckDB; text where a function is not listed
RESULTS: Mapping[str, tuple[str, str]] = {
    "fn_share": ("decimal(38, 0)", "decimal(38, 0)"),
    "fn_share_rest": ("decimal(38, 0)", "decimal(38, 0)"),
    "fn_try_date": ("date", "date"),
    "fn_try_timestamp": ("timestamp_ntz", "timestamp"),
    "fn_try_decimal": ("decimal(18, 6)", "decimal(18, 6)"),
    "fn_edit_distance": ("bigint", "bigint"),
    "fn_similarity": ("decimal(5, 4)", "decimal(5, 4)"),
    "fn_abbreviates": ("boolean", "boolean"),
}
TEXT = ("string", "varchar")
# Functions of doubles, whose last digit depends on the library that computes them: name in Spark -> DuckDB, parameters
OF_DOUBLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "duckdb_ln": ("ln", ("x",)),
    "duckdb_exp": ("exp", ("x",)),
    "duckdb_log10": ("log10", ("x",)),
    "duckdb_power": ("power", ("x", "y")),
}
# What the compiler writes as a literal: siyu/compile/spark_sql.py.
LITERALS = ("fn_as_of", "fn_as_of_end")
# Parameters that hold the same value for all rows. DuckDB needs them as literals.
CONSTANT = {"formats"}
# What a worker tells of its part of a content hash. The sum has more digits than any number of Spark.
FILES, SUMS = "path string", "rows bigint, total string"


def in_sql(inputs: RunInputs) -> list[str]:
    """Return the statements that create the functions written in SQL."""
    return [
        f"create or replace temporary function {name}({parameters}) return {body.format(timezone=inputs.timezone)}"
        for name, (parameters, body) in IN_SQL.items()
    ]


def by_duckdb(inputs: RunInputs) -> dict[str, tuple[Callable[..., Any], str]]:
    """Return the functions that DuckDB carries out: name -> a function of columns of Arrow, and the type on Spark."""
    found = {}
    for function in FUNCTIONS:
        if function.name not in IN_SQL and function.name not in LITERALS:
            names = tuple(name.strip() for name in function.parameters.split(","))
            on_spark, on_duckdb = RESULTS.get(function.name, TEXT)
            found[function.name] = (_worker(function.name, names, on_duckdb, inputs), on_spark)
    for on_spark, (name, names) in OF_DOUBLES.items():
        found[on_spark] = (_worker(name, names, "double", inputs), "double")
    return found


def _worker(name: str, parameters: Sequence[str], kind: str, inputs: RunInputs) -> Callable[..., Any]:
    """Return a function of columns of Arrow. Spark sends it to its workers with all that it holds, the key included."""

    def carried_out(*columns: Any) -> Any:
        import pyarrow

        session = _session(inputs)
        given = dict(zip(parameters, columns, strict=True))
        fixed = [parameter for parameter in parameters if parameter in CONSTANT]
        values = ", ".join(_literal(given.pop(p)) if p in fixed else p for p in parameters)
        # Spark passes all rows, also those that a condition of the query leaves out.
        return session.applied(f"cast(try({name}({values})) as {kind})", pyarrow.table(given))

    return carried_out


def _literal(column: Any) -> str:
    """Return the one value of a column, a text or a list of texts, as SQL."""
    value = column[0].as_py()
    return f"[{', '.join(map(quoted, value))}]" if isinstance(value, list) else quoted(value)


def content_sums(columns: Sequence[ColumnType], version: int) -> Callable[[Iterable[Any]], Iterator[Any]]:
    """Return a function of batches of paths, FILES, that yields the content hash of each Parquet file, as SUMS.

    Workers read the files themselves: to get the rows from Spark takes eight times as long.
    """

    def added(batches: Iterable[Any]) -> Iterator[Any]:
        import pyarrow

        session = _session(ANY_INPUTS)
        paths = [Path(path) for batch in batches for path in batch.column(0).to_pylist()]
        found = [session.parquet_hash(path, columns, version) for path in paths]
        counts = pyarrow.array([count for count, _ in found], pyarrow.int64())
        totals = pyarrow.array([digest.partition(":")[2] for _, digest in found], pyarrow.string())
        yield pyarrow.record_batch([counts, totals], ["rows", "total"])

    return added


@cache
def _session(inputs: RunInputs) -> DuckSession:
    """Return the session of this worker, which knows the functions. A worker stays for many batches."""
    return DuckEngine(None, inputs, threads=1, memory_limit="1GB").session()
