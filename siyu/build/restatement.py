"""A night that costs what changed: tables of the last build are kept, or restated where a change can touch them.

Such a night uses the build database of the last one. There are three ways for each table, and docs/incremental.md says
why each gives the table of a full rebuild:

- Nothing that its query reads has changed: the table is kept.
- Its model declares by what it can be restated (siyu/compile/restatement.py): the query reads only the rows of the
  records, people or companies about which its inputs say something new, and only their rows are replaced.
- Otherwise the table is built as ever, and compared with the one of the last build as far as its readers need it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from siyu.build.changes import BEFORE, DIFFERENCES, Changes, Pair, difference, drop, quoted_list, same_key
from siyu.build.touched import TouchedKeys, Unknown
from siyu.build.versions import AS_OF, Versions
from siyu.compile.project import CompiledModel, Project
from siyu.compile.restatement import ALL, CALENDAR, kind_of, query_of_part, reads_calendar, tables_read
from siyu.engines.base import Session

Way = Literal["kept", "restated", "built"]
# A table is built whole when this share of its rows would be replaced, or has been since it was built whole. The query
# over everything then costs hardly more, and replaced rows leave gaps in the file.
MOST_REPLACED = 0.25


@dataclass
class Restatement:
    """What becomes of the tables of the last build. `was` are their versions, `now` those of tonight.

    `replaced` is how many rows of a table have been replaced since it was built whole.
    """

    changes: Changes
    was: Versions
    now: Versions
    replaced: dict[str, int]
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, session: Session) -> None:
        """Make the build database ready: tables that no model has any more are dropped."""
        session.execute(f"drop schema if exists {DIFFERENCES} cascade; create schema {DIFFERENCES}")
        for name in self.was.models.keys() - self.changes.project.models.keys():
            drop(session, name)

    def take_over(self, session: Session, model: CompiledModel) -> Way:
        """Keep or restate the table of a model. 'built' means that it has to be built, and the old one is set aside."""
        if model.materialized == "view" or not self._has_same_query(model):
            return self._set_aside(session, model)
        has_turned = self._has_turned(model) and reads_calendar(self.changes.project, model)
        if not has_turned and not any(name in self.changes.pairs for name in tables_read(self.changes.project, model)):
            return "kept"
        calendar = str(model.config.get(CALENDAR, "")) if has_turned else ""
        if kind_of(model) == ALL or (has_turned and not calendar):
            return self._set_aside(session, model)
        touched = TouchedKeys(session, self.changes, model)
        try:
            touched.find(calendar)
        except Unknown:
            return self._set_aside(session, model)
        return self._restate(session, model, touched)

    def end_of(self, session: Session, model: CompiledModel) -> None:
        """Compare a table that has been built with the old one."""
        with self._guard:
            self.replaced.pop(model.name, None)
        if model.name in self.changes.pairs:
            self.changes.compare(session, model.name)

    def end(self, session: Session) -> None:
        """Drop the tables of the last build and the rows that were replaced, when all models are built."""
        for name in sorted(self._compared):
            drop(session, name + BEFORE)
        session.execute(f"drop schema {DIFFERENCES} cascade")

    def _has_same_query(self, model: CompiledModel) -> bool:
        """Whether the last build ran the same query over the same inputs, apart from models and the business date."""
        was, now = self.was.models.get(model.name), self.now.models[model.name]
        if was is None or (was.own, was.refs) != (now.own, now.refs):
            return False
        if any(
            was.inputs.get(name) != now.inputs.get(name) for name in (was.inputs.keys() | now.inputs.keys()) - {AS_OF}
        ):
            return False
        models = self.changes.project.models
        views = (models[name] for name in model.refs & models.keys() if models[name].materialized == "view")
        return all(self._has_same_query(view) for view in views)

    def _has_turned(self, model: CompiledModel) -> bool:
        return self.was.models[model.name].inputs.get(AS_OF) != self.now.models[model.name].inputs.get(AS_OF)

    @cached_property
    def _compared(self) -> set[str]:
        """The tables whose differences matter: those that a model reads which can be restated."""
        project = self.changes.project
        restated = [model for model in project.models.values() if kind_of(model) != ALL]
        return {name for model in restated for name in tables_read(project, model)}

    def _set_aside(self, session: Session, model: CompiledModel) -> Way:
        if model.materialized != "view" and model.name in self._compared:
            self.changes.set_aside(session, model.name)
        else:
            self.changes.drop(session, model.name)
        return "built"

    def _restate(self, session: Session, model: CompiledModel, touched: TouchedKeys) -> Way:
        if not session.value(f"select count(*) from {touched.touched}"):
            return "kept"
        mine = touched.rows_of(model.relation)
        rows, whole = (session.value(f"select count(*) from {one}") for one in (f"({mine})", model.relation))
        if rows + self.replaced.get(model.name, 0) > MOST_REPLACED * whole:
            return self._set_aside(session, model)
        fresh = fresh_rows(self.changes.project, model, touched)
        pair = self._differing(session, model, fresh, mine)
        self._replace(session, model, fresh, pair, touched)
        return "restated"

    def _differing(self, session: Session, model: CompiledModel, fresh: str, mine: str) -> Pair:
        """Write the rows that are new and those that are gone, for the readers of the table."""
        columns = quoted_list(column.name for column in model.columns)
        added, removed = (difference(model.name, what) for what in ("added", "removed"))
        new, old = f"select {columns} from {fresh}", f"select {columns} from ({mine})"
        session.create_table(added, f"{new} except all {old}")
        session.create_table(removed, f"{old} except all {new}")
        return Pair(added, removed)

    def _replace(self, session: Session, model: CompiledModel, fresh: str, pair: Pair, touched: TouchedKeys) -> None:
        """Replace all rows of the keys that have a row that is new or gone."""
        key, columns = touched.key, quoted_list(column.name for column in model.columns)
        listed = quoted_list(key)
        keys = touched.temporary(f"select {listed} from {pair.after} union select {listed} from {pair.before}")
        gone = f"from {model.relation} as t using {keys} as k where {same_key('t', 'k', key)}"
        count = int(session.value(f"delete {gone}"))
        session.execute(
            f"insert into {model.relation} ({columns}) select {columns} from {fresh} as t"
            f" semi join {keys} as k on {same_key('t', 'k', key)}"
        )
        with self._guard:
            self.replaced[model.name] = self.replaced.get(model.name, 0) + count
        if session.value(f"select count(*) from {keys}"):
            self.changes.pairs[model.name] = pair


def fresh_rows(project: Project, model: CompiledModel, touched: TouchedKeys) -> str:
    """Write the rows that the query of a model yields for the touched keys, from the rows of their inputs alone.

    Returns a temporary table.
    """
    query = query_of_part(project, model, touched.parts())
    return touched.temporary(touched.rows_of(f"(\n{query}\n)"))
