"""The SQL of a model in the dialect of Spark.

Models keep to the portable subset, so that most of a query is the same text. Where the two engines give the same words
another meaning, the tree of the query is changed, so that Spark computes what DuckDB does:

- A double becomes a decimal by rounding after a multiplication. Spark rounds the shortest text of the double.
- A median lies in the middle of two doubles, also in a window with a frame, which Spark does not have for medians.
- count_if of nothing but NULLs is NULL.
- A mean is a double, also of decimals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from siyu.compile.cache import digest
from siyu.engines.base import RunInputs
from siyu.engines.spark_lake import SparkFiles
from siyu.engines.sql import spark_name

# Spark itself has known QUALIFY since version 4.1; sqlglot would write a subquery, which loses the alias of the table.
DIALECT = "databricks"
# The last business date of a run, and the UTC moment at which it ends. Spark cannot call a function of its own in a
# generator of rows.
DATES = {
    "fn_as_of": "cast('{as_of}' as date)",
    "fn_as_of_end": "convert_timezone('{timezone}', 'UTC', timestamp_ntz '{as_of} 00:00:00' + interval '1' day)",
}
DIGITS = 38  # of the widest decimal


@dataclass(frozen=True)
class SparkQuery:
    """A query for Spark, and what it reads, by the name in the query.

    `relations` are relations of the build database as SQL, `files` the landed files that a query of source() unites.
    """

    sql: str
    relations: dict[str, str]
    files: dict[str, SparkFiles]


def spark_query(sql: str, inputs: RunInputs | None = None, *, pretty: bool = False) -> SparkQuery:
    """Return a query of the portable subset in the dialect of Spark.

    Without a run, as people read it: its dates stay functions, and tables keep their schemas.
    """
    relations: dict[str, str] = {}
    files: dict[str, SparkFiles] = {}
    tree = sqlglot.parse_one(sql, read="duckdb")
    for node in reversed(list(tree.walk())):  # what is inside a node comes before it
        if inputs and isinstance(node, exp.Table) and (node.db or isinstance(node.this, exp.ReadParquet)):
            _name_table(node, relations, files)
        elif inputs and isinstance(node, exp.Anonymous) and node.name.lower() in DATES:
            text = DATES[node.name.lower()].format(as_of=inputs.as_of, timezone=inputs.timezone)
            node.replace(sqlglot.parse_one(text, read=DIALECT))
        elif (rule := RULES.get(type(node))) and (changed := rule(node)) is not node:
            node.replace(changed)
    return SparkQuery(tree.sql(dialect=DIALECT, pretty=pretty, comments=pretty), relations, files)


def _name_table(node: exp.Table, relations: dict[str, str], files: dict[str, SparkFiles]) -> None:
    """Give a table the name that Spark knows it by, and note what it is."""
    if node.db:
        relation = f'{node.db}."{node.name}"'
        name = spark_name(relation)
        relations[name] = relation
        node.set("alias", node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name)))
        node.set("db", None)
    else:
        text = node.this.sql(dialect="duckdb")
        name = f"files__{digest(text)[:20]}"
        paths, *options = node.this.expressions
        named = {option.this.name: option.expression.name for option in options}
        files[name] = SparkFiles(text, tuple(path.name for path in paths.expressions), named.get("filename"))
    node.set("this", exp.to_identifier(name, quoted=True))


def _mean(node: Any) -> Any:
    """Return avg() as the double that DuckDB makes of it."""
    return _spark("(cast(sum(x) as double) / count(x))", x=node.this)


def _count_if(node: Any) -> Any:
    """Return count_if() as a sum, which is NULL for nothing but NULLs."""
    return _spark("sum(cast(x as bigint))", x=node.this)


def _median(node: Any) -> Any:
    """Return median() over the sorted values; an OVER or a FILTER around it moves to the list of the values."""
    values = _spark("collect_list(cast(x as double))", x=node.this)
    outermost = node
    while isinstance(outermost.parent, exp.Window | exp.Filter) and outermost.arg_key == "this":
        outermost = outermost.parent
        around = outermost.copy()
        around.set("this", values)
        values = around
    middle = _spark(MIDDLE, x=values)
    if outermost is node:
        return middle
    outermost.replace(middle)
    return node


# As DuckDB computes it: the lower one and half of the way to the upper one.
MIDDLE = (
    "cast(get(transform(array(array_sort(x)), a -> get(a, (size(a) - 1) div 2)"
    " + (get(a, size(a) div 2) - get(a, (size(a) - 1) div 2)) * cast(0.5 as double)), 0) as double)"
)


def _cast(node: Any) -> Any:
    """Return a cast to a decimal as DuckDB does it, if what is cast is a double or may be one."""
    kind = node.to
    if not kind.is_type("decimal") or not kind.expressions:
        return node
    width, scale = (int(part.name) for part in (*kind.expressions, exp.DataTypeParam(this=exp.Literal.number(0)))[:2])
    is_double = _is_double(node.this)
    if is_double is False:
        return node
    whole = f"decimal({min(width, DIGITS - 1 - scale)}, 0)"
    cast = "try_cast" if isinstance(node, exp.TryCast) else "cast"
    rounded = (
        f"{cast}({cast}(round(cast(x as double) * 1e{scale}) as {whole}) * {_unit(scale)} as decimal({width}, {scale}))"
    )
    if is_double:
        return _spark(rounded, x=node.this)
    plain = f"{cast}(x as decimal({width}, {scale}))"
    return _spark(f"case when typeof(x) = 'double' then {rounded} else {plain} end", x=node.this)


def _unit(scale: int) -> str:
    """Return the last digit of a decimal with a scale, as a decimal."""
    return f"cast('{'0.' + '0' * (scale - 1) + '1' if scale else '1'}' as decimal({scale + 1}, {scale}))"


def _is_double(node: Any) -> bool | None:
    """Return whether an expression is a double, None if its words do not tell: then it is a column or a function."""
    kind: bool | None = None
    if isinstance(node, exp.Cast):
        kind = node.to.is_type("double")
    elif isinstance(node, exp.Literal | exp.Null | exp.Count | exp.CountIf | exp.Boolean | exp.Length):
        kind = False
    elif isinstance(node, DOUBLES):
        kind = True
    elif isinstance(node, WITHIN):
        kind = _any([_is_double(part) for part in _parts(node)])
    return kind


def _any(kinds: list[bool | None]) -> bool | None:
    """Return whether one is a double, and then all are; None if that is not known."""
    return True if True in kinds else None if None in kinds else False


def _parts(node: Any) -> list[Any]:
    """Return the values that an expression of WITHIN can have or is computed of."""
    if isinstance(node, exp.Case):
        return [*(branch.args["true"] for branch in node.args["ifs"]), node.args.get("default") or exp.null()]
    if isinstance(node, exp.If):
        return [node.args["true"], node.args.get("false") or exp.null()]
    if isinstance(node, exp.Nullif | exp.Window | exp.Filter | exp.Round):
        return [node.this]
    return [part for part in node.iter_expressions() if isinstance(part, exp.Expr)]


# In the portable subset, what is divided is a double.
DOUBLES = (exp.Div, exp.Avg, exp.Sqrt, exp.Ln, exp.Exp, exp.Pow, exp.Log, exp.Median)
WITHIN = (
    exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least,
    exp.Round, exp.Abs, exp.Sum, exp.Min, exp.Max, exp.Window, exp.Filter,
)  # fmt: skip


def _spark(text: str, **parts: exp.Expr) -> Any:
    """Return the tree of a text in Spark's dialect whose names are filled in."""
    tree = sqlglot.parse_one(text, read=DIALECT)
    for column in list(tree.find_all(exp.Column)):
        if not column.table and column.name in parts:
            column.replace(parts[column.name].copy())
    return tree


RULES: dict[type[Any], Callable[[Any], Any]] = {
    exp.Avg: _mean,
    exp.CountIf: _count_if,
    exp.Median: _median,
    exp.Cast: _cast,
    exp.TryCast: _cast,
}
