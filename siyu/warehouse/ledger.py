"""The run ledger: what landed, what ran, in one SQLite file beside the data it speaks of."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from siyu.errors import ConfigError, EngineFault

VERSION = 2
SCHEMA = """
create table if not exists meta (name text primary key, value text not null);
create table if not exists landing (landed_seq integer primary key, landed_date text not null);
create table if not exists file (
    landed_seq integer not null, channel text not null, export text not null, file text not null,
    file_date text, identity text not null, sha256 text not null, contract text not null,
    rows_read integer not null, rows_landed integer not null, rows_rejected integer not null,
    status text not null, reason text, path text, rejects text, columns text not null
);
create index if not exists file_identity on file (identity);
create table if not exists drift (
    landed_seq integer not null, channel text not null, export text not null,
    kind text not null, column_name text not null, since text not null
);
create table if not exists reference (
    landed_seq integer not null, name text not null, sha256 text not null, path text not null
);
create table if not exists run (
    run_id integer primary key autoincrement, run_key text, as_of text, known_by text,
    started_at text not null, ended_at text, status text not null, release text, previous_release text,
    code_fingerprint text, input_fingerprint text, error text
);
create table if not exists problem (run_id integer not null, channel text not null, problem text not null);
create table if not exists model_run (
    run_id integer not null, model text not null, materialized text not null, seconds real not null,
    row_count integer, row_count_before integer
);
create table if not exists check_result (
    run_id integer not null, table_name text not null, expectation text not null, column_name text,
    severity text not null, success integer not null, error text, unexpected_count integer,
    unexpected_percent real, sample_keys text, query text, runbook text, why text
);
"""

Row = dict[str, Any]


@dataclass(frozen=True)
class LandedFile:
    """One export file as the ledger knows it. `status` is landed or rejected."""

    landed_seq: int
    channel: str
    export: str
    file: str
    file_date: str | None
    identity: str
    sha256: str
    contract: str
    rows_read: int
    rows_landed: int
    rows_rejected: int
    status: str
    reason: str | None
    path: str | None
    rejects: str | None
    columns: str

    @property
    def types(self) -> dict[str, str]:
        """Column of the contract it landed under -> its type then."""
        return dict(item.split(":", 1) for item in self.columns.split(";"))

    @property
    def landed(self) -> bool:
        """Its rows count."""
        return self.status == "landed"


FILE_FIELDS = tuple(LandedFile.__dataclass_fields__)


class Ledger:
    """Open for one run; every write is a transaction of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("pragma synchronous = full")
            tables = self._db.execute("select count(*) from sqlite_master where type = 'table'").fetchone()[0]
            written_by = self._db.execute("pragma user_version").fetchone()[0] if tables else VERSION
            if written_by == VERSION:
                # In one transaction: tables without their version would look like another siyu's.
                self._db.executescript(f"begin immediate; {SCHEMA} pragma user_version = {VERSION}; commit;")
        except sqlite3.Error as error:
            raise EngineFault(f"the run ledger cannot be opened: {error}", str(path)) from error
        if written_by != VERSION:
            self._db.close()
            raise ConfigError(
                f"the run ledger was written by another version of siyu ({written_by}; this one writes {VERSION})",
                str(path),
                "use the siyu that wrote it, or begin a new warehouse from the exports.",
            )

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

    def check_salt(self, fingerprint: str) -> None:
        """Refuse another salt than the one this warehouse began with: every ID would change."""
        known = self._rows("select value from meta where name = 'salt'")
        if known and known[0]["value"] != fingerprint:
            raise ConfigError(
                "SIYU_SALT is not the salt this warehouse was begun with; every ID would change",
                str(self._path),
                "set the former salt; or, if it was begun with the sample, which has none, delete the warehouse.",
            )
        if not known:
            with self._transaction() as db:
                db.execute("insert into meta values ('salt', ?)", [fingerprint])

    # Landings

    def next_landing(self, as_of: date) -> tuple[int, date]:
        """Number and date of the landing to come; the date never goes back."""
        seq, last = self._db.execute("select max(landed_seq), max(landed_date) from landing").fetchone()
        return (seq or 0) + 1, max(as_of, date.fromisoformat(last)) if last else as_of

    def commit_landing(
        self,
        landing: tuple[int, date],
        files: Iterable[LandedFile],
        drift: Iterable[tuple[str, str, str, str]],
        references: Iterable[tuple[str, str, str]],
    ) -> None:
        """All of a landing, or nothing of it."""
        seq, day = landing
        with self._transaction() as db:
            db.execute("insert into landing values (?, ?)", [seq, day.isoformat()])
            marks = ", ".join("?" * len(FILE_FIELDS))
            db.executemany(
                f"insert into file ({', '.join(FILE_FIELDS)}) values ({marks})",
                [[getattr(file, name) for name in FILE_FIELDS] for file in files],
            )
            db.executemany(
                "insert into drift values (?, ?, ?, ?, ?, ?)",
                [[seq, *item, day.isoformat()] for item in drift],
            )
            db.executemany("insert into reference values (?, ?, ?, ?)", [[seq, *item] for item in references])

    def files(self, known_by: date | None = None) -> list[LandedFile]:
        """Every file of every landing committed by then, in the order of landings."""
        return [LandedFile(**row) for row in self._rows(self._known("file"), [_day(known_by)])]

    def landings(self, known_by: date | None = None) -> dict[int, date]:
        """landed_seq -> landed_date."""
        rows = self._rows("select * from landing where landed_date <= ?", [_day(known_by)])
        return {row["landed_seq"]: date.fromisoformat(row["landed_date"]) for row in rows}

    def references(self, known_by: date | None = None) -> dict[str, Row]:
        """name -> the version in force (landed_seq, name, sha256, path); sha256 '' = withdrawn."""
        rows = self._rows(self._known("reference"), [_day(known_by)])
        return {row["name"]: row for row in rows}

    def drift(self, known_by: date | None = None) -> list[Row]:
        """Every drift seen, oldest first."""
        return self._rows(self._known("drift"), [_day(known_by)])

    @staticmethod
    def _known(table: str) -> str:
        return (
            f"select t.* from {table} as t join landing as l using (landed_seq)"
            " where l.landed_date <= ? order by t.landed_seq, t.rowid"
        )

    # Runs

    def begin_run(self, started_at: str) -> int:
        """A new run's number. Runs that never ended are marked as interrupted."""
        with self._transaction() as db:
            db.execute(
                "update run set status = 'interrupted', error = 'the process ended without a word'"
                " where status = 'running'"
            )
            cursor = db.execute("insert into run (started_at, status) values (?, 'running')", [started_at])
            return int(cursor.lastrowid or 0)

    def update_run(self, run_id: int, **values: Any) -> None:
        """Write what became known of a run."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self._transaction() as db:
            db.execute(f"update run set {names} where run_id = ?", [*values.values(), run_id])

    def last_published(self, as_of: date, known_by: date | None) -> Row | None:
        """The last run that published this date under this knowledge."""
        found = self._rows(
            "select * from run where status = 'published' and as_of = ? and known_by is not distinct from ?"
            " order by run_id desc limit 1",
            [as_of.isoformat(), known_by.isoformat() if known_by else None],
        )
        return found[0] if found else None

    def published_before(self, as_of: date) -> Row | None:
        """The last run that published the newest earlier date, with all that had landed."""
        found = self._rows(
            "select * from run where status = 'published' and as_of < ? and known_by is null"
            " order by as_of desc, run_id desc limit 1",
            [as_of.isoformat()],
        )
        return found[0] if found else None

    def add_problems(self, run_id: int, problems: Mapping[str, Sequence[str]]) -> None:
        """What a run found wrong with channels while it landed."""
        self._insert(
            "problem",
            [
                {"run_id": run_id, "channel": channel, "problem": text}
                for channel, texts in problems.items()
                for text in texts
            ],
        )

    def problems(self, as_of: date) -> dict[str, list[str]]:
        """channel -> what the night that published this date found wrong with it: it was stale then."""
        run = self.last_published(as_of, None)
        found: dict[str, list[str]] = {}
        for row in self._rows("select * from problem where run_id = ? order by rowid", [run["run_id"] if run else 0]):
            found.setdefault(row["channel"], []).append(row["problem"])
        return found

    def runs(self) -> list[Row]:
        """All runs, oldest first."""
        return self._rows("select * from run order by run_id")

    def add_model_runs(self, rows: Iterable[Row]) -> None:
        """What a run built."""
        self._insert("model_run", rows)

    def add_check_results(self, rows: Iterable[Row]) -> None:
        """What a run checked."""
        self._insert("check_result", rows)

    def model_runs(self) -> list[Row]:
        """Of all runs."""
        return self._rows("select * from model_run order by run_id, model")

    def published_rows(self) -> dict[str, int | None]:
        """model -> its rows in the last published run that built it."""
        rows = self._rows(
            "select model, row_count from model_run join run using (run_id) where status = 'published' order by run_id"
        )
        return {row["model"]: row["row_count"] for row in rows}

    def check_results(self) -> list[Row]:
        """Of all runs."""
        return self._rows("select * from check_result order by run_id, rowid")

    def _insert(self, table: str, rows: Iterable[Row]) -> None:
        listed = list(rows)
        if not listed:
            return
        names = list(listed[0])
        sql = f"insert into {table} ({', '.join(names)}) values ({', '.join('?' * len(names))})"
        with self._transaction() as db:
            db.executemany(sql, [[row[name] for name in names] for row in listed])


def _day(known_by: date | None) -> str:
    return (known_by or date.max).isoformat()
