"""The ledger of runs: what is stored comes back, old details become sums, an older ledger is migrated."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from siyu.build import ops
from siyu.compile.ops_schema import OPS_TABLES
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from siyu.warehouse.ledger import FILE_FIELDS, Ledger
from siyu.warehouse.ledger_schema import FILE_SINCE_4

VERSION_2 = """
create table run (
    run_id integer primary key autoincrement, run_key text, as_of text, known_by text,
    started_at text not null, ended_at text, status text not null, release text, previous_release text,
    code_fingerprint text, input_fingerprint text, error text
);
create table model_run (
    run_id integer not null, model text not null, materialized text not null, seconds real not null,
    row_count integer, row_count_before integer
);
create table check_result (
    run_id integer not null, table_name text not null, expectation text not null, column_name text,
    severity text not null, success integer not null, error text, unexpected_count integer,
    unexpected_percent real, sample_keys text, query text, runbook text, why text
);
pragma user_version = 2;
"""


def _model(run_id: int, model: str, rows: int | None) -> dict[str, Any]:
    kind = "view" if rows is None else "table"
    return {
        "run_id": run_id, "model": model, "materialized": kind, "seconds": 0.25, "row_count": rows,
        "row_count_before": None,
    }  # fmt: skip


def _check(run_id: int, column: str | None, **values: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "run_id": run_id, "table_name": "kpi.kpi_value", "expectation": "unexpected_rows_expectation",
        "column_name": column, "severity": "warning", "success": 1, "error": None, "unexpected_count": None,
        "unexpected_percent": None, "sample_keys": "[]", "query": f"select {column}", "runbook": None,
        "why": "It's so, 因为.",
    }  # fmt: skip
    return {**row, **values}


def _night(run_id: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One row of each kind that a night may give."""
    models = [_model(run_id, "kpi.kpi_value", 10 * run_id), _model(run_id, "staging.crm__deal", None)]
    failed = {"success": 0, "unexpected_count": 2, "unexpected_percent": 12.5, "sample_keys": '[{"a": 1}]'}
    checks = [
        _check(run_id, "b"),
        _check(run_id, "a", unexpected_count=0, unexpected_percent=0.0),
        _check(run_id, None, **failed),
        _check(run_id, "c", success=0, error="it could not run"),
        _check(run_id, "d", unexpected_count=1, unexpected_percent=0.1),
        _check(run_id, "e", unexpected_count=0),
        _check(run_id, "b"),
    ]
    return models, checks


def _store(ledger: Ledger, started_at: str) -> int:
    run_id = ledger.begin_run(started_at)
    models, checks = _night(run_id)
    ledger.add_model_runs(models)
    ledger.add_check_results(checks)
    ledger.update_run(run_id, status="published", as_of=started_at[:10])
    return run_id


def _checks(ledger: Ledger, run_id: int) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name != "check_no"} for row in ledger.check_results(run_id)]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def session() -> Iterator[DuckSession]:
    engine = DuckEngine(None, RunInputs("2026-01-31", "Asia/Shanghai", "k"))
    opened = engine.session()
    opened.execute("create schema ops")
    yield opened
    engine.close()


def _of_release(session: DuckSession, table: str) -> list[dict[str, Any]]:
    return session.named_rows(f"select * from ops.{table} order by all")


def test_a_run_comes_back_as_it_was_stored(ledger: Ledger) -> None:
    for number in (1, 2):
        assert _store(ledger, f"2026-06-0{number} 01:30:00.000") == number
    for run_id in (1, 2):
        models, checks = _night(run_id)
        assert ledger.model_runs(run_id) == models
        assert _checks(ledger, run_id) == checks
        assert ledger.run(run_id)["started_at"] == f"2026-06-0{run_id} 01:30:00.000"
    assert ledger.published_rows() == {"kpi.kpi_value": 20, "staging.crm__deal": None}


def test_tables_of_a_release_say_the_same(ledger: Ledger, session: DuckSession) -> None:
    for number in (1, 2):
        _store(ledger, f"2026-06-0{number} 01:30:00.000")
    ops.write_runs(session, ledger, ledger.run(2))
    nights = [_night(run_id) for run_id in (1, 2)]

    def rows(part: int) -> list[dict[str, Any]]:
        return sorted((row for night in nights for row in night[part]), key=str)

    assert sorted(session.named_rows("select * from ops.model_run"), key=str) == rows(0)
    names = list(OPS_TABLES["check_result"].types)
    expected = [{name: row[name] for name in names} | {"success": bool(row["success"])} for row in rows(1)]
    assert sorted(session.named_rows("select * from ops.check_result"), key=str) == sorted(expected, key=str)
    for name in ("run", "model_run", "check_result", "model_month", "check_month"):
        types = {column.name: column.type.lower() for column in session.columns(f"select * from ops.{name}")}
        assert types == OPS_TABLES[name].types


