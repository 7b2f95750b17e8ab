"""The build database, and its inputs: schemas, sources, reference tables and earlier results."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from siyu.build.catalog import write_catalog, write_table
from siyu.build.source_changes import SourceChanges, SourceState
from siyu.compile.compiler import ALL_SCHEMAS
from siyu.compile.project import Project, previous_models
from siyu.compile.spark_sql import spark_query
from siyu.compile.template import previous_relation, source_relation
from siyu.engines.amounts import in_bytes
from siyu.engines.base import Engine, RunInputs, Session, transaction
from siyu.engines.duckdb import DuckEngine
from siyu.engines.paths import PLAIN_FILE, literal_for_now
from siyu.engines.sql import quote_name, quoted
from siyu.errors import ConfigError
from siyu.landing.current_rows import SourceQueries, source_queries
from siyu.seeds.references import Reference, reference_rows
from siyu.settings import Settings
from siyu.warehouse.ledger import LandedFile

# DuckDB gives a thread this many rows of a table at a time. With fewer, threads of one query only wait for each other;
# several models build at a time all the same.
ROW_GROUP = 122_880
# Rows of an export from which on the engine of the build reads the files itself, when it is not DuckDB. It takes longer
# to begin than DuckDB to read fewer.
LARGE = 1_000_000


def open_engine(
    settings: Settings, as_of: date, folder: Path, *, in_memory: bool = False, rows: int | None = None
) -> DuckEngine:
    """Open the build database of a warehouse, or a database in memory for landing. Both spill to the folder.

    The folder of a build database lies in its warehouse. Its statements open only files that siyu wrote there.
    `rows` is how many rows have landed, if that is known.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    inputs = RunInputs(as_of.isoformat(), settings.timezone, settings.key)
    options: dict[str, Any] = {
        "threads": 1 if rows is not None and rows < ROW_GROUP else settings.cores,
        "memory_limit": settings.memory_limit,
        "temp_directory": folder / "spill",
        "spill_limit": in_bytes(settings.spill_limit, shutil.disk_usage(folder).free),
    }
    if in_memory:
        return DuckEngine(None, inputs, **options)
    options["reach"] = _written_by_siyu(folder.parent)
    if settings.engine == "duckdb":
        return DuckEngine(folder / "build.duckdb", inputs, **options)
    return _spark_engine(settings, inputs, folder, options)


def _spark_engine(settings: Settings, inputs: RunInputs, folder: Path, options: dict[str, Any]) -> DuckEngine:
    """Open a build database whose tables Spark makes. Raises ConfigError if Spark is not installed."""
    try:
        from siyu.engines.spark import SparkEngine  # an optional dependency, which takes seconds to import
    except ModuleNotFoundError as error:
        fix = 'install it: pip install "siyu[spark]". It needs Java 17 or later.'
        raise ConfigError(f"the engine spark needs the package {error.name}", settings.place("engine"), fix) from error
    return SparkEngine(
        folder / "build.duckdb",
        inputs,
        lambda sql: spark_query(sql, inputs),
        cluster=settings.spark.get_secret_value(),
        settings=dict(text.split("=", 1) for text in settings.spark_settings),
        folder=folder / "spark",
        **options,
    )


def _written_by_siyu(warehouse: Path) -> list[Path]:
    """Return the folders that builds read and write: what landed, earlier releases, the history, the build, a plan.

    A link to another disk counts as the folder that it leads to, also for the folder of a channel.
    """
    folders = [warehouse / name for name in ("landed", "history", "releases", "build", "plan")]
    return [*folders, *(path for path in (warehouse / "landed").glob("*") if path.is_symlink())]


def prepare_build(
    engine: DuckEngine,
    project: Project,
    files: list[LandedFile],
    store: Path,
    names: Iterable[str],
    changes: SourceChanges | None = None,
) -> dict[str, SourceState]:
    """Write schemas, sources, reference tables and the catalog. Return the states of the sources.

    With changes, the sources of the last build are brought up to date, as far as that can be done.
    """
    prepare(engine, project)
    states = write_sources(engine, project, files, store, names, changes)
    write_ops_sources(engine, project)
    return states


