"""One build database with two sessions: the tables of one are made by Spark, those of the other by DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.errors import SiyuError

SCHEMAS = ("records", "identity", "journey")
BY_SPARK, BY_DUCKDB = "identity.found", "journey.found"
SHOWN = 6  # rows of a difference


class BothEngines:
    """Runs a query on both engines and tells where the results differ."""

    def __init__(self, engine: DuckEngine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder  # where Spark writes
        self.spark: DuckSession = engine.session()
        self.duckdb = DuckSession(engine.driver_connection())
        for schema in SCHEMAS:
            self.spark.execute(f"create schema if not exists {schema}")

    def differences(self, query: str) -> list[str]:
        """Return the rows that only one engine has, or the error of Spark. DuckDB must carry out the query."""
        self.duckdb.create_table(BY_DUCKDB, query)
        try:
            self.spark.create_table(BY_SPARK, query)
        except SiyuError as error:
            return [f"Spark refuses it: {error.problem[:300]}"]
        if self.spark.columns(BY_SPARK) != self.duckdb.columns(BY_DUCKDB):
            return [f"DuckDB has {self.duckdb.columns(BY_DUCKDB)}", f"Spark has {self.spark.columns(BY_SPARK)}"]
        if self.spark.content_hash(BY_SPARK) == self.duckdb.content_hash(BY_DUCKDB):
            return []
        pairs = (("DuckDB", BY_DUCKDB, BY_SPARK), ("Spark", BY_SPARK, BY_DUCKDB))
        return [
            f"only {name} has {row}"
            for name, mine, other in pairs
            for row in self.duckdb.rows(f"select * from {mine} except all select * from {other} order by all")[:SHOWN]
        ] or ["the rows are equal and the hashes are not"]

    def differing(self, expressions: Sequence[str], origin: str, key: str = "no") -> dict[str, list[str]]:
        """Return the expressions that differ, with (key, DuckDB's value, Spark's value), or with the error of Spark.

        They are columns of one query, because each query takes Spark a third of a second. `origin` is what follows the
        columns; its rows have different keys.
        """
        columns = ", ".join(f"{text} as c{number}" for number, text in enumerate(expressions))
        query = f"select {key} as key, {columns} {origin}"
        told = self.differences(query)
        if not told:
            return {}
        if len(expressions) == 1 or not told[0].startswith("Spark refuses it"):
            return self._by_column(expressions) if told[0].startswith("only") else {" / ".join(expressions): told}
        half = len(expressions) // 2
        return {part: found for some in (expressions[:half], expressions[half:])
                for part, found in self.differing(some, origin, key).items()}  # fmt: skip

    def _by_column(self, expressions: Sequence[str]) -> dict[str, list[str]]:
        found = {}
        for number, text in enumerate(expressions):
            column = f"c{number}"
            rows = self.duckdb.rows(
                f"select d.key, d.{column}, s.{column} from {BY_DUCKDB} as d"
                f" full join {BY_SPARK} as s on d.key is not distinct from s.key"
                f" where d.{column} is distinct from s.{column} order by d.key"
            )
            if rows:
                found[text] = [str(row) for row in rows[:SHOWN]]
        return found or {"the rows": ["other keys"]}
