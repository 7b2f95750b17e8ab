"""jsonl: one record a non-blank line. json: one document a file, its records at a path."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from siyu.channels import Export
from siyu.engines.base import Session
from siyu.engines.duckdb import SqlProblem, quoted
from siyu.errors import FileRejected
from siyu.readers.base import BOM, MAX_RECORD, Reading, first_line, json_path, name, real_name

WHITESPACE = "' ' || chr(9) || chr(10) || chr(13)"  # what JSON allows around a value
FIRST_RECORDS = 1000
LONG_LINE = MAX_RECORD - 1024
TOO_LONG = f"longer than {MAX_RECORD >> 20} MB"  # a JSON text, and so no record


def _json_query(session: Session, relation: str, export: Export) -> Reading:
    """`relation` has one column, json: NULL where the record is no JSON."""
    paths = ", ".join(quoted(json_path(real_name(export, column))) for column in export.columns)
    values = ", ".join(f"nullif(v[{i}], '') as {name(c)}" for i, c in enumerate(export.columns, start=1))
    # The engine has parsed the record: one that begins as an object is one.
    error = f"case when starts_with(ltrim(json::varchar, {WHITESPACE}), '{{') then null"
    error += f" when json = {quoted(json.dumps(TOO_LONG))} then {quoted(TOO_LONG)} else 'no JSON object' end"
    extra = "null::varchar"
    if export.extra_columns != "ignore":
        without_known = quoted(json.dumps(dict.fromkeys(_tops(export)), ensure_ascii=False))
        usual = _usual_fields(session, relation, export)
        is_other = f"{error} is null" + (f" and hash(json_keys(json)) not in ({usual})" if usual else "")
        extra = f"case when {is_other} then nullif(json_merge_patch(json, {without_known})::varchar, '{{}}') end"
    if export.extra_columns == "reject":
        error = f"coalesce({error}, case when {extra} is not null then 'unknown field' end)"
    sql = (
        f"select {values}, {extra} as _extra, {error} as _error"
        f" from (select json, json_extract_string(json, [{paths}]) as v from {relation})"
    )
    return Reading(sql, drift=lambda session, read: _drift(session, relation, export, read))


def _usual_fields(session: Session, relation: str, export: Export) -> str:
    """Hashes of the lists of fields that the first records have and the contract knows: whoever has one of these has
    no unknown field, which is told faster so than by looking for one."""
    known = ", ".join(quoted(top) for top in _tops(export))
    try:
        rows = session.rows(
            f"select distinct hash(json_keys(json)) from (select json from {relation} limit {FIRST_RECORDS})"
            f" where json_type(json) = 'OBJECT' and list_has_all([{known}], json_keys(json))"
        )
    except SqlProblem:
        return ""  # a record that the engine refuses: reading the file tells
    return ", ".join(f"{row[0]}::ubigint" for row in sorted(rows))


def _tops(export: Export) -> list[str]:
    """The contract's fields at the top level of a record."""
    return list(dict.fromkeys(real_name(export, column).split(".")[0] for column in export.columns))


def _drift(session: Session, relation: str, export: Export, read: str) -> tuple[list[str], list[str]]:
    """Fields no contract knows, and columns whose field no record has; `read` is what was made of the records."""
    known = f"select unnest(json_keys(_extra)) as k from {read} where _extra is not null"
    new = [row[0] for row in session.rows(f"select distinct k from ({known}) order by k")]
    if not session.rows(f"select 1 from {read} where _error is null limit 1"):
        return new, []
    empty = [
        column
        for column in export.columns
        if not session.rows(f"select 1 from {read} where {name(column)} is not null limit 1")
    ]
    filled = {real_name(export, column).split(".")[0] for column in export.columns if column not in empty}
    open_tops = [top for top in _tops(export) if top not in filled]
    # A field may be there and null in every record: mostly the first ones tell.
    for records in (f"(select json from {relation} limit {FIRST_RECORDS})", relation):
        if open_tops:
            listed = f"[{', '.join(quoted(top) for top in open_tops)}]"
            there = f"list_intersect(json_keys(json), {listed})"
            seen = {
                row[0]
                for row in session.rows(
                    f"select distinct unnest({there}) from {records} where json_type(json) = 'OBJECT'"
                )
            }
            open_tops = [top for top in open_tops if top not in seen]
    return new, [column for column in export.columns if real_name(export, column).split(".")[0] in open_tops]


def read_jsonl(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """A line that is no JSON object is a broken record, not a broken file."""

    def line_by_line() -> Reading:
        short = scratch / "short.jsonl"
        _shortened(source, short)
        return _json_query(session, _lines(short), export)

    source = _without_bom(path, scratch)
    return replace(_json_query(session, _lines(source), export), otherwise=line_by_line)


def _lines(path: Path) -> str:
    return (
        f"read_json_objects({quoted(path)}, format = 'newline_delimited', ignore_errors = true,"
        f" maximum_object_size = {MAX_RECORD})"
    )


def _shortened(path: Path, out: Path) -> None:
    """The file with a mark in the place of each line that the engine will not hold."""
    with path.open("rb") as lines, out.open("wb") as short:
        while line := lines.readline(LONG_LINE):
            if len(line) < LONG_LINE:
                short.write(line)
                continue
            while line and not line.endswith(b"\n"):
                line = lines.readline(LONG_LINE)
            short.write(json.dumps(TOO_LONG).encode() + b"\n")


def read_json(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """One document, at most max_document_mb; `explode` names the array that holds the records."""
    size = path.stat().st_size
    if size > export.max_document_mb * 1024 * 1024:
        limit = f"max_document_mb = {export.max_document_mb}"
        raise FileRejected(f"the document is larger than {limit}", path.name, "split it, or raise the limit.")
    source = _without_bom(path, scratch)
    document = f"read_json_objects({quoted(source)}, format = 'unstructured', maximum_object_size = {size + 1024})"
    at = json_path(export.explode) if export.explode else "$"
    interim = scratch / "records.parquet"
    try:
        kinds = [row[0] for row in session.rows(f"select json_type(json_extract(json, {quoted(at)})) from {document}")]
    except SqlProblem as error:
        raise FileRejected("the file is no JSON document", path.name, first_line(error)) from error
    if len(kinds) > 1:
        raise FileRejected("the file holds several JSON documents", path.name, "one a file, or format: jsonl.")
    kind = kinds[0] if kinds else None
    if kind not in ("ARRAY", "OBJECT"):
        raise FileRejected(f"no list of records at {at}", path.name, "check `explode` in the contract.")
    each = (
        f"unnest(json_extract(json, {quoted(at)})::json[])" if kind == "ARRAY" else f"json_extract(json, {quoted(at)})"
    )
    session.execute(f"copy (select {each} as json from {document}) to {quoted(interim)} (format parquet)")
    return _json_query(session, f"read_parquet({quoted(interim)})", export)


def _without_bom(path: Path, scratch: Path) -> Path:
    with path.open("rb") as file:
        if file.read(3) != BOM:
            return path
        copy = scratch / f"plain{path.suffix}"
        with copy.open("wb") as out:
            shutil.copyfileobj(file, out, 1 << 20)
    return copy
