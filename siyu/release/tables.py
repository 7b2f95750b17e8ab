"""The files of a release: write, hash and copy to Parquet every published table, several tables at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from siyu.build.materialization import data_fault
from siyu.compile.model_files import relation
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.project import CompiledModel
from siyu.engines.base import Engine, Session
from siyu.engines.sql import quote_name, quoted
from siyu.errors import SqlProblem
from siyu.release.columns import RECORD_ID, PublishedColumn, public_list, published_columns, restricted_list
from siyu.release.releases import PUBLIC, RESTRICTED
from siyu.release.views import ReleaseView, create_views
from siyu.settings import Settings

PUBLISHED_SCHEMAS = ("records", "identity", "journey", "tags", "audience", "kpi", "bi")
PRIVATE_MODE = 0o600
# Tables are sorted by the first of these that they have: repeated IDs compress, and a query about one person reads few
# blocks. Then by all of the others: the evidence of one person repeats, too.
SORT_COLUMNS = ("person_key", "account_key", "one_id", "account_id", "entity_id")
THEN_COLUMNS = ("evidence_at", "evidence_channel", "occurred_at", "touched_at")
# The restricted file has these tables with hashes beside the raw values: every identifier and every record_id. Tables
# with config(restricted=false) are not in that file, because these two lead from their hashes to the raw values.
KEY_TABLES = ("identity.identifier", "identity.record_person")
# Level 1 writes in two thirds of the time of the default level, and files of the same size.
PARQUET = "format parquet, compression zstd, compression_level 1"

# DuckDB uses all threads for a large table; more tables at a time would only hold more memory.
MOST_WORKERS = 4

IN_CLEAR = "identifier_in_clear"  # the table of schema ops that clear_text.py writes

Tables = dict[str, dict[str, Any]]
Job = Callable[[Session], None]


def write_tables(
    engine: Engine, models: Sequence[CompiledModel], views: Sequence[ReleaseView], draft: Path, settings: Settings,
    *, has_ops: bool = True,
) -> Tables:  # fmt: skip
    """Write both DuckDB files, and the Parquet files if the settings ask for them. Returns rows and content hash by
    table, for the manifest. A view has neither. Without `has_ops`, the tables of schema ops are left out."""
    engine.attach(draft / PUBLIC, "release", writable=True)
    engine.attach(draft / RESTRICTED, "restricted", writable=True)
    (draft / RESTRICTED).chmod(PRIVATE_MODE)
    _create_schemas(engine, draft)
    parquet = draft / "parquet" if settings.publish_parquet else None
    tables: Tables = {}
    in_clear = _columns_in_clear(engine)
    jobs: list[Job] = [
        partial(_write_model, model, in_clear[model.name], parquet, tables) for model in _largest_first(engine, models)
    ]
    if has_ops:
        jobs += [partial(_write_ops, name, parquet) for name in OPS_TABLES]
    _run_all(engine, jobs, settings.cores)
    _write_views(engine, views, parquet)
    for alias in ("release", "restricted"):
        engine.detach(alias)
    return dict(sorted(tables.items()))


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


def _create_schemas(engine: Engine, draft: Path) -> None:
    """Create the schemas before threads start, because parallel CREATE SCHEMA statements conflict."""
    session = engine.session()
    for schema in (*PUBLISHED_SCHEMAS, "ops"):
        session.execute(f"create schema if not exists release.{schema}")
        session.execute(f"create schema if not exists restricted.{schema}")
    session.close()


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


def _write_views(engine: Engine, views: Sequence[ReleaseView], parquet: Path | None) -> None:
    """Create the views of the public file. Those of schema bi are Parquet files, too, under their English names."""
    session = engine.session()
    for schema in sorted({view.schema for view in views} - {*PUBLISHED_SCHEMAS}):
        session.execute(f"create schema release.{schema}")
    create_views(session, views, "release")
    for view in views:
        if view.schema in PUBLISHED_SCHEMAS:
            _copy(session, view.name, parquet)
    session.close()


def _write_model(
    model: CompiledModel, in_clear: set[str], parquet: Path | None, tables: Tables, session: Session
) -> None:
    """Write one table to both DuckDB files and to Parquet. Raises EngineFault with the name of a published view if its
    SQL fails: perhaps no model has read all of its columns before."""
    try:
        _write_copies(model, in_clear, session)
    except SqlProblem as error:
        raise data_fault(model, error) from None
    rows, digest = session.content_hash(f"release.{model.relation}")
    _copy(session, model.name, parquet)
    tables[model.name] = {"rows": rows, "content_hash": digest}


def _write_copies(model: CompiledModel, in_clear: set[str], session: Session) -> None:
    """Write both copies of a table. The public one is read from the restricted one, if any.

    The restricted file also has the raw texts of a table whose public copy is masked: later nights compare with them.
    """
    source = f"{model.relation}{_sort_clause(model)}"
    columns = published_columns(model.columns, is_key=model.name in KEY_TABLES, in_clear=in_clear)
    is_restricted = model.is_restricted or (bool(in_clear) and not model.pii_columns)
    if is_restricted:
        restricted = f"restricted.{model.relation}"
        session.execute(f"create table {restricted} ({_restricted_columns(columns)})")
        session.execute(f"insert into {restricted} select {restricted_list(columns)} from {source}")
        source = restricted
    listed = public_list(columns, is_restricted)
    comments = {column.name: column.description for column in columns if column.in_public}
    _create(session, model.relation, f"select {listed} from {source}", (model.model.description, comments))


def _restricted_columns(columns: Sequence[PublishedColumn]) -> str:
    """Return the columns of a restricted table as SQL. Zstandard writes record_id a quarter smaller than the engine's
    own choice, and in less time."""
    return ", ".join(
        f"{quote_name(column.name)} {column.type}" + (" using compression zstd" if column.name == RECORD_ID else "")
        for column in columns
        if column.in_restricted
    )


def _sort_clause(model: CompiledModel) -> str:
    """Return the ORDER BY clause: person or company, or the first identifier for records, which have neither."""
    names = {column.name for column in model.columns}
    for name in SORT_COLUMNS:
        if name in names:
            return f" order by {', '.join([name, *(then for then in THEN_COLUMNS if then in names)])}"
    identifiers = [f"cast({quote_name(name)} as varchar)" for name in model.pii_columns if name != RECORD_ID]
    return f" order by coalesce({', '.join(identifiers)}, '')" if identifiers else ""


def _write_ops(name: str, parquet: Path | None, session: Session) -> None:
    table = OPS_TABLES[name]
    comments = {column: description for column, (_, description) in table.columns.items()}
    _create(session, f"ops.{name}", f"select * from ops.{name}", (table.description, comments))
    _copy(session, f"ops.{name}", parquet)


def _create(session: Session, table: str, query: str, comments: tuple[str, dict[str, str]]) -> None:
    """Create a table with its comments in one transaction: a commit takes longer than a comment."""
    description, columns = comments
    target = f"release.{table}"
    session.execute("begin")
    session.execute(f"create table {target} as {query}")
    statements = [f"comment on table {target} is {quoted(description)}"]
    statements += [f"comment on column {target}.{quote_name(name)} is {quoted(text)}" for name, text in columns.items()]
    session.execute("; ".join(statements))
    session.execute("commit")


def _copy(session: Session, name: str, parquet: Path | None) -> None:
    """Copy a published table to a file of its own, if the release has Parquet files."""
    if parquet is None:
        return
    schema, _, table = name.partition(".")
    target = parquet / schema / f"{table}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    session.execute(f"copy release.{relation(name)} to {quoted(target)} ({PARQUET})")
