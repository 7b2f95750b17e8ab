"""The SQLite file of the run ledger: open, migrate, read and write it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from siyu.errors import ConfigError, EngineFault
from siyu.warehouse import ledger_schema

Row = dict[str, Any]


class LedgerFile:
    """The file, open for one run. Each write is a transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("pragma synchronous = full")
            written_by = self._prepare()
        except sqlite3.Error as error:
            raise EngineFault(f"the run ledger cannot be opened: {error}", str(path)) from error
        if written_by != ledger_schema.VERSION:
            self._db.close()
            raise ConfigError(
                "the run ledger was written by another version of siyu"
                f" ({written_by}; this one writes {ledger_schema.VERSION})",
                str(path),
                "use the siyu that wrote it, or begin a new warehouse from the exports.",
            )

    def _prepare(self) -> int:
        """Create or migrate the tables. Returns the version that the file then has."""
        tables = self._db.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0]
        version = int(self._db.execute("pragma user_version").fetchone()[0]) if tables else 0
        if tables and version not in (ledger_schema.VERSION, *ledger_schema.MIGRATED_VERSIONS):
            return version
        is_older = bool(tables) and version != ledger_schema.VERSION
        # In one transaction: tables without their version would look like another siyu's.
        with self._transaction() as db:
            if is_older:
                ledger_schema.migrate(db, version)
            ledger_schema.create(db)
        if is_older:
            self._db.execute("vacuum")
        return ledger_schema.VERSION

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("begin immediate")
            yield self._db
            self._db.execute("commit")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("rollback")
            if isinstance(error, sqlite3.Error):
                raise EngineFault(f"the run ledger cannot be written: {error}", str(self._path)) from error
            raise

    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        return [dict(row) for row in self._db.execute(sql, params)]

    def _insert(self, table: str, rows: Iterable[Row]) -> None:
        listed = list(rows)
        if not listed:
            return
        names = list(listed[0])
        sql = f"insert into {table} ({', '.join(names)}) values ({', '.join('?' * len(names))})"
        with self._transaction() as db:
            db.executemany(sql, [[row[name] for name in names] for row in listed])
