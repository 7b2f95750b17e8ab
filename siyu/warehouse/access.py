"""The access log: who took which list out of a release, when, and whether it had personal values."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from siyu.errors import EngineFault
from siyu.warehouse.ledger_file import LedgerFile, Row

LEDGER = "ledger.sqlite"


@dataclass(frozen=True)
class Access:
    """An output of a list. `accessed_at` is UTC, `parameters` is JSON, `file` is the path of the file, if there is one.

    `form` is screen, json, csv or xlsx.
    """

    accessed_at: str
    who: str
    list: str
    parameters: str
    release: str
    row_count: int
    person_count: int
    is_raw: bool
    form: str
    file: str | None


class AccessLedger(LedgerFile):
    """The access log of a warehouse. Lines are added and never changed, apart from `finished_at`."""

    def add_access(self, access: Access) -> int:
        """Store an output before the data leave, and return its number."""
        row = asdict(access)
        sql = f"insert into access_log ({', '.join(row)}) values ({', '.join('?' * len(row))})"
        with self._transaction() as db:
            return int(db.execute(sql, list(row.values())).lastrowid or 0)

    def finish_access(self, access_no: int, finished_at: str) -> None:
        """Store that an output is complete."""
        with self._transaction() as db:
            db.execute("update access_log set finished_at = ? where access_no = ?", [finished_at, access_no])

    def accesses(self) -> list[Row]:
        """Return the whole log, oldest first."""
        return self._rows("select * from access_log order by access_no")


def read_access_log(path: Path) -> list[Row]:
    """Return the log of a ledger that may be read only, oldest first. Empty if it has no log yet."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            if not db.execute("select 1 from sqlite_master where name = 'access_log'").fetchall():
                return []
            return [dict(row) for row in db.execute("select * from access_log order by access_no")]
    except sqlite3.Error as error:
        raise EngineFault(
            f"the access log cannot be read: {error}", str(path), "check who may read the file."
        ) from error
