"""What compiling gives: models as SQL with known columns, and the project they form."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from siyu.compile import analyse
from siyu.compile.analyse import PII
from siyu.compile.bind import Binder
from siyu.compile.code_fingerprint import code_fingerprint
from siyu.compile.field_rejects import RefusedField
from siyu.compile.lineage import Origins, Pick, all_columns, carried_columns, column_lineage
from siyu.compile.model_files import Model, relation
from siyu.compile.render import previous_relation
from siyu.compile.shapes import SUPERSEDED, Shapes
from siyu.errors import ConfigError, raise_all
from siyu.seeds.channels import Channel
from siyu.seeds.references import Reference
from siyu.settings import Settings


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
    """A model as SQL whose columns are known. A companion is one that siyu adds beside a staging model."""

    model: Model
    sql: str
    materialized: str
    config: dict[str, Any]
    refs: set[str]
    sources: set[str]
    previous: set[str]
    tree: Any
    columns: tuple[Column, ...] = ()
    companion: bool = False
    refused: tuple[RefusedField, ...] = ()

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
        """False: a working table, which only other models read."""
        return bool(self.config.get("published", True))

    @cached_property
    def tables(self) -> set[str]:
        """Every relation the SQL reads, ops sources included."""
        return analyse.tables(self.tree)

    @property
    def rule_version(self) -> str:
        """Changes when the compiled rule does."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:16]

    @property
    def pii_columns(self) -> tuple[str, ...]:
        """Columns that leave the restricted file only hashed and masked."""
        return tuple(column.name for column in self.columns if column.pii)


@dataclass
class Project:
    """Everything that is known before any data is read. `models` is in build order."""

    settings: Settings
    contracts: dict[str, Channel]
    channels: dict[str, Channel]
    references: dict[str, Reference]
    variables: dict[str, Any]
    shapes: Shapes
    binder: Binder
    code_fingerprint: str
    models: dict[str, CompiledModel] = field(default_factory=dict)

    @property
    def graph(self) -> dict[str, set[str]]:
        """model -> the models it reads."""
        return {name: model.refs & self.models.keys() for name, model in self.models.items()}

    @cached_property
    def lineage(self) -> dict[str, Origins]:
        """model -> column -> (relation, column) pairs its value is made of."""
        return self._lineage(all_columns, [name for name, model in self.models.items() if not model.companion])

    def _lineage(self, pick: Pick, names: list[str]) -> dict[str, Origins]:
        known: dict[str, dict[str, str]] = {}
        found = {}
        for name in names:
            model = self.models[name]
            # A fixpoint reads its own last result.
            read = {name, *model.refs, *model.sources, *(previous_relation(p) for p in model.previous)}
            for one in read - known.keys():
                known[one] = {c.name: c.type for c in self.binder.columns(relation(one))}
            found[name] = column_lineage(model.tree, {one: known[one] for one in read}, pick)
        return found

    def check_privacy(self) -> None:
        """Raise ConfigError where a column hands personal values on without the mark that masks them."""
        personal = {(name, c.name) for name, m in self.models.items() for c in m.columns if c.pii}
        for name, model in self.models.items():
            if model.model.schema == "staging":
                marked = {c.name for c in self.shapes.of(model.model.shape or "") if c.description.startswith(PII)}
                personal |= {(name, column.name) for column in model.columns if column.name in marked}
        later = [name for name, model in self.models.items() if model.model.schema != "staging"]
        raise_all(
            [
                ConfigError(
                    f"the column {column} of {name} hands on {', '.join(sorted('.'.join(o) for o in found))}, "
                    "which is personal, and is not marked so",
                    self.models[name].model.file,
                    "begin its comment with [pii]; or with [public], where its values tell of nobody.",
                )
                for name, columns in self._lineage(carried_columns, later).items()
                for column, origins in columns.items()
                if (found := origins & personal) and not self._is_marked(name, column)
            ]
        )

    def _is_marked(self, name: str, column: str) -> bool:
        return any(c.pii or c.public for c in self.models[name].columns if c.name == column)

    def check_unchanged(self) -> None:
        """Raise ConfigError when a file that decides content changed after compilation began."""
        if code_fingerprint(self.settings, self.variables) != self.code_fingerprint:
            raise ConfigError(
                "a model, macro, suite or contract changed while siyu was reading them",
                ", ".join(str(root) for root in self.settings.roots),
                "run again once the deployment is through.",
            )
