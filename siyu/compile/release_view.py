"""The query of a view that a release has itself: config(materialized='view', published='view').

The model reads tables of the build database, the view in the release reads published tables. There, personal columns
are hashed and masked, and timestamps have their business dates beside them (siyu/release/columns.py). So the view takes
those columns from the published tables, and it may not use a semantic function, which readers of a release do not have.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlglot import exp

from siyu.compile.project import CompiledModel
from siyu.errors import ConfigError, SiyuError, raise_all

SEMANTIC = "fn_"
# (column of the model, column of the table that it is taken from) -> published names, as (of the table, of the view)
Published = Callable[[str, str], Sequence[tuple[str, str]]]


def release_query(model: CompiledModel, published: Published, personal: Collection[str]) -> str:
    """Return the query over published tables, in the dialect of DuckDB, without comments.

    `published` says under which names a column is published. `personal` are the names of personal columns of the tables
    that the model reads. Raises ConfigError with everything that a view in a release cannot do.
    """
    tree: Any = model.tree.copy()
    if not isinstance(tree, exp.Select):
        raise ConfigError(f"{model.name} is a union", model.model.file, "a view in a release is one select.")
    tables = _tables(tree)
    chosen: list[Any] = []
    errors: list[SiyuError] = list(_semantic_functions(model, tree))
    passed = set()
    for item in tree.selects:
        name = item.alias_or_name
        names = published(name, name)
        if [own for _, own in names] == [name]:
            chosen.append(item)
            continue
        column: Any = item.unalias()
        taken = published(name, column.name) if isinstance(column, exp.Column) and column.table in tables else ()
        if not taken:
            errors.append(_not_direct(model, name))
        passed.add(id(column))
        chosen += [exp.column(read, table=column.table).as_(own) for read, own in taken]
    errors += [
        _personal_inside(model, column.sql())
        for column in tree.find_all(exp.Column)
        if column.name in personal and id(column) not in passed and not _reads_no_table(column, tables)
    ]
    raise_all(errors)
    tree.set("expressions", chosen)
    return str(tree.sql(dialect="duckdb", pretty=True, comments=False, normalize_functions=False))


def _tables(tree: Any) -> set[str]:
    """Return the aliases of tables, not of subqueries and CTEs, in the outermost FROM."""
    parts = [tree.args.get("from_") or tree.args.get("from"), *(tree.args.get("joins") or [])]
    return {part.this.alias_or_name for part in parts if part and isinstance(part.this, exp.Table) and part.this.db}


def _reads_no_table(column: Any, tables: set[str]) -> bool:
    """Return whether a column of the outermost select is one of a CTE, whose query is checked by itself."""
    return column.parent_select is not None and column.parent_select.parent is None and column.table not in tables


def _semantic_functions(model: CompiledModel, tree: Any) -> Iterator[SiyuError]:
    for name in sorted({str(call.this) for call in tree.find_all(exp.Anonymous)}):
        if name.lower().startswith(SEMANTIC):
            problem = f"{model.name} uses {name}, which readers of a release do not have"
            fix = "take the value from a table, or remove published='view': then publishing writes a table."
            yield ConfigError(problem, model.model.file, fix)


def _not_direct(model: CompiledModel, name: str) -> ConfigError:
    return ConfigError(
        f"{name} of {model.name} is published under other names, but is not a column of a table",
        model.model.file,
        "take it as alias.column in the outermost select, from a table and not from a CTE.",
    )


def _personal_inside(model: CompiledModel, column: str) -> ConfigError:
    return ConfigError(
        f"{model.name} reads {column}, which releases have only hashed and masked",
        model.model.file,
        "take personal columns as alias.column in the outermost select, or compare their hashes in another model.",
    )
