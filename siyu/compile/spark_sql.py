"""The SQL of a model in the dialect of Spark.

Models keep to the portable subset, so that most of a query is the same text. Where the two engines give the same words
another meaning, the tree of the query is changed, so that Spark computes what DuckDB does:

- A double becomes a decimal by rounding after a multiplication. Spark rounds the shortest text of the double.
- What is divided is a double, and so is a mean. Spark makes decimals of decimals.
- A median lies in the middle of two doubles, also in a window with a frame, which Spark does not have for medians.
- NULL is the greatest field of a struct; count_if of nothing but NULLs is NULL; arg_max passes over NULLs.
- A series that ends before it begins is empty. Months are counted by their first days.
- trim() removes blanks of every width. In a pattern, $ is the end of the text, and only a line feed ends a line.
"""

from __future__ import annotations

import re
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
    return SparkQuery(
        tree.sql(dialect=DIALECT, pretty=pretty, comments=pretty, identify=bool(inputs)), relations, files
    )


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
    return _aggregated(
        node,
        "(cast(total as double) / number)",
        total=_spark("sum(x)", x=node.this),
        number=_spark("count(x)", x=node.this),
    )


def _count_if(node: Any) -> Any:
    """Return count_if() as a sum, which is NULL for nothing but NULLs."""
    return _spark("sum(cast(x as bigint))", x=node.this)


def _median(node: Any) -> Any:
    """Return median() over the sorted values."""
    return _aggregated(node, MIDDLE, x=_spark("collect_list(cast(x as double))", x=node.this))


def _aggregated(node: Any, text: str, **parts: Any) -> Any:
    """Return a text over aggregates in place of an aggregate. An OVER or a FILTER around it moves to each of them."""
    outermost = node
    while isinstance(outermost.parent, exp.Window | exp.Filter) and outermost.arg_key == "this":
        outermost = outermost.parent
        for name, part in parts.items():
            around = outermost.copy()
            around.set("this", part)
            parts[name] = around
    changed = _spark(text, **parts)
    if outermost is node:
        return changed
    outermost.replace(changed)
    return node


# As DuckDB computes it: half of the lower one and half of the upper one.
MIDDLE = (
    "cast(get(transform(array(array_sort(x)), a -> get(a, (size(a) - 1) div 2) * cast(0.5 as double)"
    " + get(a, size(a) div 2) * cast(0.5 as double)), 0) as double)"
)


def _of_doubles(node: Any) -> Any:
    """Return a logarithm or power that DuckDB computes, in the workers of Spark: other libraries round another way."""
    values = [node.this, node.expression]
    name = {exp.Ln: "duckdb_ln", exp.Exp: "duckdb_exp", exp.Pow: "duckdb_power"}.get(type(node))
    if isinstance(node, exp.Log) and node.this.name == "10":
        name, values = "duckdb_log10", [node.expression]
    if name is None:
        return node
    arguments = [exp.cast(_whole(value), "double") for value in values if value]
    for argument in arguments:  # workers get all rows, also those that a condition around this leaves out
        for division in reversed(list(argument.find_all(exp.Div))):
            parts = [division.this.copy(), division.expression.copy()]
            division.replace(exp.Anonymous(this="try_divide", expressions=parts))
    return exp.cast(exp.Anonymous(this=name, expressions=arguments), "double")


def _divide(node: Any) -> Any:
    """Return a division of doubles: DuckDB's are all, and Spark divides decimals as decimals."""
    if isinstance(node.this, exp.Cast) and node.this.to.is_type("double"):
        return node
    node.set("this", exp.cast(_whole(node.this), "double"))
    return node


def _series(node: Any) -> Any:
    """Return a series that is empty if it ends before it begins: Spark would count down."""
    if isinstance(node.parent, exp.If):
        return node
    start, end = node.args["start"], node.args["end"]
    in_order = exp.If(this=exp.LTE(this=_whole(start), expression=_whole(end)), true=node.copy())
    ends_before = exp.If(this=exp.GT(this=_whole(start), expression=_whole(end)), true=exp.Array())
    return exp.Case(ifs=[in_order, ends_before])


