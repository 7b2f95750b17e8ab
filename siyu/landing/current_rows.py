"""The relation behind source(): the current rows of what has landed."""

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
    """Return the SQL that creates source(): a table of the rows that later versions replaced, and a view of the others.

    The current row of a key has the greatest (true by the end of as_of, version, file date, landing, file, line). Only
    keys with more than one row are ordered, and once for each build, however many models read the export. `timezone`
    is the time zone of the contract; it applies to timestamps in columns that are read from `_extra`.
    """
    landed = [file for file in files if file.landed]
    columns = ", ".join(f"{quote_name(c)}" for c in export.columns)
    keys = ", ".join(quote_name(key) for key in export.key)
    rows = _union(export, landed, store, timezone)
    if export.load == "snapshot":
        # The latest list that contains the key; the current row may come from another list.
        known = "case when _file_date <= fn_as_of() then _file_date end"
        rows = f"select *, max({known}) over (partition by {keys}) as _last_listed from ({rows})"
    # If a row has its own time, that decides whether it was true by as_of: a later correction counts.
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
    """Return the SQL of the day on which a key was removed: the date of the next complete list, which lacks the key.

    Only snapshot exports have one. A list is complete if all files of its day landed without rejects: a key in a
    rejected row or file has not been removed.
    """
    latest = {file.identity: file for file in files}  # a file may have been rejected first and landed later
    broken = {file.file_date for file in latest.values() if file.rows_rejected or not file.landed}
    # An empty list does not count as a list, unless the contract allows it.
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
    """Return the query of all landed files in the columns of today's contract. Older files have the value of a newer
    column in `_extra` or in their name."""
    groups: dict[tuple[str, str], list[LandedFile]] = {}
    for file in landed:
        groups.setdefault((file.columns, file.corrected_date or ""), []).append(file)
    parts = []
    for (_columns, day), members in sorted(groups.items()):
        internal = INTERNAL.replace("_landed_date", f"date {quoted(day)} as _landed_date") if day else INTERNAL
        chosen = ", ".join(f"{_held(export, c, members[0].types, timezone)} as {quote_name(c)}" for c in export.columns)
        paths = ", ".join(quoted(store / str(file.path)) for file in members)
        parts.append(f"select {chosen}, {internal} from read_parquet([{paths}], hive_partitioning = false)")
    return " union all ".join(parts or [_empty(export)])


def _held(export: Export, column_name: str, types: Mapping[str, str], timezone: str) -> str:
    """Return the SQL of a column in files with the given types: the column itself, or its text cast to today's type."""
    column = export.columns[column_name]
    if types.get(column_name) == column.type:
        return quote_name(column_name)
    if column_name in types:
        # A landed timestamp is in UTC; a text is in the contract's time zone.
        zone = timezone if types[column_name] == "text" else "UTC"
        return cast_sql(column, f"cast({quote_name(column_name)} as varchar)", zone)
    if column.file_name:
        return cast_sql(column, file_name_sql(column, "_file"), timezone)
    is_nested = export.format in ("json", "jsonl")
    # Values of the document itself are not in the `_extra` of its records.
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
