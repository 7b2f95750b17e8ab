"""What a query may read: only the tables of the project, not files, settings or the engine's own catalogs.

The checks cover models and the queries of suites. They prevent accidents: a layer is code and is trusted. Table
functions are checked against an allow list. For any SQL, the engine itself opens no file outside the warehouse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from siyu.compile.portable import FUNCTIONS, Finding, is_table_function

# Functions that read files, settings, variables, logs or catalogs, wherever a query calls them.
OUTSIDE = re.compile(
    r"(read|sniff)_\w+|\w+_scan(_dumb)?|parquet_\w+|glob|getenv|query|query_table|duckdb_\w+|pragma_\w+"
    r"|current_setting|getvariable|json_execute_serialized_sql|which_secret|write_log|\w+_logging|\w+_profiling"
    r"|(force_)?checkpoint|(create|register|destroy|deregister)_external_resource(_type)?|truncate_duckdb_logs"
)
INSTEAD = "a channel contract and source(): a query reads only tables of the project"
STATEMENTS = (exp.Summarize, exp.Describe)
QUERIES = (exp.Query, exp.Values, exp.Pivot, *STATEMENTS)
ONE_QUERY = "one query, without a semicolon: a suite changes nothing"


def reach_findings(tokens: list[Token], tree: exp.Expr) -> Iterator[Finding]:
    """Yield what a model reads outside the project, without the findings of the portable subset."""
    laterals = [node for node in tree.find_all(exp.Lateral) if _is_call(node)]
    named = {_called(node) for node in (*tree.find_all(exp.Table), *laterals) if _is_call(node)}
    for lateral in laterals:
        if _called(lateral) not in FUNCTIONS:
            yield Finding("a table function", 0, "ref() or source()")
    yield from _statements(tree)
    for token in _calls(tokens):
        if token.text.lower() not in named | FUNCTIONS.keys():
            yield Finding(f"{token.text.lower()}()", token.line, INSTEAD)


def query_findings(sql: str, is_table: Callable[[str, str], bool]) -> Iterator[Finding]:
    """Yield what the query of a suite reads outside the project. `is_table` says if the project has a schema and table.

    If sqlglot cannot parse a query that the engine accepts, only its function names are checked.
    """
    dialect = sqlglot.Dialect.get_or_raise("duckdb")
    try:
        tokens = dialect.tokenize(sql)
    except SqlglotError:
        yield Finding("a text that cannot be split into words", 0, "plain SQL, with all quotes closed")
        return
    yield from (Finding(f"{token.text.lower()}()", token.line, INSTEAD) for token in _calls(tokens))
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        yield Finding("a semicolon", 0, ONE_QUERY)
    try:
        trees = [tree for tree in dialect.parser().parse(tokens, sql) if tree is not None]
    except SqlglotError:
        return
    for tree in trees:
        yield from _statements(tree)
        if not isinstance(tree, QUERIES):
            yield Finding(f"{type(tree).__name__.lower()} as a query", 0, ONE_QUERY)
        ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
        node: Any
        for node in tree.find_all(exp.Table, exp.Lateral):
            name = _called(node)
            if _is_call(node) and not OUTSIDE.fullmatch(name):
                yield Finding(f"{name}() in from", 0, INSTEAD)
            elif isinstance(node.this, exp.Identifier) and not (
                is_table(node.db, node.name) or (not node.db and node.name in ctes)
            ):
                yield Finding(f"{'.'.join(filter(None, (node.db, node.name)))} in from", 0, INSTEAD)


def _statements(tree: exp.Expr) -> Iterator[Finding]:
    for node in tree.find_all(*STATEMENTS):
        yield Finding(f"{type(node).__name__.lower()} as a query", 0, "a select over ref(), with the columns by name")


def _calls(tokens: list[Token]) -> Iterator[Token]:
    for token, after in pairwise(tokens):
        is_call = after.token_type == TokenType.L_PAREN and token.token_type != TokenType.STRING
        if is_call and OUTSIDE.fullmatch(token.text.lower()):
            yield token


def _is_call(node: exp.Expr) -> bool:
    """Return whether a table or lateral is the result of a function other than unnest and generate_series."""
    return is_table_function(node) or _called(node) in FUNCTIONS


def _called(node: exp.Expr) -> str:
    inner = node.this
    if isinstance(inner, exp.Anonymous):
        return str(inner.name).lower()
    return str(inner.sql_name()).lower() if isinstance(inner, exp.Func) else ""
