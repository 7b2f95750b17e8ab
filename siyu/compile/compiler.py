"""Compile: contracts, reference tables and model files -> a project whose every query is known to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from siyu.compile import analyse
from siyu.compile.bind import Binder
from siyu.compile.code_fingerprint import code_fingerprint
from siyu.compile.field_rejects import refused_fields
from siyu.compile.graph import order, select, upstream
from siyu.compile.model_files import SCHEMAS, Model, load_models, relation
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.project import Column, CompiledModel, Project
from siyu.compile.render import Rendered, Renderer, World, previous_relation, source_relation
from siyu.compile.shapes import SUPERSEDED, Shapes, check_staging, load_shapes, union_sql
from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.layers import layer_files
from siyu.seeds.channels import Channel, enabled_channels, load_channels
from siyu.seeds.decisions import COLUMNS as RULE_COLUMNS
from siyu.seeds.decisions import rule_errors
from siyu.seeds.identifier_types import COLUMNS as IDENTIFIER_COLUMNS
from siyu.seeds.identifier_types import load_identifier_types
from siyu.seeds.references import Reference, load_references, load_vars, reference_rows
from siyu.seeds.rule_tables import COLUMNS as TABLE_COLUMNS
from siyu.seeds.rule_tables import rule_table_errors
from siyu.settings import Settings

__all__ = ["ALL_SCHEMAS", "CompiledModel", "Project", "compile_project", "previous_models"]

ALL_SCHEMAS = ("raw", "reference", "ops", "previous", *SCHEMAS)
NEEDED_REFERENCES = {
    "record_shapes": ("shape", "column_name", "type", "is_pii", "is_bound", "description"),
    "identifier_types": IDENTIFIER_COLUMNS,
    "identity_rules": RULE_COLUMNS,
    **TABLE_COLUMNS,
}
T = TypeVar("T")
SNAPSHOT_COLUMNS = {"valid_from", "valid_to"}
# Columns that a materialization adds.
ADDED_DOCS = {
    "valid_from": "First business date of this version.",
    "valid_to": "Business date it ended; NULL = current.",
    "is_kept": "False = cut, with a reason.",
    "cut_reason": "unique: two of a unique type would meet; size: too many identifiers.",
    "node_group": "Least identifier number of the group of the one.",
    "lesser_group": "Least identifier number of the group of the other.",
}
SOURCE_COLUMNS = {
    "_extra": "varchar", "_file": "varchar", "_line": "bigint", "_landed_seq": "integer",
    "_landed_date": "date", "_file_date": "date", "_removed_date": "date",
}  # fmt: skip


def compile_project(
    settings: Settings, references: dict[str, Reference] | None = None, selection: Sequence[str] = ()
) -> Project:
    """Read and check everything, or what a selection needs. Raises ConfigError, every problem told at once.

    Every template is rendered, since only that tells the graph; parsing and binding, which cost more, are for the
    selected models and what they read.
    """
    variables = load_vars(settings)
    fingerprint = code_fingerprint(settings, variables)
    contracts = load_channels(settings)
    channels = enabled_channels(settings, contracts)
    tables = load_references(settings) if references is None else references
    raise_all(_lacking(tables))
    types = tables["identifier_types"]
    identifiers = load_identifier_types(reference_rows(types), types.edited)
    rules = tables["identity_rules"]
    raise_all([*rule_errors(reference_rows(rules), identifiers, rules.edited), *rule_table_errors(tables, identifiers)])
    shapes = load_shapes(reference_rows(tables["record_shapes"]), identifiers)
    models = {
        name: model
        for name, model in load_models(settings).items()
        if model.schema != "staging" or _staging_enabled(model, contracts, channels, shapes)
    }
    project = Project(settings, contracts, channels, tables, variables, shapes, Binder(ALL_SCHEMAS), fingerprint)
    _declare_inputs(project)
    _Compiler(project, models).compile(selection)
    return project


def _lacking(tables: Mapping[str, Reference]) -> list[SiyuError]:
    """Reference tables that siyu reads and that are not there, and columns that they lack."""
    errors: list[SiyuError] = []
    for name, columns in NEEDED_REFERENCES.items():
        lacking = [column for column in columns if name in tables and column not in tables[name].columns]
        if name not in tables:
            errors.append(ConfigError(f"the reference table {name} is missing", "seeds/reference", "restore it."))
        elif lacking:
            errors.append(
                ConfigError(
                    f"the reference table {name} lacks {', '.join(lacking)}", tables[name].edited, "add the column."
                )
            )
    return errors


def _staging_enabled(
    model: Model, contracts: Mapping[str, Channel], channels: Mapping[str, Channel], shapes: Shapes
) -> bool:
    if model.channel not in contracts:
        raise ConfigError(
            f"{model.name} stages the channel {model.channel}, which has no contract",
            model.file,
            nearest(str(model.channel), contracts),
        )
    shapes.of(model.shape or "")
    return model.channel in channels


def _declare_inputs(project: Project) -> None:
    for name, table in OPS_TABLES.items():
        project.binder.declare(f"ops.{name}", table.types)
    for name, reference in project.references.items():
        project.binder.declare(f"reference.{name}", dict.fromkeys(reference.columns, "varchar"))
    for channel in project.channels.values():
        for export_name, export in channel.exports.items():
            typed = {name: column.sql_type for name, column in export.columns.items()}
            for superseded in (False, True):
                project.binder.declare(
                    source_relation(channel.channel, export_name, superseded), {**typed, **SOURCE_COLUMNS}
                )


class _Compiler:
    """One pass over the models: render by schema, analyse, order, bind."""

    def __init__(self, project: Project, models: dict[str, Model]) -> None:
        self._project = project
        self._models = models
        self._rendered: dict[str, Rendered] = {}
        self._compiled: dict[str, CompiledModel] = {}
        self._errors: list[SiyuError] = []
        world = World(
            models=models,
            references=frozenset(project.references),
            reference_rows=lambda table: reference_rows(project.references[table]),
            contracts=project.channels,
            variables=project.variables,
            macros=tuple(layer_files(project.settings.roots, "macros", "*.sql")),
            identifiers=project.shapes.identifiers,
            union_shape=self._union_shape,
        )
        self._renderer = Renderer(world)

    def compile(self, selection: Sequence[str]) -> None:
        for schema in SCHEMAS:
            step = self._stage if schema == "staging" else self._render
            for name in sorted(name for name, model in self._models.items() if model.schema == schema):
                self._attempt(step, self._models[name])
        raise_all(self._errors)
        chosen = self._chosen(selection)
        for name in chosen:
            if name not in self._compiled:
                self._attempt(self._analyse, self._rendered[name])
        raise_all(self._errors)
        self._bind_all(chosen)

    def _chosen(self, selection: Sequence[str]) -> list[str]:
        """The selected models and all they read, in build order. Companions come with what reads them."""
        graph = {name: rendered.refs for name, rendered in self._rendered.items()}
        needed = upstream(graph, select(graph, selection))
        return [name for name in order(graph) if name in needed]

    def _bind_all(self, names: Sequence[str]) -> None:
        failed: set[str] = set()
        for name in names:
            if self._rendered[name].refs & failed or not self._attempt(self._bind, self._compiled[name]):
                failed.add(name)
            else:
                self._project.models[name] = self._compiled[name]
        raise_all(self._errors)

    def _attempt(self, step: Callable[[T], None], item: T) -> bool:
        try:
            step(item)
        except ConfigError as error:
            self._errors.extend(getattr(error, "errors", [error]))
            return False
        return True

    def _render(self, model: Model) -> None:
        self._rendered[model.name] = self._renderer.render(model)

    def _stage(self, model: Model, superseded: bool = False) -> None:
        """Staging is analysed at once: the shapes need its columns."""
        rendered = self._renderer.render(model, superseded)
        self._rendered[model.name + (SUPERSEDED if superseded else "")] = rendered
        self._analyse(rendered, superseded)

    def _analyse(self, rendered: Rendered, superseded: bool = False) -> None:
        model = rendered.model
        parsed = analyse.parse(rendered)
        tree = parsed.tree
        analyse.check(rendered, parsed)
        docs = analyse.column_docs(rendered, tree)
        if model.schema == "staging":
            check_staging(rendered, [doc.name for doc in docs], self._project.shapes)
        compiled = CompiledModel(
            model=model,
            sql=rendered.sql,
            materialized=rendered.materialized,
            config=rendered.config,
            refs=rendered.refs,
            sources=rendered.sources,
            previous=rendered.previous,
            tree=tree,
            columns=tuple(Column(doc.name, "", doc.description, doc.pii, doc.public) for doc in docs),
            companion=superseded,
        )
        if model.schema == "staging" and not superseded:
            moments = [column for column in self._project.shapes.of(model.shape or "") if column.is_bound]
            exports = sorted(source.partition("__")[2] for source in rendered.sources)
            compiled.refused = tuple(refused_fields(model, tree, rendered.checked, moments, exports))
        self._check_grain(model, {doc.name for doc in docs} | SNAPSHOT_COLUMNS)
        seed = rendered.config.get("seed")
        if seed and seed not in rendered.refs:
            raise ConfigError(f"the seed of {model.name} is no ref()", model.file, "write seed=ref('…').")
        self._compiled[compiled.name] = compiled

    @staticmethod
    def _check_grain(model: Model, columns: set[str]) -> None:
        for column in model.grain:
            if column not in columns:
                raise ConfigError(
                    f"the grain of {model.name} names {column}, which it does not yield",
                    f"{model.file}:1",
                    nearest(column, columns - SNAPSHOT_COLUMNS),
                )

    def _union_shape(self, reader: Rendered, shape: str, bounded: bool, versions: str, beyond: bool) -> str:
        self._project.shapes.of(shape)
        if versions not in ("current", "superseded"):
            raise ConfigError(f"unknown versions {versions!r}", "", "current or superseded.")
        parts: dict[str, list[str]] = {}
        staged = [m for m in self._models.values() if m.schema == "staging" and m.shape == shape]
        for model in sorted(staged, key=lambda m: m.name):
            if model.name not in self._compiled:
                continue
            if versions == "superseded" and model.name + SUPERSEDED not in self._compiled:
                self._stage(model, superseded=True)
            compiled = self._compiled[model.name + (SUPERSEDED if versions == "superseded" else "")]
            parts[compiled.name] = [column.name for column in compiled.columns]
        reader.refs.update(parts)
        return union_sql(shape, parts, self._project.shapes, bounded=bounded, beyond=beyond)

    def _bind(self, compiled: CompiledModel) -> None:
        binder = self._project.binder
        rendered = Rendered(
            compiled.model, compiled.sql, compiled.refs, compiled.sources, compiled.previous, compiled.config
        )
        for name in compiled.previous:
            self._declare_previous(name)
        if compiled.companion:
            binder.check_query(compiled.sql, rendered)
            binder.declare(compiled.relation, {c.name: c.type for c in binder.columns(f"({compiled.sql}\n)")})
        else:
            binder.bind(rendered)
        for item in compiled.refused:
            problem = binder.query_problem(item.sql)
            if problem:
                raise ConfigError(
                    f"what {compiled.name} refuses of {item.field} ({item.reason}) cannot be counted: {problem}",
                    compiled.model.file,
                    "check the value in a select or CTE of its own, not inside a subquery.",
                )
        docs = {column.name.lower(): column for column in compiled.columns}
        compiled.columns = tuple(
            Column(c.name, c.type, *_documentation(docs.get(c.name.lower()), c.name))
            for c in binder.columns(compiled.relation)
        )

    def _declare_previous(self, name: str) -> None:
        binder, earlier = self._project.binder, previous_relation(name)
        if binder.query_problem(f"select 1 from {earlier}") is None:
            return
        if name in self._project.models:
            columns = {c.name: c.type for c in binder.columns(relation(name))}
        else:
            model = self._compiled[name]
            columns = analyse.typed_columns(Rendered(model.model, model.sql), model.tree)
        binder.declare(earlier, columns)


def _documentation(column: Column | None, name: str) -> tuple[str, bool, bool]:
    if column is not None:
        return column.description, column.pii, column.public
    return ADDED_DOCS[name], False, False


def previous_models(models: Iterable[CompiledModel]) -> set[str]:
    """Models whose earlier result a build needs: those that previous() names, and every snapshot."""
    named = {name for model in models for name in model.previous}
    return named | {model.name for model in models if model.materialized == "snapshot"}
