"""jsonl: every non-blank line is a record. json: the file is one document, an API answer or a list of answers, which
contains the records at a path."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from siyu.engines.base import Session
from siyu.engines.paths import PLAIN_FILE, literal, new_file, parquet
from siyu.engines.sql import json_path, quote_name, quoted
from siyu.errors import FileRejected, SqlProblem
from siyu.landing.readers.column_names import alike_fields, shown, unknown_fields
from siyu.landing.readers.json_places import Places, places_of, texts_at
from siyu.landing.readers.mending import mend_json, shorten
from siyu.landing.readers.reading import (
    BOM,
    FIRST_RECORDS,
    MAX_RECORD,
    Found,
    Reading,
    Shared,
    is_plain_text,
)
from siyu.masking import first_line
from siyu.seeds.channels import ROOT, Export

WHITESPACE = "' ' || chr(9) || chr(10) || chr(13)"  # what JSON allows around a value
MORE_RECORDS = 10_000  # searched for a field after FIRST_RECORDS
LONG_LINE = MAX_RECORD - 1024
NO_OBJECT = "not a JSON object"
TOO_LONG = f"longer than {MAX_RECORD >> 20} MB"  # as a JSON string it marks a line that is not a record


def _json_reading(path: Path, relation: Callable[[str], str], export: Export, answers: str | None = None) -> Reading:
    """Return the reading of a relation with the column json, which is NULL if the record is not JSON.

    If the contract has columns in the answer, the column a is the list of their texts, and `answers` is a relation with
    the column answer.
    """

    def query(session: Session, files: str, beside: str) -> str:
        return _json_sql(session, relation(files), export, beside)

    def drift(session: Session, read: str, found: Found | None) -> tuple[list[str], list[str]]:
        places = places_of(export)
        found = found or _found(session, read, places)
        return _drift(session, relation(quoted(path)), answers, places, read, found)

    def alike(session: Session, read: str) -> Reading | None:
        fields = unknown_fields(session, read, relation(quoted(path)), export)
        other = alike_fields(export, fields)
        if other is export:
            return None
        used = set(places_of(other).tops) - set(places_of(export).tops)
        reading = _json_reading(path, relation, other, answers)
        return replace(reading, respelled=[shown(item) for item in sorted(used)], alike=None)

    return Reading(path, query, drift=drift, alike=alike)


def _json_sql(session: Session, relation: str, export: Export, beside: str) -> str:
    places = places_of(export)
    values = ", ".join(f"{places.value(column)} as {quote_name(column)}" for column in export.columns)
    # The engine has parsed the record already, so the first character is enough.
    error = f"case when starts_with(ltrim(json::varchar, {WHITESPACE}), '{{') then null"
    error += f" when json = {quoted(json.dumps(TOO_LONG))} then {quoted(TOO_LONG)} else {quoted(NO_OBJECT)} end"
    extra = "null::varchar"
    if export.extra_columns != "ignore":
        without_known = quoted(json.dumps(dict.fromkeys(places.tops), ensure_ascii=False))
        usual = _usual_fields(session, relation, places)
        # Not `in` or list_contains: DuckDB turns a long list into a join, which does not keep the order of records.
        is_other = f"{error} is null and list_position([{usual}]::ubigint[], hash(json_keys(json))) is null"
        extra = f"case when {is_other} then nullif(json_merge_patch(json, {without_known})::varchar, '{{}}') end"
    if export.extra_columns == "reject":
        error = f"coalesce({error}, case when {extra} is not null then 'unknown field' end)"
    return (
        f"select {values}, {extra} as _extra, {error} as _error{beside}"
        f" from (select *, {texts_at('json', places.in_record)} as v from {relation})"
    )


def _usual_fields(session: Session, relation: str, places: Places) -> str:
    """Return hashes of the field lists in the first records that have no field unknown to the contract. A record with
    such a hash has no unknown field either; comparing hashes is faster than looking for the fields."""
    known = ", ".join(quoted(top) for top in places.tops)
    try:
        rows = session.rows(
            f"select distinct hash(json_keys(json)) from (select json from {relation} limit {FIRST_RECORDS})"
            f" where json_type(json) = 'OBJECT' and list_has_all([{known}], json_keys(json))"
        )
    except SqlProblem:
        return ""  # the engine refuses a record; reading the file reports it
    return ", ".join(str(row[0]) for row in sorted(rows))


def _found(session: Session, read: str, places: Places) -> Found:
    """Find out which columns have values. Most have one in the first records; the others are looked up one by one."""
    tests = {column: f"{quote_name(column)} is not null" for column in places.columns}
    tests[""] = "_error is null"
    counts = ", ".join(f"count_if({test})" for test in tests.values())
    (first,) = session.rows(f"select {counts} from (select * from {read} limit {FIRST_RECORDS})")
    there = {
        column
        for (column, test), count in zip(tests.items(), first, strict=True)
        if count or session.rows(f"select 1 from {read} where {test} limit 1")
    }
    return Found(usable="" in there, extra=True, filled=frozenset(there - {""}))


def _drift(
    session: Session, relation: str, answers: str | None, places: Places, read: str, found: Found
) -> tuple[list[str], list[str]]:
    """Return unknown fields, and columns whose fields are in no record or answer. `read` holds the records as text
    columns."""
    known = f"select unnest(json_keys(_extra)) as k from {read} where _extra is not null"
    new = [row[0] for row in session.rows(f"select distinct k from ({known}) order by k")] if found.extra else []
    if not found.usable:
        return new, []
    # If a column has several paths, the path that was filled is not known: its fields are looked up, too.
    empty = [column for column in places.columns if column not in found.filled]
    filled = {_top(paths[0]) for column, paths in places.columns.items() if column not in empty and len(paths) == 1}
    wanted = list(dict.fromkeys(_top(path) for column in empty for path in places.columns[column]))
    absent = [top for top in wanted if top not in filled]
    # A field may be present but null in every record: look at the first records.
    for count in (FIRST_RECORDS,) if found.is_few else (FIRST_RECORDS, MORE_RECORDS):
        absent = _absent(session, f"(select json as j from {relation} limit {count})", absent, "")
    if answers:
        absent = _absent(session, f"(select answer as j from {answers})", absent, ROOT)
    return new, [column for column in empty if all(_top(path) in absent for path in places.columns[column])]


def _top(path: str) -> str:
    """Return the top-level field of a path; a field of the answer begins with `$.`."""
    root = ROOT if path.startswith(ROOT) else ""
    return root + path.removeprefix(root).split(".")[0]


def _absent(session: Session, records: str, tops: list[str], root: str) -> list[str]:
    """Return the fields that no record has. Fields of another root are returned unchanged."""
    asked = [top for top in tops if (top[:2] == ROOT) == bool(root)]
    if not asked:
        return tops
    there = f"list_intersect(json_keys(j), [{', '.join(quoted(top.removeprefix(root)) for top in asked)}])"
    rows = session.rows(f"select distinct unnest({there}) from {records} where json_type(j) = 'OBJECT'")
    seen = {root + row[0] for row in rows}
    return [top for top in tops if top not in seen]


def read_jsonl(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """Read a file of lines. A line that is not a JSON object is a rejected record, not a rejected file."""

    def line_by_line() -> Reading:
        short, mended = scratch / "short.jsonl", scratch / "mended.jsonl"
        shorten(source, short, LONG_LINE, json.dumps(TOO_LONG).encode())
        damage = mend_json(short, mended)
        is_mended = damage.is_any and not damage.is_other_encoding
        return replace(_json_reading(mended if is_mended else short, _lines, export), is_mended=is_mended)

    def is_sound(session: Session, read: str, _rows: int) -> bool:
        return not session.rows(f"select 1 from {read} where _error = {quoted(NO_OBJECT)} limit 1")

    source = _without_bom(path, scratch)
    shared = Shared(
        key=("jsonl",),
        is_plain=lambda: is_plain_text(source),
        is_whole=lambda rows: rows == sum(not line.isspace() for line in source.read_bytes().split(b"\n") if line),
    )
    first = _json_reading(source, _lines, export)
    return replace(first, otherwise=line_by_line, is_whole=is_sound, shared=shared)


def _lines(files: str) -> str:
    return (
        f"read_json_objects({files}, format = 'newline_delimited', ignore_errors = true, {PLAIN_FILE},"
        f" maximum_object_size = {MAX_RECORD})"
    )


def read_json(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """Read one document, at most max_document_mb. `explode` is the path of the array of records in the document or, if
    the document is a list of answers, in each answer. An answer without the array has no records."""
    if path.stat().st_size > export.max_document_mb * 1024 * 1024:
        limit = f"max_document_mb = {export.max_document_mb}"
        raise FileRejected(f"the document is larger than {limit}", path.name, "split it, or raise the limit.")
    source = _without_bom(path, scratch)
    try:
        return _document_reading(session, path, source, export, scratch)
    except _NoDocument:
        copy = scratch / "mended.json"
        damage = mend_json(source, copy)
        if damage.is_other_encoding:
            raise FileRejected("the file is not valid utf-8", path.name, "save it as utf-8.") from None
        if not damage.is_any:
            raise
    return replace(_document_reading(session, path, copy, export, scratch), is_mended=True)


class _NoDocument(FileRejected):
    """The engine cannot parse the document."""


def _document_reading(session: Session, path: Path, source: Path, export: Export, scratch: Path) -> Reading:
    """Return the reading of the document in `source`, which is the file or a copy of it. Raises FileRejected."""
    options = f"format = 'unstructured', {PLAIN_FILE}, maximum_object_size = {source.stat().st_size + 1024}"
    document = f"read_json_objects({quoted(source)}, {options})"
    answers = _answers(session, path, export, document, new_file(scratch))
    found = f"json_extract(answer, {quoted(_at(export))})"
    records = f"case json_type({found}) when 'ARRAY' then {found}::json[] when 'OBJECT' then [{found}] end"
    wanted = places_of(export).in_answer
    beside = f", {texts_at('answer', wanted)} as a" if wanted else ""
    interim = new_file(scratch)
    count = session.value(
        f"copy (select unnest(records) as json{', a' if wanted else ''}"
        f" from (select {records} as records{beside} from {answers})) to {quoted(interim)} (format parquet)"
    )
    shared = Shared(("json",), is_plain=lambda: True, is_whole=lambda rows: bool(rows == count), unpacks=True)
    return replace(_json_reading(interim, _records, export, answers if wanted else None), shared=shared)


def _records(files: str) -> str:
    return f"read_parquet({files}, hive_partitioning = false)"


def _at(export: Export) -> str:
    return json_path(export.explode) if export.explode else "$"


def _answers(session: Session, path: Path, export: Export, document: str, interim: Path) -> str:
    """Return the relation of the document's answers (column answer). Raises FileRejected if no answer has records."""
    at = quoted(_at(export))
    try:
        kinds = session.rows(f"select json_type(json, ['$', {at}]) from {document}")
    except SqlProblem as error:
        raise _NoDocument("the file is not a JSON document", path.name, first_line(error)) from error
    if len(kinds) > 1:
        raise FileRejected("the file contains several JSON documents", path.name, "one per file, or format: jsonl.")
    whole, kind = kinds[0][0] if kinds else (None, None)
    answers, has_records = f"(select json as answer from {document})", kind in ("ARRAY", "OBJECT")
    if export.explode and whole == "ARRAY":
        # Written to a file, as splitting a large document twice in one query takes half as much memory again. unnest()
        # gets a column, as it computes an expression again for every 2,048 rows.
        split = f"select unnest(items) as answer from (select json::json[] as items from {document})"
        session.execute(f"copy ({split}) to {quoted(interim)} (format parquet)")
        answers = parquet(interim)
        kind = f"json_type(json_extract(answer, {at}))"
        has_records = bool(session.rows(f"select 1 from {answers} where {kind} in ('ARRAY', 'OBJECT') limit 1"))
        has_records |= export.allow_empty and not session.rows(f"select 1 from {answers} limit 1")
    is_answer = _is_accepted(session, path, export, answers)
    if not has_records and not is_answer:
        raise FileRejected(f"no list of records at {_at(export)}", path.name, "check `explode` in the contract.")
    return answers


def _is_accepted(session: Session, path: Path, export: Export, answers: str) -> bool:
    """Does any answer have a status that the contract accepts? Raises FileRejected if one has another status: without
    the records of that answer the list is not complete."""
    is_accepted = False
    for place, accepted in export.answers.items():
        said = f"json_extract_string(answer, {quoted(json_path(place))})"
        rows = session.rows(f"select {said}, count(*) from {answers} where {said} is not null group by 1 order by 1")
        bad = [(value, count) for value, count in rows if value not in accepted]
        if bad:
            problem = f"{sum(count for _, count in bad)} of the answers have {place} {bad[0][0]}"
            raise FileRejected(problem, path.name, "request these answers again.")
        is_accepted |= bool(rows)
    return is_accepted


def _without_bom(path: Path, scratch: Path) -> Path:
    """Return a path for the engine: a copy without the byte order mark, if the file has one."""
    with path.open("rb") as file:
        if file.read(3) != BOM:
            return literal(path, scratch)
        copy = scratch / "plain"
        with copy.open("wb") as out:
            shutil.copyfileobj(file, out, 1 << 20)
    return copy
