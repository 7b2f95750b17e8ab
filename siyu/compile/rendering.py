"""Render models, or take them from the cache if nothing that their templates ask about the project has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from siyu.compile.cache import Cache, digest
from siyu.compile.folders import models_in
from siyu.compile.model_files import Model
from siyu.compile.render import Renderer
from siyu.compile.template import Checked, Question, Rendered, World
from siyu.seeds.references import Reference


class Rendering:
    """Renders the models of one project.

    `references` are the tables whose rows a template may look up, `staged` returns from what union_shape() builds the
    union of a shape.
    """

    def __init__(
        self, world: World, references: Mapping[str, Reference], staged: Callable[[str], object], cache: Cache
    ) -> None:
        self._renderer = Renderer(world)
        self._cache = cache
        self._same_for_all = digest([(file.name, file.read()) for file in world.macros], world.identifiers)
        self._answers: dict[str, Callable[[str], object]] = {
            "ref": lambda name: f"reference.{name}" if name in world.references else world.tables.get(name),
            "model": lambda name: name in world.models,
            "folder": lambda name: [model.name for model in models_in(world.models.values(), name)],
            "var": lambda name: [world.variables[name]] if name in world.variables else [],
            "rows": lambda name: references[name].sha256 if name in references else None,
            "exports": lambda name: sorted(world.contracts[name].exports) if name in world.contracts else None,
            "shape": staged,
        }

    def render(self, model: Model, superseded: bool = False) -> Rendered:
        """Return one model as SQL. Raises ConfigError with file and line.

        The cache knows what the template asked when it was rendered last. If the answers are the same today, so is the
        SQL: whatever else a template may ask, it asks because of one of these answers.
        """
        inputs = (self._same_for_all, model.name, model.file, model.template, superseded)
        asked = self._cache.find("asked", inputs)
        if asked is not None:
            found = self._cache.find("rendered", (inputs, self._answers_to(asked)))
            if found is not None:
                return _from_fact(model, found)
        rendered = self._renderer.render(model, superseded)
        questions = sorted(rendered.asked)
        self._cache.keep("asked", inputs, questions)
        self._cache.keep("rendered", (inputs, self._answers_to(questions)), _as_fact(rendered))
        return rendered

    def _answers_to(self, questions: Iterable[Question]) -> list[tuple[str, str, object]]:
        return [(kind, name, self._answers[kind](name)) for kind, name in questions]


def _as_fact(rendered: Rendered) -> dict[str, Any]:
    return {
        "sql": rendered.sql,
        "refs": sorted(rendered.refs),
        "sources": sorted(rendered.sources),
        "previous": sorted(rendered.previous),
        "config": rendered.config,
        "checked": [asdict(item) for item in rendered.checked],
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
        collected=fact["collected"],
    )
