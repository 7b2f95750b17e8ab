"""Compile contracts, reference tables and model files to a project in which every query is known to run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from siyu.compile import analyse
from siyu.compile.base_parts import BaseParts
from siyu.compile.bind import SNAPSHOT_COLUMNS, Binder
from siyu.compile.bound import bound
from siyu.compile.business_names import check_business
from siyu.compile.cache import Cache
from siyu.compile.code_fingerprint import code_fingerprint
from siyu.compile.column_docs import check_grain, documentation
from siyu.compile.families import SuiteReads, closure, roots, spared
from siyu.compile.field_rejects import RefusedField, placeholder_fields, refused_fields
from siyu.compile.folders import check_collected
from siyu.compile.garbage import few_collections
from siyu.compile.graph import order, select, upstream
from siyu.compile.inputs import declare_inputs, is_enabled, lacking
from siyu.compile.kpi_figures import kpi_errors
from siyu.compile.model_files import SCHEMAS, Model, load_models, relation
from siyu.compile.project import Column, CompiledModel, Project
from siyu.compile.promises import check_inputs, check_keys
from siyu.compile.rendering import Rendering
from siyu.compile.segments import find_segments
from siyu.compile.shapes import SUPERSEDED, check_staging, load_shapes, union_sql
from siyu.compile.tag_readers import find_tag_readers
from siyu.compile.tag_rules import find_tag_rules
from siyu.compile.template import Rendered, World, previous_relation
from siyu.compile.text_casts import text_casts, text_columns
from siyu.errors import ConfigError, SiyuError, raise_all
from siyu.layers import layer_files
from siyu.seeds.channels import enabled_channels, load_channels
from siyu.seeds.reference_checks import checked_identifiers
from siyu.seeds.references import Reference, load_references, reference_rows
from siyu.seeds.variables import read_vars, unlisted
from siyu.settings import Settings

ALL_SCHEMAS = ("raw", "reference", "ops", "previous", *SCHEMAS)
T = TypeVar("T")


@few_collections()
def compile_project(
    settings: Settings, references: dict[str, Reference] | None = None, selection: Sequence[str] = ()
) -> Project:
    """Read and check what the chosen families need, or a selection of it. Raises ConfigError with every problem.

    Every template that the families need is rendered, because only rendering gives the graph. Parsing and binding take
    longer, so only the selected models and the models that they read are parsed and bound. Results that the cache has
    are not computed again.
    """
    declared = read_vars(settings)
    variables = {name: var.value for name, var in declared.items()}
    fingerprint = code_fingerprint(settings, variables)
    contracts = load_channels(settings)
    channels = enabled_channels(settings, contracts)
    tables = load_references(settings) if references is None else references
    raise_all(lacking(tables) or list(unlisted(declared, tables)))
    identifiers = checked_identifiers(tables)
    shapes = load_shapes(reference_rows(tables["record_shapes"]), identifiers)
    written = load_models(settings)
    raise_all([] if settings.leaves_out("kpi") else kpi_errors(written, tables))
    without = spared(settings, written)
    models = {
        name: model
        for name, model in written.items()
        if name not in without and (model.schema != "staging" or is_enabled(model, contracts, channels, shapes))
    }
    cache = Cache.of(settings)
    project = Project(settings, contracts, channels, tables, variables, shapes, Binder(ALL_SCHEMAS), cache, fingerprint)
    declare_inputs(project)
    try:
        _Compiler(project, models).compile(selection)
        project.left_out |= without
        base_parts = BaseParts(project)
        project.tag_rules = find_tag_rules(base_parts, written)
        project.tag_readers = find_tag_readers(base_parts)
        project.segments = find_segments(base_parts)
    finally:
        cache.save()  # also what was worked out before a mistake was found
    return project


class _Compiler:
    """One pass over the models: render by schema, analyse, order, bind."""

    def __init__(self, project: Project, models: dict[str, Model]) -> None:
        self._project = project
        self._cache = project.cache
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
        self._rendering = Rendering(world, project.references, self._staged, self._cache)
        self._suites = SuiteReads(project.settings, models.keys(), self._cache)

    def compile(self, selection: Sequence[str]) -> None:
        staged = sorted(name for name, model in self._models.items() if model.schema == "staging")
        for name in staged:
            self._attempt(self._stage, self._models[name])
        kept = closure(roots(self._project.settings, self._models), self._reads)
        self._project.left_out = frozenset(self._models.keys() - kept)
        raise_all(self._errors)
        chosen = self._chosen(selection)
        for name in chosen:
            if name not in self._compiled:
                self._attempt(self._analyse, self._rendered[name])
        raise_all(self._errors)
        self._bind_all(chosen)

    def _reads(self, name: str) -> set[str]:
        """Render a model. Return what it reads, also of earlier nights, and what its suite reads."""
        if name in self._models and name not in self._rendered:
            self._attempt(self._render, self._models[name])
        rendered = self._rendered.get(name)
        return rendered.refs | rendered.previous | self._suites.of(name) if rendered else set()

    def _chosen(self, selection: Sequence[str]) -> list[str]:
        """Return the selected models and everything that they read, also of earlier nights, companions included."""
        kept = self._rendered.keys() - self._project.left_out
        graph = {name: self._rendered[name].refs for name in kept}
        reads = {name: graph[name] | self._rendered[name].previous for name in kept}
        needed = upstream(reads, select(graph, selection, self._project.left_out))
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
        if model.mistake is not None:
            raise model.mistake
        rendered = self._rendering.render(model)
        self._rendered[model.name] = rendered
        for name in sorted(ref for ref in rendered.refs if ref.endswith(SUPERSEDED)):
            self._stage_companion(name)

    def _stage(self, model: Model, superseded: bool = False) -> None:
        """Render a staging model and analyse it at once, because the record shapes need its columns."""
        rendered = self._rendering.render(model, superseded)
        self._rendered[model.name + (SUPERSEDED if superseded else "")] = rendered
        self._analyse(rendered, superseded)

    def _stage_companion(self, name: str) -> None:
        if name not in self._compiled:
            self._stage(self._models[name.removesuffix(SUPERSEDED)], superseded=True)

    def _analyse(self, rendered: Rendered, superseded: bool = False) -> None:
        model = rendered.model
        facts = self._facts(rendered)
        tables, columns = set(facts["tables"]), [Column(type="", **column) for column in facts["columns"]]
        analyse.check_tables(rendered, tables)
        if model.schema == "staging":
            check_staging(rendered, [column.name for column in columns], self._project.shapes)
        compiled = CompiledModel(
            model=model,
            sql=rendered.sql,
            materialized=rendered.materialized,
            config=rendered.config,
            refs=rendered.refs,
            sources=rendered.sources,
            previous=rendered.previous,
            tables=tables,
            rule_version=facts["rule_version"],
            columns=tuple(columns),
            companion=superseded,
        )
        if model.schema == "staging" and not superseded:
            self._check_casts(rendered, compiled)
            compiled.refused = self._refused(rendered, compiled)
        check_grain(model, {column.name for column in columns} | SNAPSHOT_COLUMNS.keys())
        seed = rendered.config.get("seed")
        if seed and seed not in rendered.refs:
            raise ConfigError(f"the seed of {model.name} is not a ref()", model.file, "write seed=ref('…').")
        self._compiled[compiled.name] = compiled

    def _facts(self, rendered: Rendered) -> Any:
        """Return what the SQL itself shows: the tables that it reads, its columns and its version."""

        def work() -> dict[str, Any]:
            parsed = analyse.parse(rendered)
            analyse.check(rendered, parsed)
            columns = [asdict(doc) for doc in analyse.column_docs(rendered, parsed.tree)]
            version = analyse.rule_version(rendered.sql)
            return {"tables": sorted(analyse.tables(parsed.tree)), "columns": columns, "rule_version": version}

        return self._cache.remember("analysis", (rendered.model.name, rendered.sql), work)

    def _check_casts(self, rendered: Rendered, compiled: CompiledModel) -> None:
        """Raise ConfigError if a model casts a text of an export, as one bad value would stop the night."""
        binder = self._project.binder
        read = {
            name: binder.types(name) for name in sorted(rendered.refs | rendered.sources) if binder.is_declared(name)
        }
        texts = text_columns(read, rendered.sources)

        def work() -> list[tuple[str, str]]:
            return [(finding.what, finding.instead) for finding in text_casts(compiled.tree, texts)]

        found = self._cache.remember("text casts", (rendered.model.name, rendered.sql, sorted(texts)), work)
        raise_all([
            ConfigError(f"{what} in {compiled.name}: one value that does not fit would stop the night",
                        rendered.model.file, f"write {instead}.")
            for what, instead in found
        ])  # fmt: skip

    def _refused(self, rendered: Rendered, compiled: CompiledModel) -> tuple[RefusedField, ...]:
        model = rendered.model
        moments = [column for column in self._project.shapes.of(model.shape or "") if column.is_bound]
        exports = sorted(source.partition("__")[2] for source in rendered.sources)
        staged = {column.name for column in compiled.columns}
        conditions = self._project.shapes.meaningless(model.shape or "")
        placeholders = {name: sql for name, sql in conditions.items() if name in staged}

        def work() -> list[dict[str, str]]:
            found = refused_fields(model, compiled.tree, rendered.checked, moments, exports)
            return [asdict(item) for item in (*found, *placeholder_fields(model, placeholders))]

        inputs = (model.name, rendered.sql, rendered.checked, moments, exports, placeholders)
        return tuple(RefusedField(**item) for item in self._cache.remember("refused fields", inputs, work))

    def _staged(self, shape: str) -> object:
        """Return the staging models of a shape with their columns, and what decides the columns of the shape."""
        names = (name for name, model in self._models.items() if model.schema == "staging" and model.shape == shape)
        staged = {name: self._compiled[name].columns for name in sorted(names) if name in self._compiled}
        columns = [(name, [column.name for column in listed]) for name, listed in staged.items()]
        return columns, self._project.references["record_shapes"].sha256

    def _union_shape(self, reader: Rendered, shape: str, bounded: bool, versions: str, beyond: bool) -> str:
        self._project.shapes.of(shape)
        if versions not in ("current", "superseded"):
            raise ConfigError(f"unknown versions {versions!r}", "", "write current or superseded.")
        parts: dict[str, list[str]] = {}
        staged = [m for m in self._models.values() if m.schema == "staging" and m.shape == shape]
        for model in sorted(staged, key=lambda m: m.name):
            if model.name not in self._compiled:
                continue
            name = model.name
            if versions == "superseded":
                name += SUPERSEDED
                self._stage_companion(name)
            parts[name] = [column.name for column in self._compiled[name].columns]
        reader.refs.update(parts)
        return union_sql(shape, parts, self._project.shapes, bounded=bounded, beyond=beyond)

    def _bind(self, compiled: CompiledModel) -> None:
        binder = self._project.binder
        rendered = Rendered(
            compiled.model, compiled.sql, compiled.refs, compiled.sources, compiled.previous, compiled.config
        )
        for name in compiled.previous:
            self._declare_previous(name)
        collected = self._rendered[compiled.name].collected
        check_collected(collected, self._models.values(), lambda part: binder.types(part.relation))
        queries = [compiled.sql, *(item.sql for item in compiled.refused)]
        read = [binder.types_read(sql) for sql in (*queries, compiled.config.get("seed", ""))]
        inputs = (compiled.name, compiled.materialized, sorted(compiled.config.items()), queries, read)
        fact = self._cache.remember("bound", inputs, lambda: bound(binder, compiled, rendered))
        types = fact["types"]
        binder.declare(compiled.relation, types)
        compiled.columns_read = fact["reads"]
        docs = {column.name.lower(): column for column in compiled.columns}
        compiled.columns = tuple(
            Column(name, kind, *documentation(docs.get(name.lower()), name)) for name, kind in types.items()
        )
        check_business(compiled)
        check_keys(compiled.model, compiled.config, types)
        check_inputs(self._project, compiled, self._models)

    def _declare_previous(self, name: str) -> None:
        binder, earlier = self._project.binder, previous_relation(name)
        if binder.is_declared(earlier):
            return
        if name in self._project.models:
            columns = binder.types(relation(name))
        else:
            model = self._compiled[name]
            rendered, tree = Rendered(model.model, model.sql), model.tree
            columns = self._cache.remember("typed columns", (model.sql,), lambda: analyse.typed_columns(rendered, tree))
        binder.declare(earlier, columns)
