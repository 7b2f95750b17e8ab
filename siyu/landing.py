"""Landing: export files -> typed Parquet under a name made of their content, rejects, and the ledger's rows.

`read = landed + rejected` holds for every file. A file seen before is skipped. One bad channel never stops the others.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from siyu.channels import DECIMAL, Channel, Column, Export
from siyu.engines.base import Session
from siyu.engines.duckdb import SqlProblem, quoted
from siyu.errors import FileRejected
from siyu.ledger import LandedFile
from siyu.readers import Reading, contract_text, first_line, json_path, name, read, real_name

TRUE, FALSE = ("true", "t", "1", "yes", "y", "是"), ("false", "f", "0", "no", "n", "否")
NAIVE = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?"
OFFSET = r"[ T][0-9]{1,2}:[0-9.:]+(Z| UTC| ?[+-][01][0-9](:?[0-9]{2})?)"
FIRST_SECOND, LAST_SECOND = -62135596800, 253402300799  # of the years 1 to 9999
HASH_BLOCK = 1 << 20
SHOWN_VALUE = 200


@dataclass
class ChannelLanding:
    """What one channel brought: new files, and what is wrong with it."""

    channel: str
    files: list[LandedFile] = field(default_factory=list)
    drift: list[tuple[str, str, str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    skipped: int = 0

    @property
    def rows_landed(self) -> int:
        """Of the new files."""
        return sum(file.rows_landed for file in self.files)

    @property
    def rows_rejected(self) -> int:
        """Of the new files."""
        return sum(file.rows_rejected for file in self.files)


@dataclass(frozen=True)
class Landing:
    """The landing under way: its number and date, where files go, what is already known."""

    seq: int
    day: date
    store: Path
    scratch: Path
    known: dict[str, LandedFile]


def land_channel(session: Session, channel: Channel, folder: Path | None, landing: Landing) -> ChannelLanding:
    """Land every new file of a channel. What is wrong is kept in `problems`; nothing is raised for it."""
    result = ChannelLanding(channel.channel)
    if folder is None or not folder.is_dir():
        result.problems.append(f"the folder {folder or channel.folder or '(none)'} does not exist")
        return result
    for export_name, export in channel.exports.items():
        paths = sorted(path for path in folder.glob(export.files) if path.is_file())
        if not paths and not export.optional:
            result.problems.append(f"no file matches {export.files}")
        for path in paths:
            _land_one(session, _Job(channel, export_name, export, path, folder), landing, result)
    return result


@dataclass(frozen=True)
class _Job:
    channel: Channel
    export_name: str
    export: Export
    path: Path
    folder: Path

    @property
    def file(self) -> str:
        """The path in the channel's folder; bytes that are not utf-8 shown as �."""
        return os.fsencode(self.path.relative_to(self.folder).as_posix()).decode("utf-8", "replace")

    def day(self) -> date | None:
        """The business date in the name. Raises ValueError where it cannot be told."""
        if self.file != self.path.relative_to(self.folder).as_posix():
            raise ValueError("the file's name is not utf-8")
        return self.export.date_of(self.file)


