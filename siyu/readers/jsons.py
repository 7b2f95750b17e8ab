"""jsonl: one record a non-blank line. json: one document a file, its records at a path."""

from __future__ import annotations

import shutil
from pathlib import Path

from siyu.channels import Export
from siyu.engines.base import Session
from siyu.engines.duckdb import SqlProblem, quoted
from siyu.errors import FileRejected
from siyu.readers.base import BOM, MAX_RECORD_BYTES, Reading, first_line, json_path, name, real_name


def _json_query(session: Session, relation: str, export: Export) -> Reading:
    """`relation` has one column, json: NULL where the record is no JSON."""
    keys = [
        row[0]
        for row in session.rows(
            f"select distinct unnest(json_keys(json)) as k from {relation} where json_type(json) = 'OBJECT' order by k"
        )
    ]
    tops = {column: real_name(export, column).split(".")[0] for column in export.columns}
    new = [key for key in keys if key not in tops.values()]
    missing = [column for column, top in tops.items() if top not in keys] if keys else []
    paths = ", ".join(quoted(json_path(real_name(export, column))) for column in export.columns)
    values = ", ".join(f"nullif(v[{i}], '') as {name(c)}" for i, c in enumerate(export.columns, start=1))
    extra, error = "null::varchar", "case when json_type(json) is distinct from 'OBJECT' then 'no JSON object' end"
    if new and export.extra_columns != "ignore":
        listed = ", ".join(quoted(key) for key in new)
        extra = (
            "nullif(to_json(map_from_entries(list_transform(list_sort(list_distinct("
            f"list_filter(json_keys(json), lambda k: k in ({listed})))), lambda k: struct_pack(k := k,"
            " v := json_extract(json, '/' || replace(replace(k, '~', '~0'), '/', '~1'))))))::varchar, '{}')"
        )
    if new and export.extra_columns == "reject":
        error = f"coalesce({error}, case when {extra} is not null then 'unknown field' end)"
    sql = (
        f"select {values}, _extra, _error from (select json_extract_string(json, [{paths}]) as v,"
        f" {extra} as _extra, {error} as _error from {relation})"
    )
    return Reading(sql, new if export.extra_columns != "ignore" else [], missing)


def read_jsonl(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """A line that is no JSON object is a broken record, not a broken file."""
    source = _without_bom(path, scratch)
    relation = (
        f"read_json_objects({quoted(source)}, format = 'newline_delimited', ignore_errors = true,"
        f" maximum_object_size = {MAX_RECORD_BYTES})"
    )
    return _json_query(session, relation, export)


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
