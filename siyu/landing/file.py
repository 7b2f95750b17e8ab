"""Land one export file: write typed Parquet and rejects, or find out why the file cannot be read."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from siyu.engines.base import Session
from siyu.engines.paths import link_in, new_file, parquet
from siyu.engines.sql import quote_name, quoted
from siyu.errors import EngineFault, FileRejected, SqlProblem, StatementFault
from siyu.landing.casts import TEXTS, file_name_sql, typed_query
from siyu.landing.drift import MISSING, NEW, RESPELLED
from siyu.landing.journal import DRAFT, LANDED, REJECTS, note
from siyu.landing.readers import read
from siyu.landing.readers.mending import LOST
from siyu.landing.readers.reading import Found, Reading, shown_names
from siyu.landing.rejects import first_reasons, write_rejects
from siyu.landing.repeats import NO_REPEATS, Repeats, repeats_of
from siyu.masking import first_line, masked, one_line
from siyu.seeds.channels import Channel, Export
from siyu.warehouse.ledger import LandedFile

INTERIM = "compression lz4, dictionary_size_limit 1"  # read once or twice and then deleted: no dictionaries
LANDED_AS = "compression zstd, dictionary_size_limit 10000"  # larger dictionaries do not make smaller files
# The same as _ok. DuckDB moves a filter below the expressions that compute its columns and then casts every value
# twice, but it does not move a volatile filter.
ONCE = "_ok and random() >= 0"
LABEL_CHARACTERS = 6


Drift = tuple[str, str]  # "new_column", "missing_column" or "respelled", and the name of the column


@dataclass(frozen=True)
class Landing:
    """The current landing: its number and date, where files are stored, and the files known so far by identity."""

    seq: int
    day: date
    store: Path
    scratch: Path
    known: dict[str, LandedFile]


@dataclass(frozen=True)
class Job:
    """One file to land: its channel and export, its path, and the channel's folder."""

    channel: Channel
    export_name: str
    export: Export
    path: Path
    folder: Path
    label: str = ""  # distinguishes files whose masked names are equal

    @property
    def shown(self) -> str:
        """The path in the channel's folder as it is stored in the ledger and shown: mobiles and mail are masked."""
        return shown_name(self.file, self.label)

    @cached_property
    def file(self) -> str:
        """The path in the channel's folder. Bytes that are not valid utf-8 are written as \\xc9."""
        return os.fsencode(self.path.relative_to(self.folder).as_posix()).decode("utf-8", "backslashreplace")

    @cached_property
    def contract(self) -> str:
        """The fingerprint of the export's contract."""
        return self.export.fingerprint

    def day(self) -> date | None:
        """Return the business date in the name, None if the contract has none. Raises ValueError if it is missing."""
        if self.file != self.path.relative_to(self.folder).as_posix():
            raise ValueError("the file's name is not utf-8")
        return self.export.date_of(self.file)


def shown_name(file: str, label: str) -> str:
    """Return the name of a file, masked. A masked name ends with the label."""
    name = one_line(masked(file))
    return f"{name}#{label}" if label and name != file else name


def name_label(session: Session, file: str) -> str:
    """Return the label of a name that has to be masked: the first characters of its keyed hash; else ''."""
    if one_line(masked(file)) == file:
        return ""
    label: str = session.value(f"select left(fn_keyed_hash(?), {LABEL_CHARACTERS})", [file])
    return label


@dataclass(frozen=True)
class Outcome:
    """The result of landing a file. `landed` counts the rows in the Parquet file, `mended` the values with replaced
    characters, by column. With a `reason` the whole file is rejected. With a `hiccup` the file could not be
    read this time: the ledger gets no row, and the next run tries again."""

    read: int = 0
    landed: int = 0
    reason: str | None = None
    path: str | None = None
    rejects: str | None = None
    drift: tuple[Drift, ...] = ()
    hiccup: str | None = None
    repeats: Repeats = NO_REPEATS
    mended: str | None = None


