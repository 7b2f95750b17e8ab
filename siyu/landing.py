"""Landing: export files -> typed Parquet under a name made of their content, rejects, and the ledger's rows.

`read = landed + rejected` holds for every file. A file seen before is skipped. One bad channel never stops the others.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from siyu.casts import typed_query
from siyu.channels import Channel, Export
from siyu.engines.base import Session
from siyu.engines.duckdb import SqlProblem, quoted
from siyu.errors import EngineFault, FileRejected
from siyu.files import file_sha256, fsync
from siyu.ledger import LandedFile, Ledger
from siyu.readers import read
from siyu.readers.base import Reading, first_line, name
from siyu.references import Reference, changed_references

SHOWN_VALUE = 200
INTERIM = "compression lz4, dictionary_size_limit 1"  # read once or twice, then gone: dictionaries would not pay


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
    if folder is None or not _is_folder(folder):
        result.problems.append(f"the folder {folder or channel.folder or '(none)'} does not exist")
        return result
    for export_name, export in channel.exports.items():
        try:
            next(folder.iterdir(), None)  # glob() finds nothing, and says nothing, in a folder that may not be read
            paths = sorted(path for path in folder.glob(export.files) if path.is_file())
        except OSError as error:
            result.problems.append(f"the folder {folder} cannot be read: {error.strerror or error}")
            continue
        if not paths and not export.optional:
            result.problems.append(f"no file matches {export.files}")
        for path in paths:
            land_file(session, Job(channel, export_name, export, path, folder), landing, result)
    return result


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


@dataclass(frozen=True)
class Job:
    """One file to land: whose it is, and where it lies."""

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


def land_file(session: Session, job: Job, landing: Landing, result: ChannelLanding) -> None:
    """Land one file, unless it is known, into the result. A file that is still being written waits for the next run."""
    try:
        before = _state(job.path)
        digest = file_sha256(job.path)
    except OSError as error:
        result.problems.append(f"{job.file}: {error.strerror or error}")
        return
    try:
        day, name_problem = job.day(), None
    except ValueError as error:
        day, name_problem = None, str(error)
    identity = file_identity(job.channel.channel, job.export_name, day.isoformat() if day else job.file, digest)
    known = landing.known.get(identity) or next((file for file in result.files if file.identity == identity), None)
    if known and (known.contract == job.export.fingerprint or (known.landed and not known.rows_rejected)):
        result.skipped += 1
        if not known.landed:
            result.problems.append(f"{job.file}: {known.reason}")
        return
    outcome = _Outcome(reason=name_problem) if name_problem else _attempt(session, job, landing, identity)
    hiccup = outcome.hiccup
    if _state(job.path) != before:
        hiccup = hiccup or "the file changed while it was read; the next run takes it"
    if hiccup or outcome.reason:
        result.problems.append(f"{job.file}: {hiccup or outcome.reason}")
    if hiccup is None:
        result.drift += [(job.channel.channel, job.export_name, kind, column) for kind, column in outcome.drift]
        result.files.append(_ledger_row(job, landing, day, identity, digest, outcome))


def _attempt(session: Session, job: Job, landing: Landing, identity: str) -> _Outcome:
    """Land the rows, or tell why not. Raises EngineFault and OSError where it is not the file that fails."""
    scratch = Path(tempfile.mkdtemp(dir=landing.scratch))
    try:
        return _land_rows(session, job, landing, identity, scratch)
    except FileRejected as error:
        return _Outcome(reason=f"{error.problem} ({error.where}): {error.fix}")
    except SqlProblem as error:
        return _Outcome(reason=f"the file cannot be landed: {first_line(error)}")
    except EngineFault as error:
        # One that names the export is the file's (damaged, it sends the engine past its end) or its disk's, and stops
        # no other channel.
        if str(job.path) not in error.problem:
            raise
        return _Outcome(hiccup=f"the file cannot be read: {first_line(error)}")
    except OSError as error:
        if error.filename is None or Path(error.filename) != job.path:
            raise
        return _Outcome(hiccup=error.strerror or str(error))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _ledger_row(
    job: Job, landing: Landing, day: date | None, identity: str, digest: str, outcome: _Outcome
) -> LandedFile:
    return LandedFile(
        landed_seq=landing.seq,
        channel=job.channel.channel,
        export=job.export_name,
        file=job.file,
        file_date=day.isoformat() if day else None,
        identity=identity,
        sha256=digest,
        contract=job.export.fingerprint,
        rows_read=outcome.read,
        rows_landed=0 if outcome.reason else outcome.landed,
        rows_rejected=outcome.read if outcome.reason else outcome.read - outcome.landed,
        status="rejected" if outcome.reason else "landed",
        reason=outcome.reason,
        path=outcome.path,
        rejects=outcome.rejects,
        columns=";".join(f"{name}:{column.type}" for name, column in job.export.columns.items()),
    )


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


@dataclass(frozen=True)
class _Outcome:
    """`reason` = rejected whole; `hiccup` = not to be had this time, and not written down: the next run tries again."""

    read: int = 0
    landed: int = 0
    reason: str | None = None
    path: str | None = None
    rejects: str | None = None
    drift: tuple[tuple[str, str], ...] = ()
    hiccup: str | None = None


def commit_landing(
    ledger: Ledger, landing: Landing, results: Sequence[ChannelLanding], references: Mapping[str, Reference]
) -> None:
    """All that a landing brought, in one transaction of the ledger; no landing where it brought nothing."""
    files = [file for result in results for file in result.files]
    known = {name: row["sha256"] for name, row in ledger.references().items()}
    changed = changed_references(references, known, landing.store)
    if not files and not changed:
        return
    for path in sorted({landing.store / path for file in files for path in (file.path, file.rejects) if path}):
        fsync(path)
        fsync(path.parent)
    told = {(d["channel"], d["export"], d["kind"], d["column_name"]) for d in ledger.drift()}
    drift = sorted({item for result in results for item in [*result.drift, *_retyped(ledger, result)]} - told)
    ledger.commit_landing((landing.seq, landing.day), files, drift, changed)


def _retyped(ledger: Ledger, result: ChannelLanding) -> Iterator[tuple[str, str, str, str]]:
    """Columns whose type in the contract is not what it was when the export last landed."""
    before = {file.export: file.types for file in ledger.files() if file.channel == result.channel and file.landed}
    for file in result.files:
        for column, kind in file.types.items():
            if before.get(file.export, {}).get(column, kind) != kind:
                yield file.channel, file.export, "retyped", column


def file_identity(channel: str, export: str, day_or_name: str, digest: str) -> str:
    """A file is the same file when channel, export, file_date (else name) and content are the same."""
    return hashlib.sha256("\n".join((channel, export, day_or_name, digest)).encode()).hexdigest()


def _land_rows(session: Session, job: Job, landing: Landing, identity: str, scratch: Path) -> _Outcome:
    interim = scratch / "interim.parquet"
    reading = _copy_text(session, job, read(session, job.path, job.export, scratch), interim)
    typed = typed_query(job.channel, job.export, interim)
    # A file that lost rows under one contract is read again under the next: both stay, each under its own name.
    stem = f"landed/{job.channel.channel}/{job.export_name}/{identity[:32]}-{job.export.fingerprint}"
    target = landing.store / f"{stem}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    total = session.value(f"select count(*) from read_parquet({quoted(interim)})")
    if not total and job.export.load == "snapshot" and not job.export.allow_empty:
        raise FileRejected("the file holds no record", job.file, "ask the channel's owner for a new export.")
    new, missing = reading.new, reading.missing
    if reading.drift:
        new, missing = reading.drift(session, f"read_parquet({quoted(interim)})")
    drift = tuple([("new_column", column) for column in new] + [("missing_column", column) for column in missing])
    refused = landing.store / f"{stem}.rejects.parquet"
    rejected = _write_rejects(session, job, typed, refused)
    rejects = f"{stem}.rejects.parquet" if rejected else None
    if total and rejected / total > job.export.max_reject_rate:
        share = f"{rejected} of {total} rows break the contract"
        first = _first_reasons(session, refused)
        reason = f"{share}, more than max_reject_rate {job.export.max_reject_rate}: {first}"
        return _Outcome(total, 0, reason, None, rejects, drift)
    columns = ", ".join(name(column) for column in job.export.columns)
    kept = f" anti join read_parquet({quoted(refused)}) as refused on _line = refused.line" if rejected else ""
    good = (
        f"select {columns}, _extra, {quoted(job.file)} as _file, _line, {landing.seq}::integer as _landed_seq,"
        f" date {quoted(landing.day)} as _landed_date, {_day_literal(job)} as _file_date from ({typed}){kept}"
    )
    written = target.with_suffix(".tmp")
    session.execute(f"copy ({good}) to {quoted(written)} (format parquet, compression zstd)")
    landed = session.value(f"select count(*) from read_parquet({quoted(written)})")
    if landed + rejected != total:
        raise EngineFault(f"{total} records were read, {landed} written, {rejected} rejected", str(job.path), "")
    fsync(written)
    os.replace(written, target)
    return _Outcome(total, landed, None, f"{stem}.parquet", rejects, drift)


def _copy_text(session: Session, job: Job, reading: Reading, interim: Path) -> Reading:
    """The records as text, in the file's order, in a Parquet of their own: later passes need not parse again."""
    try:
        session.execute(f"copy ({reading.sql}) to {quoted(interim)} (format parquet, {INTERIM})")
        return reading
    except SqlProblem as error:
        if reading.otherwise is None:
            raise FileRejected(
                f"the file cannot be read: {first_line(error)}", job.file, "check its format."
            ) from error
    return _copy_text(session, job, reading.otherwise(), interim)


