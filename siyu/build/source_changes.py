"""The keys of each export about which files that landed since the last build, or the business date, say something new.

Only these keys are worked out anew: which of their rows is current, and which ones later versions replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from siyu.build.differences import DIFFERENCES, between, quoted_list
from siyu.build.versions import SHORT
from siyu.compile.cache import digest
from siyu.engines.base import Session
from siyu.engines.sql import quote_name
from siyu.landing.current_rows import SourceQueries


@dataclass(frozen=True)
class SourceState:
    """How a build reads an export: how each file is read, by its path, and a digest of how versions are told apart."""

    files: Mapping[str, str]
    rest: str

    @classmethod
    def of(cls, queries: SourceQueries) -> SourceState:
        """Return the state of a source."""
        rest = digest(queries.key, queries.chosen, queries.order, queries.in_time, queries.is_list)
        return cls({path: digest(head)[:SHORT] for path, head in queries.files.items()}, rest[:SHORT])

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> SourceState:
        """Return a state from a file."""
        return cls({str(path): str(head) for path, head in found["files"].items()}, str(found["rest"]))


@dataclass
class SourceChanges:
    """What changes in the sources since the last build. `was` are the states of its sources.

    `calendars` are columns of sources whose times the business date bounds, with their types. `keys` has the sources
    that can be compared: relation -> the keys that may have other rows; None if there are none.
    """

    was: Mapping[str, SourceState]
    dates: tuple[date, date]
    calendars: Mapping[str, Mapping[str, str]]
    keys: dict[str, ChangedKeys | None] = field(default_factory=dict)

    def write(self, session: Session, queries: SourceQueries, landed_seqs: Mapping[str, int]) -> bool:
        """Bring the tables of a source up to date. Returns False if they have to be written whole.

        `landed_seqs` has the number of the landing of each file. A later list says that keys which it does not have
        were removed, so it changes all keys.
        """
        was, now = self.was.get(queries.relation), SourceState.of(queries)
        is_longer = was is not None and all(now.files.get(path) == head for path, head in was.files.items())
        if was is None or not is_longer or was.rest != now.rest or queries.is_list:
            return False
        new = sorted({landed_seqs[path] for path in now.files.keys() - was.files.keys()})
        changed = ChangedKeys(queries, f"{DIFFERENCES}.{queries.relation.replace('.', '__')}")
        conditions = [f"_landed_seq in ({', '.join(map(str, new))})"] if new else []
        if self.dates[0] != self.dates[1]:
            first, last = (queries.in_time_by(day) for day in self.dates)
            conditions.append(f"({first}) is distinct from ({last})")
            times = self.calendars.get(queries.relation, {})
            conditions += [f"({between(quote_name(name), kind, self.dates)})" for name, kind in times.items()]
        if not conditions or not changed.find(session, " or ".join(conditions)):
            self.keys[queries.relation] = self.keys[queries.superseded] = None
            return True
        changed.replace(session)
        self.keys[queries.relation] = self.keys[queries.superseded] = changed
        return True


@dataclass(frozen=True)
class ChangedKeys:
    """The keys of a source that may have other rows tonight, and the tables of their rows, which begin with `stem`."""

    queries: SourceQueries
    stem: str

    @property
    def keys(self) -> str:
        """The table of the keys."""
        return f"{self.stem}__keys"

    def part_of(self, relation: str) -> str:
        """Return the table of the rows that these keys have in one of the two relations of the source."""
        return f"{self.stem}__{'current' if relation == self.queries.relation else 'replaced'}"

    def find(self, session: Session, condition: str) -> int:
        """Write the keys of the rows that meet a condition. Return their number."""
        key, rows = quoted_list(self.queries.key), self.queries.rows
        session.create_table(self.keys, f"select distinct {key} from ({rows}) where {condition}")
        return int(session.value(f"select count(*) from {self.keys}"))

    def replace(self, session: Session) -> None:
        """Work out the rows of the keys: those that later versions replaced, in the table of the source, and both kinds
        in tables of their own."""
        key, superseded = quoted_list(self.queries.key), self.queries.superseded
        versions = f"{self.stem}__versions"
        session.create_table(versions, f"select * from ({self.queries.rows}) semi join {self.keys} using ({key})")
        replaced, current = (self.part_of(one) for one in (superseded, self.queries.relation))
        session.create_table(replaced, self.queries.replaced_among(f"select * from {versions}"))
        same = " and ".join(f"t.{name} = k.{name}" for name in key.split(", "))
        session.execute(f"delete from {superseded} as t using {self.keys} as k where {same}")
        session.execute(f"insert into {superseded} select * from {replaced}")
        session.create_table(current, self.queries.current_among(f"select * from {versions}"))
