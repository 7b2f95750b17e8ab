"""Render a single macro as SQL, for commands that need one expression and no model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from siyu.compile.model_files import Model
from siyu.compile.render import Renderer
from siyu.compile.template import World
from siyu.layers import layer_files
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.settings import Settings


def expression(settings: Settings, identifiers: IdentifierTypes, text: str) -> str:
    """Render a template such as "{{ normal_mobile('v') }}" with the macros of the layers. Raises ConfigError."""
    return expressions(settings, identifiers, [text])[0]


def expressions(settings: Settings, identifiers: IdentifierTypes, texts: Sequence[str]) -> list[str]:
    """Render several templates. Most of the work is to read the macros, once."""
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
    renderer = Renderer(world)
    models = [Model("staging", "an__expression", "an expression", Path(), text, "", ()) for text in texts]
    return [renderer.render(model).sql for model in models]
