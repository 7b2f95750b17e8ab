"""The result of compiling: models as SQL with known columns, and the project they form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from siyu.compile import analyse
from siyu.compile.analyse import PII
from siyu.compile.bind import Binder
from siyu.compile.cache import Cache
from siyu.compile.code_fingerprint import code_fingerprint
from siyu.compile.field_rejects import RefusedField
from siyu.compile.lineage import Origins, Qualified, column_lineage, qualified_scope
from siyu.compile.model_files import Model, relation
from siyu.compile.outside import query_findings
from siyu.compile.portable_query import not_portable
from siyu.compile.shapes import SUPERSEDED, Shapes
from siyu.compile.template import Rendered, previous_relation, source_relation
from siyu.errors import ConfigError, raise_all
from siyu.seeds.channels import Channel
from siyu.seeds.references import Reference
from siyu.settings import Settings

FILE_NAME = "_file"  # column of source(): the true name of the file


@dataclass(frozen=True)
class Column:
    """A column of a compiled model."""

    name: str
    type: str
    description: str
    pii: bool
    public: bool = False


@dataclass
class CompiledModel:
    """A model as SQL with known columns.

    `tables` are all relations that the SQL reads, including ops sources. `rule_version` changes when the SQL does. A
    companion is a model that siyu itself adds to a staging model. `columns_read` are columns by relation.
    """

    model: Model
    sql: str
    materialized: str
    config: dict[str, Any]
    refs: set[str]
    sources: set[str]
    previous: set[str]
    tables: set[str]
    rule_version: str
    columns: tuple[Column, ...] = ()
    companion: bool = False
    refused: tuple[RefusedField, ...] = ()
    columns_read: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def reads(self, name: str) -> frozenset[str] | None:
        """Return the columns that the query reads of a model, None if that is not known: then it may read all."""
        listed = self.columns_read.get(name)
        return None if listed is None or relation(name) == self.config.get("seed") else frozenset(listed)

    @property
    def is_working_view(self) -> bool:
        """Whether it is a view that releases leave out."""
        return self.materialized == "view" and self.config.get("published") is False

    @property
    def is_release_view(self) -> bool:
        """Whether releases have it as a view over their tables, and not as a table."""
        return self.config.get("published") == "view"

    @property
    def is_kept(self) -> bool:
        """Whether its result cannot be built again, so that the warehouse keeps a copy of each business date."""
        return self.materialized in ("snapshot", "history")

    @property
    def name(self) -> str:
        """schema.table"""
        return self.model.name + (SUPERSEDED if self.companion else "")

    @property
    def relation(self) -> str:
        """The name as SQL."""
        return relation(self.name)

    @property
    def is_published(self) -> bool:
        """False for a working table, which only other models read."""
        return bool(self.config.get("published", True))

    @property
    def is_restricted(self) -> bool:
        """Whether the restricted file has the table, with the raw values of its personal columns."""
        return bool(self.pii_columns) and bool(self.config.get("restricted", True)) and not self.is_release_view

    @cached_property
    def tree(self) -> Any:
        """The syntax tree of the query."""
        return analyse.parse(Rendered(self.model, self.sql)).tree

    @property
    def pii_columns(self) -> tuple[str, ...]:
        """Personal columns. Outside the restricted file they are published hashed and masked only."""
        return tuple(column.name for column in self.columns if column.pii)


@dataclass(frozen=True, order=True)
class TagRule:
    """A row of ops.tag_rule."""

    tag_code: str
    level: str
    model: str
    rule_version: str
    source_models: str


@dataclass(frozen=True, order=True)
class TagReader:
    """A row of ops.tag_reader."""

    tag_code: str
    level: str
    model: str


@dataclass(frozen=True, order=True)
class Segment:
    """A row of ops.segment."""

    segment: str
    model: str
    name_zh: str
    name_en: str
    purpose: str
    owner: str
    audience: str
    rule_version: str


@dataclass
class Project:
    """Everything that is known before any data is read. `models` are in build order."""

    settings: Settings
    contracts: dict[str, Channel]
    channels: dict[str, Channel]
    references: dict[str, Reference]
    variables: dict[str, Any]
    shapes: Shapes
    binder: Binder
    cache: Cache
    code_fingerprint: str
    models: dict[str, CompiledModel] = field(default_factory=dict)
    tag_rules: tuple[TagRule, ...] = ()
    tag_readers: tuple[TagReader, ...] = ()
    segments: tuple[Segment, ...] = ()
    left_out: frozenset[str] = frozenset()  # models of families that nobody chose, and which no other model reads

    @property
    def graph(self) -> dict[str, set[str]]:
        """model -> the models it reads."""
        return {name: model.refs & self.models.keys() for name, model in self.models.items()}

    @property
    def lineage(self) -> dict[str, Origins]:
        """model -> column -> the (relation, column) pairs that it is computed from."""
        return {name: made_of for name, (made_of, _) in self._traced.items() if not self.models[name].companion}

    @cached_property
    def _traced(self) -> dict[str, tuple[Origins, Origins]]:
        """model -> what its columns are computed from, and whose values they pass on."""
        return {name: self.trace(model) for name, model in self.models.items()}

    def trace(self, model: CompiledModel, query: Qualified | None = None) -> tuple[Origins, Origins]:
        """Return what the columns of a model are computed from, and whose values they pass on.

        `query` is its query, if somebody has taken it apart already.
        """
        read = self.types_read(model)

        def work() -> list[dict[str, list[tuple[str, str]]]]:
            traced = column_lineage(query or qualified_scope(model.sql, read))
            return [{column: sorted(origins) for column, origins in part.items()} for part in traced]

        inputs = (model.sql, [(name, self.binder.types_digest(relation(name))) for name in read])
        made_of, carried = (
            {column: {(table, name) for table, name in origins} for column, origins in part.items()}
            for part in self.cache.remember("lineage", inputs, work)
        )
        return made_of, carried

    def types_read(self, model: CompiledModel) -> dict[str, dict[str, str]]:
        """Return relation -> column -> type of what a model may read. A fixpoint reads its own last result."""
        names = {model.name, *model.refs, *model.sources, *(previous_relation(name) for name in model.previous)}
        return {name: self.binder.types(relation(name)) for name in sorted(names)}

    def query_problem(self, sql: str) -> str | None:
        """Return the error that the engine reports for a query on the project's tables, or None."""
        problem: str = self.cache.remember(
            "query", (sql, self.binder.types_read(sql)), lambda: self.binder.query_problem(sql) or ""
        )
        return problem or None

    def not_portable(self, sql: str) -> list[str]:
        """Return what keeps the query of a suite from engines other than DuckDB."""
        inputs = (sql, self.binder.types_read(sql))
        found: list[str] = self.cache.remember("portable", inputs, lambda: not_portable(sql, self.binder.plan(sql)))
        return found

    def outside(self, sql: str) -> list[tuple[str, str]]:
        """Return what the query of a suite reaches outside the project, each with what to use instead."""
        known = self.binder

        def is_table(schema: str, table: str) -> bool:
            return bool(schema) and known.is_declared(relation(f"{schema}.{table}"))

        def work() -> list[tuple[str, str]]:
            return [(finding.what, finding.instead) for finding in query_findings(sql, is_table)]

        found = self.cache.remember("outside", (sql, known.types_read(sql)), work)
        return [(what, instead) for what, instead in found]

    def check_privacy(self) -> None:
        """Raise ConfigError if a column passes on personal values but has no mark of its own.

        In staging, columns that a contract calls pii are personal, and names of files, which may have mobiles in them.
        The columns of a staging model get their marks from the record shape.
        """
        personal = {(name, column) for name, model in self.models.items() for column in self.personal_columns(model)}
        exported = {(source, FILE_NAME) for model in self.models.values() for source in model.sources}
        exported |= set(self._personal_exports())
        raise_all(
            [
                ConfigError(
                    f"the column {column} of {name} passes on {', '.join(sorted('.'.join(o) for o in found))}, "
                    "which is personal, but has no mark",
                    self.models[name].model.file,
                    "begin its comment with [pii], or with [public] if its values identify nobody.",
                )
                for name, model in self.models.items()
                for column, origins in self._traced[name][1].items()
                if (found := origins & (exported if model.model.schema == "staging" else personal))
                and not self._is_marked(name, column)
                and (name, column) not in personal
                and not model.companion
            ]
        )

    def _personal_exports(self) -> Iterator[tuple[str, str]]:
        """Yield the (relation, column) pairs of exports that their contracts call pii."""
        for channel in self.channels.values():
            for name, export in channel.exports.items():
                relations = [source_relation(channel.channel, name, is_old) for is_old in (False, True)]
                for column, form in export.columns.items():
                    if form.pii:
                        yield from ((relation, column) for relation in relations)

    def check_previous(self) -> None:
        """Raise ConfigError if a model reads an earlier result whose raw values releases do not keep.

        The history keeps snapshots.
        """
        raise_all(
            [
                ConfigError(
                    f"{name} reads previous('{earlier}'), but releases have no raw values of that table:"
                    " it has config(restricted=false)",
                    model.model.file,
                    f"remove restricted=false from {self.models[earlier].model.file}.",
                )
                for name, model in self.models.items()
                for earlier in sorted(model.previous)
                if (read := self.models.get(earlier)) is not None
                and read.pii_columns
                and not read.is_restricted
                and read.materialized != "snapshot"
            ]
        )

    def personal_columns(self, model: CompiledModel) -> set[str]:
        """Return the columns of a model with a mark; in staging, those that the record shape marks."""
        marked = set(model.pii_columns)
        if model.model.schema == "staging":
            shape = self.shapes.of(model.model.shape or "")
            marked |= {c.name for c in shape if c.description.startswith(PII)} & {c.name for c in model.columns}
        return marked

    def _is_marked(self, name: str, column: str) -> bool:
        return any(c.pii or c.public for c in self.models[name].columns if c.name == column)

    def check_unchanged(self) -> None:
        """Raise ConfigError if a file that decides content has changed since compilation began."""
        if code_fingerprint(self.settings, self.variables) != self.code_fingerprint:
            raise ConfigError(
                "a model, macro, suite or contract changed while siyu was reading them",
                ", ".join(str(root) for root in self.settings.roots),
                "run again when the deployment has finished.",
            )


def previous_models(models: Iterable[CompiledModel]) -> set[str]:
    """Return the models whose earlier result a build needs: those that previous() names, and all that are kept."""
    named = {name for model in models for name in model.previous}
    return named | {model.name for model in models if model.is_kept}
