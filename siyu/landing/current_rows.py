"""The relation behind source(): the current rows of what has landed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from siyu.engines.sql import json_path, quote_name, quoted
from siyu.landing.casts import TEXTS, cast_sql, file_name_sql
from siyu.landing.readers.reading import real_names
from siyu.seeds.channels import KEY, ROOT, Column, Export
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
    """Return the SQL of a column in files with the given types: the column itself, or its text cast to today's type."""
    column = export.landed_columns[column_name]
    if column.file_name and column_name not in types:
        return cast_sql(column, file_name_sql(column, "_file"), timezone)
    # The contract may have called the column by one of its earlier names.
    held = [_landed(column, name, types[name], timezone) for name in (column_name, *column.former) if name in types]
    # A file that landed before the contract knew a name has its value in `_extra`.
    places = column.former if column_name in types else real_names(export, column_name)
    values = [*dict.fromkeys(held), *_in_extra(export, column, places, timezone)]
    return values[0] if len(values) == 1 else f"coalesce({', '.join([*values, f'null::{column.sql_type}'])})"


def _landed(column: Column, name: str, kind: str, timezone: str) -> str:
    """Return the SQL of a landed column with a type, cast to today's type."""
    if kind == column.type or (kind == KEY and column.type == "text"):
        return quote_name(name)
    # A landed timestamp is in UTC; a text is in the contract's time zone.
    zone = timezone if kind in TEXTS else "UTC"
    return cast_sql(column, f"cast({quote_name(name)} as varchar)", zone)


def _in_extra(export: Export, column: Column, names: Sequence[str], timezone: str) -> list[str]:
    """Return the SQL of a column in `_extra`, if any of its names can be there. Values of the document itself are not
    in the `_extra` of its records."""
    is_nested = export.format in ("json", "jsonl")
    places = [name for name in names if not name.startswith(ROOT)]
    paths = [json_path(p) if is_nested else "/" + p.replace("~", "~0").replace("/", "~1") for p in places]
    texts = [f"nullif(json_extract_string(_extra, {quoted(path)}), '')" for path in paths]
    return [cast_sql(column, f"coalesce({', '.join(texts)})", timezone)] if texts else []


def _empty(export: Export) -> str:
    columns = ", ".join(f"null::{column.sql_type} as {quote_name(c)}" for c, column in export.columns.items())
    return (
        f"select {columns}, null::varchar as _extra, null::varchar as _file, null::bigint as _line,"
        " null::integer as _landed_seq, null::date as _landed_date, null::date as _file_date where false"
    )
