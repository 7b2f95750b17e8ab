"""Single macros as SQL, for commands that need one expression and no model."""

from __future__ import annotations

from pathlib import Path

from siyu.compile.model_files import Model
from siyu.compile.render import Renderer
from siyu.compile.template import World
from siyu.layers import layer_files
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.settings import Settings


def expression(settings: Settings, identifiers: IdentifierTypes, text: str) -> str:
    """A template such as "{{ normal_mobile('v') }}" rendered with the layers' macros. Raises ConfigError."""
    world = World(
        models={},
        references=frozenset(),
        reference_rows=lambda table: [],
        contracts={},
        variables={},
        macros=tuple(layer_files(settings.roots, "macros", "*.sql")),
        identifiers=identifiers,
        union_shape=lambda *given: "",
    )
    return Renderer(world).render(Model("staging", "an__expression", "an expression", Path(), text, "", ())).sql
