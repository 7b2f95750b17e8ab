"""The relation behind source(): the current rows of what has landed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from siyu.engines.paths import parquet
from siyu.engines.sql import json_path, quote_name, quoted
from siyu.landing.casts import TEXTS, cast_sql, file_name_sql, text_sql
from siyu.landing.readers.reading import real_names
from siyu.landing.readers.workbook import folded
from siyu.seeds.channels import KEY, ROOT, Column, Export
from siyu.seeds.row_key import KEY_ROW, has_row_key
from siyu.warehouse.ledger import LandedFile

INTERNAL = "_extra, _file, _line, _landed_seq, _landed_date, _file_date"

NEVER = "null::date"  # as the day on which a key was removed
ROW_DIGITS = 20  # of the identity; 80 bits
PATH = ", filename = '_path'"
NARROW = "".join(map(chr, range(0x21, 0x7F)))
WIDE = "".join(chr(ord(c) + 0xFEE0) for c in NARROW)  # the same in full width


@dataclass(frozen=True)
class SourceQueries:
    """The queries of source(): rows that later versions replaced, a table, and the current ones, a view.

    `key` are the columns of the contract's key, `rows` is the query of all rows that landed, `chosen` the columns that
    models see, `order` says which version counts, and `in_time` whether a row is true by the end of as_of.
    `is_list` means that a file can say something about keys that it does not have. `is_plain` means that the queries
    name columns of what has landed and convert nothing, so that every engine can run them. `files` says how each file
    is read: path -> query without the path.
    """

    relation: str
    superseded: str
    key: tuple[str, ...]
    rows: str
    chosen: str
    order: str
    in_time: str
    is_list: bool
    is_plain: bool
    files: Mapping[str, str]

    @property
    def statements(self) -> list[str]:
        """The SQL that creates both."""
        return [
            f"create or replace table {self.superseded} as ({self.replaced_query})",
            f"create or replace view {self.relation} as ({self.current_query})",
        ]

    @property
    def replaced_query(self) -> str:
        """The rows that later versions replaced."""
        return self.replaced_among(self.rows)

    @property
    def current_query(self) -> str:
        """The current rows."""
        return self.current_among(self.rows)

    def replaced_among(self, rows: str) -> str:
        """Return the query of the rows that later versions replaced, among all versions of some keys."""
        keys = ", ".join(map(quote_name, self.key))
        return (
            f"with landed as ({rows}), repeated as (select {keys} from landed group by {keys} having count(*) > 1)"
            f" select {self.chosen} from landed semi join repeated using ({keys})"
            f" qualify row_number() over (partition by {keys} order by ({self.in_time}) desc, {self.order}) > 1"
        )

    def current_among(self, rows: str) -> str:
        """Return the query of the current rows, among all versions of some keys."""
        return (
            f"select {self.chosen} from ({rows}) as landed"
            f" anti join {self.superseded} as replaced using (_landed_seq, _file, _line)"
        )

    def in_time_by(self, day: date) -> str:
        """Return the condition that a row is true by the end of a business date."""
        end = f"fn_local_midnight(date {quoted(day)} + interval 1 day)"
        return self.in_time.replace("fn_as_of_end()", end).replace("fn_as_of()", f"date {quoted(day)}")


def source_queries(
    relation: str, superseded: str, export: Export, files: Sequence[LandedFile], store: Path, *, timezone: str
) -> SourceQueries:
    """Return the queries of source(): the rows that later versions replaced, and the others.

    The current row of a key has the greatest (true by the end of as_of, version, file date, landing, file, line). Only
    keys with more than one row are ordered, and once for each build, however many models read the export. `timezone`
    is the time zone of the contract; it applies to timestamps in columns that are read from `_extra`.
    """
    landed = [file for file in files if file.landed]
    columns = ", ".join(f"{quote_name(c)}" for c in export.columns)
    keys = ", ".join(quote_name(key) for key in export.key)
    internal = f"{INTERNAL}, {KEY_ROW}" if has_row_key(export.key) else INTERNAL
    rows, heads, is_plain = _union(export, landed, store, timezone)
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
    removed = _removed(export, files)
    return SourceQueries(
        relation,
        superseded,
        tuple(export.key),
        rows,
        f"{columns}, {internal}, {removed} as _removed_date",
        ", ".join(order),
        in_time,
        export.load == "snapshot",
        is_plain and removed == NEVER,
        heads,
    )


def _removed(export: Export, files: Sequence[LandedFile]) -> str:
    """Return the SQL of the day on which a key was removed: the date of the next complete list without the key.

    Only snapshot exports have one. A list is complete if all files of its day landed without rejects: a key in a
    rejected row or file has not been removed.
    """
    latest = {file.identity: file for file in files}  # a file may have been rejected first and landed later
    broken = {file.file_date for file in latest.values() if file.rows_rejected or not file.landed}
    # An empty list does not count as a list, unless the contract allows it.
    filled = {file.file_date for file in files if file.landed and (file.rows_landed or export.allow_empty)}
    days = sorted({day for day in filled if day} - broken)
    if export.load != "snapshot" or not days:
        return NEVER
    lists = ", ".join(f"date {quoted(day)}" for day in days)
    return (
        f"(select min(day) from (select unnest([{lists}]) as day)"
        " where day > coalesce(landed._last_listed, landed._landed_date) and day <= fn_as_of())"
    )


def _union(
    export: Export, landed: Sequence[LandedFile], store: Path, timezone: str
) -> tuple[str, dict[str, str], bool]:
    """Return the query of all landed files in the columns of today's contract, how each file is read, and whether all
    columns are taken as they landed.

    Older files have the value of a newer column in `_extra` or in their name.
    """
    groups: dict[tuple[str, bool, str], list[LandedFile]] = {}
    today = export.fingerprint if any(map(export.null_words, export.columns.values())) else None
    for file in landed:
        is_same = today in (None, file.contract)
        groups.setdefault((file.columns, is_same, file.corrected_date or ""), []).append(file)
    parts = []
    heads: dict[str, str] = {}
    is_plain = True
    for (_columns, is_same, day), members in sorted(groups.items()):
        internal = INTERNAL.replace("_landed_date", f"date {quoted(day)} as _landed_date") if day else INTERNAL
        held = {c: _held(export, c, members[0].types, timezone, is_same) for c in export.columns}
        is_plain = is_plain and all(sql == quote_name(c) for c, sql in held.items())
        chosen = ", ".join(f"{sql} as {quote_name(c)}" for c, sql in held.items())
        paths = [store / str(file.path) for file in members]
        heads |= {str(file.path): f"{chosen}, {internal}" for file in members}
        if has_row_key(export.key):
            # The name of a landed file begins with the identity of the export file.
            row = f"regexp_extract(_path, '([0-9a-f]{{{ROW_DIGITS}}})[^/]*$', 1) || ':' || _line as {KEY_ROW}"
            parts.append(f"select {chosen}, {internal}, {row} from {parquet(paths, PATH)}")
        else:
            parts.append(f"select {chosen}, {internal} from {parquet(paths)}")
    return " union all ".join(parts or [_empty(export)]), heads, is_plain


def _held(export: Export, column_name: str, types: Mapping[str, str], timezone: str, is_same: bool) -> str:
    """Return the SQL of a column in files with the given types: the column itself, or its text cast to today's type.
    `is_same` means that the files landed under today's words for an empty field."""
    column = export.landed_columns[column_name]
    if column.file_name and column_name not in types:
        return cast_sql(column, text_sql(export, column, file_name_sql(column, "_file")), timezone)
    # A value that a row must have stays, as rules that reject rows do not apply to what has landed.
    may_lack = not (is_same or column.required or column_name in export.key)
    # The contract may have called the column by one of its earlier names.
    names = [name for name in (column_name, *column.former) if name in types]
    held = [_landed(export, column, name, types[name], timezone, may_lack) for name in names]
    # A file that landed before the contract knew a name has its value in `_extra`.
    places = column.former if column_name in types else real_names(export, column_name)
    values = [*dict.fromkeys(held), *_in_extra(export, column, places, timezone)]
    return values[0] if len(values) == 1 else f"coalesce({', '.join([*values, f'null::{column.sql_type}'])})"


