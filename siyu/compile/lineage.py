"""Column lineage: which columns a column is computed from, and whose values it passes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

from siyu.compile.analyse import final_select

Origins = dict[str, set[tuple[str, str]]]
Pick = Callable[[exp.Expr], Iterable[exp.Column]]
Qualified = tuple[list[str], Scope | None]  # the names of a query's columns, and its scope
Known = dict[tuple[int, str], set[tuple[str, str]]]

# Expressions whose value is a value of an argument, or reveals one: type -> the arguments that it may come from.
CARRYING: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.Alias: ("this",), exp.Paren: ("this",), exp.Cast: ("this",), exp.TryCast: ("this",),
    exp.Coalesce: ("this", "expressions"), exp.Nullif: ("this",), exp.Case: ("ifs", "default"),
    exp.If: ("true", "false"),
    exp.Greatest: ("this", "expressions"), exp.Least: ("this", "expressions"),
    exp.Max: ("this",), exp.Min: ("this",), exp.ArgMax: ("this",), exp.ArgMin: ("this",), exp.AnyValue: ("this",),
    exp.GroupConcat: ("this",), exp.ArrayAgg: ("this",), exp.Order: ("this",), exp.Distinct: ("expressions",),
    exp.Filter: ("this",), exp.Window: ("this",), exp.IgnoreNulls: ("this",), exp.Lag: ("this",), exp.Lead: ("this",),
    exp.FirstValue: ("this",), exp.LastValue: ("this",), exp.Lower: ("this",), exp.Upper: ("this",),
    exp.Trim: ("this",), exp.Left: ("this",), exp.Right: ("this",), exp.Substring: ("this",),
    exp.Concat: ("expressions",), exp.DPipe: ("this", "expression"), exp.RegexpReplace: ("this",),
    exp.RegexpExtract: ("this",), exp.Struct: ("expressions",), exp.PropertyEQ: ("expression",),
    exp.Explode: ("this",), exp.Unnest: ("expressions",),
    exp.Replace: ("this", "replacement"), exp.Translate: ("this",), exp.Reverse: ("this",), exp.SplitPart: ("this",),
    exp.ConcatWs: ("expressions",), exp.Pad: ("this",),
}  # fmt: skip
CARRYING_FUNCTIONS = ("fn_trim", "fn_folded")


def all_columns(node: exp.Expr) -> Iterable[exp.Column]:
    """Return every column of an expression."""
    return node.find_all(exp.Column)


def carried_columns(node: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns whose values an expression passes on, not those that it counts, compares or hashes."""
    if isinstance(node, exp.Column):
        yield node
    for argument in CARRYING.get(type(node), ()):
        found = node.args.get(argument)
        for child in found if isinstance(found, list) else [found]:
            if isinstance(child, exp.Expr):
                yield from carried_columns(child)
    if isinstance(node, exp.Anonymous) and node.name.lower() in CARRYING_FUNCTIONS:
        for child in node.expressions:
            yield from carried_columns(child)


def column_lineage(query: Qualified) -> tuple[Origins, Origins]:
    """Return column -> the (schema.table, column) pairs that it is computed from, and column -> those it passes on.

    sqlglot's own lineage() walks every path again, which takes seconds on wide unions. One pass over its scopes, which
    resolves each column of a scope once, takes milliseconds.
    """
    names, scope = query
    return _traced(scope, names, all_columns), _traced(scope, names, carried_columns)


def qualified_scope(sql: str, read: Mapping[str, Mapping[str, str]]) -> Qualified:
    """Return the names of a query's columns, and its scope, in which every column names its source.

    `read` is relation -> column -> type of what the query reads.
    """
    tables: dict[str, dict[str, Mapping[str, str]]] = {}
    for relation, columns in read.items():
        namespace, _, table = relation.partition(".")
        tables.setdefault(namespace, {})[table] = columns
    schema = MappingSchema(dict(tables), dialect="duckdb", normalize=False)
    # qualify() changes its tree. Parsing the text again takes a third of the time that copying the tree takes.
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for node in tree.walk():
        node.meta.clear()  # where the parser found it: nobody asks, and every copy of a node would copy it, too
    names = [item.alias_or_name for item in final_select(tree).selects]
    qualified = qualify(tree, schema=schema, dialect="duckdb", validate_qualify_columns=False, identify=False)
    return names, build_scope(qualified)


def _traced(scope: Scope | None, names: list[str], pick: Pick) -> Origins:
    known: Known = {}
    return {name: _origins(scope, name, known, pick) if scope else set() for name in names}


def _origins(scope: Scope, name: str, known: Known, pick: Pick) -> set[tuple[str, str]]:
    key = (id(scope), name.lower())
    if key in known:
        return known[key]
    known[key] = set()
    found: set[tuple[str, str]] = set()
    if scope.set_operation_scopes:
        leftmost = [item.alias_or_name.lower() for item in final_select(scope.expression).selects]
        position = leftmost.index(name.lower()) if name.lower() in leftmost else -1
        for part in scope.set_operation_scopes:
            selects = final_select(part.expression).selects
            if 0 <= position < len(selects):
                found |= _origins(part, selects[position].alias_or_name, known, pick)
    else:
        for item in final_select(scope.expression).selects:
            if item.alias_or_name.lower() == name.lower():
                for column in pick(item):
                    found |= _source_of(scope, column, known, pick)
    known[key] = found
    return found


def _source_of(scope: Scope, column: exp.Column, known: Known, pick: Pick) -> set[tuple[str, str]]:
    source = scope.sources.get(column.table)
    if isinstance(source, Scope):
        if isinstance(source.expression, exp.Query):
            return _origins(source, column.name, known, pick)
        inner = [c for c in source.expression.find_all(exp.Column) if c.table in scope.sources and c is not column]
        return set().union(*(_source_of(scope, c, known, pick) for c in inner))
    if isinstance(source, exp.Table):
        return {(f"{source.db}.{source.name}", column.name)}
    return set()
