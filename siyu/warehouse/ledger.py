"""The run ledger: what landed and what ran, in one SQLite file in the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from siyu.errors import ConfigError
from siyu.warehouse.access import AccessLedger
from siyu.warehouse.ledger_file import Row
from siyu.warehouse.runs import RunLedger

__all__ = ["LandedFile", "Ledger", "Row"]


@dataclass(frozen=True)
class LandedFile:
    """The ledger's row about one export file. `status` is landed or rejected.

    rows_read = rows_landed + rows_rejected + rows_replaced. Replaced rows share their key with a later row of the file.
    `differing_keys` counts keys whose rows are not equal. `mended` counts values with replaced characters, by column:
    `name:2;note:1`.
    """

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
    rows_replaced: int = 0
    differing_keys: int = 0
    example_key: str | None = None
    mended: str | None = None
    corrected_date: str | None = None  # date of its landing, if the rows have a wrong one

    @property
    def types(self) -> dict[str, str]:
        """column -> type, as in the contract when the file landed."""
        return dict(item.split(":", 1) for item in self.columns.split(";"))

    @property
    def landed(self) -> bool:
        """Whether the rows of the file count."""
        return self.status == "landed"


CORRECTED = "corrected landing "
FILE_FIELDS = tuple(name for name in LandedFile.__dataclass_fields__ if name != "corrected_date")


class Ledger(RunLedger, AccessLedger):
    """Access to the run ledger."""

    def check_salt(self, fingerprint: str) -> None:
        """Refuse a salt that differs from the first one of this warehouse, because every ID would change."""
        known = self._rows("select value from meta where name = 'salt'")
        if known and known[0]["value"] != fingerprint:
            raise ConfigError(
                "SIYU_SALT is not the salt this warehouse was begun with; every ID would change",
                str(self._path),
                "set the former salt; or, if it was begun with the sample, which has none, delete the warehouse.",
                "a-wrong-salt",
            )
        if not known:
            with self._transaction() as db:
                db.execute("insert into meta values ('salt', ?)", [fingerprint])

    # Landings

    def next_landing(self, as_of: date) -> tuple[int, date]:
        """Return number and date of the next landing. The date never goes back."""
        seq, last = self._db.execute("select max(landed_seq), max(landed_date) from landing").fetchone()
        return (seq or 0) + 1, max(as_of, date.fromisoformat(last)) if last else as_of

    def correct_landings(self, as_of: date, today: date) -> list[int]:
        """Change the date of landings with a future date to `as_of`: the clock was wrong. Return their numbers.

        Otherwise every later landing would have that date, too, and its rows would be after as_of for many nights.
        """
        future = [seq for seq, day in self.landings().items() if day > today]
        if future:
            day = max([as_of, *(day for day in self.landings().values() if day <= today)]).isoformat()
            with self._transaction() as db:
                db.execute("update landing set landed_date = ? where landed_date > ?", [day, today.isoformat()])
                db.execute("update drift set since = ? where since > ?", [day, today.isoformat()])
                db.executemany("insert or replace into meta values (?, ?)", [(f"{CORRECTED}{n}", day) for n in future])
        return future

    def commit_landing(
        self,
        landing: tuple[int, date],
        files: Iterable[LandedFile],
        drift: Iterable[tuple[str, str, str, str]],
        references: Iterable[tuple[str, str, str]],
        file_drift: Iterable[tuple[str, str, str]] = (),
    ) -> None:
        """Store everything about a landing, in one transaction."""
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
            db.executemany("insert into file_drift values (?, ?, ?, ?)", [[seq, *item] for item in file_drift])
            db.executemany("insert into reference values (?, ?, ?, ?)", [[seq, *item] for item in references])

    def files(self, known_by: date | None = None) -> list[LandedFile]:
        """Return the files of all landings up to a date, in the order of the landings."""
        meta = self._rows("select name, value from meta where name like ?", [f"{CORRECTED}%"])
        corrected = {int(row["name"].removeprefix(CORRECTED)): row["value"] for row in meta}
        rows = self._rows(self._known("file"), [_day(known_by)])
        return [LandedFile(**row, corrected_date=corrected.get(row["landed_seq"])) for row in rows]

    def channels(self, known_by: date | None = None) -> set[str]:
        """Return the channels of which rows have landed."""
        known = self._rows(
            "select distinct channel from file join landing using (landed_seq)"
            " where landed_date <= ? and status = 'landed' and rows_landed > 0",
            [_day(known_by)],
        )
        return {row["channel"] for row in known}

    def mask_file_names(self, shown: Callable[[str], str]) -> None:
        """Replace the names of files that an earlier version of siyu stored as they are. Done once per warehouse."""
        if self._rows("select 1 from meta where name = 'file_names'"):
            return
        names = [row["file"] for row in self._rows("select distinct file from file")]
        changed = [(after, name) for name in names if (after := shown(name)) != name]
        with self._transaction() as db:
            db.executemany("update file set file = ? where file = ?", changed)
            db.execute("insert into meta values ('file_names', 'masked')")

    def landings(self, known_by: date | None = None) -> dict[int, date]:
        """Return landed_seq -> landed_date."""
        rows = self._rows("select * from landing where landed_date <= ?", [_day(known_by)])
        return {row["landed_seq"]: date.fromisoformat(row["landed_date"]) for row in rows}

    def references(self, known_by: date | None = None) -> dict[str, Row]:
        """Return name -> the version in force (landed_seq, name, sha256, path). sha256 '' means withdrawn."""
        rows = self._rows(self._known("reference"), [_day(known_by)])
        return {row["name"]: row for row in rows}

    def reference_versions(self, known_by: date | None = None) -> list[Row]:
        """Return every version of the reference tables, oldest first. The path of a withdrawn one is empty."""
        return self._rows(self._known("reference"), [_day(known_by)])

    def drift(self, known_by: date | None = None) -> list[Row]:
        """Return all drift, oldest first."""
        return self._rows(self._known("drift"), [_day(known_by)])

    def file_drift(self, known_by: date | None = None) -> dict[tuple[int, str], list[tuple[str, str]]]:
        """Return (landed_seq, identity of a file) -> the (kind, column) of its drift."""
        found: dict[tuple[int, str], list[tuple[str, str]]] = {}
        for row in self._rows(self._known("file_drift"), [_day(known_by)]):
            found.setdefault((row["landed_seq"], row["identity"]), []).append((row["kind"], row["column_name"]))
        return found

    def add_profiles(self, rows: Iterable[Sequence[Any]], kept: int) -> None:
        """Store profiles: landed_seq, channel, export, delivery, row_count and fields as JSON.

        Of each export those of the newest `kept` landings stay, so that the ledger does not grow with the nights.
        """
        with self._transaction() as db:
            db.executemany("insert into profile values (?, ?, ?, ?, ?, ?)", rows)
            db.execute(
                "delete from profile where rowid in (select id from (select rowid as id, dense_rank() over"
                " (partition by channel, export order by landed_seq desc) as n from profile) where n > ?)",
                [kept],
            )

    def profiled(self) -> list[Row]:
        """Return landed_seq, channel and export of all profiles."""
        return self._rows("select distinct landed_seq, channel, export from profile")

    def profiles(self, known_by: date | None = None) -> list[Row]:
        """Return the profiles of all deliveries, oldest landing first."""
        return self._rows(self._known("profile"), [_day(known_by)])

    @staticmethod
    def _known(table: str) -> str:
        return (
            f"select t.* from {table} as t join landing as l using (landed_seq)"
            " where l.landed_date <= ? order by t.landed_seq, t.rowid"
        )


def _day(known_by: date | None) -> str:
    return (known_by or date.max).isoformat()
