"""Compare a table of two releases, inside the engine: rows that were added, removed and changed, with examples.

Rows are matched by the grain of the model. Rows of a table without one, and copies of a row, are counted as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from siyu.ask.comparable import Comparable, comparable
from siyu.ask.release_pair import Pair
from siyu.engines.base import Session
from siyu.engines.sql import quote_name

EXAMPLES = 3
SAME, CHANGED, ADDED, REMOVED = "same", "changed", "added", "removed"
MOST_VALUES = 6  # of an example of a row that was added or removed


@dataclass(frozen=True)
class Example:
    """A row: its key, and column -> (before, after) of a changed row, or column -> value of an added or removed one."""

    kind: str
    key: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class TableDiff:
    """How a table differs. `status`: same, changed, added (only after), removed (only before).

    `key` is empty if rows are matched whole. `changed_columns` counts the changed rows by column. `retyped` has
    column -> (type before, type after).
    """

    table: str
    status: str
    rows_before: int | None
    rows_after: int | None
    key: tuple[str, ...] = ()
    added: int = 0
    removed: int = 0
    changed: int = 0
    duplicate_keys: int = 0
    changed_columns: Mapping[str, int] = field(default_factory=dict)
    new_columns: tuple[str, ...] = ()
    lost_columns: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()


def diff_tables(pair: Pair, tables: Sequence[str], limit: int = EXAMPLES) -> list[TableDiff]:
    """Compare tables by name. Those with the same content hash are not read."""
    return [_diff(pair, table, limit) for table in tables]


def _diff(pair: Pair, table: str, limit: int) -> TableDiff:
    before, after = (side.tables.get(table, {}).get("rows") for side in pair.sides)
    if not pair.has(table):
        is_new = pair.after.has(table)
        count = (after if is_new else before) or 0
        return TableDiff(table, ADDED if is_new else REMOVED, before, after, added=count * is_new,
                         removed=count * (not is_new))  # fmt: skip
    if pair.is_same(table) and all(map(pair.is_same, comparable(pair.after, table).maps)):
        return TableDiff(table, SAME, before, after)
    return _Comparison(pair, table, limit).result(before, after)


class _Comparison:
    """The comparison of one table. Its temporary tables hold only rows that differ."""

    def __init__(self, pair: Pair, table: str, limit: int) -> None:
        self._table, self._limit = table, limit
        self._session: Session = pair.session
        self._sides: tuple[Comparable, Comparable] = (comparable(pair.before, table), comparable(pair.after, table))
        before, after = (side.columns for side in self._sides)
        self._columns = [name for name in before if name in after]
        self._new = tuple(name for name in after if name not in before)
        self._lost = tuple(name for name in before if name not in after)
        self._retyped = {
            name: (before[name][1], after[name][1]) for name in self._columns if before[name][1] != after[name][1]
        }
        self._key = self._common_key(pair)
        self._values = [name for name in self._columns if name not in self._key]

    def _common_key(self, pair: Pair) -> tuple[str, ...]:
        """Return the key that both releases have; () if there is none."""
        for grains in (pair.after.grains, pair.before.grains):
            keys = {side.key(grains.get(self._table, ())) for side in self._sides}
            key = next(iter(keys)) if len(keys) == 1 else None
            if key:
                return key
        return ()

    def result(self, before: int | None, after: int | None) -> TableDiff:
        """Compare."""
        self._write_unmatched()
        added, removed, changed, duplicates = self._counts()
        columns = self._changed_columns() if changed else {}
        has_changes = any((added, removed, changed, self._new, self._lost, self._retyped))
        return TableDiff(
            self._table, CHANGED if has_changes else SAME, before, after, self._key, added, removed, changed,
            duplicates, columns, self._new, self._lost, self._retyped, tuple(self._examples(columns)),
        )  # fmt: skip

    def _query(self, number: int) -> str:
        """Return the rows of a release, in the types of the later one, with a hash."""
        side, types = self._sides[number], self._sides[1].columns
        listed = []
        for name in self._columns:
            sql, kind = side.columns[name]
            sql = sql if kind == types[name][1] else f"try_cast({sql} as {types[name][1]})"
            listed.append(f"{sql} as {quote_name(name)}")
        names = ", ".join(map(quote_name, self._columns))
        return f"select *, hash({names}) as _h from (select {', '.join(listed)} from {side.source})"

    def _write_unmatched(self) -> None:
        """Write the rows that have no equal in the other release, in columns that cannot meet those of a table."""
        hashes = " union all ".join(f"select {n} as _side, _h from ({self._query(n)})" for n in (0, 1))
        self._session.execute(
            "create or replace temp table _differing as select _h, count(*) filter (_side = 0) as _n0,"
            f" count(*) filter (_side = 1) as _n1 from ({hashes}) group by _h having _n0 <> _n1"
        )
        names = ", ".join(map(quote_name, self._columns))
        rows = " union all ".join(
            f"select {n} as _side, {names}, _h from ({self._query(n)}) join _differing using (_h)"
            " qualify row_number() over (partition by _h) > least(_n0, _n1)"
            for n in (0, 1)
        )
        key = ", ".join(["_side", *map(quote_name, self._key)])
        self._session.execute(
            "create or replace temp table _unmatched as"
            f" select *, row_number() over (partition by {key} order by _h) as _copy from ({rows})"
        )

    def _counts(self) -> tuple[int, int, int, int]:
        """Return the rows added, removed and changed, and the keys that more than one of them has."""
        if not self._key:
            sql = f"select {_count('_side = 1')}, {_count('_side = 0')}, 0, 0 from _unmatched"
        else:
            key = ", ".join(map(quote_name, self._key))
            sql = (
                f"select {_count('_n0 = 0')}, {_count('_n1 = 0')}, {_count('_n0 = _n1')}, {_count('_copy = 2')} from"
                " (select count(*) filter (_side = 0) as _n0, count(*) filter (_side = 1) as _n1, _copy"
                f" from _unmatched group by {key}, _copy)"
            )
        added, removed, changed, duplicates = self._session.rows(sql)[0]
        return added, removed, changed, duplicates

    @property
    def _pairs(self) -> str:
        same = "".join(f" and b.{name} is not distinct from a.{name}" for name in map(quote_name, self._key))
        return f"_unmatched as b join _unmatched as a on b._side = 0 and a._side = 1 and b._copy = a._copy{same}"

    def _changed_columns(self) -> dict[str, int]:
        """Return column -> changed rows, the rarest first: those say most."""
        if not self._values:
            return {}
        counted = ", ".join(_count(_differs(name)) for name in self._values)
        found = self._session.rows(f"select {counted} from {self._pairs}")[0]
        counts = {name: number for name, number in zip(self._values, found, strict=True) if number}
        return dict(sorted(counts.items(), key=lambda item: (item[1], item[0])))

    def _examples(self, columns: Mapping[str, int]) -> list[Example]:
        return [*self._changed_rows(columns), *self._single_rows(1, ADDED), *self._single_rows(0, REMOVED)]

    def _changed_rows(self, columns: Mapping[str, int]) -> list[Example]:
        """Return examples, those first whose changed column changed in the fewest rows."""
        if not columns:
            return []
        keys, names = [list(map(quote_name, listed)) for listed in (self._key, columns)]
        chosen = [*(f"a.{name}" for name in keys), *(f"{side}.{name}" for name in names for side in "ba")]
        rarest = " ".join(f"when {_differs(name)} then {number}" for number, name in enumerate(columns))
        order = ", ".join([f"case {rarest} end", *(f"a.{name}" for name in keys), "a._copy"])
        rows = self._session.rows(f"select {', '.join(chosen)} from {self._pairs} order by {order} limit {self._limit}")
        found = []
        for row in rows:
            values = row[len(keys) :]
            pairs = zip(columns, values[::2], values[1::2], strict=True)
            changes = {name: (old, new) for name, old, new in pairs if old != new or (old is None) != (new is None)}
            found.append(Example(CHANGED, dict(zip(self._key, row, strict=False)), changes))
        return found

    def _single_rows(self, side: int, kind: str) -> list[Example]:
        """Return rows that only one release has."""
        shown = self._values if self._limit > EXAMPLES else self._values[:MOST_VALUES]
        names = list(map(quote_name, [*self._key, *shown])) or ["1"]
        key = ", ".join([*map(quote_name, self._key), "_copy"])
        alone = f"qualify count(*) over (partition by {key}) = 1" if self._key else ""
        rows = self._session.rows(
            f"select * from (select {', '.join(names)}, _side, _copy from _unmatched {alone}) where _side = {side}"
            f" order by all limit {self._limit}"
        )
        count = len(self._key)
        return [
            Example(kind, dict(zip(self._key, row, strict=False)), dict(zip(shown, row[count:], strict=False)))
            for row in rows
        ]


def _count(condition: str) -> str:
    return f"count(*) filter (where {condition})"


def _differs(name: str) -> str:
    return f"b.{quote_name(name)} is distinct from a.{quote_name(name)}"
