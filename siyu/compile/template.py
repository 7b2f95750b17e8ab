"""A model's template: what it may reach, and what rendering it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from siyu.compile.model_files import Model
from siyu.layers import LayerFile
from siyu.seeds.channels import Channel
from siyu.seeds.identifier_types import IdentifierTypes


@dataclass(frozen=True)
class Checked:
    """SQL of a value that is NULL where the field (SQL, too) holds no valid one, and why."""

    field: str
    reason: str
    value: str


@dataclass
class Rendered:
    """A model as SQL. `refs` and `sources` are relation names, `previous` model names, `looked_up` the reference tables
    whose rows decided what was written."""

    model: Model
    sql: str = ""
    refs: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    previous: set[str] = field(default_factory=set)
    config: dict[str, Any] = field(default_factory=dict)
    checked: list[Checked] = field(default_factory=list)
    looked_up: set[str] = field(default_factory=set)

    @property
    def materialized(self) -> str:
        """How the result is kept; staging is a view unless it says otherwise."""
        default = "view" if self.model.schema == "staging" else "table"
        return str(self.config.get("materialized", default))

    @property
    def relations(self) -> set[str]:
        """Everything the SQL may read."""
        return self.refs | self.sources | {previous_relation(name) for name in self.previous}


def previous_relation(name: str) -> str:
    """Where previous('tags.person_tag') is found during a build."""
    return f"previous.{name.replace('.', '__')}"


def source_relation(channel: str, export: str, superseded: bool = False) -> str:
    """Where source('website', 'events') is found during a build."""
    return f"raw.{channel}__{export}{'__superseded' if superseded else ''}"


@dataclass(frozen=True)
class World:
    """What templates may reach: models, reference tables, contracts, vars, macros, and the writer of shapes."""

    models: dict[str, Model]
    references: frozenset[str]
    reference_rows: Callable[[str], list[dict[str, str]]]
    contracts: dict[str, Channel]
    variables: dict[str, Any]
    macros: tuple[LayerFile, ...]
    identifiers: IdentifierTypes
    union_shape: Callable[[Rendered, str, bool, str, bool], str]

    @cached_property
    def tables(self) -> dict[str, str]:
        """table -> name of its model."""
        return {model.table: name for name, model in self.models.items()}