def _day_literal(job: Job) -> str:
    day = job.day()
    return f"date {quoted(day)}" if day else "null::date"


def _write_rejects(session: Session, job: Job, typed: str, path: Path) -> int:
    """Why records cannot be used, a row a reason, in a file of their own; how many there are. No file for none."""
    direct = [quoted(c) for c, column in job.export.columns.items() if column.pii]
    masked = f"case when column_name in ({', '.join(direct)}) then fn_mask(value) else " if direct else "("
    closing = " end" if direct else ")"
    session.execute(
        f"copy (select _line as line, column_name, left({masked}fn_mask_text(value){closing}, {SHOWN_VALUE}) as"
        " value_masked, reason from (select _line,"
        " unnest(list_filter(_reasons, lambda r: r is not null), recursive := true)"
        f" from ({typed}) where not _ok)) to {quoted(path)} (format parquet, compression zstd)"
    )
    rejected: int = session.value(f"select count(distinct line) from read_parquet({quoted(path)})")
    if not rejected:
        path.unlink()
    return rejected


def _first_reasons(session: Session, rejects: Path) -> str:
    rows = session.rows(
        f"select column_name, reason, count(*) as n from read_parquet({quoted(rejects)})"
        " group by all order by n desc, column_name, reason limit 3"
    )
    return "; ".join(f"{column or 'record'}: {reason} ({count})" for column, reason, count in rows)
