"""What a query says about the rows of its sources: which of them can matter, and which columns identify one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

# column -> the texts that it may have; rows with other values cannot matter.
Limits = Mapping[str, frozenset[str]]
Source = exp.Expr | Scope
TEXTS = (exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR)
MULTIPLYING = (exp.Unnest, exp.Explode)  # in a select list, they yield several rows


def sources_of(scope: Scope) -> dict[str, tuple[exp.Expr, Source]]:
    """Return alias -> node and source of what a select reads, with the right sides of semi and anti joins."""
    found: dict[str, tuple[exp.Expr, Source]] = {}
    for alias, reference in scope.references:
        node: exp.Expr = reference
        while isinstance(node.parent, exp.Subquery) and node.alias_or_name != alias:
            node = node.parent
        if alias in scope.sources:
            found[alias] = node, scope.sources[alias]
    return found


def plain(item: exp.Expr) -> exp.Expr:
    """Return an expression without its alias, brackets and casts to text."""
    while isinstance(item, exp.Alias | exp.Paren) or (isinstance(item, exp.Cast) and item.is_type(*TEXTS)):
        item = item.this
    return item


def conjuncts(condition: exp.Expr | None) -> list[exp.Expr]:
    """Return the parts of a condition that must all be true."""
    if isinstance(condition, exp.Where | exp.Paren | exp.Qualify):
        return conjuncts(condition.this)
    if isinstance(condition, exp.And):
        return conjuncts(condition.this) + conjuncts(condition.expression)
    return [] if condition is None else [condition]


def stated_limits(select: exp.Select) -> dict[str, dict[str, frozenset[str]]]:
    """Return alias -> what WHERE and the conditions of joins say about its columns in comparisons with texts."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for condition in conjuncts(select.args.get("where")):
        _add(found, condition, None)
    for join in select.args.get("joins") or []:
        side, kind = str(join.side or "").upper(), str(join.kind or "").upper()
        is_inner = not side and kind in ("", "INNER", "CROSS")
        if is_inner or side == "LEFT" or kind in ("SEMI", "ANTI"):
            for condition in conjuncts(join.args.get("on")):
                _add(found, condition, None if is_inner else join.alias_or_name)
    return found


def _add(found: dict[str, dict[str, frozenset[str]]], condition: exp.Expr, only: str | None) -> None:
    column, values = _compared(condition)
    if column is not None and column.table and only in (None, column.table):
        narrow(found.setdefault(column.table, {}), column.name, values)


def narrow(limits: dict[str, frozenset[str]], column: str, values: frozenset[str]) -> None:
    """Add a limit to those that are known."""
    limits[column] = limits[column] & values if column in limits else values


def _compared(condition: exp.Expr) -> tuple[exp.Column | None, frozenset[str]]:
    """Return the column of `column = 'text'` or `column in ('text', …)`, and the texts."""
    if isinstance(condition, exp.EQ):
        sides = [condition.this, condition.expression]
        columns = [side for side in sides if isinstance(side, exp.Column)]
        texts = [side.name for side in sides if isinstance(side, exp.Literal) and side.is_string]
        if len(columns) == len(texts) == 1:
            return columns[0], frozenset(texts)
    if isinstance(condition, exp.In) and isinstance(condition.this, exp.Column):
        items = condition.expressions
        if items and all(isinstance(item, exp.Literal) and item.is_string for item in items):
            return condition.this, frozenset(item.name for item in items)
    return None, frozenset()


def passes(select: exp.Select, column: exp.Column) -> bool:
    """Return whether a limit on an output column may be applied to the source column that it shows.

    It may not if rows with other values decide what a row shows: in a limit, a group, or a window across values.
    """
    if any(select.args.get(name) for name in ("limit", "offset")):
        return False
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        return False
    group = select.args.get("group")
    if group is None and has_aggregate(select):
        return False
    if group is not None and (column not in group.expressions or not is_plain_group(group)):
        return False
    return all(column in (window.args.get("partition_by") or []) for window in own(select, exp.Window))


def is_plain_group(group: exp.Group) -> bool:
    """Return whether a GROUP BY has no rollup, cube or grouping sets."""
    return not [name for name, value in group.args.items() if value and name != "expressions"]


def own(part: exp.Expr, *kinds: type[exp.Expr]) -> Iterator[exp.Expr]:
    """Yield the expressions of some kinds in a select or a part of one, not those in its subqueries and CTEs."""
    for node in part.walk(prune=lambda node: node is not part and isinstance(node, exp.Query | exp.CTE)):
        if isinstance(node, kinds):
            yield node


def has_aggregate(part: exp.Expr) -> bool:
    """Return whether a select, or a part of one, aggregates rows, not over a window."""
    found = (node for node in own(part, exp.AggFunc) if not _in_window(node))
    return next(found, None) is not None


def _in_window(node: exp.Expr) -> bool:
    above = node.parent
    while isinstance(above, exp.IgnoreNulls | exp.RespectNulls | exp.Filter | exp.WithinGroup):
        above = above.parent
    return isinstance(above, exp.Window)


