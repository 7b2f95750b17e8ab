"""Work on models: build and check a selection in the build database, print SQL and the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from typing import Any

from siyu.build import database, materialization, ops, parallel
from siyu.build.database import open_engine, prepare_build
from siyu.build.last_build import forget_build
from siyu.build.materialization import ModelRun
from siyu.build.versions import BuildInputs, add_versions, digest_of_statuses, forget_versions, versions_of
from siyu.compile.analyse import to_dialect
from siyu.compile.compiler import compile_project
from siyu.compile.graph import not_built, select
from siyu.compile.project import Project
from siyu.compile.spark_sql import spark_query
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, nearest
from siyu.landing import channel_status
from siyu.night.request import default_as_of
from siyu.release import history
from siyu.report.events import Event, built, checked
from siyu.report.summary import Report
from siyu.seeds.references import load_references, stored
from siyu.settings import Settings
from siyu.warehouse.ledger import Ledger
from siyu.warehouse.lock import lock

Tell = Callable[[Event], None]


def build_selected(settings: Settings, expressions: Sequence[str], as_of: date | None, tell: Tell) -> list[ModelRun]:
    """Build the selection from what has landed. Raises ConfigError if it reads a model that has not been built."""
    warehouse = settings.warehouse.resolve()
    with ExitStack() as opened:
        opened.callback(lock(warehouse).release)
        # The engine reads only files of the warehouse, so it reads copies of the reference tables, as in a night.
        project = compile_project(settings, stored(load_references(settings), warehouse), selection=expressions)
        opened.callback(project.binder.close)
        names = select(project.graph, expressions)
        day = as_of or default_as_of(settings)
        ledger = Ledger(warehouse / "ledger.sqlite")
        opened.callback(ledger.close)
        engine = open_engine(settings, day, warehouse / "build")
        opened.callback(engine.close)
        _require_upstream(engine, project, names)
        forget_build(warehouse / "build")
        forget_versions(warehouse / "build", names)
        prepare_build(engine, project, ledger.files(), warehouse, list(project.models))
        inputs = _write_inputs(engine, project, ledger, day)

        def work(name: str) -> ModelRun:
            result = materialization.build_model(engine, project, name)
            tell(built(result, len(names)))
            return result

        found = parallel.run_in_order(project.graph, names, work, settings.cores)
        add_versions(warehouse / "build", versions_of(project, inputs), names)
        return found


def _require_upstream(engine: DuckEngine, project: Project, names: Sequence[str]) -> None:
    have = built_relations(engine)
    missing = sorted({read for name in names for read in project.graph[name]} - set(names) - have)
    if missing:
        raise ConfigError(
            f"the selection reads {', '.join(missing)}, which siyu has not built yet",
            "warehouse/build",
            f"select it too: --select +{names[-1]}",
        )


def built_relations(engine: DuckEngine) -> set[str]:
    """Return the tables and views of the build database, as schema.table."""
    session = engine.session()
    rows = session.rows(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " union all select schema_name || '.' || view_name from duckdb_views()"
    )
    session.close()
    return {row[0] for row in rows}


def _write_inputs(engine: DuckEngine, project: Project, ledger: Ledger, day: date) -> BuildInputs:
    warehouse = project.settings.warehouse.resolve()
    statuses = [
        channel_status.channel_status(c, ledger.files(), ledger.landings(), [], day, project.settings.timezone)
        for c in project.channels.values()
    ]
    session = engine.session()
    ops.write_channel_status(session, statuses)
    session.close()
    earlier = history.previous_run(ledger, day)
    database.write_previous(engine, project, history.previous_tables(engine, project, earlier, warehouse))
    previous = earlier.name if earlier else None
    return BuildInputs(day, ledger.files(), warehouse, previous, digest_of_statuses(statuses))


def check_selected(settings: Settings, expressions: Sequence[str], as_of: date | None, tell: Tell) -> Report:
    """Run the suites of the selection against the build database."""
    from siyu.check.runner import Checker
    from siyu.check.suites import load_suites

    day = as_of or default_as_of(settings)
    folder = settings.warehouse.resolve() / "build"
    report = Report(as_of=day, warehouse=settings.warehouse, status="checked")
    with ExitStack() as opened:
        project = compile_project(settings)
        opened.callback(project.binder.close)
        suites = load_suites(project)
        graph = {**project.graph, **{name: set() for name in suites if name.startswith("ops.")}}
        names = [name for name in select(graph, expressions, project.left_out) if name in suites]
        if not names:
            raise ConfigError("no suite checks the selection", "--select", "write expectations/<schema>/<table>.yml.")
        if not (folder / "build.duckdb").is_file():
            raise ConfigError("nothing has been built yet", str(folder), "run siyu build or siyu run first.")
        opened.callback(lock(settings.warehouse.resolve()).release)
        engine = open_engine(settings, day, folder)
        opened.callback(engine.close)
        checker = Checker(engine, project)
        there = built_relations(engine)
        for name in [name for name in names if name.startswith("ops.") and name not in there]:
            tell(Event("skipped", name, "only siyu run writes it, not siyu build", is_bad=True))
            names.remove(name)
        for name in names:
            results = checker.run(suites[name])
            report.checks += results
            tell(checked(name, results, len(names)))
    return report


def sql_of(project: Project, name: str, dialect: str) -> str:
    """Return the compiled SQL of a model. Raises ConfigError for an unknown model or dialect."""
    found = [m for m in project.models.values() if name in (m.name, m.model.table)]
    if not found:
        fix = not_built(left for left in project.left_out if name in (left, left.partition(".")[2]))
        fix = fix or nearest(name, [m.model.table for m in project.models.values()])
        raise ConfigError(f"unknown model {name}", "siyu sql", fix)
    if dialect == "duckdb":
        return found[0].sql
    if dialect == "spark":
        return spark_query(found[0].sql, pretty=True).sql
    try:
        return to_dialect(found[0].tree, dialect)
    except ValueError as error:
        raise ConfigError(
            f"unknown dialect {dialect}", "--dialect", "use spark, postgres, snowflake, bigquery …"
        ) from error


def graph_rows(project: Project, expressions: Sequence[str]) -> list[dict[str, Any]]:
    """Return each model of the selection in build order, with what it reads: models and sources."""
    names = select(project.graph, expressions, project.left_out)
    models = [(name, project.models[name]) for name in names]
    return [{"model": name, "materialized": m.materialized, "reads": sorted(m.refs | m.sources)} for name, m in models]


def graph_lines(project: Project, expressions: Sequence[str], mermaid: bool) -> Iterator[str]:
    """Yield a line per model with what it reads, or the lines of a Mermaid flowchart."""
    names = select(project.graph, expressions, project.left_out)
    if mermaid:
        yield "flowchart LR"
        for name in names:
            yield f"    {name.replace('.', '_')}[{name}]"
            for read in sorted(project.graph[name] & set(names)):
                yield f"    {read.replace('.', '_')} --> {name.replace('.', '_')}"
        return
    for row in graph_rows(project, expressions):
        yield f"{row['model']} ({row['materialized']}) <- {', '.join(row['reads']) or 'nothing'}"
