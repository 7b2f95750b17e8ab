"""`siyu land --dry-run`: report everything that is wrong with a file, without a warehouse."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from siyu.build.database import open_engine
from siyu.engines.base import Session
from siyu.engines.paths import checked_folder, parquet
from siyu.errors import ConfigError, FileRejected, SqlProblem, StatementFault, nearest
from siyu.landing.channel import ChannelLanding, land_file
from siyu.landing.file import Job, Landing
from siyu.landing.readers import read
from siyu.landing.readers.reading import WrongHeader
from siyu.masking import masked
from siyu.night.request import default_as_of
from siyu.seeds.channels import Channel, Export, enabled_channels, load_channels
from siyu.settings import Settings
from siyu.warehouse.ledger import LandedFile

SHOWN_LINES = 5


@dataclass(frozen=True)
class RowProblem:
    """Rows that break the contract in one way. `column` is '' for the whole record; `lines` are the first few."""

    column: str
    reason: str
    rows: int
    lines: tuple[int, ...]
    example: str | None


@dataclass(frozen=True)
class DryRun:
    """The result of a dry run. `notes` name values that land in another form than in the file. `totals` are rows that
    match the contract's footer; they are not counted as read."""

    channel: str
    export: str
    file: str
    rows_read: int
    rows_rejected: int
    max_reject_rate: float
    problems: tuple[str, ...]
    drift: tuple[tuple[str, str], ...] = ()
    rows: tuple[RowProblem, ...] = field(default_factory=tuple)
    rows_replaced: int = 0
    notes: tuple[str, ...] = ()
    totals: int = 0

    @property
    def lands(self) -> bool:
        """Whether the file would land, with the rows that keep the contract."""
        return not self.problems


def dry_run(settings: Settings, path: Path, target: str | None) -> DryRun:
    """Check a file against the contract of `target` (channel.export), else of the export whose pattern matches it.

    Raises ConfigError if the file does not exist, or if not exactly one export matches.
    """
    if not path.is_file():
        raise ConfigError(f"there is no file {path}", str(path), "correct the path.")
    channel, export_name = _target(settings, path, target)
    as_of = default_as_of(settings)
    with tempfile.TemporaryDirectory() as folder:
        checked_folder(Path(folder), "the folder for temporary files", "TMPDIR")
        engine = open_engine(settings, as_of, Path(folder), in_memory=True)
        session = engine.session()
        try:
            return look(session, channel, export_name, path, Landing(0, as_of, Path(folder), Path(folder), {}))
        finally:
            session.close()
            engine.close()


def look(session: Session, channel: Channel, export_name: str, path: Path, landing: Landing) -> DryRun:
    """Check a file against an export's contract. The landing is thrown away."""
    export = channel.exports[export_name]
    problems = []
    path = path.resolve()
    job = Job(channel, export_name, export, path, _folder(path, export))
    try:
        job.day()
    except ValueError as error:
        problems.append(str(error))
    relaxed, totals = _relaxed(session, path, export, landing.scratch, problems)
    job = replace(job, export=relaxed)
    result = ChannelLanding(channel.channel)
    land_file(session, job, landing, result)
    return replace(_result(session, job, export, result, problems, landing.store), totals=totals)


def _target(settings: Settings, path: Path, target: str | None) -> tuple[Channel, str]:
    channels = enabled_channels(settings, load_channels(settings))
    names = {f"{channel}.{export}": (c, export) for channel, c in channels.items() for export in c.exports}
    if target is not None:
        if target not in names:
            raise ConfigError(f"no contract defines the export {target}", "--as", nearest(target, names))
        return names[target]
    root = settings.exports_root
    fitting = [name for name, (c, export) in names.items() if path.match(c.exports[export].files)]
    inside = [name for name in fitting if _lies_in(path, names[name][0].source_folder(root))]
    chosen = inside or fitting
    if len(chosen) != 1:
        meant = f"could be {', '.join(chosen)}" if chosen else "does not match the pattern of any export"
        raise ConfigError(
            f"{path.name} {meant}", str(path), f"name the export: --as channel.export ({', '.join(names)})."
        )
    return names[chosen[0]]


def _folder(path: Path, export: Export) -> Path:
    """Return the folder that stands for the channel's: above the folders that the pattern of the contract names."""
    above = len(Path(export.files).parts) - 1
    return path.parents[above] if path.match(export.files) else path.parent


def _lies_in(path: Path, folder: Path | None) -> bool:
    return folder is not None and path.resolve().is_relative_to(folder.resolve())


def _relaxed(session: Session, path: Path, export: Export, scratch: Path, problems: list[str]) -> tuple[Export, int]:
    """Return the contract without the rules that reject the whole file, so that its rows can be checked anyway, and the
    number of footer rows."""
    loose = export.model_copy(update={"max_reject_rate": 1.0, "file_date": None})
    try:
        return loose, read(session, path, loose, scratch).totals
    except WrongHeader as error:
        problems.append(f"{error.problem}: {error.fix}")
        columns = {
            name: column.model_copy(update={"required": False}) if name in error.missing else column
            for name, column in loose.columns.items()
        }
        key = tuple(name for name in loose.key if name not in error.missing)
        return loose.model_copy(update={"columns": columns, "key": key, "extra_columns": "keep"}), 0
    except (FileRejected, SqlProblem, StatementFault):
        return loose, 0  # landing it reports the reason


def _result(
    session: Session, job: Job, export: Export, result: ChannelLanding, problems: list[str], store: Path
) -> DryRun:
    file: LandedFile | None = result.files[0] if result.files else None
    problems += [problem.removeprefix(f"{masked(job.file)}: ") for problem in result.problems]
    read_count, rejected = (file.rows_read, file.rows_rejected) if file else (0, 0)
    if file and file.landed and read_count and rejected / read_count > export.max_reject_rate:
        problems.append(
            f"{rejected} of {read_count} rows break the contract, more than max_reject_rate {export.max_reject_rate}"
        )
    return DryRun(
        job.channel.channel, job.export_name, job.shown, read_count, rejected, export.max_reject_rate,
        tuple(problems), tuple((kind, column) for _, _, kind, column in result.drift),
        tuple(_row_problems(session, store / file.rejects)) if file and file.rejects else (),
        file.rows_replaced if file else 0, tuple(_notes(export, file)) if file else (),
    )  # fmt: skip


def _notes(export: Export, file: LandedFile) -> Iterator[str]:
    key = ", ".join(export.key)
    if file.differing_keys:
        yield (
            f"{file.differing_keys:,} keys ({key}) have rows that differ, e.g. {file.example_key}; only one row of a"
            " key counts. Is a column missing from the key? See key: row in docs/add-a-channel.md."
        )
    elif file.rows_replaced:
        yield f"{file.rows_replaced:,} rows repeat the key ({key}) of another row and do not count"
    for item in (file.mended or "").split(";"):
        if item:
            column, count = item.split(":")
            yield f"{int(count):,} values of {column} contain invalid characters; U+FFFD replaces them"


def _row_problems(session: Session, rejects: Path) -> Iterator[RowProblem]:
    rows = session.rows(
        "select column_name, reason, count(*), list_sort(list(line))[:?], arg_min(value_masked, line)"
        f" from {parquet(rejects)} group by all order by count(*) desc, column_name, reason",
        [SHOWN_LINES],
    )
    for column, reason, count, lines, example in rows:
        yield RowProblem(column, reason, count, tuple(lines), example)