class Keys:
    """Which columns of a source identify a row. `grains` are those of tables, relation -> columns."""

    def __init__(self, grains: Mapping[str, tuple[str, ...]]) -> None:
        self._grains = grains
        self._known: dict[int, list[frozenset[str]]] = {}

    def of(self, source: Source) -> list[frozenset[str]]:
        """Return the sets of columns that identify a row of the source, as far as its query shows them."""
        if isinstance(source, exp.Table):
            grain = self._grains.get(f"{source.db}.{source.name}")
            return [frozenset(grain)] if grain else []
        if not isinstance(source, Scope) or not isinstance(source.expression, exp.Select):
            return []
        if id(source) not in self._known:
            self._known[id(source)] = list(self._of_select(source, source.expression))
        return self._known[id(source)]

    def _of_select(self, scope: Scope, select: exp.Select) -> Iterator[frozenset[str]]:
        if next(own(select, exp.UDTF), None) is not None or next(own(select, *MULTIPLYING), None) is not None:
            return
        outputs = [(plain(item), item.alias_or_name) for item in select.selects]

        def named(columns: list[exp.Expr]) -> Iterator[frozenset[str]]:
            names = [next((name for item, name in outputs if item == plain(column)), None) for column in columns]
            if None not in names:
                yield frozenset(name for name in names if name is not None)

        group, distinct = select.args.get("group"), select.args.get("distinct")
        if distinct is not None and not distinct.args.get("on"):
            yield frozenset(name for _, name in outputs)
        if group is not None:
            if is_plain_group(group):
                yield from named(group.expressions)
        elif has_aggregate(select):
            yield frozenset()
        elif not select.args.get("joins") and len(sources_of(scope)) == 1:
            for alias, (_, source) in sources_of(scope).items():
                for key in self.of(source):
                    yield from named([exp.column(name, table=alias) for name in sorted(key)])
        for partition in _first_rows(select):
            yield from named(partition)


def _first_rows(select: exp.Select) -> Iterator[list[exp.Expr]]:
    """Yield the partitions of which QUALIFY keeps one row: row_number() over (partition by …) = 1."""
    for condition in conjuncts(select.args.get("qualify")):
        if isinstance(condition, exp.EQ) and condition.expression == exp.Literal.number(1):
            window = condition.this
            if isinstance(window, exp.Window) and isinstance(window.this, exp.RowNumber):
                yield window.args.get("partition_by") or []


def has_one_row(source: Source) -> bool:
    """Return whether a query has exactly one row: it aggregates everything, or reads one such query, or nothing."""
    if not isinstance(source, Scope) or not isinstance(source.expression, exp.Select):
        return False
    select = source.expression
    if next(own(select, exp.Explode), None) is not None:
        return False
    if any(select.args.get(name) for name in ("group", "having", "qualify", "limit", "offset")):
        return False
    if has_aggregate(select):
        return True
    if select.args.get("where") or select.args.get("joins"):
        return False
    return all(has_one_row(read) for _, read in sources_of(source).values())


def is_needless(join: exp.Join, source: Source, keys: Keys) -> bool:
    """Return whether a join of which nothing is read does not change the rows, as the keys of its source show."""
    alias, side, kind = join.alias_or_name, str(join.side or "").upper(), str(join.kind or "").upper()
    if not side and kind in ("", "CROSS") and join.args.get("on") is None:
        return has_one_row(source)
    if not _is_left(join):
        return False
    equal = {
        side.name
        for condition in conjuncts(join.args.get("on"))
        if isinstance(condition, exp.EQ)
        for side, other in ((condition.this, condition.expression), (condition.expression, condition.this))
        if isinstance(side, exp.Column) and side.table == alias
        and not any(column.table == alias for column in other.find_all(exp.Column))
    }  # fmt: skip
    return any(key <= equal for key in keys.of(source))


def adds_no_rows(join: exp.Join, select: exp.Select, grain: tuple[str, ...]) -> bool:
    """Return whether a left join adds no rows because other sources identify each row of the select.

    `grain` are the columns that identify a row. If the join found two rows for one, they would be the same in them.
    """
    if not grain or not _is_left(join) or has_aggregate(select) or next(own(select, exp.Window), None) is not None:
        return False
    if any(select.args.get(name) for name in ("group", "distinct", "qualify", "limit", "offset")):
        return False
    items = {item.alias_or_name: item for item in select.selects}
    return all(name in items and join.alias_or_name not in aliases_in([items[name]]) for name in grain)


def _is_left(join: exp.Join) -> bool:
    return str(join.side or "").upper() == "LEFT" and str(join.kind or "").upper() in ("", "OUTER")


def nodes_in(values: Iterable[object]) -> list[exp.Expr]:
    """Return the expressions among values and lists of them."""
    flat = [node for value in values for node in (value if isinstance(value, list) else [value])]
    return [node for node in flat if isinstance(node, exp.Expr)]


def aliases_in(nodes: Iterable[exp.Expr]) -> set[str]:
    """Return the aliases of the sources whose columns some expressions read."""
    return {column.table for node in nodes for column in node.find_all(exp.Column)}


def copied(value: object) -> object:
    """Return a copy of an expression or of a list of them."""
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value.copy() if isinstance(value, exp.Expr) else value
