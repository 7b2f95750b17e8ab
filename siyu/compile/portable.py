"""The portable subset: SQL that means the same on DuckDB and on Spark. Names, shapes and types are checked.

sqlglot raises no error when a translation is wrong. So constructs that were measured to differ are rejected here, with
what to write instead. Names come from tokens, shapes from the syntax tree, types from the bound plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType


@dataclass(frozen=True)
class Finding:
    """What was found, on which rendered line (0 = unknown), and what to write instead."""

    what: str
    line: int
    instead: str


FUNCTIONS = {
    "quantile_cont": "median(), or a semantic function",
    "percentile_cont": "median(), or a semantic function",
    "quantile": "median(), or a semantic function",
    "approx_count_distinct": "count(distinct …)",
    "approx_quantile": "median(), or a semantic function",
    "dayofweek": "date_diff('day', date '1900-01-01', d) % 7 (0 = Monday)",
    "isodow": "date_diff('day', date '1900-01-01', d) % 7 + 1 (1 = Monday)",
    "weekday": "date_diff('day', date '1900-01-01', d) % 7 (0 = Monday)",
    "dayname": "a case over the number of the day",
    "monthname": "a case over the number of the month",
    "len": "length() of a text, array_length() of a list",
    "list_sum": "unnest and sum()",
    "list_avg": "unnest and avg()",
    "log": "log10() or ln()",
    "mean": "avg()",
    "hash": "md5(), or a semantic function",
    "json_valid": "a semantic function",
    "strptime": "fn_try_date() or fn_try_timestamp(): the first text in another format would stop the night",
    "try_strptime": "fn_try_date() or fn_try_timestamp()",
    "random": "no random value: a model gives the same rows in every run",
    "uuid": "a keyed hash of the key",
    "gen_random_uuid": "a keyed hash of the key",
    "now": "fn_as_of() or fn_as_of_end(): no model reads a clock",
    "today": "fn_as_of(): no model reads a clock",
    "current_date": "fn_as_of(): no model reads a clock",
    "current_timestamp": "fn_as_of_end(): no model reads a clock",
    "get_current_timestamp": "fn_as_of_end(): no model reads a clock",
    "transaction_timestamp": "fn_as_of_end(): no model reads a clock",
    "age": "date_diff() of dates: no model reads a clock",
    "timezone": "at time zone 'UTC' at time zone 'x', or a semantic function",
    "first": "arg_min(x, y) with a total order",
    "last": "arg_max(x, y) with a total order",
    "any_value": "min() or max()",
    "columns": "the columns by name",
    "getvariable": "a var, or a semantic function",
    "current_setting": "a var, or a semantic function",
    "current_localtime": "fn_as_of_end(): no model reads a clock",
    "current_localtimestamp": "fn_as_of_end(): no model reads a clock",
    "get_current_time": "fn_as_of_end(): no model reads a clock",
    "uuidv4": "a keyed hash of the key",
    "uuidv7": "a keyed hash of the key",
    "setseed": "no random value: a model gives the same rows in every run",
    "txid_current": "no transaction number: it differs from run to run",
    "version": "no version: it differs from machine to machine",
    "query": "the query itself",
    "query_table": "ref()",
    "glob": "a channel contract and source()",
    "list_extract": "l[1], guarded",
    "list_element": "l[1], guarded",
    "array_extract": "l[1], guarded",
    "read_csv": "a channel contract and source()",
    "read_parquet": "a channel contract and source()",
    "read_json": "a channel contract and source()",
}
# Their results depend on the number of threads, even over decimals.
NEVER = {"stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "corr", "covar_pop", "covar_samp"}
NEVER_PREFIX = "regr_"
BARE_CLOCKS = {"current_date", "current_timestamp", "current_time", "localtime", "localtimestamp"}
WEEKDAY_PARTS = {"dow", "isodow", "dayofweek", "weekday"}
ALL_COLUMNS = "select *"


def shape_findings(tokens: list[Token], tree: exp.Expr) -> Iterator[Finding]:
    """Yield the findings about names and shapes."""
    yield from _names(tokens)
    for node in tree.walk():
        kind: Any = type(node)
        for _, rule, what, instead in _rules_for(kind):
            if rule(node):
                yield Finding(what, _line(node), instead)
    for token in tokens:
        if token.token_type == TokenType.STRING:
            yield from _pattern(token)


@cache
def _rules_for(kind: type[Any]) -> tuple[Rule, ...]:
    return tuple(rule for rule in SHAPES if issubclass(kind, rule[0]))


def _names(tokens: list[Token]) -> Iterator[Finding]:
    following = [*tokens[1:], None]
    for token, after in zip(tokens, following, strict=True):
        word = token.text.lower()
        called = after is not None and after.token_type == TokenType.L_PAREN
        if token.token_type == TokenType.STRING:
            continue
        if (called and word in FUNCTIONS) or word in BARE_CLOCKS:
            yield Finding(f"{word}()", token.line, FUNCTIONS.get(word, "fn_as_of_end(): no model reads a clock"))
        elif called and (word in NEVER or word.startswith(NEVER_PREFIX)):
            yield Finding(f"{word}()", token.line, "sums of integers or decimals: it depends on the number of threads")
        elif word == "asof":
            yield Finding("ASOF JOIN", token.line, "lead() ranges and a join on between")


def _pattern(token: Token) -> Iterator[Finding]:
    for code in (r"\s", r"\w", r"\p{"):
        if code in token.text:
            yield Finding(f"{code} in a pattern", token.line, "the characters themselves, [一-龥] for Han")


def _line(node: exp.Expr) -> int:
    for found in node.walk():
        line = found.meta.get("line")
        if line:
            return int(line)
    return 0


def _yes(node: Any) -> bool:
    return True


def _distinct_on(node: Any) -> bool:
    return node.args.get("on") is not None


def _storage_order(node: Any) -> bool:
    return bool(node.name.lower() == "rowid")


def is_table_function(node: Any) -> bool:
    """Return whether a table is the result of a function. Only unnest and generate_series are allowed or reported."""
    is_named = isinstance(node.this, exp.Anonymous) and node.this.name.lower() in FUNCTIONS
    is_told = is_named or isinstance(node.this, exp.Unnest | exp.Explode | exp.GenerateSeries)
    return isinstance(node.this, exp.Func) and not is_told


def _ordered_list(node: Any) -> bool:
    return isinstance(node.this, exp.Order)


def _distinct_window(node: Any) -> bool:
    return any(isinstance(found, exp.Distinct) for found in node.this.walk())


def _no_g(node: Any) -> bool:
    modifiers = node.args.get("modifiers")
    return not (isinstance(modifiers, exp.Literal) and "g" in modifiers.this)


def _group_reference(node: Any) -> bool:
    replacement = node.args.get("replacement")
    return isinstance(replacement, exp.Literal) and re.search(r"\\[0-9]", replacement.this) is not None


def _negative_index(node: Any) -> bool:
    return any(isinstance(found, exp.Neg) for index in node.expressions for found in index.walk())


def _select_star(node: Any) -> bool:
    return any(
        isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))
        for item in node.expressions
    )


def _series_in_from(node: Any) -> bool:
    return isinstance(node.parent, exp.From | exp.Join | exp.Table)


def _left_unnest(node: Any) -> bool:
    is_lateral = isinstance(node.this, exp.Lateral | exp.Subquery | exp.Unnest)
    return str(node.side or "").upper() == "LEFT" and is_lateral and node.this.find(exp.Unnest, exp.Explode) is not None


def _join_after_unnest(node: Any) -> bool:
    """Return whether a table is joined after an unnest. sqlglot writes the unnest last, and the table cannot see it."""
    kinds = [isinstance(join.this, exp.Unnest) for join in node.args.get("joins") or []]
    return True in kinds and False in kinds[kinds.index(True) :]


def _aggregate_in_qualify(node: Any) -> bool:
    """Return whether a ranking goes by an aggregate. Spark takes a column in it for the alias of the same name."""
    return any(not isinstance(found.parent, WINDOWS) or found.arg_key != "this" for found in node.find_all(exp.AggFunc))


def _bare_list(node: Any) -> bool:
    """Return whether engines may differ on a list(): one drops NULLs, and no rows give NULL on one, [] on the other."""
    if isinstance(node.this, exp.Struct | exp.Order):
        return False
    kept = node.parent if isinstance(node.parent, exp.Filter) and isinstance(node.parent.parent, exp.Coalesce) else None
    return kept is None or not any(_is_not_null(found, node.this) for found in kept.expression.find_all(exp.Not))


def _is_not_null(node: Any, value: Any) -> bool:
    return isinstance(node.this, exp.Is) and isinstance(node.this.expression, exp.Null) and node.this.this == value


def _unordered_text(node: Any) -> bool:
    return not isinstance(node.this, exp.Order)


def _weekday_part(node: Any) -> bool:
    part = node.this if isinstance(node, exp.Extract) else (node.expressions or [None])[0]
    is_part = isinstance(node, exp.Extract) or node.name.lower() in ("date_part", "datepart")
    return is_part and part is not None and part.name.lower() in WEEKDAY_PARTS


def _naive_zone(node: Any) -> bool:
    inner = node.this.unnest()
    is_utc = node.args["zone"].name.upper() == "UTC"
    return not is_utc and not (isinstance(inner, exp.AtTimeZone) and inner.args["zone"].name.upper() == "UTC")


def _computed_interval(node: Any) -> bool:
    return not isinstance(node.this, exp.Literal)


def _alias_in_where(node: Any) -> bool:
    """Return whether WHERE uses an alias of this select. A name that the aliased value itself contains is a column."""
    where = node.args.get("where")
    aliases = {item.alias: item.this for item in node.expressions if isinstance(item, exp.Alias)}
    return where is not None and any(
        not column.table
        and column.name in aliases
        and column.find_ancestor(exp.Select) is node
        and column.name not in {inner.name for inner in aliases[column.name].find_all(exp.Column)}
        for column in where.find_all(exp.Column)
    )


def _by_name(node: Any) -> bool:
    return bool(node.args.get("by_name"))


def _recursive(node: Any) -> bool:
    return bool(node.args.get("recursive"))


def _unordered_window(node: Any) -> bool:
    ranking = (
        exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile,
        exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue,
    )  # fmt: skip
    inner = node.this.this if isinstance(node.this, exp.IgnoreNulls | exp.RespectNulls) else node.this
    return isinstance(inner, ranking) and not node.args.get("order")


def _pivot_on(node: Any) -> bool:
    return not node.args.get("unpivot") and not node.args.get("fields")


def _backslash_like(node: Any) -> bool:
    return isinstance(node.expression, exp.Literal) and "\\" in str(node.expression.this)


Rule = tuple[Any, Callable[[Any], bool], str, str]
WINDOWS = (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls)
SHAPES: tuple[Rule, ...] = (
    (exp.ArrayAgg, _ordered_list, "list(x order by y)",
     "list_transform(list_sort(list(struct_pack(k := y, v := x))), lambda s: s.v)"),
    (exp.ArrayAgg, _bare_list, "list(x) without a filter", "coalesce(list(x) filter (where x is not null), [])"),
    (exp.GroupConcat, _unordered_text, "string_agg without order by", "string_agg(x, ', ' order by x)"),
    (exp.Window, _distinct_window, "count(distinct …) over (…)", "a subquery with group by"),
    (exp.Window, _unordered_window, "a ranking window without order by", "order by with a total order"),
    (exp.RegexpReplace, _no_g, "regexp_replace without 'g'", "the flag 'g': Spark always replaces all matches"),
    (exp.RegexpReplace, _group_reference, r"\1 in a replacement", "regexp_extract(…, 1)"),
    (exp.Bracket, _negative_index, "a negative list index", "a guarded positive index"),
    (exp.Select, _select_star, ALL_COLUMNS, "the columns by name"),
    (exp.GenerateSeries, _series_in_from, "generate_series in from", "cross join unnest(generate_series(…)) as u(d)"),
    (exp.Join, _left_unnest, "left join unnest",
     "cross join unnest(case when array_length(l) > 0 then l else [null] end)"),
    (exp.Select, _join_after_unnest, "a join after unnest", "the unnest in a subquery of its own"),
    (exp.Qualify, _aggregate_in_qualify, "an aggregate in qualify", "a subquery with group by"),
    (exp.SetOperation, _by_name, "union by name", "the columns by name, in one order"),
    (exp.With, _recursive, "a recursive query", "materialized='fixpoint'"),
    (exp.Extract | exp.Anonymous, _weekday_part, "a day of the week",
     "date_diff('day', date '1900-01-01', d) % 7 (0 = Monday)"),
    (exp.AtTimeZone, _naive_zone, "at time zone on a timestamp without one",
     "at time zone 'UTC' at time zone 'x', or a semantic function"),
    (exp.Interval, _computed_interval, "interval (n) day", "n * interval 1 day"),
    (exp.Select, _alias_in_where, "an alias in where", "a subquery, or the column with its table's name"),
    (exp.TableSample, _yes, "a sample", "no sample: a model gives the same rows in every run"),
    (exp.Distinct, _distinct_on, "distinct on", "qualify row_number() over (… order by a total order) = 1"),
    (exp.Limit | exp.Fetch, _yes, "limit", "qualify row_number() over (… order by a total order) <= n"),
    (exp.Column, _storage_order, "rowid", "row_number() over (order by a total order)"),
    (exp.Table, is_table_function, "a table function", "ref() or source()"),
    (exp.Like | exp.ILike | exp.SimilarTo, _backslash_like, "like with a backslash", "contains() or starts_with()"),
    (exp.Pivot, _pivot_on, "pivot … on", "pivot … in, or max() filter"),
    (exp.Insert, _yes, "insert", "a materialization"),
    (exp.Update, _yes, "update", "a materialization"),
    (exp.Delete, _yes, "delete", "a materialization"),
    (exp.Merge, _yes, "merge", "a materialization"),
)  # fmt: skip
