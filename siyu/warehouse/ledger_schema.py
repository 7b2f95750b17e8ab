"""Tables of the run ledger, and the migration of an older ledger.

What a run checks and builds is the same every night but for a few figures. So each text is stored once (`expectation`,
`model`), and a run adds short rows of numbers (`check_outcome`, `model_outcome`). The views `check_result` and
`model_run` join them again. Of old runs only sums by month remain (`check_month`, `model_month`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

VERSION = 4
MIGRATED_VERSIONS = (2, 3)  # the older versions that `migrate` reads

EXPECTATION = ("table_name", "expectation", "column_name", "severity", "query", "runbook", "why")
MODEL = ("model", "materialized")
FILE_SINCE_4 = {
    "rows_replaced": "integer not null default 0",
    "differing_keys": "integer not null default 0",
    "example_key": "text",
    "mended": "text",
}
CHECK_FIELDS = ("success", "error", "unexpected_count", "unexpected_percent", "sample_keys")
MODEL_FIELDS = ("seconds", "row_count", "row_count_before")
NO_KEYS = "[]"

SCHEMA = """
create table if not exists meta (name text primary key, value text not null);
create table if not exists landing (landed_seq integer primary key, landed_date text not null);
create table if not exists file (
    landed_seq integer not null, channel text not null, export text not null, file text not null,
    file_date text, identity text not null, sha256 text not null, contract text not null,
    rows_read integer not null, rows_landed integer not null, rows_rejected integer not null,
    status text not null, reason text, path text, rejects text, columns text not null,
    rows_replaced integer not null default 0, differing_keys integer not null default 0, example_key text, mended text
);
create index if not exists file_identity on file (identity);
create table if not exists drift (
    landed_seq integer not null, channel text not null, export text not null,
    kind text not null, column_name text not null, since text not null
);
create table if not exists file_drift (
    landed_seq integer not null, identity text not null, kind text not null, column_name text not null
);
create table if not exists profile (
    landed_seq integer not null, channel text not null, export text not null, delivery text not null,
    row_count integer not null, fields text not null
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
create table if not exists model (model_no integer primary key, model text not null, materialized text not null);
create table if not exists model_outcome (
    run_id integer not null, model_no integer not null, seconds real not null,
    row_count integer, row_count_before integer, primary key (run_id, model_no)
) without rowid;
create table if not exists expectation (
    expectation_no integer primary key, table_name text not null, expectation text not null, column_name text,
    severity text not null, query text, runbook text, why text
);
create table if not exists check_outcome (
    run_id integer not null, check_no integer not null, expectation_no integer not null, success integer not null,
    error text, unexpected_count integer, unexpected_percent real, sample_keys text, primary key (run_id, check_no)
) without rowid;
create table if not exists model_month (
    month text not null, model_no integer not null, run_count integer not null, seconds real not null,
    row_count integer, primary key (month, model_no)
) without rowid;
create table if not exists check_month (
    month text not null, expectation_no integer not null, run_count integer not null, failed_count integer not null,
    error_count integer not null, unexpected_count integer not null, primary key (month, expectation_no)
) without rowid;
create table if not exists access_log (
    access_no integer primary key autoincrement, accessed_at text not null, who text not null, list text not null,
    parameters text not null, release text not null, row_count integer not null, person_count integer not null,
    is_raw integer not null, form text not null, file text, finished_at text
);
create view if not exists model_run as
    select o.run_id, m.model, m.materialized, o.seconds, o.row_count, o.row_count_before
    from model_outcome as o join model as m using (model_no);
create view if not exists check_result as
    select o.run_id, e.table_name, e.expectation, e.column_name, e.severity, o.success, o.error, o.unexpected_count,
        o.unexpected_percent, coalesce(o.sample_keys, '[]') as sample_keys, e.query, e.runbook, e.why, o.check_no
    from check_outcome as o join expectation as e using (expectation_no);
"""


def create(db: sqlite3.Connection) -> None:
    """Create missing tables, inside the caller's transaction. A table that is only added needs no new version: an
    older siyu ignores it."""
    for statement in SCHEMA.split(";"):
        db.execute(statement)
    db.execute(f"pragma user_version = {VERSION}")


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Convert the tables of an older version to this one."""
    held = {row[1] for row in db.execute("pragma table_info(file)")}
    for column, kind in FILE_SINCE_4.items():
        if held and column not in held:
            db.execute(f"alter table file add column {column} {kind}")
    if version == 2:
        _migrate_texts(db)


def _migrate_texts(db: sqlite3.Connection) -> None:
    """Convert the tables of version 2, which repeat every text in every row."""
    models = [dict(row) for row in db.execute("select * from model_run order by run_id, rowid")]
    checks = [dict(row) for row in db.execute("select * from check_result order by run_id, rowid")]
    db.execute("drop table model_run")
    db.execute("drop table check_result")
    create(db)
    add_models(db, models)
    add_checks(db, checks)


def add_models(db: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store what runs built. A row has the columns of the view model_run."""
    numbers = _numbers(db, "model", MODEL, rows)
    db.executemany(
        "insert into model_outcome values (?, ?, ?, ?, ?)",
        [(row["run_id"], numbers[_key(row, MODEL)], *(row[name] for name in MODEL_FIELDS)) for row in rows],
    )


def add_checks(db: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store what runs checked, in order. A row has the columns of the view check_result."""
    numbers = _numbers(db, "expectation", EXPECTATION, rows)
    count: dict[int, int] = {}
    values = []
    for row in rows:
        position = count[row["run_id"]] = count.get(row["run_id"], 0) + 1
        keys = None if row["sample_keys"] == NO_KEYS else row["sample_keys"]
        outcome = [row[name] for name in CHECK_FIELDS[:-1]]
        values.append((row["run_id"], position, numbers[_key(row, EXPECTATION)], *outcome, keys))
    db.executemany("insert into check_outcome values (?, ?, ?, ?, ?, ?, ?, ?)", values)


def _numbers(
    db: sqlite3.Connection, table: str, names: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> dict[tuple[Any, ...], int]:
    """Return the number of each text in the rows. New texts get a number."""
    listed = ", ".join(names)
    known = {tuple(row[1:]): row[0] for row in db.execute(f"select {table}_no, {listed} from {table}")}
    new = list(dict.fromkeys(key for row in rows if (key := _key(row, names)) not in known))
    first = max(known.values(), default=0) + 1
    found = {key: number for number, key in enumerate(new, start=first)}
    marks = ", ".join("?" * (len(names) + 1))
    db.executemany(f"insert into {table} values ({marks})", [(number, *key) for key, number in found.items()])
    return known | found


def _key(row: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)
