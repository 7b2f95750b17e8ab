"""Runs, and what each run built and checked: in detail for some time, then as sums by month."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from siyu.warehouse import ledger_schema
from siyu.warehouse.ledger_file import LedgerFile, Row

MISSING = -1  # stands for NULL in an array of History
# Outcomes of checks: a success without figures, one whose figures are 0, and any other.
NO_FIGURES, NO_FAILURES, DETAILED = 0, 1, 2
OUTCOME = f"""
case when not success or error is not null or sample_keys is not null then {DETAILED}
    when unexpected_count is null and unexpected_percent is null then {NO_FIGURES}
    when unexpected_count = 0 and unexpected_percent = 0 then {NO_FAILURES} else {DETAILED} end
"""


@dataclass(frozen=True)
class History:
    """Rows of all runs: numbers as arrays, which an engine reads at once, and the texts that these refer to.

    NULL is MISSING in arrays. Arrays and texts share a column: `model_no` or `expectation_no`. For checks the arrays
    have only `outcome`: NO_FIGURES and NO_FAILURES say all of it, DETAILED refers to a row of `details`.
    """

    arrays: Mapping[str, np.ndarray[Any, Any]]
    texts: Sequence[Row]
    details: Sequence[Row] = ()


class RunLedger(LedgerFile):
    """The runs of a warehouse."""

    def begin_run(self, started_at: str) -> int:
        """Return the number of a new run. Mark earlier runs that never ended as interrupted."""
        with self._transaction() as db:
            db.execute(
                "update run set status = 'interrupted', error = 'the process ended unexpectedly'"
                " where status = 'running'"
            )
            cursor = db.execute("insert into run (started_at, status) values (?, 'running')", [started_at])
            return int(cursor.lastrowid or 0)

    def update_run(self, run_id: int, **values: Any) -> None:
        """Write values to the row of a run."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self._transaction() as db:
            db.execute(f"update run set {names} where run_id = ?", [*values.values(), run_id])

    def last_published(self, as_of: date, known_by: date | None) -> Row | None:
        """Return the last run that published this date with this `known_by`, or None."""
        found = self._rows(
            "select * from run where status = 'published' and as_of = ? and known_by is not distinct from ?"
            " order by run_id desc limit 1",
            [as_of.isoformat(), known_by.isoformat() if known_by else None],
        )
        return found[0] if found else None

    def withdraw_after(self, today: date) -> list[str]:
        """Withdraw what was published for dates after today, so that no later night compares itself with it. Return
        the names of the releases."""
        found = "where status = 'published' and as_of > ?"
        names = [row["release"] for row in self._rows(f"select release from run {found}", [today.isoformat()])]
        if names:
            with self._transaction() as db:
                db.execute(f"update run set status = 'withdrawn' {found}", [today.isoformat()])
        return names

    def published_before(self, as_of: date) -> Row | None:
        """Return the last run of the newest earlier date that was published without `known_by`, or None."""
        found = self._rows(
            "select * from run where status = 'published' and as_of < ? and known_by is null"
            " order by as_of desc, run_id desc limit 1",
            [as_of.isoformat()],
        )
        return found[0] if found else None

    def add_problems(self, run_id: int, problems: Mapping[str, Sequence[str]]) -> None:
        """Store the problems that a run found in channels while it landed them."""
        self._insert(
            "problem",
            [
                {"run_id": run_id, "channel": channel, "problem": text}
                for channel, texts in problems.items()
                for text in texts
            ],
        )

    def problems(self, as_of: date) -> dict[str, list[str]]:
        """Return channel -> the problems that made it stale in the night that published this date."""
        run = self.last_published(as_of, None)
        return self._problems_of(run["run_id"] if run else 0)

    def last_problems(self) -> dict[str, list[str]]:
        """Return channel -> the problems that the last run which landed files has stored."""
        found = self._rows("select max(run_id) as last from run where run_key is not null and known_by is null")
        return self._problems_of(found[0]["last"] or 0)

    def _problems_of(self, run_id: int) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for row in self._rows("select * from problem where run_id = ? order by rowid", [run_id]):
            found.setdefault(row["channel"], []).append(row["problem"])
        return found

    def runs(self) -> list[Row]:
        """Return all runs, oldest first."""
        return self._rows("select * from run order by run_id")

    def run(self, run_id: int) -> Row:
        """Return one run, which must exist."""
        return self._rows("select * from run where run_id = ?", [run_id])[0]

    def last_runs(self, count: int) -> list[Row]:
        """Return the last runs that have ended, oldest first: number, date, status, begin, and seconds."""
        found = self._rows(
            "select run_id, as_of, status, started_at,"
            " round((julianday(ended_at) - julianday(started_at)) * 86400, 1) as seconds"
            " from run where status <> 'running' order by run_id desc limit ?",
            [count],
        )
        return found[::-1]

    def add_model_runs(self, rows: Iterable[Row]) -> None:
        """Store what a run built."""
        with self._transaction() as db:
            ledger_schema.add_models(db, list(rows))

    def add_check_results(self, rows: Iterable[Row]) -> None:
        """Store everything that a run checked, in order. Call it once per run."""
        with self._transaction() as db:
            ledger_schema.add_checks(db, list(rows))

    def mask_record_ids(self, mask: Callable[[str], str]) -> None:
        """Mask the record ids that an earlier version of siyu stored in failing keys. Done once per warehouse."""
        if self._rows("select 1 from meta where name = 'record_ids'"):
            return
        found = "select run_id, check_no, sample_keys from check_outcome where sample_keys like '%record_id\"%'"
        changed = []
        for row in self._rows(found):
            keys = [
                {name: mask(value) if name.endswith("record_id") and value else value for name, value in key.items()}
                for key in json.loads(row["sample_keys"])
            ]
            changed.append((json.dumps(keys, ensure_ascii=False), row["run_id"], row["check_no"]))
        with self._transaction() as db:
            db.executemany("update check_outcome set sample_keys = ? where run_id = ? and check_no = ?", changed)
            db.execute("insert into meta values ('record_ids', 'masked')")

    def model_runs(self, run_id: int) -> list[Row]:
        """Return what a run built, by model."""
        return self._rows("select * from model_run where run_id = ? order by model", [run_id])

    def check_results(self, run_id: int) -> list[Row]:
        """Return what a run checked, in the order of the run."""
        return self._rows("select * from check_result where run_id = ? order by check_no", [run_id])

    def published_rows(self) -> dict[str, int | None]:
        """Return model -> its number of rows in the last published run that built it."""
        rows = self._rows(
            "select m.model, o.row_count, max(o.run_id) as run_id from model_outcome as o"
            " join run as r on r.run_id = o.run_id join model as m on m.model_no = o.model_no"
            " where r.status = 'published' group by m.model"
        )
        return {row["model"]: row["row_count"] for row in rows}

    def sum_up(self, before: date) -> None:
        """Replace the details of runs that began before a date with sums by month."""
        begun = before.isoformat()
        with self._transaction() as db:
            db.execute(SUM_MODELS, [begun])
            db.execute(SUM_CHECKS, [begun])
            for table in ("model_outcome", "check_outcome"):
                db.execute(
                    f"delete from {table} where run_id in (select run_id from run where started_at < ?)", [begun]
                )

    def model_history(self) -> History:
        """Return what all runs built, as far as the details are kept."""
        columns = {name: name for name in ("model_no", *ledger_schema.MODEL_FIELDS)}
        return History(self._arrays("model_outcome", columns), self._rows("select * from model"))

    def check_history(self) -> History:
        """Return what all runs checked, as far as the details are kept."""
        return History(
            self._arrays(
                "check_outcome", {"check_no": "check_no", "expectation_no": "expectation_no", "outcome": OUTCOME}
            ),
            self._rows("select * from expectation"),
            self._rows(f"select * from check_outcome where {OUTCOME} = {DETAILED}"),
        )

    def model_months(self) -> list[Row]:
        """Return the sums of earlier months, by model."""
        return self._rows("select * from model_month join model using (model_no) order by month, model")

    def check_months(self) -> list[Row]:
        """Return the sums of earlier months, by expectation."""
        return self._rows(
            "select * from check_month join expectation using (expectation_no) order by month, expectation_no"
        )

    def _arrays(self, table: str, columns: Mapping[str, str]) -> dict[str, np.ndarray[Any, Any]]:
        """Return columns of numbers, run by run. SQLite joins them, because one Python object each is slow."""
        listed = ", ".join(f"group_concat(coalesce({expression}, {MISSING}))" for expression in columns.values())
        rows = self._db.execute(
            f"select run_id, count(*), {listed} from {table} group by run_id order by run_id"
        ).fetchall()
        runs, counts, *texts = zip(*rows, strict=True) if rows else [()] * (len(columns) + 2)
        arrays = {"run_id": np.repeat(np.array(runs, dtype=np.int64), np.array(counts, dtype=np.int64))}
        return arrays | {
            name: np.fromstring(",".join(text), sep=",") for name, text in zip(columns, texts, strict=True)
        }


# A month that is summed up in parts, night by night, adds to its row.
SUM_MODELS = """
insert into model_month
select substr(r.started_at, 1, 7), o.model_no, count(*), sum(o.seconds), max(o.row_count)
from model_outcome as o join run as r using (run_id) where r.started_at < ? group by 1, 2
on conflict do update set run_count = run_count + excluded.run_count, seconds = seconds + excluded.seconds,
    row_count = max(coalesce(row_count, excluded.row_count), coalesce(excluded.row_count, row_count))
"""
SUM_CHECKS = """
insert into check_month
select substr(r.started_at, 1, 7), o.expectation_no, count(*), sum(not o.success), count(o.error),
    coalesce(sum(o.unexpected_count), 0)
from check_outcome as o join run as r using (run_id) where r.started_at < ? group by 1, 2
on conflict do update set run_count = run_count + excluded.run_count,
    failed_count = failed_count + excluded.failed_count, error_count = error_count + excluded.error_count,
    unexpected_count = unexpected_count + excluded.unexpected_count
"""
