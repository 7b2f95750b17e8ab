"""The slice of a query: the part of it that decides one output, in a canonical text without comments.

A slice is never run. Its text tells whether the rule of one tag changed, and its sources are what the tag reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from siyu.compile.slice_rows import (
    MULTIPLYING,
    Keys,
    Limits,
    adds_no_rows,
    aliases_in,
    copied,
    has_aggregate,
    has_one_row,
    is_needless,
    narrow,
    nodes_in,
    passes,
    plain,
    sources_of,
    stated_limits,
)

# The positions of the columns that are needed, each with the name that the reader has for it.
Needed = tuple[tuple[int, str], ...]
Sorted = tuple[tuple[str, tuple[str, ...]], ...]  # Limits, in an order
ONE_ROW = "select 1 as _"
NOTHING = "select 1 as _ where false"


@dataclass(frozen=True, order=True)
class RowsRead:
    """What a slice reads of a table: the columns, and the texts that a column must have for a row to count."""

    table: str
    columns: tuple[str, ...]
    limits: Sorted


@dataclass(frozen=True)
class Slice:
    """The text of a slice. The name of a CTE in it is a hash of that CTE's text, so equal texts mean equal slices."""

    text: str
    sources: frozenset[str]
    rows: frozenset[RowsRead]

    @property
    def digest(self) -> str:
        """A hash of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


class Slicer:
    """Slices of one query, which must be qualified. Parts that several slices share are worked out once."""

    def __init__(
        self, grains: Mapping[str, tuple[str, ...]], followed: Collection[str] = (), own_grain: tuple[str, ...] = ()
    ) -> None:
        """Grains are relation -> columns that identify a row. Of followed relations, slices say what they read.

        `own_grain` are the columns that identify a row of the query, if that is known.
        """
        self._keys = Keys(grains)
        self._own_grain = own_grain
        self._followed = frozenset(followed)
        self._known: dict[tuple[int, Needed, Sorted], Slice] = {}

    def slice(self, scope: Scope, needed: Needed, limits: Limits) -> Slice:
        """Return the part of a query that decides the needed columns of rows within the limits on its columns."""
        key = (id(scope), needed, _sorted(limits))
        if key not in self._known:
            self._known[key] = self._slice(scope, needed, limits)
        return self._known[key]

    def by_name(self, scope: Scope, names: Iterable[str], limits: Limits) -> Slice:
        """Return the slice that decides the named columns."""
        wanted = set(names)
        outputs = enumerate(output_names(scope))
        return self.slice(scope, tuple((place, name) for place, name in outputs if name in wanted), limits)

    def is_followed(self, table: exp.Table) -> bool:
        """Return whether slices say what they read of a table."""
        return table.db == "reference" or f"{table.db}.{table.name}" in self._followed

    def _slice(self, scope: Scope, needed: Needed, limits: Limits) -> Slice:
        query = scope.expression
        if not needed and has_one_row(scope):
            return Slice(ONE_ROW, frozenset(), frozenset())
        if isinstance(query, exp.Select):
            grain = self._own_grain if scope.is_root else ()
            return _Select(self, self._keys, scope, query, limits, grain).slice(needed)
        everything = tuple(enumerate(output_names(scope)))
        if not is_plain_union(query):
            parts = [self.slice(part, everything, {}) for part in scope.set_operation_scopes]
            return _together(query, [part.text for part in parts], parts)
        is_distinct = bool(query.args.get("distinct"))
        if is_distinct:
            needed = everything
        parts = [
            self.slice(part, needed, dict(self._within(part, scope, limits)))
            for part in union_parts(scope)
            if not _is_outside(part, scope, limits)
        ]
        return _together(query, sorted(part.text for part in parts), parts)

    @staticmethod
    def _within(part: Scope, union: Scope, limits: Limits) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield the limits with the names that a part of a union has for the columns."""
        for place, name in enumerate(output_names(union)):
            if name in limits:
                yield output_names(part)[place], limits[name]


