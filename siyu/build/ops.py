"""The ops tables, which are part of every release: runs, landings and checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siyu.build.catalog import write_table
from siyu.build.materialization import data_fault
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.template import source_relation
from siyu.engines.base import Session
from siyu.engines.paths import parquet
from siyu.errors import SqlProblem
from siyu.landing.channel_status import ChannelStatus
from siyu.landing.comparison import Comparison, bucket_told
from siyu.landing.drift import Drift
from siyu.landing.repeats import version_ties
from siyu.masking import masked
from siyu.warehouse.ledger import LandedFile, Ledger, Row
from siyu.warehouse.ledger_schema import NO_KEYS
from siyu.warehouse.runs import MISSING, NO_FAILURES, History

if TYPE_CHECKING:
    from siyu.compile.field_rejects import RefusedField
    from siyu.compile.project import CompiledModel, Project

# Columns of ops.check_result that only rows with details have, and what the others have in their place.
DETAILS = {
    "success": "bigint", "error": "varchar", "unexpected_count": "bigint", "unexpected_percent": "double",
    "sample_keys": "varchar",
}  # fmt: skip
CHECK_EXPRESSIONS = {
    "success": "coalesce(d.success, 1)",
    "unexpected_count": f"if(n.outcome = {NO_FAILURES}, 0, d.unexpected_count)",
    "unexpected_percent": f"if(n.outcome = {NO_FAILURES}, 0, d.unexpected_percent)",
    "sample_keys": f"coalesce(d.sample_keys, '{NO_KEYS}')",
}


def write_channel_status(session: Session, statuses: Sequence[ChannelStatus]) -> None:
    """Write ops.channel_status, which models may read."""
    columns = OPS_TABLES["channel_status"].types
    write_table(session, "ops.channel_status", columns, ([getattr(s, name) for name in columns] for s in statuses))


def write_landed(
    session: Session, project: Project, ledger: Ledger, store: Path, known_by: date | None, drift: Sequence[Drift]
) -> None:
    """Write files, rejects and drift to schema ops of the build, where suites check them. Needs all models."""
    landings = ledger.landings(known_by)
    files = ledger.files(known_by)
    standing = {(d.channel, d.export, d.kind, d.column_name): d for d in drift}
    rows = ((row, standing.get((row["channel"], row["export"], row["kind"], row["column_name"])))
            for row in ledger.drift(known_by))  # fmt: skip
    _write(session, "drift", [
        {**row, "is_open": d is not None and d.is_open, "advice": d.told or None if d else None} for row, d in rows
    ])  # fmt: skip
    _write(session, "file_ledger", [{**_told(f), "landed_date": landings[f.landed_seq]} for f in files])
    _write_version_ties(session, project, files)
    _write_rejected_rows(session, files, store)
    _write_refused_fields(session, project)


def write_comparisons(session: Session, compared: Sequence[Comparison]) -> None:
    """Write what the newest landing was compared with to ops.volume and ops.field_profile."""
    places = [{"channel": c.channel, "export": c.export, "landed_seq": c.landed_seq} for c in compared]
    _write(session, "volume", [
        {**place, "row_count": v.rows, "usual_rows": v.usual, "low": v.low, "high": v.high, "is_unusual": v.is_unusual}
        for place, v in zip(places, (c.volume for c in compared), strict=True)
    ])  # fmt: skip
    _write(session, "field_profile", [
        {**place, "delivery": day, "field": f.field, "aspect": f.aspect, "row_count": f.rows, "compared": f.compared,
         "distance": f.distance, "distance_limit": f.limit, "bucket": bucket_told(f.aspect, f.bucket),
         "share": f.share, "usual_share": f.usual_share, "is_unusual": f.is_unusual}
        for place, c in zip(places, compared, strict=True) for day, found in c.fields.items() for f in found
    ])  # fmt: skip


def write_runs(session: Session, ledger: Ledger, own_run: Row) -> None:
    """Write the history of runs to schema ops of the build: all runs, recent details, sums of earlier months, and
    the access log."""
    _write(session, "run", [run for run in ledger.runs() if run["run_id"] != own_run["run_id"]] + [own_run])
    _write_history(session, "model_run", ledger.model_history(), "model_no")
    _write_history(session, "check_result", ledger.check_history(), "expectation_no")
    _write(session, "model_month", ledger.model_months())
    _write(session, "check_month", ledger.check_months())
    _write(session, "access", ledger.accesses())


def _write_history(session: Session, table: str, history: History, number: str) -> None:
    """Join numbers and texts inside the engine, because a year has about 300,000 rows."""
    session.write_arrays("ops._numbers", history.arrays)
    columns = OPS_TABLES[table].types
    expressions = {name: f"nullif(n.{name}, {MISSING})" for name in history.arrays}
    join = ""
    if "outcome" in history.arrays:
        _write_helper(session, "_details", {"run_id": "bigint", "check_no": "bigint", **DETAILS}, history.details)
        expressions |= {name: f"d.{name}" for name in DETAILS} | CHECK_EXPRESSIONS
        join = " left join ops._details as d using (run_id, check_no)"
    texts = {number: "bigint", **{name: "varchar" for name in columns if name not in expressions}}
    _write_helper(session, "_texts", texts, history.texts)
    listed = ", ".join(
        f"cast({expressions.get(name, f't.{name}')} as {kind}) as {name}" for name, kind in columns.items()
    )
    session.execute(
        f"create or replace table ops.{table} as select {listed} from ops._numbers as n"
        f" join ops._texts as t using ({number}){join}"
    )
    for helper in ("_numbers", "_texts", "_details"):
        session.execute(f"drop table if exists ops.{helper}")


def _write_helper(session: Session, table: str, columns: dict[str, str], rows: Sequence[Row]) -> None:
    write_table(session, f"ops.{table}", columns, ([row[name] for name in columns] for row in rows))


def _write(session: Session, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = OPS_TABLES[table].types
    write_table(session, f"ops.{table}", columns, ([row[name] for name in columns] for row in rows))


def _told(file: LandedFile) -> Row:
    """Return a file's row of the ledger without personal values."""
    mended = [item.split(":") for item in (file.mended or "").split(";") if item]
    return {
        **vars(file),
        "file": masked(file.file),
        "reason": masked(file.reason) if file.reason else None,
        "example_key": masked(file.example_key) if file.example_key else None,
        "values_mended": sum(int(count) for _, count in mended),
        "mended_columns": ", ".join(f"{column} ({count})" for column, count in mended) or None,
    }


