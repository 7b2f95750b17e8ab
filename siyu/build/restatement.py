"""A night that costs what changed: tables of the last build are kept, or restated where a change can touch them.

Such a night uses the build database of the last one. There are three ways for each table, and docs/incremental.md says
why each gives the table of a full rebuild:

- Nothing that its query reads has changed: the table is kept.
- Its model declares by what it can be restated (siyu/compile/promises.py): the query reads only the rows of the
  records, people or companies about which its inputs say something new, and only their rows are replaced.
- Otherwise the table is built as ever, and compared with the one of the last build as far as its readers need it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from siyu.build.differences import BEFORE, DIFFERENCES, Changes, Pair, difference, kinds, quoted_list, same_key
from siyu.build.last_build import Released
from siyu.build.scratch import Scratch, rows_with
from siyu.build.source_changes import SourceChanges
from siyu.build.staged import StagedRecords
from siyu.build.touched import TouchedKeys, Unknown
from siyu.build.versions import AS_OF, Versions
from siyu.compile.model_files import relation
from siyu.compile.project import CompiledModel
from siyu.compile.promises import ALL, kind_of, reads_calendar, tables_read, turns_of
from siyu.engines.base import Engine, Session

Way = Literal["kept", "restated", "built"]
# A table is built whole when this share of its rows would be replaced, or has been since it was built whole. The query
# over everything then costs hardly more, and replaced rows leave gaps in the file.
MOST_REPLACED = 0.25
# Rows of a published table from which on it is compared with that of the last build, so that the release gets only the
# rows that differ. To write a smaller one anew takes no longer.
ENOUGH_TO_COMPARE = 50_000
STAGING, EXPORTS = "staging", "raw."


@dataclass
class Restatement:
    """What becomes of the tables of the last build. `was` are their versions, `now` those of tonight, `sources` what
    is new in the exports.

    `replaced` is how many rows of a table have been replaced since it was built whole. `released` is the release of
    the last build, None if there is none; `published` are the tables that releases have.
    """

    changes: Changes
    sources: SourceChanges
    was: Versions
    now: Versions
    replaced: dict[str, int]
    released: Released | None = None
    published: frozenset[str] = frozenset()
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, session: Session) -> None:
        """Make the build database ready: tables that no model has any more are dropped."""
        session.execute(f"drop schema if exists {DIFFERENCES} cascade; create schema {DIFFERENCES}")
        self.changes.found = found = kinds(session)
        for name in found.keys() & (self.was.models.keys() - self.changes.project.models.keys()):
            session.execute(f"drop {found[name]} {relation(name)}")

    def take_over(self, session: Session, model: CompiledModel) -> Way:
        """Keep or restate the table of a model. 'built' means that it has to be built, and the old one is set aside."""
        if model.materialized == "view" or not self._has_same_query(model):
            return self._set_aside(session, model)
        changed = [name for name in tables_read(self.changes.project, model) if name in self.changes.pairs]
        exports = [name for name in model.sources if self.sources.keys.get(name) is not None]
        has_turned = self._has_turned(model)
        if not (changed or exports or has_turned):
            return "kept"
        calendar = turns_of(model) if has_turned else []
        if kind_of(model) == ALL or (has_turned and not calendar):
            return self._set_aside(session, model)
        scratch = Scratch(session)
        if model.model.schema == STAGING:
            return self._restate(scratch, model, StagedRecords(scratch, self.changes.project, model, self.sources.keys))
        keys = TouchedKeys(scratch, self.changes, model)
        try:
            keys.find(calendar)
        except Unknown:
            return self._set_aside(session, model)
        return self._restate(scratch, model, keys)

    def end_of(self, session: Session, model: CompiledModel) -> None:
        """Compare a table that has been built with the old one."""
        with self._guard:
            self.replaced.pop(model.name, None)
        if model.name in self.changes.pairs:
            self.changes.compare(session, model.name)

    def start_over(self, model: CompiledModel, engine: Engine) -> None:
        """Drop what an attempt to build a model has left. It is built whole, and its readers have to read all of it."""
        session = engine.session()
        left = kinds(session)
        for name in (model.name, model.name + BEFORE):
            if name in left:
                session.execute(f"drop {left[name]} {relation(name)}")
        session.close()
        self.changes.pairs[model.name] = Pair(model.relation)
        with self._guard:
            self.replaced.pop(model.name, None)

    def _has_same_query(self, model: CompiledModel) -> bool:
        """Whether the last build ran the same query over the same inputs, apart from models and the business date."""
        was, now = self.was.models.get(model.name), self.now.models[model.name]
        if was is None or (was.own, was.refs) != (now.own, now.refs):
            return False
        known = {AS_OF, *self.sources.keys}  # whose changes are known in detail
        if any(was.inputs.get(name) != now.inputs.get(name) for name in {*was.inputs, *now.inputs} - known):
            return False
        models = self.changes.project.models
        views = (models[name] for name in model.refs & models.keys() if models[name].materialized == "view")
        return all(self._has_same_query(view) for view in views)

    def _has_turned(self, model: CompiledModel) -> bool:
        """Whether the business date has changed and is part of what the query yields. Which row of an export is current
        depends on it, too."""
        is_same = self.was.models[model.name].inputs.get(AS_OF) == self.now.models[model.name].inputs.get(AS_OF)
        exports = {name for name in model.sources if name.startswith(EXPORTS)}
        return not is_same and (bool(exports - self.sources.keys.keys()) or reads_calendar(self.changes.project, model))

    @cached_property
    def _compared(self) -> set[str]:
        """The tables whose differences matter: those that a model reads which can be restated."""
        project = self.changes.project
        restated = [model for model in project.models.values() if kind_of(model) != ALL]
        return {name for model in restated for name in tables_read(project, model)}

    def _set_aside(self, session: Session, model: CompiledModel) -> Way:
        if model.materialized != "view" and (model.name in self._compared or self._is_carried_on(session, model)):
            self.changes.set_aside(session, model.name)
        else:
            self.changes.give_up(session, model.name)
        return "built"

    def _is_carried_on(self, session: Session, model: CompiledModel) -> bool:
        """Whether the release can have the table of the last one, but for rows that differ."""
        if self.released is None or model.name not in self.published & self.changes.found.keys():
            return False
        return int(session.value(f"select count(*) from {model.relation}")) >= ENOUGH_TO_COMPARE

    def _restate(self, scratch: Scratch, model: CompiledModel, keys: TouchedKeys | StagedRecords) -> Way:
        """Replace all rows of the keys that have a row that is new or gone."""
        session, key, columns = scratch.session, keys.key, quoted_list(column.name for column in model.columns)
        if not scratch.count(keys.touched):
            return "kept"
        rows = scratch.count(keys.mine) + self.replaced.get(model.name, 0)
        if rows > MOST_REPLACED * scratch.count(model.relation):
            return self._set_aside(session, model)
        fresh = keys.fresh()
        added, removed = (difference(model.name, what) for what in ("added", "removed"))
        new, old = f"select {columns} from {fresh}", f"select {columns} from {keys.mine}"
        session.create_table(added, f"{new} except all {old}")
        session.create_table(removed, f"{old} except all {new}")
        listed = quoted_list(key)
        differing = scratch.write(f"select {listed} from {added} union select {listed} from {removed}")
        if not scratch.count(differing):
            return "kept"
        gone = f"from {model.relation} as t using {differing} as k where {same_key('t', 'k', key)}"
        count = int(session.value(f"delete {gone}"))
        with self._guard:
            self.replaced[model.name] = self.replaced.get(model.name, 0) + count
        session.execute(f"insert into {model.relation} ({columns}) {rows_with(differing, key, fresh, columns)}")
        self.changes.pairs[model.name] = Pair(added, removed)
        return "restated"
