"""The files of a release: write, hash and copy to Parquet every published table, several tables at a time."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from siyu.build.materialization import data_fault
from siyu.compile.model_files import relation
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.project import CompiledModel
from siyu.engines.base import Engine, Session
from siyu.engines.sql import PARQUET, quoted
from siyu.errors import SqlProblem
from siyu.release.copies import FILES, Copies, create
from siyu.release.last_release import LastRelease, has_gaps
from siyu.release.parquet_tables import ParquetTables
from siyu.release.releases import PARQUET_FILES, RESTRICTED
from siyu.release.views import ReleaseView, create_views
from siyu.settings import Settings

PUBLISHED_SCHEMAS = ("records", "identity", "journey", "tags", "audience", "kpi", "bi")
PRIVATE_MODE = 0o600
# DuckDB uses all threads for a large table; more tables at a time would only hold more memory.
MOST_WORKERS = 4

IN_CLEAR = "identifier_in_clear"  # the table of schema ops that clear_text.py writes

Job = Callable[[Session], None]


@dataclass
class Written:
    """What was written: rows and content hash by table, for the manifest, and what the next release can begin with.

    `forms` has a digest for each table of how it is published, `replaced` how many of its rows were replaced since it
    was written whole.
    """

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)


def write_tables(
    engine: Engine, models: Sequence[CompiledModel], views: Sequence[ReleaseView], draft: Path, settings: Settings,
    *, has_ops: bool = True, last: LastRelease | None = None, outside: ParquetTables | None = None,
) -> Written:  # fmt: skip
    """Write both DuckDB files, and the Parquet files if the settings ask for them. A view has neither rows nor a hash.

    Without `has_ops`, the tables of schema ops are left out. With `last`, the files begin as copies of that release.
    The rows of tables that are `outside` are Parquet files only; then all tables are written whole.
    """
    in_clear = _columns_in_clear(engine)
    published = [Copies(model, frozenset(in_clear[model.name])) for model in _largest_first(engine, models)]
    last = _open_files(engine, draft, published, None if outside else last)
    parquet = _ParquetFiles(draft, last.path if last else None) if settings.publish_parquet else None
    writer = _Writer(last, outside, parquet)
    jobs: list[Job] = [partial(writer.write_model, copies) for copies in published]
    if has_ops:
        jobs += [partial(writer.write_ops, name) for name in OPS_TABLES]
    _run_all(engine, jobs, settings.cores)
    writer.write_views(engine, views)
    for alias in FILES:
        engine.detach(alias)
    writer.written.tables = dict(sorted(writer.written.tables.items()))
    return writer.written


def _open_files(
    engine: Engine, draft: Path, published: Sequence[Copies], last: LastRelease | None
) -> LastRelease | None:
    """Attach both files: copies of those of the last release, or new ones. Return the last release if it is used."""
    if last is not None:
        last.copy(draft)
    _attach(engine, draft)
    if last is not None and has_gaps(engine):
        for alias, file in FILES.items():
            engine.detach(alias)
            (draft / file).unlink()
        _attach(engine, draft)
        last = None
    session = engine.session()
    if last is not None:
        last.begin(session, published)
    # Before threads start, because parallel CREATE SCHEMA statements conflict.
    for schema in (*PUBLISHED_SCHEMAS, "ops"):
        for alias in FILES:
            session.execute(f"create schema if not exists {alias}.{schema}")
    session.close()
    return last


def _attach(engine: Engine, draft: Path) -> None:
    for alias, file in FILES.items():
        engine.attach(draft / file, alias, writable=True)
    (draft / RESTRICTED).chmod(PRIVATE_MODE)


def _run_all(engine: Engine, jobs: Sequence[Job], workers: int) -> None:
    """Run each job in its own session. After the first error, no other job starts."""

    def run(job: Job) -> None:
        session = engine.session()
        try:
            job(session)
        finally:
            session.close()

    with ThreadPoolExecutor(max_workers=min(workers, MOST_WORKERS)) as pool:
        running = [pool.submit(run, job) for job in jobs]
        try:
            for future in running:
                future.result()
        except BaseException:
            for future in running:
                future.cancel()
            raise


def _columns_in_clear(engine: Engine) -> dict[str, set[str]]:
    """Return model -> its columns that have identifiers in clear."""
    session = engine.session()
    found: dict[str, set[str]] = defaultdict(set)
    for name, column in session.rows(f"select distinct table_name, column_name from ops.{IN_CLEAR}"):
        found[name].add(column)
    session.close()
    return found


def _largest_first(engine: Engine, models: Sequence[CompiledModel]) -> list[CompiledModel]:
    """Order models by rows times columns, so that no large table is left for the end, when other threads are idle."""
    session = engine.session()
    found = session.rows(
        "select schema_name || '.' || table_name, estimated_size * column_count from duckdb_tables()"
        " where database_name = current_database()"
    )
    session.close()
    sizes: dict[str, int] = dict(found)
    return sorted(models, key=lambda model: (-sizes.get(model.name, 0), model.name))


@dataclass(frozen=True)
class _Writer:
    """Writes tables to both attached files, and to Parquet if the release has such files."""

    last: LastRelease | None
    outside: ParquetTables | None
    parquet: _ParquetFiles | None
    written: Written = field(default_factory=Written)

    def write_model(self, copies: Copies, session: Session) -> None:
        """Write one table. Raises EngineFault with the name of a published view if its SQL fails: perhaps no model has
        read all of its columns before."""
        try:
            if self.outside and self.outside.has(session, copies.model):
                self._tell(copies, self.outside.write(session, copies))
            else:
                self._write_rows(copies, session)
        except SqlProblem as error:
            raise data_fault(copies.model, error) from None

    def _write_rows(self, copies: Copies, session: Session) -> None:
        """Write one table, whole or as far as it differs from that of the last release."""
        name, last = copies.model.name, self.last
        same = last.same(copies) if last else None
        if last and same:
            self.written.tables[name], self.written.replaced[name] = dict(same), last.released.replaced.get(name, 0)
        else:
            replaced = last.carry_on(session, copies) if last else None
            if replaced is None:
                copies.write(session)
            self.written.replaced[name] = replaced or 0
            self._tell(copies, session.content_hash(f"release.{copies.model.relation}"))
        self.written.forms[name] = copies.form
        if self.parquet:
            self.parquet.write(session, name, is_same=same is not None)

    def _tell(self, copies: Copies, content: tuple[int, str]) -> None:
        rows, digest = content
        self.written.tables[copies.model.name] = {"rows": rows, "content_hash": digest}

    def write_ops(self, name: str, session: Session) -> None:
        """Write a table of schema ops."""
        table = OPS_TABLES[name]
        comments = {column: description for column, (_, description) in table.columns.items()}
        create(session, f"ops.{name}", f"select * from ops.{name}", (table.description, comments))
        if self.parquet:
            self.parquet.write(session, f"ops.{name}")

    def write_views(self, engine: Engine, views: Sequence[ReleaseView]) -> None:
        """Create the views of the public file. Those of schema bi are Parquet files, too, under their English names."""
        session = engine.session()
        for schema in sorted({view.schema for view in views} - {*PUBLISHED_SCHEMAS}):
            session.execute(f"create schema if not exists release.{schema}")
        create_views(session, views, "release")
        for view in views:
            if view.schema in PUBLISHED_SCHEMAS and self.parquet:
                self.parquet.write(session, view.name)
        session.close()


@dataclass(frozen=True)
class _ParquetFiles:
    """The Parquet files of a release, one for each published table. `last` is the folder of the last release."""

    draft: Path
    last: Path | None

    def write(self, session: Session, name: str, *, is_same: bool = False) -> None:
        """Write the file of a table. If the table is the same as in the last release, both have one file."""
        schema, _, table = name.partition(".")
        place = Path(PARQUET_FILES, schema, f"{table}.parquet")
        target = self.draft / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (is_same and self.last and _is_shared(self.last / place, target)):
            session.execute(f"copy release.{relation(name)} to {quoted(target)} ({PARQUET})")


def _is_shared(file: Path, target: Path) -> bool:
    """Give a file a second name. Return False if it is not there, or if its file system knows no second names."""
    try:
        os.link(file, target)
    except OSError:
        return False
    return True
