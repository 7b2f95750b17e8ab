"""parquet: every value as text, so that the contract alone decides its type."""

from __future__ import annotations

from pathlib import Path

from siyu.channels import Export
from siyu.engines.base import Session
from siyu.engines.duckdb import SqlProblem, quoted
from siyu.errors import FileRejected
from siyu.readers.base import Reading, compare, first_line, name, table_query


def read_parquet(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """The columns of the file's own schema."""
    relation = f"read_parquet({quoted(path)})"
    try:
        found = [column.name for column in session.columns(f"select * from {relation}")]
    except SqlProblem as error:
        raise FileRejected("the file is no readable Parquet", path.name, first_line(error)) from error
    new, missing = compare(export, found, path)
    texts = {item: f"nullif(cast({name(item)} as varchar), '')" for item in found}
    return Reading(table_query(relation, export, texts, new, "null::varchar"), new, missing)
