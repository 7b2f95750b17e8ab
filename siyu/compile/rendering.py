"""Render models, or take them from the cache if nothing that their templates read has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from siyu.compile.cache import Cache, digest
from siyu.compile.model_files import Model
from siyu.compile.render import Renderer
from siyu.compile.template import Checked, Rendered, World
from siyu.seeds.references import Reference


class Rendering:
    """Renders the models of one project. `references` are the tables whose rows a template may look up."""

    def __init__(self, world: World, references: Mapping[str, Reference], cache: Cache) -> None:
        self._renderer = Renderer(world)
        self._references = references
        self._cache = cache
        self._world = digest(
            {name: (model.schema, sorted(model.areas)) for name, model in world.models.items()},
            sorted(world.references),
            {channel: sorted(contract.exports) for channel, contract in world.contracts.items()},
            sorted(world.variables.items()),
            [(file.name, file.read()) for file in world.macros],
            world.identifiers,
        )

    def render(self, model: Model, superseded: bool = False, shapes: object = None) -> Rendered:
        """Return one model as SQL. Raises ConfigError with file and line.

        `shapes` is everything from which union_shape() builds its unions.
        """
        inputs = (self._world, model.name, model.file, model.template, superseded, shapes)
        looked_up = self._cache.find("looked up", inputs)
        if looked_up is not None:
            found = self._cache.find("rendered", (inputs, self._rows_of(looked_up)))
            if found is not None:
                return _from_fact(model, found)
        rendered = self._renderer.render(model, superseded)
        self._cache.keep("looked up", inputs, sorted(rendered.looked_up))
        self._cache.keep("rendered", (inputs, self._rows_of(sorted(rendered.looked_up))), _as_fact(rendered))
        return rendered

    def _rows_of(self, tables: list[str]) -> list[tuple[str, str]]:
        """Return the tables, each with a digest of its rows."""
        return [(table, self._references[table].sha256) for table in tables]


def _as_fact(rendered: Rendered) -> dict[str, Any]:
    return {
        "sql": rendered.sql,
        "refs": sorted(rendered.refs),
        "sources": sorted(rendered.sources),
        "previous": sorted(rendered.previous),
        "config": rendered.config,
        "checked": [asdict(item) for item in rendered.checked],
        "looked_up": sorted(rendered.looked_up),
        "collected": rendered.collected,
    }


def _from_fact(model: Model, fact: Mapping[str, Any]) -> Rendered:
    return Rendered(
        model,
        fact["sql"],
        refs=set(fact["refs"]),
        sources=set(fact["sources"]),
        previous=set(fact["previous"]),
        config=dict(fact["config"]),
        checked=[Checked(**item) for item in fact["checked"]],
        looked_up=set(fact["looked_up"]),
        collected=fact["collected"],
    )
