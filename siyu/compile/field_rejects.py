"""Invalid fields: staging replaces their values with NULL, and siyu counts them.

A macro marks the SQL of such a value: `{% call checked(column, 'no mobile number') %}…{% endcall %}`. The functions
fn_try_date, fn_try_timestamp and fn_try_decimal need no mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from siyu.compile.model_files import Model, relation
from siyu.compile.shapes import ShapeColumn
from siyu.compile.template import Checked

PLACEHOLDER = "a placeholder, such as null or 未填写"
TRIED = {
    "fn_try_date": "no date in the expected format",
    "fn_try_timestamp": "no date and time in the expected format",
    "fn_try_decimal": "no number in the expected format",
}
NO_MOMENT = "no date or time: the record is left out"
DROPPED = (
    "expressions",
    "with_",
    "distinct",
    "order",
    "limit",
    "offset",
    "qualify",
)  # parts of a select that do not decide which rows it reads


@dataclass(frozen=True)
class RefusedField:
    """`sql` yields (export, rows): the number of rows in which the field had a value that became NULL."""

    field: str
    reason: str
    sql: str


def refused_fields(
    model: Model, tree: exp.Query, checked: Sequence[Checked], moments: Sequence[ShapeColumn], exports: Sequence[str]
) -> Iterator[RefusedField]:
    """Yield the counting queries of a staging model: for each checked value, and for records without date or time."""
    ctes = [f"{cte.args['alias'].sql()} as ({_sql(cte.this)})" for cte in tree.ctes]
    for item in dict.fromkeys([*checked, *_tried(tree, checked)]):
        value = sqlglot.parse_one(item.value, dialect="duckdb")
        selects = {id(s): s for n in tree.find_all(type(value)) if n == value and (s := n.find_ancestor(exp.Select))}
        for select in selects.values():
            around = select.find_ancestor(exp.CTE)
            earlier = ctes[: next((i for i, cte in enumerate(tree.ctes) if cte is around), len(ctes))]
            read = ("with " + ", ".join(earlier) + " " if earlier else "") + _rows(select, item, value, exports)
            sql = (
                f"select export, count(*) from ({read}) where value is null"
                " and nullif(trim(cast(field as varchar)), '') is not null group by export"
            )
            field = sqlglot.parse_one(item.field, dialect="duckdb")
            names = {column.name for column in field.find_all(exp.Column)}
            is_plain = isinstance(field, exp.Column) or (item.reason in TRIED.values() and len(names) == 1)
            yield RefusedField(names.pop() if is_plain else item.field, item.reason, sql)
    staged = {select.alias_or_name for select in tree.selects}
    for column in moments:
        if column.name in staged:
            sql = (
                f"select split_part(record_id, ':', 1), count(*) from {relation(model.name)}"
                f" where {column.name} is null group by all"
            )
            yield RefusedField(column.name, NO_MOMENT, sql)


def placeholder_fields(model: Model, conditions: Mapping[str, str]) -> Iterator[RefusedField]:
    """Yield the counting queries of placeholders. `conditions` maps a column of the staging model to the condition."""
    for column, is_placeholder in conditions.items():
        sql = (
            f"select split_part(record_id, ':', 1) as export, count(*) from {relation(model.name)}"
            f" where {is_placeholder} and fn_trim({column}) <> '' group by all"
        )
        yield RefusedField(column, PLACEHOLDER, sql)


def _tried(tree: exp.Query, checked: Sequence[Checked]) -> Iterator[Checked]:
    """Yield the calls of fn_try functions, apart from those inside of a value that is checked already."""
    known = [sqlglot.parse_one(item.value, dialect="duckdb") for item in checked]
    for call in tree.find_all(exp.Anonymous):
        reason = TRIED.get(call.name.lower())
        if reason and not any(around == value for value in known for around in _around(call)):
            yield Checked(_sql(call.expressions[0]), reason, _sql(call))


def _around(node: exp.Expr) -> Iterator[exp.Expr]:
    found: exp.Expr | None = node
    while found is not None:
        yield found
        found = found.parent


def _rows(select: exp.Select, item: Checked, value: exp.Expr, exports: Sequence[str]) -> str:
    """Return a query of the rows that a select reads: the export, the field, and the value made of the field.

    If the select keeps only rows in which the value is valid, or aggregates it, all rows count.
    """
    dropped = set(DROPPED)
    dropped |= {"where"} if any(node == value for node in _inside(select.args.get("where"))) else set()
    here = [node for node in select.find_all(type(value)) if node == value]
    if any(node.find_ancestor(exp.AggFunc, exp.Select) is not select for node in here):
        dropped |= {"group", "having"}
    record_id = next((s.this for s in select.selects if s.alias_or_name == "record_id"), None)
    if record_id is not None and not isinstance(record_id, exp.Identifier):
        export = f"split_part({_sql(record_id)}, ':', 1)"
    else:
        read = {table.name.partition("__")[2] for table in select.find_all(exp.Table) if table.db == "raw"}
        export = f"'{', '.join(sorted(read or exports))}'"
    rest = exp.Select()
    for part, content in select.args.items():
        if part not in dropped:
            copied = [node.copy() for node in content] if isinstance(content, list) else content and content.copy()
            rest.set(part, copied)
    return (
        f"select {export} as export, {item.field} as field, {item.value} as value {_sql(rest).removeprefix('SELECT')}"
    )


def _inside(node: exp.Expr | None) -> Iterator[exp.Expr]:
    return iter(()) if node is None else node.walk()


def _sql(node: exp.Expr) -> str:
    return node.sql(dialect="duckdb", normalize_functions=False)