def _land_one(session: Session, job: _Job, landing: Landing, result: ChannelLanding) -> None:
    try:
        digest = file_sha256(job.path)
    except OSError as error:
        result.problems.append(f"{job.file}: {error.strerror or error}")
        return
    contract = hashlib.sha256(contract_text(job.export).encode()).hexdigest()[:16]
    try:
        day, name_problem = job.day(), None
    except ValueError as error:
        day, name_problem = None, str(error)
    identity = file_identity(job.channel.channel, job.export_name, day.isoformat() if day else job.file, digest)
    known = landing.known.get(identity) or next((file for file in result.files if file.identity == identity), None)
    if known and (known.landed or known.contract == contract):
        result.skipped += 1
        if not known.landed:
            result.problems.append(f"{job.file}: {known.reason}")
        return
    scratch = Path(tempfile.mkdtemp(dir=landing.scratch))
    try:
        outcome = (
            _Outcome(reason=name_problem) if name_problem else _land_rows(session, job, landing, identity, scratch)
        )
    except FileRejected as error:
        outcome = _Outcome(reason=f"{error.problem} ({error.where}): {error.fix}")
    except SqlProblem as error:
        outcome = _Outcome(reason=f"the file cannot be landed: {first_line(error)}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if outcome.reason:
        result.problems.append(f"{job.file}: {outcome.reason}")
    result.drift += [(job.channel.channel, job.export_name, kind, column) for kind, column in outcome.drift]
    result.files.append(
        LandedFile(
            landed_seq=landing.seq,
            channel=job.channel.channel,
            export=job.export_name,
            file=job.file,
            file_date=day.isoformat() if day else None,
            identity=identity,
            sha256=digest,
            contract=contract,
            rows_read=outcome.read,
            rows_landed=0 if outcome.reason else outcome.landed,
            rows_rejected=outcome.read if outcome.reason else outcome.read - outcome.landed,
            status="rejected" if outcome.reason else "landed",
            reason=outcome.reason,
            path=outcome.path,
            rejects=outcome.rejects,
            columns=",".join(job.export.columns),
        )
    )


@dataclass(frozen=True)
class _Outcome:
    read: int = 0
    landed: int = 0
    reason: str | None = None
    path: str | None = None
    rejects: str | None = None
    drift: tuple[tuple[str, str], ...] = ()


def file_sha256(path: Path) -> str:
    """Content hash of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def file_identity(channel: str, export: str, day_or_name: str, digest: str) -> str:
    """A file is the same file when channel, export, file_date (else name) and content are the same."""
    return hashlib.sha256("\n".join((channel, export, day_or_name, digest)).encode()).hexdigest()


def _land_rows(session: Session, job: _Job, landing: Landing, identity: str, scratch: Path) -> _Outcome:
    interim = scratch / "interim.parquet"
    reading = _copy_text(session, job, read(session, job.path, job.export, scratch), interim)
    typed = typed_query(job.channel, job.export, interim)
    stem = f"landed/{job.channel.channel}/{job.export_name}/{identity[:32]}"
    target = landing.store / f"{stem}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    total = session.value(f"select count(*) from read_parquet({quoted(interim)})")
    if not total and job.export.load == "snapshot" and not job.export.allow_empty:
        raise FileRejected("the file holds no record", job.file, "ask the channel's owner for a new export.")
    columns = ", ".join(name(column) for column in job.export.columns)
    good = (
        f"select {columns}, _extra, {quoted(job.file)} as _file, _line, {landing.seq}::integer as _landed_seq,"
        f" date {quoted(landing.day)} as _landed_date, {_day_literal(job)} as _file_date from ({typed}) where _ok"
    )
    written = target.with_suffix(".tmp")
    session.execute(f"copy ({good}) to {quoted(written)} (format parquet, compression zstd)")
    landed = session.value(f"select count(*) from read_parquet({quoted(written)})")
    rejects = None
    if landed < total:
        rejects = f"{stem}.rejects.parquet"
        _write_rejects(session, job, typed, landing.store / rejects)
    drift = tuple([("new_column", item) for item in reading.new] + [("missing_column", c) for c in reading.missing])
    if total and (total - landed) / total > job.export.max_reject_rate:
        written.unlink()
        share = f"{total - landed} of {total} rows break the contract"
        first = _first_reasons(session, landing.store / rejects) if rejects else ""
        reason = f"{share}, more than max_reject_rate {job.export.max_reject_rate}: {first}"
        return _Outcome(total, 0, reason, None, rejects, drift)
    fsync(written)
    os.replace(written, target)
    return _Outcome(total, landed, None, f"{stem}.parquet", rejects, drift)


def _copy_text(session: Session, job: _Job, reading: Reading, interim: Path) -> Reading:
    """The records as text, in the file's order, in a Parquet of their own: later passes need not parse again."""
    try:
        session.execute(f"copy ({reading.sql}) to {quoted(interim)} (format parquet, compression lz4)")
        return reading
    except SqlProblem as error:
        if reading.otherwise is None:
            raise FileRejected(
                f"the file cannot be read: {first_line(error)}", job.file, "check its format."
            ) from error
    return _copy_text(session, job, reading.otherwise(), interim)


def _day_literal(job: _Job) -> str:
    day = job.day()
    return f"date {quoted(day)}" if day else "null::date"


def typed_query(channel: Channel, export: Export, interim: Path) -> str:
    """Text columns -> typed ones, with `_ok` and `_reasons`: a list of (column_name, value, reason) a row."""
    source, typed, tests = [], [], []
    for column_name, column in export.columns.items():
        text, value = name(f"_t_{column_name}"), name(column_name)
        source.append(f"{name(column_name)} as {text}")
        typed.append(f"{cast_sql(column, text, channel.timezone)} as {value}")
        failing = _tests(column, column_name in export.key, text, value, channel.timezone)
        tests += [(column_name, *test) for test in failing]
    tests.append(("", "_error is not null", "_error"))
    reasons = ", ".join(
        f"case when {_guard(column)}({failed}) then struct_pack(column_name := {quoted(column)},"
        f" value := {name(f'_t_{column}') if column else 'null::varchar'}, reason := {reason}) end"
        for column, failed, reason in tests
    )
    failed = " or ".join(f"({test})" for _, test, _ in tests)
    return (
        f"select *, not coalesce({failed}, false) as _ok, [{reasons}] as _reasons from ("
        f"select *, {', '.join(typed)} from (select {', '.join(source)}, _extra, _error,"
        f" file_row_number + 1 as _line from read_parquet({quoted(interim)}, file_row_number = true)))"
    )


def _guard(column: str) -> str:
    """A record that is broken as a whole has that one reason, not one a column."""
    return "_error is null and " if column else ""


def cast_sql(column: Column, text: str, timezone: str) -> str:
    """The value of a text column in its contract's type, NULL when the text is no such value."""
    trimmed = f"trim({text})"
    if DECIMAL.fullmatch(column.type):
        return f"try_cast({trimmed} as {column.type})"
    naive = f"regexp_full_match({trimmed}, '{NAIVE}')"
    with_offset = f"regexp_matches({trimmed}, '^[0-9]{{4}}[-/].*{OFFSET}$')"
    moment = f"try_cast(regexp_replace(replace({trimmed}, ' UTC', 'Z'), ' ([+-])', '\\1') as timestamptz)"
    whole = rf"regexp_full_match({trimmed}, '[+-]?[0-9]+(\.0+)?')"
    number = f"case when {whole} then try_cast({trimmed} as bigint) end"
    casts = {
        "text": text,
        "integer": number,
        "boolean": f"case when lower({trimmed}) in {TRUE} then true when lower({trimmed}) in {FALSE} then false end",
        "timestamp": f"case when {naive} then {_utc(f'try_cast({trimmed} as timestamp)', timezone)}"
        f" when {with_offset} then timezone('UTC', {moment}) end",
        "date": f"case when {naive} then cast(try_cast({trimmed} as timestamp) as date)"
        f" when regexp_full_match({trimmed}, '[0-9]{{8}}') then cast(try_strptime({trimmed}, '%Y%m%d') as date) end",
        "epoch_seconds": f"case when {number} between {FIRST_SECOND} and {LAST_SECOND}"
        f" then make_timestamp({number} * 1000000) end",
    }
    return casts[column.type]


def _utc(local: str, timezone: str) -> str:
    return f"timezone('UTC', timezone({quoted(timezone)}, {local}))"


def _tests(column: Column, is_key: bool, text: str, value: str, timezone: str) -> list[tuple[str, str]]:
    """(SQL that is true when the row breaks the contract, SQL of the reason)."""
    tests = []
    if column.type == "text":
        tests.append((f"contains({text}, chr(0))", quoted("a NUL character")))
    else:
        tests.append((f"{text} is not null and {value} is null", quoted(f"no {column.type}")))
    if column.required or is_key:
        tests.append((f"{text} is null", quoted("a required value is missing")))
    if column.min is not None:
        tests.append((f"{value} < {_bound(column, column.min, timezone)}", quoted(f"less than {column.min}")))
    if column.max is not None:
        # The last day counts whole.
        sign, bound = (">=", column.max + timedelta(days=1)) if isinstance(column.max, date) else (">", column.max)
        tests.append((f"{value} {sign} {_bound(column, bound, timezone)}", quoted(f"more than {column.max}")))
    if column.one_of:
        listed = ", ".join(quoted(item) for item in column.one_of)
        tests.append((f"{text} not in ({listed})", quoted(f"not one of {', '.join(column.one_of)}")))
    return tests


def _bound(column: Column, bound: Decimal | date, timezone: str) -> str:
    """A number as it is; a date as the moment it begins where the contract is."""
    if not isinstance(bound, date):
        return f"{bound:f}"
    day = f"date {quoted(bound)}"
    return day if column.type == "date" else _utc(f"cast({day} as timestamp)", timezone)


def _write_rejects(session: Session, job: _Job, typed: str, path: Path) -> None:
    direct = [quoted(c) for c, column in job.export.columns.items() if column.pii]
    masked = f"case when column_name in ({', '.join(direct)}) then fn_mask(value) else " if direct else "("
    closing = " end" if direct else ")"
    session.execute(
        f"copy (select _line as line, column_name, left({masked}fn_mask_text(value){closing}, {SHOWN_VALUE}) as"
        " value_masked, reason from (select _line,"
        " unnest(list_filter(_reasons, lambda r: r is not null), recursive := true)"
        f" from ({typed}) where not _ok)) to {quoted(path)} (format parquet, compression zstd)"
    )


def _first_reasons(session: Session, rejects: Path) -> str:
    rows = session.rows(
        f"select column_name, reason, count(*) as n from read_parquet({quoted(rejects)})"
        " group by all order by n desc, column_name, reason limit 3"
    )
    return "; ".join(f"{column or 'record'}: {reason} ({count})" for column, reason, count in rows)


def fsync(path: Path) -> None:
    """Make sure a file, or a folder's entries, would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def current_rows(
    export: Export,
    files: Sequence[LandedFile],
    store: Path,
    *,
    superseded: bool = False,
    timezone: str = "Asia/Shanghai",
) -> str:
    """The query behind source(): one current row a key, or the rows that later versions replaced.

    The current row is the greatest of (known before the end of as_of, version, file date, landing, file, line).
    `timezone` is the contract's, for timestamps of columns that are read from `_extra`.
    """
    landed = [file for file in files if file.landed]
    columns = [f"{name(c)}" for c in export.columns]
    listed = ", ".join(columns)
    internal = "_extra, _file, _line, _landed_seq, _landed_date, _file_date"
    rows = _union(export, landed, store, timezone)
    in_time = "coalesce(_file_date, _landed_date) <= fn_as_of()"
    order = ["coalesce(_file_date, _landed_date) desc", "_landed_seq desc", "_file desc", "_line desc"]
    if export.version:
        version = name(export.version)
        order.insert(0, f"{version} desc nulls last")
        if export.columns[export.version].type in ("timestamp", "date", "epoch_seconds"):
            in_time += f" and coalesce({version} < fn_as_of_end(), true)"
    keys = ", ".join(name(key) for key in export.key)
    picked = f"row_number() over (partition by {keys} order by ({in_time}) desc, {', '.join(order)})"
    removed = _removed(export, landed)
    return (
        f"select {listed}, {internal}, {removed} as _removed_date from ({rows}) as landed"
        f" qualify {picked} {'>' if superseded else '='} 1"
    )


def _removed(export: Export, landed: Sequence[LandedFile]) -> str:
    """Snapshot exports: the date of the next complete list, which no longer has the key."""
    if export.load != "snapshot":
        return "null::date"
    days = sorted({file.file_date for file in landed if file.file_date})
    if len(days) < 2:
        return "null::date"
    lists = ", ".join(f"date {quoted(day)}" for day in days)
    return (
        f"(select min(day) from (select unnest([{lists}]) as day)"
        " where day > coalesce(landed._file_date, landed._landed_date) and day <= fn_as_of())"
    )


def _union(export: Export, landed: Sequence[LandedFile], store: Path, timezone: str) -> str:
    """Landed files under today's contract: a column that came later is taken from `_extra` of older files."""
    groups: dict[str, list[LandedFile]] = {}
    for file in landed:
        groups.setdefault(file.columns, []).append(file)
    internal = "_extra, _file, _line, _landed_seq, _landed_date, _file_date"
    parts = [_empty(export)]
    for held, members in sorted(groups.items()):
        has = set(held.split(","))
        chosen = ", ".join(f"{_held(export, c, has, timezone)} as {name(c)}" for c in export.columns)
        paths = ", ".join(quoted(store / str(file.path)) for file in members)
        parts.append(f"select {chosen}, {internal} from read_parquet([{paths}])")
    return " union all ".join(parts)


def _held(export: Export, column_name: str, has: set[str], timezone: str) -> str:
    column = export.columns[column_name]
    if column_name in has:
        return f"try_cast({name(column_name)} as {column.sql_type})"
    real = real_name(export, column_name)
    is_nested = export.format in ("json", "jsonl")
    path = json_path(real) if is_nested else "/" + real.replace("~", "~0").replace("/", "~1")
    return cast_sql(column, f"nullif(json_extract_string(_extra, {quoted(path)}), '')", timezone)


def _empty(export: Export) -> str:
    columns = ", ".join(f"null::{column.sql_type} as {name(c)}" for c, column in export.columns.items())
    return (
        f"select {columns}, null::varchar as _extra, null::varchar as _file, null::bigint as _line,"
        " null::integer as _landed_seq, null::date as _landed_date, null::date as _file_date where false"
    )