class _Select:
    """One select, as its slices need it. `limits` are those on its output columns."""

    def __init__(
        self, slicer: Slicer, keys: Keys, scope: Scope, select: exp.Select, limits: Limits, grain: tuple[str, ...]
    ) -> None:
        self._slicer, self._keys, self._scope, self._select, self._grain = slicer, keys, scope, select, grain
        self._sources_of = sources_of(scope)
        self._limits = stated_limits(select)
        for item in select.selects:
            column, values = plain(item), limits.get(item.alias_or_name)
            if values is not None and isinstance(column, exp.Column) and passes(select, column):
                narrow(self._limits.setdefault(column.table, {}), column.name, values)
        self._sources: set[str] = set()
        self._rows: set[RowsRead] = set()

    def slice(self, needed: Needed) -> Slice:
        select = self._select
        names = self._all_needed(dict(needed))
        items = [(name, select.selects[place]) for place, name in sorted(names.items(), key=lambda item: item[1])]
        items += [("", item) for place, item in enumerate(select.selects) if place not in names and _multiplies(item)]
        joins = list(select.args.get("joins") or [])
        rest = [value for name, value in select.args.items() if name not in ("expressions", "joins", "with_") and value]
        for join in reversed(list(joins)):
            others = [item for _, item in items] + [other for other in joins if other is not join] + nodes_in(rest)
            if self._is_needless(join, others):
                joins.remove(join)
        read = [item for _, item in items] + joins + nodes_in(rest)
        aliases = self._replace_sources(read)
        text = self._text(items, joins, aliases)
        if len(names) > len(needed):
            listed = ", ".join(exp.to_identifier(name).sql(dialect="duckdb") for name in sorted(dict(needed).values()))
            text = f"select {listed or '1 as _'} from ({text}) as _"
        return Slice(text, frozenset(self._sources), frozenset(self._rows))

    def _all_needed(self, names: dict[int, str]) -> dict[int, str]:
        """Return the needed columns with those on which the rows of the result depend."""
        select = self._select
        outside = [value for name, value in select.args.items() if name not in ("expressions", "with_") and value]
        unqualified = {column.name for node in nodes_in(outside) for column in node.find_all(exp.Column)
                       if not column.table}  # fmt: skip
        is_distinct = select.args.get("distinct") is not None
        return names | {
            place: item.alias_or_name
            for place, item in enumerate(select.selects)
            if place not in names and (is_distinct or item.alias_or_name in unqualified)
        }

    def _is_needless(self, join: exp.Join, others: list[exp.Expr]) -> bool:
        found = self._sources_of.get(join.alias_or_name)
        if found is None or not isinstance(found[1], Scope | exp.Table):
            return False
        if join.alias_or_name in aliases_in(others):
            return False
        return is_needless(join, found[1], self._keys) or adds_no_rows(join, self._select, self._grain)

    def _replace_sources(self, read: list[exp.Expr]) -> dict[str, str]:
        """Name the slice of every query that the select reads in its place. Return the aliases of its own sources."""
        columns = [column for node in read for column in node.find_all(exp.Column)]
        present = {id(table) for node in read for table in node.find_all(exp.Table, exp.Subquery)}
        own_aliases: dict[str, str] = {}
        for alias, (node, source) in self._sources_of.items():
            if id(node) in present or not isinstance(node, exp.Table | exp.Subquery):
                self._replace(node, source, alias, columns, self._limits.get(alias, {}))
                own_aliases[alias] = f"_{len(own_aliases) + 1}"
        kept = [scope for scope in self._scope.table_scopes if not _is_replaced(scope)]
        for scope in (scope for inner in self._scope.subquery_scopes + kept for scope in _nested(inner)):
            self._replace_inside(scope, present)
            for alias in sources_of(scope):
                own_aliases.pop(alias, None)
        return own_aliases

    def _replace_inside(self, scope: Scope, present: set[int]) -> None:
        """Do the same in a subquery, which stays where it is."""
        columns = list(scope.expression.find_all(exp.Column))
        stated = stated_limits(scope.expression) if isinstance(scope.expression, exp.Select) else {}
        for alias, (node, source) in sources_of(scope).items():
            if id(node) in present and not isinstance(node, exp.Subquery):
                self._replace(node, source, alias, columns, stated.get(alias, {}))

    def _replace(self, node: exp.Expr, source: object, alias: str, columns: list[exp.Column], limits: Limits) -> None:
        names = {column.name for column in columns if column.table == alias}
        if isinstance(source, exp.Table) and source.db:
            table = f"{source.db}.{source.name}"
            self._sources.add(table)
            if self._slicer.is_followed(source):
                self._rows.add(RowsRead(table, tuple(sorted(names)), _sorted(limits)))
        elif isinstance(source, Scope) and isinstance(source.expression, exp.Query) and _is_closed(node, source):
            part = self._slicer.by_name(source, names, limits)
            node.meta["part"] = f"part_{part.digest}"
            self._sources |= part.sources
            self._rows |= part.rows

    def _text(self, items: list[tuple[str, exp.Expr]], joins: list[exp.Expr], aliases: dict[str, str]) -> str:
        select = self._select
        shown = [_named(item, name) if name else item.copy() for name, item in items]
        shown = shown or [_named(exp.Literal.number(1), "_")]
        kept = {
            name: copied(value)
            for name, value in select.args.items()
            if name not in ("expressions", "joins", "with_") and value
        }
        if select.args.get("group") is None and has_aggregate(select) and not any(map(has_aggregate, shown)):
            # Without it, the select would no longer have one row.
            kept.setdefault(
                "having", exp.Having(this=exp.GTE(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(0)))
            )
        result = exp.Select(expressions=shown, joins=[join.copy() for join in joins], **kept)
        for node in list(result.walk()):
            if isinstance(node, exp.Column) and node.table in aliases:
                node.set("table", exp.to_identifier(aliases[node.table]))
            elif isinstance(node, exp.TableAlias) and node.name in aliases:
                node.set("this", exp.to_identifier(aliases[node.name]))
            if isinstance(node, exp.Table | exp.Subquery) and "part" in node.meta:
                node.set("this", exp.to_identifier(node.meta["part"]))
        return result.sql(dialect="duckdb", comments=False, copy=False)


