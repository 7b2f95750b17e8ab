"""Land small files of one export together: a few queries read and cast all of them.

This is a shortcut for files without any problem. A file with a rejected row, an unusual byte or any doubt gets no
outcome here; it then lands alone (file.py), which reports what is wrong with it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted
from siyu.errors import EngineFault, SiyuError
from siyu.landing.casts import file_name_sql, typed_query
from siyu.landing.file import Job, Landing, Outcome, drift_of, landed_columns, reading_of, stem_of
from siyu.landing.journal import DRAFT, LANDED, note
from siyu.landing.readers import prepare
from siyu.landing.readers.reading import FIRST_RECORDS, Found, Reading, Shared, together
from siyu.landing.repeats import NO_REPEATS, distinct_keys, repeats_in
from siyu.seeds.channels import Export
from siyu.seeds.row_key import has_row_key

SMALL = 256 << 10  # bytes; the queries of a larger file cost more than planning them
MOST_FILES, MOST_BYTES = 64, 2 << 20  # in one query
MOST_ROWS, LONGEST = 100_000, 16 << 10  # rows in one query, bytes in one row: a small file may unpack to gigabytes
TABLE = "landed_together"
LANDED_AS = "compression zstd"  # the larger dictionaries of file.py take time to set up and do not help here


@dataclass(frozen=True)
class _Member:
    """A file that can be read together with others, and how to read it."""

    job: Job
    identity: str
    reading: Reading
    shared: Shared


@dataclass(frozen=True)
class _Rows:
    """The rows of one file in the table: first and last rowid, their number, which columns have values, and whether
    rows share a key."""

    first: int
    last: int
    count: int
    found: Found
    has_repeats: bool


def land_together(session: Session, jobs: Sequence[tuple[Job, str]], landing: Landing) -> dict[Path, Outcome]:
    """Land small files of one export, given with their identities. Returns the outcomes of the files without problems;
    the caller must land the others alone."""
    outcomes: dict[Path, Outcome] = {}
    for start in range(0, len(jobs), MOST_FILES):
        scratch = Path(tempfile.mkdtemp(dir=landing.scratch))
        try:
            for group in _groups(_members(session, jobs[start : start + MOST_FILES], scratch)):
                outcomes |= _land_group(session, group, landing)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return outcomes


def _groups(members: Iterable[_Member]) -> list[list[_Member]]:
    """Group members with equal keys, at most MOST_BYTES in a group."""
    groups: list[list[_Member]] = []
    latest: dict[tuple[object, ...], list[_Member]] = {}
    room: dict[tuple[object, ...], int] = {}
    for member in members:
        key, size = member.shared.key, member.reading.path.stat().st_size
        if key not in latest or room[key] < size:
            latest[key], room[key] = [], MOST_BYTES
            groups.append(latest[key])
        latest[key].append(member)
        room[key] -= size
    return groups


def _members(session: Session, jobs: Sequence[tuple[Job, str]], scratch: Path) -> Iterator[_Member]:
    """Yield the files that can be read together."""
    folders = [scratch / str(number) for number in range(len(jobs))]
    for folder in folders:
        folder.mkdir()
    prepare([(job.path, folder) for (job, _), folder in zip(jobs, folders, strict=True)], jobs[0][0].export)
    for (job, identity), folder in zip(jobs, folders, strict=True):
        try:
            reading = reading_of(session, job, folder)
            is_small = reading.path.stat().st_size <= SMALL
            is_plain = is_small and reading.shared is not None and reading.shared.is_plain()
        except (SiyuError, OSError):
            continue
        if reading.shared and is_plain and not reading.is_mended:
            yield _Member(job, identity, reading, reading.shared)


def _land_group(session: Session, group: Sequence[_Member], landing: Landing) -> dict[Path, Outcome]:
    outcomes: dict[Path, Outcome] = {}
    try:
        rows = _read_group(session, group)
        plain = [member for member in group if _is_whole(member, rows)]
        if plain:
            stems = [stem_of(member.job, landing, member.identity) for member in plain]
            (landing.store / stems[0]).parent.mkdir(parents=True, exist_ok=True)
            note(landing.store, stems)
            for member, stem in zip(plain, stems, strict=True):
                if outcome := _write(session, member, rows[str(member.reading.path)], landing, stem):
                    outcomes[member.job.path] = outcome
    except (SiyuError, OSError):
        pass  # a file without an outcome lands alone, which reports the error
    with suppress(SiyuError):
        session.execute(f"drop table if exists {TABLE}")
    return outcomes


def _is_whole(member: _Member, rows: Mapping[str, _Rows]) -> bool:
    found = rows.get(str(member.reading.path))
    return found is not None and member.shared.is_whole(found.count)


def _read_group(session: Session, group: Sequence[_Member]) -> dict[str, _Rows]:
    """Read and cast the files into the table. Returns the rows of each file whose rows all keep the contract."""
    channel, export = group[0].job.channel, group[0].job.export
    text = _with_names(group, together(session, [member.reading for member in group]))
    if group[0].shared.unpacks:
        text = f"select * from ({text}) where case when {_length(export)} > {LONGEST} then error('long') else true end"
    typed = typed_query(channel, export, f"({text} limit {MOST_ROWS + 1})", ", _source")
    columns = [quote_name(column) for column in export.columns]
    total = session.value(
        f"create or replace temp table {TABLE} as select {', '.join(columns)}, _extra, _source, _ok from ({typed})"
    )
    counts = ", ".join(f"count({column})" for column in ["_extra", *columns])
    distinct = "count(*)" if has_row_key(export.key) else distinct_keys(export)
    rows = session.rows(
        f"select _source, min(rowid), max(rowid), count(*), count_if(not _ok), {distinct}, {counts} from {TABLE}"
        " group by _source"
    )
    if total > MOST_ROWS:
        return {}
    found = {}
    for source, first, last, count, refused, keys, extra, *filled in rows:
        held = [column for column, values in zip(export.columns, filled, strict=True) if values]
        if not refused and last - first + 1 == count:
            has = Found(True, bool(extra), frozenset(held), is_few=count <= FIRST_RECORDS)
            found[source] = _Rows(first, last, count, has, has_repeats=keys < count)
    return found


def _length(export: Export) -> str:
    """SQL of the bytes in a row of texts."""
    return " + ".join(f"coalesce(strlen({column}), 0)" for column in ["_extra", *map(quote_name, export.columns)])


def _with_names(group: Sequence[_Member], sql: str) -> str:
    """Add the columns whose value is in the file's name."""
    named = group[0].job.export.named.items()
    if not named:
        return sql
    sources = ", ".join(quoted(member.reading.path) for member in group)
    files = ", ".join(quoted(member.job.file) for member in group)
    file = f"([{files}])[list_position([{sources}], _source)]"
    values = "".join(f", {file_name_sql(column, file)} as {quote_name(c)}" for c, column in named)
    return f"select *{values} from ({sql})"


def _write(session: Session, member: _Member, rows: _Rows, landing: Landing, stem: str) -> Outcome | None:
    """Write the rows of one file from the table to its Parquet file. Returns None for a file that must land alone,
    because fields of its records can be read in a better way."""
    target = landing.store / f"{stem}{LANDED}"
    written = target.with_suffix(DRAFT)
    own = f"from {TABLE} where rowid between {rows.first} and {rows.last}"
    has_more = rows.found.extra or member.job.export.extra_columns == "ignore"
    if has_more and member.reading.alike and member.reading.alike(session, f"(select _extra {own})"):
        return None
    drift = drift_of(session, member.reading, f"(select _extra {own})", rows.found)
    columns = landed_columns(member.job, landing, f"rowid - {rows.first} + 1")
    count = session.value(f"copy (select {columns} {own}) to {quoted(written)} (format parquet, {LANDED_AS})")
    if count != rows.count:
        raise EngineFault(f"{rows.count} records were read, {count} written", str(member.job.path), "")
    export = member.job.export
    repeats = repeats_in(session, export, f"(select * {own})") if rows.has_repeats else NO_REPEATS
    os.replace(written, target)
    return Outcome(count, count, None, f"{stem}{LANDED}", None, drift, repeats=repeats)
