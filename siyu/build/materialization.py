"""Build models in the private build database, as table, view, fixpoint, agglomerate, snapshot or history."""

from __future__ import annotations

import time
from dataclasses import dataclass

from siyu.build.parts import build_in_parts
from siyu.build.restatement import Restatement, Way
from siyu.compile.project import CompiledModel, Project
from siyu.compile.template import previous_relation
from siyu.engines.agglomerate import EDGE_COLUMNS, KEPT, REASONS, agglomerate
from siyu.engines.base import Engine, Session
from siyu.engines.sql import quote_name, quoted
from siyu.errors import EngineFault, OutOfMemory, SiyuError, SqlProblem
from siyu.masking import without_values

MAX_FIXPOINT_ROUNDS = 50


@dataclass(frozen=True)
class ModelRun:
    """The result of building one model. `row_count` is None for a view, which has no rows of its own.

    `way` says whether its table was built, kept from the last night, or restated in part.
    """

    model: str
    materialized: str
    seconds: float
    row_count: int | None
    rounds: int = 0
    way: Way = "built"

    @property
    def told(self) -> str:
        """The result as text for the log, such as: 1,234 rows in 0.5 s."""
        what = "a view" if self.row_count is None else f"{self.row_count:,} rows"
        how = {"built": "", "kept": ", kept from the last night", "restated": ", restated in part"}[self.way]
        return f"{what} in {self.seconds:.1f} s{how}"


def build_model(engine: Engine, project: Project, name: str, restatement: Restatement | None = None) -> ModelRun:
    """Build one model. Raises EngineFault that names the model whose SQL failed: this one, or a view that it reads.

    With a restatement, its table is built only if the one of the last night cannot be kept or restated. If the SQL
    fails on the data, the error has the engine's message without the values that it quotes.
    """
    model = project.models[name]
    session = engine.session()
    started = time.perf_counter()
    try:
        way = restatement.take_over(session, model) if restatement else "built"
        rounds = _materialize_or_in_parts(session, project, model) if way == "built" else 0
        if restatement and way == "built":
            restatement.end_of(session, model)
        count = None if model.materialized == "view" else session.value(f"select count(*) from {model.relation}")
    except SqlProblem as error:
        # The cause would put the value into logs.
        raise data_fault(_failed_view(session, project, model) or model, error) from None
    except SiyuError as error:
        error.where = error.where or model.model.file
        raise
    finally:
        session.close()
    return ModelRun(name, model.materialized, time.perf_counter() - started, count, rounds, way)


def data_fault(model: CompiledModel, error: SqlProblem) -> EngineFault:
    """Return the error of a model whose SQL failed on the data, without the values that the engine quotes."""
    return EngineFault(
        f"{model.name} failed on the data: {without_values(error.problem)[:400]}",
        model.model.file,
        "fix the model, or guard the value: siyu sql shows the query, warehouse/build has the data that it reads.",
        runbook="a-model-failed",
    )


def _failed_view(session: Session, project: Project, model: CompiledModel) -> CompiledModel | None:
    """Return the view that fails by itself, among those that a model reads, directly or through other views. A view
    runs only when it is read, so its error comes up in its reader."""
    for name in sorted(model.refs & project.models.keys()):
        read = project.models[name]
        if read.materialized != "view":
            continue
        if earlier := _failed_view(session, project, read):
            return earlier
        try:
            session.content_hash(read.relation)
        except SqlProblem:
            return read
    return None


def _materialize_or_in_parts(session: Session, project: Project, model: CompiledModel) -> int:
    try:
        return _materialize(session, model)
    except OutOfMemory:
        if model.materialized != "table" or "parts" not in model.config:
            raise
    build_in_parts(session, project, model)
    return 0


def _materialize(session: Session, model: CompiledModel) -> int:
    if model.materialized == "fixpoint":
        return _fixpoint(session, model)
    if model.materialized == "agglomerate":
        _agglomerate(session, model)
    elif model.materialized == "snapshot":
        session.create_table(model.relation, _snapshot_query(model))
    elif model.materialized == "view":
        session.create_view(model.relation, model.sql)
    else:
        session.create_table(model.relation, model.sql)
    return 0


def _fixpoint(session: Session, model: CompiledModel) -> int:
    """Run the query over its own last result until no row changes."""
    session.create_table(model.relation, f"select * from {model.config['seed']}")
    before = session.content_hash(model.relation)
    following = f"{model.model.schema}.{model.model.table}__next"
    for rounds in range(1, MAX_FIXPOINT_ROUNDS + 1):
        session.create_table(following, model.sql)
        session.drop_table(model.relation)
        session.rename_table(following, model.model.table)
        after = session.content_hash(model.relation)
        if after == before:
            return rounds
        before = after
    raise EngineFault(
        f"the fixpoint {model.name} still changes after {MAX_FIXPOINT_ROUNDS} rounds",
        model.model.file,
        "change the query so that its result stops changing.",
    )


def _agglomerate(session: Session, model: CompiledModel) -> None:
    """Write the edges that the query yields, each with its outcome and with the groups of its two nodes."""
    edges, outcome = (f"{model.model.schema}.{model.model.table}__{part}" for part in ("edges", "outcome"))
    session.create_table(edges, model.sql)
    arrays = session.arrays(f"select {', '.join(EDGE_COLUMNS)} from {edges}")
    session.write_arrays(outcome, agglomerate(arrays, model.config["max_size"]))
    reason = " ".join(f"when {n} then {quoted(text)}" for n, text in enumerate(REASONS) if text)
    session.create_table(
        model.relation,
        f"select e.*, o.reason = {KEPT} as is_kept,"
        f" case o.reason {reason} end as cut_reason, o.node_group::bigint as node_group,"
        f" o.lesser_group::bigint as lesser_group from {edges} as e join {outcome} as o using (edge_no)",
    )
    for table in (edges, outcome):
        session.drop_table(table)


def _snapshot_query(model: CompiledModel) -> str:
    """Return a query that compares rows with previous(this) by key: a change sets valid_to and adds a new row."""
    keys = [quote_name(key) for key in model.config["key"]]
    names = [quote_name(c.name) for c in model.columns if c.name not in ("valid_from", "valid_to")]
    earlier = previous_relation(model.model.name)
    same_key = " and ".join(f"p.{key} is not distinct from q.{key}" for key in keys)
    same = " and ".join(f"p.{name} is not distinct from q.{name}" for name in names)
    p_columns, q_columns = ", ".join(f"p.{n}" for n in names), ", ".join(f"q.{n}" for n in names)
    return (
        f"with q as (\n{model.sql}\n), open_rows as (select * from {earlier} where valid_to is null)"
        f" select {p_columns}, p.valid_from, p.valid_to from {earlier} as p where p.valid_to is not null"
        f" union all select {p_columns}, p.valid_from, case when not ({same}) then fn_as_of() end"
        f" as valid_to from open_rows as p left join q on {same_key}"
        f" union all select {q_columns}, fn_as_of() as valid_from, null::date as valid_to from q"
        f" where not exists (select 1 from open_rows as p where {same_key} and {same})"
    )
