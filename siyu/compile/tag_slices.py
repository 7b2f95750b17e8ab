"""What decides each tag of a class: its slice of the model, and what that slice reads of base models and references.

A base model holds what several classes have in common. So a slice includes the slices of the base models that it reads,
by the columns that it needs of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from siyu.compile.analyse import final_select
from siyu.compile.cache import digest
from siyu.compile.lineage import qualified_scope
from siyu.compile.slice_rows import plain
from siyu.compile.slices import Slice, Slicer, output_names

CODE = "tag_code"
# The columns of a tag. Those that say whom it describes come first: one_id or account_id.
COLUMNS = ("tag_code", "tag_value", "score", "evidence_at", "evidence_channel", "source_count")
# What a slice reads of a table: its name, the columns, and for some of them the texts of the rows that count.
Read = list[Any]


def tag_slices(
    sql: str,
    read: Mapping[str, Mapping[str, str]],
    grains: Mapping[str, tuple[str, ...]],
    owner: str,
    bases: Collection[str] = (),
) -> dict[str, Any]:
    """Return what decides each tag of a query, by code, and the expressions of codes that are not texts.

    `read` is relation -> column -> type of what the query reads, `grains` relation -> columns that identify a row,
    `bases` the relations whose own slices count too. The result consists of lists, as JSON has no tuples: it has the
    same digest when the cache returns it.
    """
    names, scope = qualified_scope(sql, read)
    if scope is None or CODE not in names:
        return {"slices": {}, "unclear": []}
    codes = list(dict.fromkeys(_codes(scope, CODE)))
    slicer = Slicer(grains, bases)
    slices = {
        code: _fact(slicer.by_name(scope, (owner, *COLUMNS), {CODE: frozenset([code])}))
        for code in sorted({code.name for code in codes if isinstance(code, exp.Literal)})
    }
    unclear = sorted(code.sql(dialect="duckdb", comments=False) for code in codes if not isinstance(code, exp.Literal))
    return {"slices": slices, "unclear": unclear}


class BaseSlicer:
    """What decides the parts of a base model. Whatever several parts share is worked out once."""

    def __init__(
        self,
        sql: str,
        read: Mapping[str, Mapping[str, str]],
        grains: Mapping[str, tuple[str, ...]],
        bases: Collection[str],
        own_grain: tuple[str, ...],
    ) -> None:
        """Arguments as of `tag_slices`. `own_grain` are the columns that identify a row of the base model."""
        self.query = qualified_scope(sql, read)
        self._slicer = Slicer(grains, bases, own_grain)
        self._whole = {"text": digest(sql), "sources": sorted(read), "rows": []}

    def part(self, read: Read) -> dict[str, Any]:
        """Return what decides the columns and rows that somebody reads; the whole query if it cannot be taken apart."""
        _, columns, limits = read
        _, scope = self.query
        if scope is None:
            return self._whole
        return _fact(self._slicer.by_name(scope, columns, {column: frozenset(values) for column, values in limits}))


def _fact(found: Slice) -> dict[str, Any]:
    rows = [
        [row.table, list(row.columns), [[column, list(values)] for column, values in row.limits]]
        for row in sorted(found.rows)
    ]
    return {"text": found.digest, "sources": sorted(found.sources), "rows": rows}


def with_bases(found: Mapping[str, Any], parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a slice together with the parts of base models that it reads, which `parts` has by their `part_key`."""
    reached: dict[str, Mapping[str, Any]] = {}
    open_reads = list(found["rows"])
    while open_reads:
        key = part_key(open_reads.pop())
        if key in parts and key not in reached:
            reached[key] = parts[key]
            open_reads += parts[key]["rows"]
    if not reached:
        return dict(found)
    every = [found, *reached.values()]
    rows = {part_key(row): row for part in every for row in part["rows"]}
    followed = {rows[key][0] for key in reached}
    return {
        "text": digest(found["text"], sorted((key, part["text"]) for key, part in reached.items())),
        "sources": sorted({source for part in every for source in part["sources"]} - followed),
        "rows": [row for key, row in sorted(rows.items()) if key not in reached],
    }


def part_key(read: Read) -> str:
    """Return a text that names what a slice reads of a table."""
    return repr(read)


def _codes(scope: Scope, column: str) -> Iterator[exp.Expr]:
    """Yield what a column of a query is in each branch: a literal, or the expression that is none."""
    place = output_names(scope).index(column)
    if scope.set_operation_scopes:
        for part in scope.set_operation_scopes:
            yield from _codes(part, output_names(part)[place])
        return
    select = final_select(scope.expression)
    value = plain(select.selects[place])
    source = scope.sources.get(value.table) if isinstance(value, exp.Column) else None
    if isinstance(source, Scope) and value.name in output_names(source):
        yield from _codes(source, value.name)
    else:
        yield value


def tag_version(found: Mapping[str, Any], tables: Mapping[str, list[dict[str, str]]]) -> str:
    """Return a hash of a slice and of the reference rows that it reads."""
    parts = []
    for name, columns, limits in found["rows"]:
        rows = [{key.lower(): value or None for key, value in row.items()} for row in tables[name]]
        counted = [row for row in rows if all(row.get(column) in values for column, values in limits)]
        parts.append((name, tuple(columns), sorted(repr([row.get(column) for column in columns]) for row in counted)))
    return digest(found["text"], parts)[:16]