def _landed(export: Export, column: Column, name: str, kind: str, timezone: str, may_lack: bool) -> str:
    """Return the SQL of a landed column with a type, cast to today's type."""
    value = quote_name(name)
    if kind == column.type or (kind == KEY and column.type == "text"):
        return text_sql(export, column, value) if may_lack and column.type in TEXTS else value
    if kind not in TEXTS:
        # siyu wrote the value, in its own form and in UTC.
        return cast_sql(column.as_landed, f"cast({value} as varchar)", "UTC")
    return cast_sql(column, text_sql(export, column, value), timezone)


def _in_extra(export: Export, column: Column, names: Sequence[str], timezone: str) -> list[str]:
    """Return the SQL of a column in `_extra`, if any of its names can be there. Values of the document itself are not
    in the `_extra` of its records."""
    is_nested = export.format in ("json", "jsonl")
    places = [name for name in names if not name.startswith(ROOT)]
    paths = [json_path(p) if is_nested else "/" + p.replace("~", "~0").replace("/", "~1") for p in places]
    texts = [f"nullif(json_extract_string(_extra, {quoted(path)}), '')" for path in paths]
    if not texts:
        return []
    texts += _alike_in_extra(export, column, [name for name in places if not (is_nested and "." in name)])
    return [cast_sql(column, text_sql(export, column, f"coalesce({', '.join(texts)})"), timezone)]


def _alike_in_extra(export: Export, column: Column, names: Sequence[str]) -> list[str]:
    """Return the SQL of a text in `_extra` whose name is one of these in another spelling, as headers are matched."""
    others = {folded(name) for c, other in export.columns.items() if other != column for name in other.names(c)}
    wanted = sorted({folded(name) for name in names} - others)
    if not wanted:
        return []
    spelled = f"lower(regexp_replace(translate(k, {quoted(WIDE)}, {quoted(NARROW)}), '\\s', '', 'g'))"
    is_wanted = f"list_contains([{', '.join(map(quoted, wanted))}], {spelled})"
    key = f"list_filter(json_keys(_extra), lambda k: {is_wanted})[1]"
    pointer = f"'/' || replace(replace({key}, '~', '~0'), '/', '~1')"
    return [f"nullif(json_extract_string(_extra, {pointer}), '')"]


def _empty(export: Export) -> str:
    columns = ", ".join(f"null::{column.sql_type} as {quote_name(c)}" for c, column in export.columns.items())
    row = f", null::varchar as {KEY_ROW}" if has_row_key(export.key) else ""
    return (
        f"select {columns}, null::varchar as _extra, null::varchar as _file, null::bigint as _line,"
        f" null::integer as _landed_seq, null::date as _landed_date, null::date as _file_date{row} where false"
    )
