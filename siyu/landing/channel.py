"""Land the export files of a channel: typed Parquet named by content, rejects, and rows for the ledger.

`read = landed + rejected + replaced` holds for every file. A known file is skipped. One bad channel never stops the
others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from siyu.engines.base import Session
from siyu.landing.drift import RETYPED
from siyu.landing.file import Job, Landing, Outcome, attempt, name_label
from siyu.landing.journal import sweep
from siyu.landing.together import SMALL, land_together
from siyu.masking import masked, one_line
from siyu.seeds.channels import KEY, Channel
from siyu.seeds.references import Reference, changed_references
from siyu.seeds.row_key import has_row_key
from siyu.warehouse.files import file_sha256, fsync
from siyu.warehouse.ledger import LandedFile, Ledger


@dataclass(frozen=True)
class Hashed:
    """The content hash of a file, and the state that the file had before it was read."""

    state: tuple[int, int] | None
    digest: str


@dataclass
class ChannelLanding:
    """The result of landing one channel: its new files, drift (channel, export, kind, column), also by file (identity,
    kind, column), and problems."""

    channel: str
    files: list[LandedFile] = field(default_factory=list)
    drift: list[tuple[str, str, str, str]] = field(default_factory=list)
    file_drift: list[tuple[str, str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    skipped: int = 0

    @property
    def rows_landed(self) -> int:
        """The number of landed rows in the new files."""
        return sum(file.rows_landed for file in self.files)

    @property
    def rows_rejected(self) -> int:
        """The number of rejected rows in the new files."""
        return sum(file.rows_rejected for file in self.files)

    @property
    def rows_replaced(self) -> int:
        """The number of rows in the new files that another row of the same file replaced."""
        return sum(file.rows_replaced for file in self.files)

    @property
    def told(self) -> str:
        """The numbers of rows that do not count: those replaced only if there are some."""
        replaced = f", {self.rows_replaced:,} replaced" if self.rows_replaced else ""
        return f"{self.rows_rejected:,} rejected{replaced}"


def land_channel(session: Session, channel: Channel, folder: Path | None, landing: Landing) -> ChannelLanding:
    """Land every new file of a channel. Problems of files and folders are returned, not raised."""
    result = ChannelLanding(channel.channel)
    if folder is None or not _is_folder(folder):
        result.problems.append(one_line(masked(f"the folder {folder or channel.folder or '(none)'} does not exist")))
        return result
    for export_name, export in channel.exports.items():
        try:
            next(folder.iterdir(), None)  # glob() does not raise if the folder cannot be read
            paths = sorted(path for path in folder.glob(export.files) if path.is_file())
        except OSError as error:
            result.problems.append(f"the folder {folder} cannot be read: {error.strerror or error}")
            continue
        if not paths and not export.optional:
            result.problems.append(f"no file matches {export.files}")
        jobs = [Job(channel, export_name, export, path, folder) for path in paths]
        jobs = [replace(job, label=name_label(session, job.file)) for job in jobs]
        _land_export(session, jobs, landing, result)
    result.problems = [one_line(masked(problem)) for problem in result.problems]
    return result


def _land_export(session: Session, jobs: Sequence[Job], landing: Landing, result: ChannelLanding) -> None:
    """Land small new files together, and one by one all large files and those with any problem."""
    hashed = {job.path: found for job in jobs if (found := _small_file(job))}
    new: dict[str, Job] = {}
    for job in jobs:
        if job.path in hashed and (identity := _new_identity(job, hashed[job.path].digest, landing, result)):
            new.setdefault(identity, job)
    outcomes = land_together(session, [(job, identity) for identity, job in new.items()], landing)
    for job in jobs:
        land_file(session, job, landing, result, hashed.get(job.path), outcomes.get(job.path))


def _small_file(job: Job) -> Hashed | None:
    """Return the hash of a small file. Returns None for a large file, and for a file that cannot be read: land_file()
    reports that."""
    try:
        if job.path.stat().st_size <= SMALL:
            return _hashed(job.path)
    except OSError:
        pass
    return None


def _new_identity(job: Job, digest: str, landing: Landing, result: ChannelLanding) -> str | None:
    """Return the identity of a new file; None if the file is known, or if its name has no date."""
    day, name_problem = _day_of(job)
    identity, known = _find(job, day, digest, landing, result)
    return None if known or name_problem else identity


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def land_file(
    session: Session,
    job: Job,
    landing: Landing,
    result: ChannelLanding,
    hashed: Hashed | None = None,
    outcome: Outcome | None = None,
) -> None:
    """Land one file, unless it is known, and add it to the result. A file that changes while it is read is left to the
    next run.

    `hashed` and `outcome` are given if the file has been hashed or landed already.
    """
    try:
        hashed = hashed or _hashed(job.path)
    except OSError as error:
        result.problems.append(masked(f"{job.file}: {error.strerror or error}"))
        return
    day, name_problem = _day_of(job)
    identity, known = _find(job, day, hashed.digest, landing, result)
    if known and (known.contract == job.contract or (known.landed and not known.rows_rejected)):
        result.skipped += 1
        if not known.landed:
            result.problems.append(masked(f"{job.file}: {known.reason}"))
        return
    if name_problem:
        outcome = Outcome(reason=name_problem)
    outcome = outcome or attempt(session, job, landing, identity)
    # Even the name of a file may contain a mobile number.
    outcome = replace(outcome, reason=masked(outcome.reason) if outcome.reason else None)
    hiccup = outcome.hiccup
    if _state(job.path) != hashed.state:
        hiccup = hiccup or "the file changed while it was read; the next run will read it"
    if hiccup or outcome.reason:
        result.problems.append(masked(f"{job.file}: {hiccup or outcome.reason}"))
    if hiccup is None:
        result.drift += [(job.channel.channel, job.export_name, kind, column) for kind, column in outcome.drift]
        result.file_drift += [(identity, *item) for item in outcome.drift]
        result.files.append(_ledger_row(job, landing, day, identity, hashed.digest, outcome))


def _day_of(job: Job) -> tuple[date | None, str | None]:
    """Return the business date in the file's name, and what is wrong with the name."""
    try:
        return job.day(), None
    except ValueError as error:
        return None, str(error)


