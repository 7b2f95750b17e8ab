"""The ops tables: what runs, landings and checks left behind, as tables that travel with every release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siyu.build.catalog import write_table
from siyu.compile.ops_schema import OPS_TABLES
from siyu.engines.base import Session
from siyu.engines.sql import quoted
from siyu.landing.channel_status import ChannelStatus
from siyu.masking import masked
from siyu.warehouse.ledger import LandedFile, Ledger, Row

if TYPE_CHECKING:
    from siyu.compile.project import Project


def write_channel_status(session: Session, statuses: Sequence[ChannelStatus]) -> None:
    """ops.channel_status: models may read it."""
    columns = OPS_TABLES["channel_status"].types
    write_table(session, "ops.channel_status", columns, ([getattr(s, name) for name in columns] for s in statuses))


def write_landed(session: Session, project: Project, ledger: Ledger, store: Path, known_by: date | None) -> None:
    """What landings left behind, into schema ops of the build, where suites check it; models must be built."""
    landings = ledger.landings(known_by)
    files = ledger.files(known_by)
    _write(session, "drift", ledger.drift(known_by))
    told = ({**vars(f), "file": masked(f.file), "reason": masked(f.reason) if f.reason else None} for f in files)
    _write(session, "file_ledger", [{**file, "landed_date": landings[file["landed_seq"]]} for file in told])
    _write_rejected_rows(session, files, store)
    _write_refused_fields(session, project)


def write_runs(session: Session, ledger: Ledger, own_run: Row) -> None:
    """The history of all runs, into schema ops of the build."""
    _write(session, "run", [run for run in ledger.runs() if run["run_id"] != own_run["run_id"]] + [own_run])
    _write(session, "model_run", ledger.model_runs())
    _write(session, "check_result", ledger.check_results())


def _write(session: Session, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = OPS_TABLES[table].types
    write_table(session, f"ops.{table}", columns, ([row[name] for name in columns] for row in rows))


def _write_rejected_rows(session: Session, files: Sequence[LandedFile], store: Path) -> None:
    """Values are masked once more: what an earlier siyu wrote may have been masked less."""
    columns = OPS_TABLES["rejected_row"].types
    whole = (
        (f.channel, f.export, masked(f.file), None, None, None, masked(f.reason or "")) for f in files if not f.landed
    )
    write_table(session, "ops.rejected_row", columns, whole)
    known = [(str(store / f.rejects), f.channel, f.export, masked(f.file)) for f in files if f.rejects]
    if not known:
        return
    types = dict.fromkeys(("path", "channel", "export", "file"), "varchar")
    write_table(session, "ops._rejects", types, known)
    listed = ", ".join(quoted(path) for path, *_ in dict.fromkeys(known))
    session.execute(
        "insert into ops.rejected_row select k.channel, k.export, k.file, r.line, r.column_name,"
        f" fn_mask_text(r.value_masked), r.reason from read_parquet([{listed}], filename = 'path') as r"
        " join ops._rejects as k using (path)"
    )
    session.execute("drop table ops._rejects")


def _write_refused_fields(session: Session, project: Project) -> None:
    """Of the rows that count tonight: the branches of a model add up, what several models read is counted once."""
    found: dict[tuple[str, ...], int] = {}
    for model in project.models.values():
        counted: Counter[tuple[str, ...]] = Counter()
        for item in model.refused:
            for export, rows in session.rows(item.sql):
                counted[(str(model.model.channel), export or "", item.field, item.reason)] += rows
        found |= {key: max(rows, found.get(key, 0)) for key, rows in counted.items()}
    types = OPS_TABLES["field_reject"].types
    write_table(session, "ops.field_reject", types, ((*key, rows) for key, rows in sorted(found.items())))