def test_a_ledger_without_details_gives_empty_tables(ledger: Ledger, session: DuckSession) -> None:
    ops.write_runs(session, ledger, ledger.run(ledger.begin_run("2026-06-01 01:30:00.000")))
    assert [_of_release(session, name) for name in ("model_run", "check_result", "check_month")] == [[], [], []]


def test_old_details_become_sums_by_month(ledger: Ledger, session: DuckSession) -> None:
    for day in ("2026-05-30", "2026-05-31", "2026-06-01", "2026-06-02"):
        _store(ledger, f"{day} 01:30:00.000")
    for before in (date(2026, 5, 31), date(2026, 6, 2), date(2026, 6, 2)):  # night by night, the last one repeated
        ledger.sum_up(before)
    assert [len(ledger.model_runs(run_id)) for run_id in (1, 2, 3, 4)] == [0, 0, 0, 2]
    assert len(ledger.runs()) == 4
    ops.write_runs(session, ledger, ledger.run(4))
    assert {row["run_id"] for row in _of_release(session, "check_result")} == {4}
    months = [(r["month"], r["model"], r["run_count"], r["seconds"], r["row_count"]) for r in ledger.model_months()]
    assert months == [
        ("2026-05", "kpi.kpi_value", 2, 0.5, 20), ("2026-05", "staging.crm__deal", 2, 0.5, None),
        ("2026-06", "kpi.kpi_value", 1, 0.25, 30), ("2026-06", "staging.crm__deal", 1, 0.25, None),
    ]  # fmt: skip
    sums = {
        (row["month"], row["column_name"]): (row["run_count"], row["failed_count"], row["error_count"])
        for row in _of_release(session, "check_month")
    }
    assert sums["2026-05", "c"] == (2, 2, 2)
    assert sums["2026-05", None] == (2, 2, 0)
    assert sums["2026-06", "b"] == (2, 0, 0)


def test_texts_are_stored_once(tmp_path: Path, ledger: Ledger) -> None:
    checks = [_check(1, f"column {number}", why="A reason. " * 50) for number in range(100)]
    ledger.add_check_results(checks)
    before = (tmp_path / "ledger.sqlite").stat().st_size
    for run_id in range(2, 52):
        ledger.add_check_results({**row, "run_id": run_id} for row in checks)
    assert (tmp_path / "ledger.sqlite").stat().st_size - before < 30 * 100 * 50


@pytest.mark.parametrize("version", [2, 3])
def test_files_of_an_older_ledger_have_replaced_nothing(tmp_path: Path, version: int) -> None:
    path = tmp_path / "ledger.sqlite"
    old = [name for name in FILE_FIELDS if name not in FILE_SINCE_4]
    values = {name: 7 if name == "rows_landed" else 1 if name.startswith(("rows", "landed")) else name for name in old}
    with contextlib.closing(sqlite3.connect(path)) as db:
        if version == 2:
            db.executescript(VERSION_2)
        db.execute("create table landing (landed_seq integer primary key, landed_date text not null)")
        db.execute("insert into landing values (1, '2026-06-01')")
        db.execute(f"create table file ({', '.join(old)})")
        db.execute(f"insert into file values ({', '.join('?' * len(old))})", list(values.values()))
        db.execute(f"pragma user_version = {version}")
        db.commit()
    for _ in range(2):
        ledger = Ledger(path)
        (file,) = ledger.files()
        assert (file.rows_landed, file.rows_replaced, file.differing_keys, file.example_key, file.mended) == (
            7, 0, 0, None, None,
        )  # fmt: skip
        ledger.close()
    again = Ledger(path)
    again.commit_landing((2, date(2026, 6, 2)), [replace(file, landed_seq=2, rows_replaced=3, mended="a:1")], [], [])
    assert [(file.rows_replaced, file.mended) for file in again.files()] == [(0, None), (3, "a:1")]
    again.close()


def test_a_ledger_of_version_2_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    nights = {run_id: _night(run_id) for run_id in (1, 2)}
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(VERSION_2)
        for run_id, (models, checks) in nights.items():
            db.execute("insert into run (started_at, status) values (?, 'published')", [f"2026-06-0{run_id} 01:30:00"])
            for table, rows in (("model_run", models), ("check_result", checks)):
                marks = ", ".join(f":{name}" for name in rows[0])
                db.executemany(f"insert into {table} ({', '.join(rows[0])}) values ({marks})", rows)
        db.commit()
    for _ in range(2):  # the second time there is nothing left to migrate
        ledger = Ledger(path)
        for run_id, (models, checks) in nights.items():
            assert ledger.model_runs(run_id) == models
            assert _checks(ledger, run_id) == checks
        assert ledger.published_rows()["kpi.kpi_value"] == 20
        ledger.close()
