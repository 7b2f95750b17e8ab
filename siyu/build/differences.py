"""What has changed in each table of a build since the last build."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted

BEFORE = "__before"  # the end of the name of a table of the last build, beside the new one
# Schema of the rows that are new tonight, and of those that are gone: the release needs them, and the next build
# drops them.
DIFFERENCES = "differences"
Key = tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Two relations with the rows of a table that may differ: those of tonight and those of the last build.

    Without `before`, nothing is known about the last build: every row may be new.
    """

    after: str
    before: str | None = None


@dataclass
class Changes:
    """The tables that may differ from those of the last build; a table that is not in `pairs` is the same.

    `dates` are the business dates of both builds, the earlier one first, `found` is what the last build has left:
    schema.table -> table or view.
    """

    project: Project
    dates: tuple[date, date]
    found: dict[str, str] = field(default_factory=dict)
    pairs: dict[str, Pair] = field(default_factory=dict)

    def set_aside(self, session: Session, name: str) -> None:
        """Give the table of the last build another name, so that it can be compared. If it had other columns or was a
        view, it is dropped."""
        columns = [(column.name, column.type) for column in self.project.models[name].columns]
        is_table = self.found.get(name) == "table"
        held = [(column.name, column.type) for column in session.columns(relation(name))] if is_table else []
        if held != columns:
            self.give_up(session, name)
            return
        earlier = relation(name + BEFORE)
        session.rename_table(relation(name), earlier.partition(".")[2])
        self.pairs[name] = Pair(relation(name), earlier)

    def give_up(self, session: Session, name: str) -> None:
        """Drop the table or view of the last build. Whoever reads the new one has to read all of it."""
        if name in self.found:
            session.execute(f"drop {self.found[name]} {relation(name)}")
        self.pairs[name] = Pair(relation(name))

    def compare(self, session: Session, name: str) -> None:
        """Compare a table that has been built with the one that was set aside, keep the rows that differ, and drop the
        earlier table.

        Equal tables count as unchanged. Of rows that are equal to each other, all are kept if their number differs.
        Rows are told apart by a hash of 64 bits, as by content_hash.
        """
        pair = self.pairs[name]
        if pair.before is None:
            return
        differing = difference(name, "hashes")
        session.create_table(
            differing,
            f"select value, sum(weight) as weight from (select hash(t) as value, 1 as weight from {pair.after} as t"
            f" union all select hash(t), -1 from {pair.before} as t) group by value having sum(weight) <> 0",
        )
        if session.value(f"select count(*) from {differing}"):
            rows = difference(name, "added"), difference(name, "removed")
            for target, side in zip(rows, (pair.after, pair.before), strict=True):
                session.create_table(
                    target, f"select * from {side} as t where hash(t) in (select value from {differing})"
                )
            self.pairs[name] = Pair(*rows)
        else:
            del self.pairs[name]
        session.drop_table(pair.before)

    def keys(self, name: str, columns: Collection[str] | None, key: Key) -> str:
        """Return the query of the distinct keys whose rows differ in these columns, or in any if they are None.

        Without a key it has a row for each value that differs.
        """
        pair = self.pairs[name]
        listed = [c.name for c in self.project.models[name].columns if columns is None or c.name in columns]
        value = f"hash({quoted_list(listed)})" if listed else "0"
        names = [*map(quote_name, key), "value"]
        sides = " union all ".join(
            f"select {', '.join([*names[:-1], value])} as value, {weight} as weight from {one}"
            for one, weight in ((pair.after, 1), (pair.before, -1))
        )
        differing = f"select {', '.join(names)} from ({sides}) group by all having sum(weight) <> 0"
        return f"(select distinct {', '.join(names[:-1] or names)} from ({differing}))"

    def differs(self, session: Session, name: str, columns: Collection[str] | None) -> bool:
        """Whether any row of a table differs in these columns."""
        if self.pairs[name].before is None:
            return True
        return bool(session.rows(f"select 1 from {self.keys(name, columns, ())} limit 1"))


def difference(name: str, what: str) -> str:
    """Return the relation with the rows of a table that are new tonight ('added'), or gone ('removed')."""
    return relation(f"{DIFFERENCES}.{name.replace('.', '__')}__{what}")


def kinds(session: Session) -> dict[str, str]:
    """Return what the build database has: schema.table -> table or view."""
    listed = "select schema_name || '.' || {0}_name, '{0}' from duckdb_{0}s() where database_name = current_database()"
    return dict(session.rows(" union all ".join(listed.format(kind) for kind in ("table", "view"))))


def quoted_list(columns: Iterable[str]) -> str:
    """Return names of columns as SQL."""
    return ", ".join(quote_name(column) for column in columns)


def same_key(left: str, right: str, key: Sequence[str]) -> str:
    """Return the condition that two rows have the same key. Rows without a person have the same key, too."""
    names = [quote_name(column) for column in key]
    return " and ".join(f"{left}.{name} is not distinct from {right}.{name}" for name in names)


def between(column: str, kind: str, dates: tuple[date, date], days: int = 0) -> str:
    """Return the condition that a time lies after the end of the earlier business date, up to that of the later one.

    With `days`, the condition is about the moment so many times 24 hours after it, and both ends count: a query may
    compare it with the end of the business date by `<` or by `<=`.
    """
    first, last = (f"date {quoted(day)}" for day in dates)
    moved = f"({column} + interval {days} day)" if days else column
    if kind == "DATE":
        return f"{moved} {'>=' if days else '>'} {first} and {moved} <= {last}"
    ends = [f"fn_local_midnight({day} + interval 1 day)" for day in (first, last)]
    return f"{moved} >= {ends[0]} and {moved} {'<=' if days else '<'} {ends[1]}"
