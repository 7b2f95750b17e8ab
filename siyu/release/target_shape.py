"""Fit a table that stays to the columns, the key and the indexes of a new release.

A change of a column takes a lock for which readers would have to wait. It changes only the catalog, and waits no longer
than LOCK_TIMEOUT for readers before it lets them pass and tries again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from siyu.engines.postgresql import Postgres, patiently, qualified
from siyu.engines.sql import quote_name
from siyu.errors import TargetFailed
from siyu.release.target_catalog import dependants, standing
from siyu.release.target_tables import TargetTable

NEXT, OLD = "__next", "__old"  # endings of a column whose type changes: before the swap, and for views that read it
KEY = "siyu_key_"  # beginning of the name of a unique index, in a table whose primary key once did not hold
LOCK_TIMEOUT = "400ms"
LOCK_PATIENCE = 60.0  # seconds
LOCKED, HAS_DEPENDANTS = "55P03", "2BP01"


@dataclass(frozen=True)
class Shape:
    """How a table that stays gets its rows. `query` names columns as they are called during the load."""

    table: TargetTable
    query: str
    after_rows: tuple[str, ...]  # statements that no reader waits for
    retyped: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    is_new: bool = False  # the definition changed, or nobody knows


def fit(server: Postgres, table: TargetTable) -> Shape:
    """Add the columns that a table lacks, and drop a key that its new rows break, each in a transaction of its own."""
    target, now = qualified(table.schema, table.name), standing(server, table.schema, table.name)
    left = [name for name in now.columns if name.endswith(NEXT)]  # of a load that died
    has = {name: kind for name, kind in now.columns.items() if not name.endswith(NEXT)}
    wanted = {column.name: column.type for column in table.columns}
    retyped = tuple(name for name, kind in wanted.items() if name in has and has[name] != kind)
    added = [*((name, wanted[name]) for name in wanted if name not in has), *((n + NEXT, wanted[n]) for n in retyped)]
    removed = tuple(name for name in has if name not in wanted and not name.endswith(OLD))
    statements = [f"alter table {target} drop column {quote_name(name)}" for name in left]
    statements += [f"alter table {target} add column {quote_name(name)} {kind}" for name, kind in added]
    broken = [one for one in now.unique if one[1] != table.key or set(retyped) & set(table.key)]
    for name, columns, is_primary in broken:
        if is_primary:
            statements.append(f"alter table {target} drop constraint {quote_name(name)}")
            statements += [f"alter table {target} alter column {quote_name(c)} drop not null" for c in columns]
        elif name.startswith(KEY):
            statements.append(f"drop index {qualified(table.schema, name)}")
    if statements:
        _lock(server, [target])
        server.execute_all(statements)
        server.commit()
    # A column whose type changes gets its index in the next load, when it has its name again.
    has_key = any(columns == table.key for _, columns, _ in now.unique)
    after = []
    if table.key and not has_key and not set(retyped) & set(table.key):
        after.append(f"create unique index {quote_name(_key_name(table))} on {target} ({listed(table.key)})")
    after += [
        f"create index on {target} ({listed(index)})"
        for index in table.indexes
        if index not in now.indexes and not set(index) & set(retyped)
    ]
    renamed = replace(
        table, columns=tuple(replace(c, name=c.name + NEXT) if c.name in retyped else c for c in table.columns)
    )
    return Shape(table, renamed.query, tuple(after), retyped, removed, is_new=True)


def _key_name(table: TargetTable) -> str:
    return KEY + hashlib.sha256(table.shown.encode()).hexdigest()[:16]


def listed(names: Iterable[str]) -> str:
    """Return names as a list of columns."""
    return ", ".join(map(quote_name, names))


def settle(server: Postgres, shapes: Iterable[Shape]) -> list[str]:
    """Drop the columns that a release no longer has, and give those of a new type their names. The last step before the
    commit. Returns a note for each column that stays because views read it."""
    touched = [shape for shape in shapes if shape.retyped or shape.removed]
    if not touched:
        return []
    _lock(server, [qualified(shape.table.schema, shape.table.name) for shape in touched])
    return [note for shape in touched for note in _settle_columns(server, shape)]


def _settle_columns(server: Postgres, shape: Shape) -> Iterable[str]:
    table = shape.table
    target = qualified(table.schema, table.name)
    for name in (*shape.removed, *shape.retyped):
        try:
            server.attempt([f"alter table {target} drop column {quote_name(name)}"])
        except TargetFailed as error:
            if error.state != HAS_DEPENDANTS:
                raise
            views = ", ".join(dependants(server, table.schema, table.name))
            if name in shape.retyped:
                server.execute(f"alter table {target} rename column {quote_name(name)} to {quote_name(name + OLD)}")
            yield f"{table.shown}.{name} changed or is gone; views that read it find NULL: {views}"
    for name in shape.retyped:
        server.execute(f"alter table {target} rename column {quote_name(name + NEXT)} to {quote_name(name)}")


def _lock(server: Postgres, targets: list[str]) -> None:
    """Lock tables against readers, for the rest of the transaction. Until that succeeds, readers wait for LOCK_TIMEOUT
    at most, time and again."""
    wanted = [f"set local lock_timeout = '{LOCK_TIMEOUT}'", f"lock table {', '.join(targets)} in access exclusive mode"]
    patiently(lambda: server.attempt(wanted), lambda error: error.state == LOCKED, LOCK_PATIENCE)


def drop_vanished(server: Postgres, schema: str, name: str) -> str | None:
    """Drop a table that releases no longer have. Return a note if it stays, empty, because something depends on it."""
    target = qualified(schema, name)
    try:
        _lock(server, [target])
        server.attempt([f"drop table {target}"])
    except TargetFailed as error:
        empty = f"{schema}.{name} is empty, because releases no longer have it"
        if error.state == HAS_DEPENDANTS:
            return f"{empty}; it stays for views that read it: {', '.join(dependants(server, schema, name))}"
        if error.state == LOCKED:
            return f"{empty}; it is in use, so the next load drops it"
        raise
    return None
