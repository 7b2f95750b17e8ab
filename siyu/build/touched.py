"""The records, people or companies whose rows of a table may differ tonight, because its inputs do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

from siyu.build.differences import Changes, Key, between, quoted_list
from siyu.build.scratch import Scratch, rows_with
from siyu.compile.graph import upstream
from siyu.compile.model_files import relation
from siyu.compile.project import CompiledModel
from siyu.compile.promises import (
    NUMBERS,
    OWNERS,
    RECORD,
    RECORD_KEY,
    Turn,
    key_columns,
    kind_of,
    names_in,
    query_of_part,
    tables_read,
    through_of,
)
from siyu.engines.sql import quote_name

# From numbers to IDs and back. People who were joined and taken apart again need two.
MOST_STEPS = 5


class Unknown(Exception):
    """It cannot be told what a change touches. It may touch everything."""


class TouchedKeys:
    """The keys of a model that may have other rows tonight, as temporary tables of one session.

    A person has a number and an ID, a company, too: there is a table for each that is needed.
    """

    def __init__(self, scratch: Scratch, changes: Changes, model: CompiledModel) -> None:
        self._scratch, self._changes, self._model = scratch, changes, model
        self._models, self._kind = changes.project.models, kind_of(model)
        self._upstream = upstream(changes.project.graph, [model.name])
        self._read = tables_read(changes.project, model)
        self._through = through_of(changes.project, model)
        self._has_owners = OWNERS in self._upstream and self._own(OWNERS) is not None
        self._tables: dict[Key, str] = {}
        self._queries: dict[Key, list[str]] = {}

    def find(self, calendar: Sequence[Turn]) -> None:
        """Write the keys that changes of the inputs touch. Raises Unknown.

        `calendar` are the times that the business date bounds, if that matters tonight.
        """
        for name, columns in self._read.items():
            if name in self._changes.pairs:
                self._add_changed(name, columns)
        for turn in calendar:
            self._add_turned(turn)
        self.write()

    @property
    def key(self) -> Key:
        """The columns of the model that tell records, people or companies apart."""
        return self._own(self._model.name) or ()

    @property
    def touched(self) -> str:
        """The table of the keys."""
        return self._tables[self.key]

    @property
    def mine(self) -> str:
        """The rows that the last build has for the keys."""
        return f"({rows_with(self.touched, self.key, self._model.relation)})"

    def fresh(self) -> str:
        """Write the rows that the query yields for the keys, from the rows of its inputs for them alone."""
        query = query_of_part(self._changes.project, self._model, self._parts())
        return self._scratch.write(rows_with(self.touched, self.key, f"(\n{query}\n)"))

    def _parts(self) -> dict[str, str]:
        """Write the rows that belong to the touched keys, of each table that the model reads. Returns table -> part.

        A table that has no key and no records is not among them: the model reads all of it.
        """
        named = names_in(self._changes.project, self._model)
        parts: dict[str, str] = {}
        for name in (*(name for name in self._read if name not in self._through), *self._through):
            query = self._part(name, named, parts)
            if query is not None:
                parts[name] = self._scratch.write(query)
        return parts

    def _part(self, name: str, named: frozenset[str] | None, parts: Mapping[str, str]) -> str | None:
        model = self._models[name]
        listed = quoted_list(c.name for c in model.columns if named is None or c.name in named) or "1 as nothing"
        if name in self._through:
            return self._part_through(name, listed, parts)
        own = self._own(name)
        if own is not None:
            return self._joined(listed, model.relation, own)
        if not self._has_records(name) or not self._has_owners:
            return None
        if RECORD_KEY not in self._tables:
            owner = self._own(OWNERS) or ()
            self._tables[RECORD_KEY] = self._scratch.write(
                self._joined(quoted_list(RECORD_KEY), relation(OWNERS), owner)
            )
        return self._joined(listed, model.relation, RECORD_KEY)

    def _part_through(self, name: str, listed: str, parts: Mapping[str, str]) -> str | None:
        """Return the query of the rows whose values the parts of other inputs have."""
        key = self._through[name]
        carriers = self._carriers(name)
        if not carriers or not parts.keys() >= set(carriers):
            return None
        values = " union ".join(f"select {quoted_list(key)} from {parts[one]}" for one in carriers)
        return rows_with(self._scratch.write(values), key, self._models[name].relation, listed)

    def _carriers(self, name: str) -> list[str]:
        """Return the inputs that lead to the rows of a table: those with its columns, reached before it."""
        later = [*self._through][[*self._through].index(name) :]
        return [
            one
            for one in self._read
            if one not in later and self._route(one) is not None
            and set(self._through[name]) <= {column.name for column in self._models[one].columns}
        ]  # fmt: skip

    def _route(self, name: str) -> Key | None:
        """Return the columns by which the keys that an input touches are found, None if there are none."""
        if name in self._through:
            return self._through[name]
        return self._own(name) or (RECORD_KEY if self._has_records(name) and self._has_owners else None)

    def _joined(self, columns: str, rows: str, key: Key) -> str:
        return rows_with(self._tables[key], key, rows, columns)

    def _own(self, name: str) -> Key | None:
        """Return the columns of a table with the keys of this kind, None if it has none."""
        return key_columns(self._kind, [column.name for column in self._models[name].columns])

    def _has_records(self, name: str) -> bool:
        return key_columns(RECORD, [column.name for column in self._models[name].columns]) is not None

    def add(self, key: Key, query: str) -> None:
        """Add the keys of a query."""
        self._queries.setdefault(key, []).append(f"select {quoted_list(key)} from {query}")

    def _add_changed(self, name: str, columns: frozenset[str] | None) -> None:
        """Add the keys whose rows differ in a table, or else those that lead to the rows that differ."""
        if self._changes.pairs[name].before is None:
            raise Unknown
        route = self._route(name)
        if route is not None:
            self._add_from(name, self._changes.keys(name, columns, route))
        elif self._changes.differs(self._scratch.session, name, columns):
            raise Unknown

    def _add_from(self, name: str, values: str) -> None:
        """Add the keys that depend on rows of an input. `values` is a query of what its route has of these rows."""
        own = self._own(name)
        if name in self._through:
            self._add_through(name, values)
        elif own is not None:
            self.add(own, values)
        else:
            self._add_owners(values)

    def _add_through(self, name: str, values: str) -> None:
        carriers, found = self._carriers(name), self._scratch.write(f"select * from {values}")
        if not carriers:
            raise Unknown
        for one in carriers if self._scratch.count(found) else ():
            listed = quoted_list(self._route(one) or ())
            rows = rows_with(found, self._through[name], self._models[one].relation, listed)
            self._add_from(one, f"(select distinct {listed} from ({rows}))")

    def _add_turned(self, turn: Turn) -> None:
        """Add what has a time between the ends of the two business dates: only one of the builds counts it."""
        is_found = False
        for name in self._read:
            route, types = self._route(name), {c.name: c.type for c in self._models[name].columns}
            if turn.column not in types or route is None:
                continue
            is_found = True
            turned = between(quote_name(turn.column), types[turn.column], self._changes.dates, turn.days)
            self._add_from(name, f"(select distinct {quoted_list(route)} from {relation(name)} where {turned})")
        if not is_found:
            raise Unknown

    def _add_owners(self, records: str) -> None:
        """Add whoever owns records, tonight and in the last build."""
        key = self._own(OWNERS)
        if not self._has_owners or key is None:
            raise Unknown
        self.add(key, f"{relation(OWNERS)} semi join {records} using (channel, record_id)")
        if OWNERS in self._changes.pairs and OWNERS not in self._read:
            self._add_changed(OWNERS, frozenset({*RECORD_KEY, *key}))

    def write(self) -> None:
        """Write the tables of the keys. Raises Unknown."""
        keys = {self.key, *self._queries, *(own for name in self._read if (own := self._own(name)) is not None)}
        if any(self._own(name) is None and self._has_records(name) for name in self._read):
            keys |= {own for name in (OWNERS,) if name in self._upstream and (own := self._own(name)) is not None}
        for key in sorted(keys):
            queries = self._queries.get(key) or [f"select {quoted_list(key)} from {self._holder(key)} where false"]
            self._tables[key] = self._scratch.write(" union ".join(queries))
        if len(keys) > 1 and any(self._queries):
            self._close(sorted(keys))

    def _holder(self, key: Key) -> str:
        """Return a table that has these columns. There is one, because the key is that of a table."""
        names = (*self._read, *(name for name in (OWNERS,) if name in self._upstream))
        found = [name for name in names if self._own(name) == key]
        return relation(found[0]) if found else f"({self._model.sql})"

    def _close(self, keys: Sequence[Key]) -> None:
        """Add the ID of each number and the number of each ID, tonight's and those of the last build."""
        numbers = NUMBERS.get(self._kind, "")
        pair = self._changes.pairs.get(numbers)
        if numbers not in self._upstream or (pair is not None and pair.before is None):
            raise Unknown
        sides = sorted({relation(numbers), *(side for side in (pair.after, pair.before) if side)} if pair else
                       {relation(numbers)})  # fmt: skip
        size = -1
        for _ in range(MOST_STEPS):
            for key, other in permutations(keys, 2):
                found = " union ".join(self._joined(quoted_list(key), side, other) for side in sides)
                table = self._tables[key]
                self._scratch.session.execute(f"insert into {table} (({found}) except select * from {table})")
            before, size = size, sum(self._scratch.count(self._tables[key]) for key in keys)
            if size == before:
                return
        raise Unknown
