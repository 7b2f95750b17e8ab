"""What has landed, as a query: the relation behind source()."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from siyu.engines.sql import json_path, quote_name, quoted
from siyu.landing.casts import cast_sql, file_name_sql
from siyu.landing.readers.reading import real_names
from siyu.seeds.channels import ROOT, Export
from siyu.warehouse.ledger import LandedFile

INTERNAL = "_extra, _file, _line, _landed_seq, _landed_date, _file_date"


def source_statements(
    relation: str, superseded: str, export: Export, files: Sequence[LandedFile], store: Path, *, timezone: str
) -> list[str]:
    """SQL that lays out source(): a table of the rows that later versions replaced, and a view of all others.

    The current row of a key is the greatest of (true by the end of as_of, version, file date, landing, file, line).
    Only keys that stand more than once are ordered, once a build, however many models read the export.
    `timezone` is the contract's, for timestamps of columns that are read from `_extra`.
    """
    landed = [file for file in files if file.landed]
    columns = ", ".join(f"{quote_name(c)}" for c in export.columns)
    keys = ", ".join(quote_name(key) for key in export.key)
    rows = _union(export, landed, store, timezone)
    if export.load == "snapshot":
        # The latest list that has the key, which need not be that of the row that is current.
        known = "case when _file_date <= fn_as_of() then _file_date end"
        rows = f"select *, max({known}) over (partition by {keys}) as _last_listed from ({rows})"
    # Where a row tells its own time, that decides what was true by as_of: a correction that came later counts.
    in_time = "coalesce(_file_date, _landed_date) <= fn_as_of()"
    order = ["coalesce(_file_date, _landed_date) desc", "_landed_seq desc", "_file desc", "_line desc"]
    if export.version:
        version = quote_name(export.version)
        order.insert(0, f"{version} desc nulls last")
        if export.columns[export.version].type in ("timestamp", "date", "epoch_seconds"):
            in_time = f"coalesce({version} < fn_as_of_end(), {in_time})"
    chosen = f"{columns}, {INTERNAL}, {_removed(export, files)} as _removed_date"
    return [
        f"create or replace table {superseded} as"
        f" with landed as ({rows}), repeated as (select {keys} from landed group by {keys} having count(*) > 1)"
        f" select {chosen} from landed semi join repeated using ({keys})"
        f" qualify row_number() over (partition by {keys} order by ({in_time}) desc, {', '.join(order)}) > 1",
        f"create or replace view {relation} as select {chosen} from ({rows}) as landed"
        f" anti join {superseded} as replaced using (_landed_seq, _file, _line)",
    ]


def _removed(export: Export, files: Sequence[LandedFile]) -> str:
    """Snapshot exports: the date of the next complete list, which no longer has the key.

    A day counts as a complete list only when all its files landed whole: who stands in a row or file that was
    rejected has not been removed.
    """
    latest = {file.identity: file for file in files}  # a file may have been refused once and landed since
    broken = {file.file_date for file in latest.values() if file.rows_rejected or not file.landed}
    # A list nobody stands on is none, unless the contract says so.
    filled = {file.file_date for file in files if file.landed and (file.rows_landed or export.allow_empty)}
    days = sorted({day for day in filled if day} - broken)
    if export.load != "snapshot" or not days:
        return "null::date"
    lists = ", ".join(f"date {quoted(day)}" for day in days)
    return (
        f"(select min(day) from (select unnest([{lists}]) as day)"
        " where day > coalesce(landed._last_listed, landed._landed_date) and day <= fn_as_of())"
    )


def _union(export: Export, landed: Sequence[LandedFile], store: Path, timezone: str) -> str:
    """Landed files under today's contract: a later column is taken from `_extra` or the name of older files."""
    groups: dict[str, list[LandedFile]] = {}
    for file in landed:
        groups.setdefault(file.columns, []).append(file)
    parts = []
    for _columns, members in sorted(groups.items()):
        chosen = ", ".join(f"{_held(export, c, members[0].types, timezone)} as {quote_name(c)}" for c in export.columns)
        paths = ", ".join(quoted(store / str(file.path)) for file in members)
        parts.append(f"select {chosen}, {INTERNAL} from read_parquet([{paths}], hive_partitioning = false)")
    return " union all ".join(parts or [_empty(export)])


def _held(export: Export, column_name: str, types: Mapping[str, str], timezone: str) -> str:
    """A column of files that landed under other types: as it is, or its text cast as today's contract says."""
    column = export.columns[column_name]
    if types.get(column_name) == column.type:
        return quote_name(column_name)
    if column_name in types:
        # A timestamp that landed is UTC; a text still speaks the contract's time.
        zone = timezone if types[column_name] == "text" else "UTC"
        return cast_sql(column, f"cast({quote_name(column_name)} as varchar)", zone)
    if column.file_name:
        return cast_sql(column, file_name_sql(column, "_file"), timezone)
    is_nested = export.format in ("json", "jsonl")
    # What stands in the document, beside the records, is in no record's `_extra`.
    places = [real for real in real_names(export, column_name) if not real.startswith(ROOT)]
    paths = [json_path(r) if is_nested else "/" + r.replace("~", "~0").replace("/", "~1") for r in places]
    texts = [f"nullif(json_extract_string(_extra, {quoted(path)}), '')" for path in paths]
    return cast_sql(column, f"coalesce({', '.join([*texts, 'null::varchar'])})", timezone)


def _empty(export: Export) -> str:
    columns = ", ".join(f"null::{column.sql_type} as {quote_name(c)}" for c, column in export.columns.items())
    return (
        f"select {columns}, null::varchar as _extra, null::varchar as _file, null::bigint as _line,"
        " null::integer as _landed_seq, null::date as _landed_date, null::date as _file_date where false"
    )