def _struct(node: Any) -> Any:
    """Return a struct that has, before each field, whether it is NULL: so NULL is the greatest, as in DuckDB."""
    fields = []
    for field in node.expressions:
        if not isinstance(field, exp.PropertyEQ):
            return node
        is_null = exp.paren(exp.Is(this=_whole(field.expression), expression=exp.null()))
        fields += [exp.PropertyEQ(this=exp.to_identifier(f"{field.name}__is_null"), expression=is_null), field.copy()]
    return exp.Struct(expressions=fields)


def _arg(node: Any) -> Any:
    """Return arg_max() or arg_min() that passes over NULLs, as DuckDB does."""
    by = _spark("case when x is not null then y end", x=node.this, y=node.expression)
    return type(node)(this=node.this.copy(), expression=by)


def _trim(node: Any) -> Any:
    """Return trim() of all the blanks that DuckDB removes. Spark removes one of them."""
    if node.args.get("expression") is None:
        node.set("expression", exp.Literal.string(BLANKS))
        node.set("position", node.args.get("position") or "BOTH")
    return node


BLANKS = "".join(map(chr, (0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))


def _pattern(node: Any) -> Any:
    """Return a use of a pattern in which only a line feed ends a line, and $ is the end of the text."""
    pattern = node.expression
    if isinstance(pattern, exp.Literal) and not pattern.name.startswith(UNIX_LINES):
        pattern.replace(exp.Literal.string(UNIX_LINES + END.sub(lambda found: found[1] or r"\z", pattern.name)))
    return node


UNIX_LINES = "(?d)"
# What is skipped in a pattern: an escaped character, and a class of characters. What is left is a $ that stands alone.
END = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|\$")


def _months(node: Any) -> Any:
    """Return date_diff() in months, quarters or years by their boundaries. Spark counts whole ones."""
    size = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}.get(node.text("unit").upper())
    if size is None:
        return node
    text = "(year(a) * 12 + month(a) - 1) div size - (year(b) * 12 + month(b) - 1) div size"
    return exp.paren(_spark(text, a=node.this, b=node.expression, size=exp.Literal.number(size)))


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
    return f"cast('{'0.' + '0' * (scale - 1) + '1' if scale else '1'}' as decimal({max(scale, 1)}, {scale}))"


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


def _whole(node: exp.Expr) -> exp.Expr:
    """Return a copy of an expression that stays one, whatever stands around it."""
    return exp.paren(node) if isinstance(node, exp.Binary | exp.Unary | exp.Between | exp.In) else node.copy()


def _spark(text: str, **parts: exp.Expr) -> Any:
    """Return the tree of a text in Spark's dialect whose names are filled in."""
    tree = sqlglot.parse_one(text, read=DIALECT)
    for column in list(tree.find_all(exp.Column)):
        if not column.table and column.name in parts:
            column.replace(_whole(parts[column.name]))
    return tree


RULES: dict[type[Any], Callable[[Any], Any]] = {
    exp.ArgMax: _arg,
    exp.ArgMin: _arg,
    exp.Avg: _mean,
    exp.CountIf: _count_if,
    exp.DateDiff: _months,
    exp.Div: _divide,
    exp.Exp: _of_doubles,
    exp.GenerateSeries: _series,
    exp.Ln: _of_doubles,
    exp.Log: _of_doubles,
    exp.Median: _median,
    exp.Pow: _of_doubles,
    exp.RegexpExtract: _pattern,
    exp.RegexpLike: _pattern,
    exp.RegexpReplace: _pattern,
    exp.Struct: _struct,
    exp.Trim: _trim,
    exp.Cast: _cast,
    exp.TryCast: _cast,
}