def attempt(session: Session, job: Job, landing: Landing, identity: str) -> Outcome:
    """Land the rows or return the reason why not. Raises EngineFault and OSError if the file is not the cause."""
    scratch = Path(tempfile.mkdtemp(dir=landing.scratch))
    try:
        return _land_rows(session, job, landing, identity, scratch)
    except FileRejected as error:
        # Whoever shows the reason names the file before it; `where` may add a sheet or a line.
        place = error.where.removeprefix(job.path.name).lstrip(",: ")
        return Outcome(reason=f"{error.problem}{f' ({place})' if place else ''}: {error.fix}")
    except SqlProblem as error:
        return Outcome(reason=f"the file cannot be landed: {first_line(error)}")
    except EngineFault as error:
        # A fault that names the file comes from the file (a damaged file makes the engine read past its end) or from
        # its disk; a fault of a single statement comes from the size of the file. Neither stops other channels.
        places = (str(job.path), str(link_in(scratch)))
        if not isinstance(error, StatementFault) and not any(place in error.problem for place in places):
            raise
        return Outcome(hiccup=f"the file cannot be read: {first_line(error)}: {error.fix}")
    except OSError as error:
        if error.filename is None or Path(error.filename) != job.path:
            raise
        return Outcome(hiccup=error.strerror or str(error))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _land_rows(session: Session, job: Job, landing: Landing, identity: str, scratch: Path) -> Outcome:
    reading, total, interim = _copy_text(session, job, reading_of(session, job, scratch), scratch)
    if reading.alike and (other := reading.alike(session, parquet(interim))):
        other = replace(other, is_mended=reading.is_mended)
        interim.unlink()
        reading, total, interim = _copy_text(session, job, other, scratch)
    stem = stem_of(job, landing, identity)
    target = landing.store / f"{stem}{LANDED}"
    target.parent.mkdir(parents=True, exist_ok=True)
    note(landing.store, [stem])
    # An API answer without records may be one page of a list: current_rows.py checks the list as a whole.
    may_be_empty = job.export.allow_empty or job.export.answers
    if not total and job.export.load == "snapshot" and not may_be_empty:
        raise FileRejected("the file contains no records", job.file, "ask the channel's owner for a new export.")
    drift = drift_of(session, reading, parquet(interim))
    lines = parquet(interim, ", file_row_number = true")
    typed = typed_query(job.channel, job.export, lines, ", file_row_number + 1 as _line")
    good = f"select {landed_columns(job, landing, '_line')} from (select *, {ONCE} as _good from ({typed})) where _good"
    written = target.with_suffix(DRAFT)
    landed = session.value(f"copy ({good}) to {quoted(written)} (format parquet, {LANDED_AS})")
    refused = landing.store / f"{stem}{REJECTS}"
    # Most files have no rejected row and need no second pass.
    rejected = 0
    if landed < total:
        left = f"(select * from {lines} where file_row_number + 1 not in (select _line from {parquet(written)}))"
        typed = typed_query(job.channel, job.export, left, ", file_row_number + 1 as _line")
        rejected = write_rejects(session, job.channel, job.export, typed, refused)
    rejects = f"{stem}{REJECTS}" if rejected else None
    if landed + rejected != total:
        raise EngineFault(f"{total} records were read, {landed} written, {rejected} rejected", str(job.path), "")
    if total and rejected / total > job.export.max_reject_rate:
        written.unlink()
        share = f"{rejected} of {total} rows break the contract"
        first = first_reasons(session, refused)
        reason = f"{share}, more than max_reject_rate {job.export.max_reject_rate}: {first}"
        return Outcome(total, 0, reason, None, rejects, drift)
    repeats = repeats_of(session, job.export, parquet(written), landed)
    mended = _mended_values(session, job, parquet(written)) if reading.is_mended else None
    os.replace(written, target)
    return Outcome(total, landed, None, f"{stem}{LANDED}", rejects, drift, repeats=repeats, mended=mended)


def _mended_values(session: Session, job: Job, relation: str) -> str | None:
    """Return how many landed values of each column have a replaced character, as `name:2;note:1`."""
    texts = [name for name, column in job.export.columns.items() if column.type in TEXTS]
    columns = [*texts, "_extra"]
    counts = ", ".join(f"count_if(contains({quote_name(column)}, chr({ord(LOST)})))" for column in columns)
    (found,) = session.rows(f"select {counts} from {relation}")
    return ";".join(f"{column}:{count}" for column, count in zip(columns, found, strict=True) if count) or None


def reading_of(session: Session, job: Job, scratch: Path) -> Reading:
    """Return how to read the file. Raises FileRejected."""
    return read(session, job.path, job.export, scratch)


def drift_of(session: Session, reading: Reading, relation: str, found: Found | None = None) -> tuple[Drift, ...]:
    """Return new and missing columns of a file whose records are in `relation`; `found` describes them, if known."""
    new, missing = reading.new, reading.missing
    if reading.drift:
        new, missing = reading.drift(session, relation, found)
    told = {NEW: shown_names(new), MISSING: missing, RESPELLED: shown_names(reading.respelled)}
    return tuple((kind, name) for kind, names in told.items() for name in names)


def stem_of(job: Job, landing: Landing, identity: str) -> str:
    """Return the path of a landed file below the store, without the ending.

    A file with rejects is read again when the contract changes, and again when it changes back; each result is kept.
    """
    name = f"{identity[:32]}-{job.contract}-{landing.seq}"
    return f"landed/{job.channel.channel}/{job.export_name}/{name}"


def landed_columns(job: Job, landing: Landing, line: str) -> str:
    """Return the columns of a landed file as SQL; `line` is the SQL of the line number."""
    columns = ", ".join(quote_name(column) for column in job.export.columns)
    day = job.day()
    return (
        f"{columns}, _extra, {quoted(job.file)} as _file, {line} as _line, {landing.seq}::integer as _landed_seq,"
        f" date {quoted(landing.day)} as _landed_date, {f'date {quoted(day)}' if day else 'null::date'} as _file_date"
    )


def _copy_text(session: Session, job: Job, reading: Reading, scratch: Path) -> tuple[Reading, int, Path]:
    """Write the records as text to a Parquet file, in the order of the export file, so that it is parsed only once.
    Returns the reading that succeeded, the number of records and the file."""
    interim = new_file(scratch)
    try:
        sql = _with_names(job, reading.alone(session))
        total: int = session.value(f"copy ({sql}) to {quoted(interim)} (format parquet, {INTERIM})")
        if reading.is_whole is None or reading.is_whole(session, parquet(interim), total):
            return reading, total, interim
    except SqlProblem as error:
        if reading.otherwise is None:
            raise FileRejected(
                f"the file cannot be read: {first_line(error)}", job.file, "check its format."
            ) from error
    if reading.otherwise is None:
        raise FileRejected("not every record could be read", job.file, "check its format.")
    interim.unlink(missing_ok=True)  # as large as the export
    return _copy_text(session, job, reading.otherwise(), scratch)


def _with_names(job: Job, sql: str) -> str:
    """Add the columns whose value is in the file's name, the same for every record."""
    named = job.export.named.items()
    values = "".join(f", {file_name_sql(column, quoted(job.file))} as {quote_name(c)}" for c, column in named)
    return f"select *{values} from ({sql})" if values else sql
