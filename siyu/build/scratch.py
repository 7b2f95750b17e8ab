"""Temporary tables of one session, for the rows that one model works out anew."""

from __future__ import annotations

from itertools import count

from siyu.build.differences import Key, same_key
from siyu.engines.base import Session


class Scratch:
    """Writes temporary tables. They are gone when the session is closed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._number = count()

    def write(self, query: str) -> str:
        """Write the result of a query. Return the name of its table."""
        name = f"part_{next(self._number)}"
        self.session.execute(f"create temp table {name} as ({query})")
        return f"temp.{name}"

    def count(self, rows: str) -> int:
        """Return the number of rows of a table or of a query in brackets."""
        return int(self.session.value(f"select count(*) from {rows}"))


def rows_with(keys: str, key: Key, rows: str, columns: str = "t.*") -> str:
    """Return the query of the rows of a relation whose key is in a table of keys."""
    return f"select {columns} from {rows} as t semi join {keys} as k on {same_key('t', 'k', key)}"
