"""What compiling gives: models as SQL with known columns, and the project they form."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from siyu.channels import Channel
from siyu.compile import analyse
from siyu.compile.bind import Binder
from siyu.compile.render import previous_relation
from siyu.compile.shapes import SUPERSEDED, Shapes
from siyu.models import Model, relation
from siyu.references import Reference
from siyu.settings import Settings, layer_files


@dataclass(frozen=True)
class Column:
    """A column of a compiled model."""

    name: str
    type: str
    description: str
    pii: bool


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

    @property
    def name(self) -> str:
        """schema.table"""
        return self.model.name + (SUPERSEDED if self.companion else "")

    @property
    def relation(self) -> str:
        """The name as SQL."""
        return relation(self.name)

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
    models: dict[str, CompiledModel] = field(default_factory=dict)

    @property
    def graph(self) -> dict[str, set[str]]:
        """model -> the models it reads."""
        return {name: model.refs & self.models.keys() for name, model in self.models.items()}

    @cached_property
    def lineage(self) -> dict[str, dict[str, set[tuple[str, str]]]]:
        """model -> column -> (relation, column) pairs its value is made of."""
        schema: dict[str, dict[str, dict[str, str]]] = {}
        for name in {r for m in self.models.values() for r in (*m.refs, *m.sources)} | {
            previous_relation(p) for m in self.models.values() for p in m.previous
        }:
            namespace, _, table = name.partition(".")
            schema.setdefault(namespace, {})[table] = {c.name: c.type for c in self.binder.columns(relation(name))}
        return {
            name: analyse.column_lineage(model.tree, schema)
            for name, model in self.models.items()
            if not model.companion
        }

    @cached_property
    def code_fingerprint(self) -> str:
        """Changes when siyu, its engine, or a file of a layer that decides content does."""
        digest = hashlib.sha256(f"{platform.python_version()} duckdb {version('duckdb')}".encode())
        package = Path(__file__).resolve().parents[1]
        own = [
            (path.relative_to(package).as_posix(), path)
            for path in package.rglob("*.py")
            if "base" not in path.parts[len(package.parts) :][:1]
        ]
        patterns = (
            ("models", "**/*.sql"),
            ("macros", "*.sql"),
            ("expectations", "**/*.yml"),
            ("seeds/channels", "*.yml"),
        )
        layered = [
            (f.name, f.path) for folder, pattern in patterns for f in layer_files(self.settings.roots, folder, pattern)
        ]
        for name, path in [*sorted(own), *sorted(layered)]:
            digest.update(f"\n{name}\n".encode())
            digest.update(path.read_bytes())
        digest.update(repr(sorted(self.variables.items())).encode())
        return digest.hexdigest()