def output_names(scope: Scope) -> list[str]:
    """Return the names of the columns of a query."""
    expression = scope.expression
    while isinstance(expression, exp.SetOperation | exp.Subquery):
        expression = expression.this
    return [item.alias_or_name for item in expression.selects] if isinstance(expression, exp.Select) else []


def is_plain_union(query: exp.Expr) -> bool:
    """Return whether a query is a union by position, without an order or a limit."""
    return isinstance(query, exp.Union) and not query.args.get("by_name") and not _modifiers(query)


def union_parts(scope: Scope) -> Iterator[Scope]:
    """Yield the parts of a union, without the unions of the same kind inside it."""
    for part in scope.set_operation_scopes:
        inner, outer = part.expression, scope.expression
        if is_plain_union(inner) and inner.args.get("distinct") == outer.args.get("distinct"):
            yield from union_parts(part)
        else:
            yield part


def _is_outside(part: Scope, union: Scope, limits: Limits) -> bool:
    """Return whether a text of a part's select list is outside the limits, so that none of its rows can matter."""
    if not isinstance(part.expression, exp.Select):
        return False
    for name, item in zip(output_names(union), part.expression.selects, strict=False):
        value = plain(item)
        if name in limits and isinstance(value, exp.Literal) and value.is_string and value.name not in limits[name]:
            return True
    return False


def _together(query: exp.Expr, texts: list[str], parts: list[Slice]) -> Slice:
    kind = (
        query.key + ("" if query.args.get("distinct") else " all") + (" by name" if query.args.get("by_name") else "")
    )
    sources = frozenset(source for part in parts for source in part.sources)
    rows = frozenset(row for part in parts for row in part.rows)
    text = f" {kind} ".join(f"({text})" for text in texts) or NOTHING
    return Slice(f"{text} {_modifiers(query)}".strip(), sources, rows)


def _modifiers(query: exp.Expr) -> str:
    kept = [query.args[name] for name in ("order", "limit", "offset") if query.args.get(name)]
    return " ".join(node.sql(dialect="duckdb", comments=False) for node in kept)


def _sorted(limits: Limits) -> Sorted:
    return tuple((column, tuple(sorted(values))) for column, values in sorted(limits.items()))


def _multiplies(item: exp.Expr) -> bool:
    return item.find(*MULTIPLYING) is not None


def _named(item: exp.Expr, name: str) -> exp.Expr:
    value = item.this if isinstance(item, exp.Alias) else item
    return exp.Alias(this=value.copy(), alias=exp.to_identifier(name))


def _is_closed(node: exp.Expr, source: Scope) -> bool:
    """Return whether a source is a CTE, or a subquery that reads no column of the select around it."""
    known = {alias for scope in _nested(source) for alias in sources_of(scope)}
    return isinstance(node, exp.Table) or aliases_in([source.expression]) <= {*known, ""}


def _is_replaced(scope: Scope) -> bool:
    above = scope.expression.parent
    return isinstance(above, exp.Subquery) and "part" in above.meta


def _nested(scope: Scope) -> Iterator[Scope]:
    """Yield a query inside a select, and the queries inside that."""
    yield scope
    for inner in (*scope.subquery_scopes, *scope.table_scopes, *scope.cte_scopes, *scope.set_operation_scopes):
        yield from _nested(inner)