def _find(
    job: Job, day: date | None, digest: str, landing: Landing, result: ChannelLanding
) -> tuple[str, LandedFile | None]:
    """Return the identity of a file, and the ledger's row if it is known.

    If a column's value is in the file's name, the same content under another name is another file: two messages may
    have been sent to the same people.
    """
    known = None
    names = (day.isoformat() if day else job.file, job.file)
    if has_row_key(job.export.key) and not day:
        # The same rows under another name would count twice. An older contract may have known the file by its name.
        named = file_identity(job.channel.channel, job.export_name, job.file, digest)
        names = (job.file if named in landing.known else "", job.file)
    for day_or_name in names:
        identity = file_identity(job.channel.channel, job.export_name, day_or_name, digest)
        known = landing.known.get(identity) or next((file for file in result.files if file.identity == identity), None)
        if known is None or known.file == job.shown or not job.export.named:
            break
    if known is None and has_row_key(job.export.key) and not day and not job.export.named:
        known = _landed_with_a_key(job, digest, landing)
    return known.identity if known else identity, known


def _landed_with_a_key(job: Job, digest: str, landing: Landing) -> LandedFile | None:
    """Return a file with the same rows that landed under another name, before the contract said `key: row`."""
    own = (job.channel.channel, job.export_name, digest)
    return next((f for f in landing.known.values() if (f.channel, f.export, f.sha256) == own), None)


def _ledger_row(
    job: Job, landing: Landing, day: date | None, identity: str, digest: str, outcome: Outcome
) -> LandedFile:
    return LandedFile(
        landed_seq=landing.seq,
        channel=job.channel.channel,
        export=job.export_name,
        file=job.shown,
        file_date=day.isoformat() if day else None,
        identity=identity,
        sha256=digest,
        contract=job.contract,
        rows_read=outcome.read,
        rows_landed=0 if outcome.reason else outcome.landed - outcome.repeats.replaced,
        rows_rejected=outcome.read if outcome.reason else outcome.read - outcome.landed,
        status="rejected" if outcome.reason else "landed",
        reason=outcome.reason,
        path=outcome.path,
        rejects=outcome.rejects,
        columns=";".join(f"{name}:{column.type}" for name, column in job.export.landed_columns.items()),
        rows_replaced=outcome.repeats.replaced,
        differing_keys=outcome.repeats.differing,
        example_key=outcome.repeats.example,
        mended=outcome.mended,
    )


def _hashed(path: Path) -> Hashed:
    return Hashed(_state(path), file_sha256(path))


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def commit_landing(
    ledger: Ledger, landing: Landing, results: Sequence[ChannelLanding], references: Mapping[str, Reference]
) -> None:
    """Commit the landing in one transaction of the ledger. Without new files or references there is no landing."""
    files = [file for result in results for file in result.files]
    known = {name: row["sha256"] for name, row in ledger.references().items()}
    changed = changed_references(references, known, landing.store)
    if files or changed:
        _commit(ledger, landing, results, files, changed)
    sweep(landing.store, ledger.files())


def _commit(
    ledger: Ledger,
    landing: Landing,
    results: Sequence[ChannelLanding],
    files: Sequence[LandedFile],
    references: Sequence[tuple[str, str, str]],
) -> None:
    written = {landing.store / path for file in files for path in (file.path, file.rejects) if path}
    for path in sorted(written) + sorted({path.parent for path in written}):
        fsync(path)
    known = {(d["channel"], d["export"], d["kind"], d["column_name"]) for d in ledger.drift()}
    retyped = [item for result in results for item in _retyped(ledger, result)]
    told = {(file.channel, file.export, RETYPED, column) for file, column in retyped}
    drift = sorted(({item for result in results for item in result.drift} | told) - known)
    by_file = [item for result in results for item in result.file_drift]
    by_file += [(file.identity, RETYPED, column) for file, column in retyped]
    ledger.commit_landing((landing.seq, landing.day), files, drift, references, by_file)


def _retyped(ledger: Ledger, result: ChannelLanding) -> Iterator[tuple[LandedFile, str]]:
    """Yield new files and their columns whose type in the contract has changed since the export last landed."""
    before = {
        file.export: _contract_types(file) for file in ledger.files() if file.channel == result.channel and file.landed
    }
    for file in result.files:
        for column, kind in _contract_types(file).items():
            if before.get(file.export, {}).get(column, kind) != kind:
                yield file, column


def _contract_types(file: LandedFile) -> dict[str, str]:
    return {column: "text" if kind == KEY else kind for column, kind in file.types.items()}


def file_identity(channel: str, export: str, day_or_name: str, digest: str) -> str:
    """Return the identity of a file: a hash of channel, export, file_date (or name) and content. The caller passes the
    name of a file if a column's value is in it."""
    return hashlib.sha256("\n".join((channel, export, day_or_name, digest)).encode()).hexdigest()