@dataclass(frozen=True)
class PreviousTable:
    """The earlier result of a model: a relation that the engine can read, and its columns."""

    relation: str
    columns: tuple[str, ...]


def prepare(engine: Engine, project: Project) -> None:
    """Create all schemas before the build, because parallel CREATE SCHEMA statements conflict."""
    session = engine.session()
    for schema in ALL_SCHEMAS:
        session.execute(f"create schema if not exists {schema}")
    session.close()


def write_sources(
    engine: Engine,
    project: Project,
    files: Sequence[LandedFile],
    store: Path,
    names: Iterable[str],
    changes: SourceChanges | None = None,
) -> dict[str, SourceState]:
    """Write views of the landed rows that the named models read, and all reference tables, which suites read, too."""
    session = engine.session()
    states = {}
    wanted = {source for name in names for source in project.models[name].sources}
    for channel in project.channels.values():
        for export_name in channel.exports:
            mine = [f for f in files if f.channel == channel.channel and f.export == export_name]
            relation, superseded = (source_relation(channel.channel, export_name, s) for s in (False, True))
            if wanted & {relation, superseded}:
                export = channel.exports[export_name]
                queries = source_queries(relation, superseded, export, mine, store, timezone=channel.timezone)
                states[relation] = SourceState.of(queries)
                seqs = {str(file.path): file.landed_seq for file in mine if file.landed}
                if changes is not None and changes.write(session, queries, seqs):
                    session.create_view(relation, queries.current_query)
                else:
                    _write_source(session, queries, sum(file.rows_landed for file in mine))
    with transaction(session):
        for reference in project.references.values():
            _write_reference(session, reference)
    session.close()
    return states


def _write_source(session: Session, queries: SourceQueries, rows: int) -> None:
    """Write source(). DuckDB reads what must be converted, and what is small; the engine of the build the rest."""
    if queries.is_plain and rows >= LARGE:
        session.create_table(queries.superseded, queries.replaced_query)
        session.create_view(queries.relation, queries.current_query)
        return
    for statement in queries.statements:
        session.execute(statement)


def _write_reference(session: Session, reference: Reference) -> None:
    if reference.merged is not None:  # it has no file yet
        rows = ([row[name] or None for name in reference.columns] for row in reference_rows(reference))
        write_table(session, f"reference.{reference.name}", dict.fromkeys(reference.columns, "varchar"), rows)
        return
    columns = ", ".join(f"{quoted(name)}: 'varchar'" for name in reference.columns)
    with literal_for_now(reference.path) as path:
        session.execute(
            f"create or replace table reference.{reference.name} as select * from read_csv({quoted(path)},"
            f" auto_detect = false, header = true, columns = {{{columns}}}, nullstr = '', delim = ',', quote = '\"',"
            f" escape = '\"', {PLAIN_FILE})"
        )


def write_previous(
    engine: Engine, project: Project, found: Mapping[str, PreviousTable], readers: Iterable[str] | None = None
) -> None:
    """Write what previous('…') reads: the earlier result with today's columns, or an empty table on the first night.

    `readers` are the models that need it, if not all.
    """
    session = engine.session()
    models = project.models.values() if readers is None else [project.models[name] for name in readers]
    for name in sorted(previous_models(models)):
        columns = {c.name: c.type for c in project.models[name].columns}
        earlier = found.get(name)
        held = set(earlier.columns) if earlier else set()
        chosen = ", ".join(
            f"cast({quote_name(c) if c in held else 'null'} as {kind}) as {quote_name(c)}"
            for c, kind in columns.items()
        )
        origin = f"from {earlier.relation}" if earlier else "where false"
        session.execute(f"create or replace table {previous_relation(name)} as select {chosen} {origin}")
    session.close()


def write_ops_sources(engine: Engine, project: Project) -> None:
    """Write the catalog tables that models may read."""
    session = engine.session()
    with transaction(session):
        write_catalog(session, project)
    session.close()
