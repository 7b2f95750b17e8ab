"""Identifiers in clear: texts of published columns without a mark that look like a mobile, mail address or WeChat ID.

Marks and lineage say which columns are personal. They cannot know what people type into other fields, and what links
contain. So every night searches each text column that releases publish as it is. Releases mask what it finds.

The engine that made a large table searches it. DuckDB then looks at the columns in which something was found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import Any

from siyu.build.catalog import write_table
from siyu.build.materialization import data_fault
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.project import CompiledModel
from siyu.engines.base import Engine, Session
from siyu.engines.sql import quote_name, quoted
from siyu.errors import SqlProblem
from siyu.masking import SEEN
from siyu.release.columns import has_text
from siyu.release.copies import Copies
from siyu.release.last_release import LastRelease
from siyu.release.tables import IN_CLEAR

Row = tuple[Any, ...]


def write_identifiers_in_clear(
    engine: Engine, published: Iterable[CompiledModel], last: LastRelease | None = None
) -> None:
    """Search the columns of published tables, and write ops.identifier_in_clear. Views of a release show what is in
    these tables.

    Of a table that had none in the last release, only rows that are new are searched. Raises EngineFault that names the
    model if its SQL fails.
    """
    found: list[Row] = []
    with closing(engine.session()) as session:
        for model in published:
            rows = last.new_rows(Copies(model, frozenset())) if last else model.relation
            found += _found(session, model, rows) if rows else []
        write_table(session, f"ops.{IN_CLEAR}", OPS_TABLES[IN_CLEAR].types, sorted(found))


def _found(session: Session, model: CompiledModel, rows: str) -> list[Row]:
    columns = [column.name for column in model.columns if has_text(column)]
    try:
        if not columns or not _is_suspicious(session, rows, columns):
            return []
        suspicious = _suspicious(session, model.relation, columns)
        return [row for column in suspicious for row in _kinds(session, model, column)]
    except SqlProblem as error:
        raise data_fault(model, error) from None


def _is_suspicious(session: Session, relation: str, columns: Sequence[str]) -> bool:
    """Return whether a row has what SEEN finds. One search in the joined texts of a row takes half of the time that a
    search in each column takes."""
    joined = f"concat_ws(chr(10), {', '.join(map(_text, columns))})"
    return bool(session.counts(f"select count(*) from {relation} where {_is_seen(joined)}")[0])


def _suspicious(session: Session, relation: str, columns: Sequence[str]) -> list[str]:
    """Return the columns in which SEEN finds something."""
    counts = ", ".join(f"count(*) filter (where {_is_seen(_text(column))})" for column in columns)
    found = session.counts(f"select {counts} from {relation}")
    return [column for column, count in zip(columns, found, strict=True) if count]


def _kinds(session: Session, model: CompiledModel, column: str) -> list[Row]:
    """Return a row of ops.identifier_in_clear for each kind of identifier that a column has."""
    texts = f"select {_text(column)} as value from {model.relation} where {_is_seen(_text(column))}"
    rows = session.rows(
        "select kind, sum(n)::bigint, count(*), fn_cleared(min(value))"
        f" from (select value, count(*) as n, fn_identifier_kind(value) as kind from ({texts}) group by value)"
        " where kind is not null group by kind"
    )
    return [(model.name, column, *row) for row in rows]


def _is_seen(text: str) -> str:
    return f"regexp_matches({text}, {quoted(SEEN)})"


def _text(column: str) -> str:
    return f"cast({quote_name(column)} as varchar)"
