"""Invalid fields: staging replaces their values with NULL, and siyu counts them.

A macro marks the SQL of such a value: `{% call checked(column, 'no mobile number') %}…{% endcall %}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from siyu.compile.model_files import Model, relation
from siyu.compile.shapes import ShapeColumn
from siyu.compile.template import Checked

PLACEHOLDER = "a word for nothing, such as null or 未填写"
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
    for item in dict.fromkeys(checked):
        value = sqlglot.parse_one(item.value, dialect="duckdb")
        selects = {id(s): s for n in tree.find_all(type(value)) if n == value and (s := n.find_ancestor(exp.Select))}
        for select in selects.values():
            around = select.find_ancestor(exp.CTE)
            earlier = ctes[: next((i for i, cte in enumerate(tree.ctes) if cte is around), len(ctes))]
            read = ("with " + ", ".join(earlier) + " " if earlier else "") + _rows(select, item, exports)
            sql = (
                f"select export, count(*) from ({read}) where value is null"
                " and nullif(trim(cast(field as varchar)), '') is not null group by export"
            )
            field = sqlglot.parse_one(item.field, dialect="duckdb")
            yield RefusedField(field.name if isinstance(field, exp.Column) else item.field, item.reason, sql)
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
            f" where {is_placeholder} and fn_trimmed({column}) <> '' group by all"
        )
        yield RefusedField(column, PLACEHOLDER, sql)


def _rows(select: exp.Select, item: Checked, exports: Sequence[str]) -> str:
    """Return a query of the rows that a select reads: the export, the field, and the value made of the field."""
    record_id = next((s.this for s in select.selects if s.alias_or_name == "record_id"), None)
    if record_id is not None and not isinstance(record_id, exp.Identifier):
        export = f"split_part({_sql(record_id)}, ':', 1)"
    else:
        read = {table.name.partition("__")[2] for table in select.find_all(exp.Table) if table.db == "raw"}
        export = f"'{', '.join(sorted(read or exports))}'"
    rest = exp.Select()
    for part, content in select.args.items():
        if part not in DROPPED:
            copied = [node.copy() for node in content] if isinstance(content, list) else content and content.copy()
            rest.set(part, copied)
    return (
        f"select {export} as export, {item.field} as field, {item.value} as value {_sql(rest).removeprefix('SELECT')}"
    )


def _sql(node: exp.Expr) -> str:
    return node.sql(dialect="duckdb", normalize_functions=False)
