"""Fields that staging refuses: what a model takes for no valid value becomes NULL, and is counted.

A macro says so itself: `{% call checked(column, 'no mobile number') %}…{% endcall %}` around the SQL of the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from siyu.compile.model_files import Model, relation
from siyu.compile.shapes import ShapeColumn
from siyu.compile.template import Checked

NO_MOMENT = "a record without its moment counts nowhere"
DROPPED = (
    "expressions",
    "with_",
    "distinct",
    "order",
    "limit",
    "offset",
    "qualify",
)  # what does not decide which rows are read


@dataclass(frozen=True)
class RefusedField:
    """`sql` yields (export, rows): how often the field held something that became NULL."""

    field: str
    reason: str
    sql: str


def refused_fields(
    model: Model, tree: exp.Query, checked: Sequence[Checked], moments: Sequence[ShapeColumn], exports: Sequence[str]
) -> Iterator[RefusedField]:
    """The counting queries of a staging model: of every checked value, and of records that lack their moment."""
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


def _rows(select: exp.Select, item: Checked, exports: Sequence[str]) -> str:
    """What a select reads: a row each, with the export it comes from, the field and the value made of it."""
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
