"""What binding finds out about a model: the types of its columns, and which columns it reads of each relation."""

from __future__ import annotations

from typing import Any

from siyu.compile.bind import Binder
from siyu.compile.project import CompiledModel
from siyu.compile.template import Rendered
from siyu.errors import ConfigError


def bound(binder: Binder, compiled: CompiledModel, rendered: Rendered) -> dict[str, Any]:
    """Return the fact about a model that the cache keeps. Raises ConfigError if the engine rejects a query of it."""
    if compiled.companion:
        plan = binder.check_query(compiled.sql, rendered)
        types = binder.query_columns(compiled.sql)
    else:
        types, plan = binder.bind(rendered)
        _check_refused(binder, compiled)
    return {"types": types, "reads": columns_read(plan)}


def _check_refused(binder: Binder, compiled: CompiledModel) -> None:
    """Try the queries that count invalid values, all in one: planning one takes nearly as long as planning a dozen."""
    together = " union all ".join(f"select * from ({item.sql})" for item in compiled.refused)
    if not together or binder.query_problem(together) is None:
        return
    for item in compiled.refused:
        if problem := binder.query_problem(item.sql):
            raise ConfigError(
                f"invalid values of {item.field} in {compiled.name} ({item.reason}) cannot be counted: {problem}",
                compiled.model.file,
                "call checked() or fn_try_…() in a select or CTE of its own, not inside a subquery.",
            )


def columns_read(plan: Any) -> dict[str, list[str]]:
    """Return relation -> the columns that a bound plan reads of it; a count of rows alone reads none.

    A relation whose columns the plan does not list is left out, as one that is not in the plan.
    """
    found: dict[str, set[str]] = {}
    unclear: set[str] = set()
    for node in plan["nodes"]:
        table = node.get("function_data")
        if isinstance(table, dict) and "table" in table:
            name, columns = f"{table.get('schema')}.{table['table']}", _columns(node)
            found.setdefault(name, set()).update(columns or ())
            if columns is None:
                unclear.add(name)
    return {name: sorted(columns) for name, columns in sorted(found.items()) if name not in unclear}


def _columns(scan: dict[str, Any]) -> list[str] | None:
    """Return the columns of one scan, None if it does not list them. The number of a row is no column."""
    names, read = scan.get("names"), scan.get("column_indexes")
    if not isinstance(names, list) or not isinstance(read, list):
        return None
    numbers = [one["index"] for one in read if isinstance(one, dict) and isinstance(one.get("index"), int)]
    if len(numbers) != len(read):
        return None
    return [names[number] for number in numbers if 0 <= number < len(names)]
