"""A model's template: what it may refer to, and the result of rendering it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from siyu.compile.model_files import Model
from siyu.layers import LayerFile
from siyu.seeds.channels import Channel
from siyu.seeds.identifier_types import IdentifierTypes

# What a template asks about the project: a kind, such as var, and a name. See rendering.py for the answers.
Question = tuple[str, str]


@dataclass(frozen=True)
class Checked:
    """The SQL of a field, the SQL of its value, which is NULL if the field is not valid, and the reason for that."""

    field: str
    reason: str
    value: str


@dataclass
class Rendered:
    """A model as SQL.

    `refs` and `sources` are relation names, `previous` model names. `collected` are the folders whose models it unites,
    each with the columns that it expects. `asked` is everything that the template asked about the project.
    """

    model: Model
    sql: str = ""
    refs: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    previous: set[str] = field(default_factory=set)
    config: dict[str, Any] = field(default_factory=dict)
    checked: list[Checked] = field(default_factory=list)
    collected: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: set[Question] = field(default_factory=set)

    @property
    def materialized(self) -> str:
        """How the result is stored: as a table, unless the model says otherwise."""
        return str(self.config.get("materialized", "table"))

    @property
    def relations(self) -> set[str]:
        """Every relation that the SQL may read."""
        return self.refs | self.sources | {previous_relation(name) for name in self.previous}


def previous_relation(name: str) -> str:
    """Return the relation that previous('tags.person_tag') names during a build."""
    return f"previous.{name.replace('.', '__')}"


def source_relation(channel: str, export: str, superseded: bool = False) -> str:
    """Return the relation that source('website', 'events') names during a build."""
    return f"raw.{channel}__{export}{'__superseded' if superseded else ''}"


@dataclass(frozen=True)
class World:
    """What templates may refer to: models, reference tables, contracts, vars, macros, and the function for shapes."""

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
        """What ref() calls a model -> name of the model."""
        return {model.called: name for name, model in self.models.items()}