def _write_version_ties(session: Session, project: Project, files: Sequence[LandedFile]) -> None:
    """Compare the newest landing of each export that has versions. Exports that no model reads are left out."""
    newest: dict[tuple[str, str], int] = {}
    for file in files:
        if file.landed:
            newest[file.channel, file.export] = max(file.landed_seq, newest.get((file.channel, file.export), 0))
    read = {source for model in project.models.values() for source in model.sources}
    rows = []
    for (channel, name), landed_seq in sorted(newest.items()):
        export = project.channels[channel].exports.get(name) if channel in project.channels else None
        relation, superseded = (source_relation(channel, name, is_old) for is_old in (False, True))
        if export and export.version and read & {relation, superseded}:
            ties = version_ties(session, export, relation, superseded, landed_seq)
            if ties.differing:
                rows.append([channel, name, landed_seq, ties.differing, ties.example])
    write_table(session, "ops.version_tie", OPS_TABLES["version_tie"].types, rows)


def _write_rejected_rows(session: Session, files: Sequence[LandedFile], store: Path) -> None:
    """Mask values once more, because an earlier version of siyu may have masked less."""
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
    rejects = parquet((Path(path) for path, *_ in dict.fromkeys(known)), ", filename = 'path'")
    session.execute(
        "insert into ops.rejected_row select k.channel, k.export, k.file, r.line, r.column_name,"
        f" fn_mask_text(r.value_masked), r.reason from {rejects} as r"
        " join ops._rejects as k using (path)"
    )
    session.execute("drop table ops._rejects")


def _counted(session: Session, model: CompiledModel, item: RefusedField) -> list[tuple[Any, ...]]:
    """Return (export, rows) of an invalid field. Raises EngineFault that names the model, without values."""
    try:
        return session.rows(item.sql)
    except SqlProblem as error:
        raise data_fault(model, error) from None


def _write_refused_fields(session: Session, project: Project) -> None:
    """Count over the rows of this night. Branches of a model add up; rows that several models read count once."""
    found: dict[tuple[str, ...], int] = {}
    for model in project.models.values():
        counted: Counter[tuple[str, ...]] = Counter()
        for item in model.refused:
            for export, rows in _counted(session, model, item):
                counted[(str(model.model.channel), export or "", item.field, item.reason)] += rows
        found |= {key: max(rows, found.get(key, 0)) for key, rows in counted.items()}
    types = OPS_TABLES["field_reject"].types
    write_table(session, "ops.field_reject", types, ((*key, rows) for key, rows in sorted(found.items())))
