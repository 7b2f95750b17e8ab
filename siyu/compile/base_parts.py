"""What decides the parts of the models that slices follow: base models, and working tables of the audience."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from siyu.compile.project import CompiledModel, Project
from siyu.compile.tag_slices import Read, base_slices, part_key


def base_parts(
    project: Project, bases: frozenset[str], found: Iterable[Mapping[str, Any]], told: frozenset[str] = frozenset()
) -> dict[str, Mapping[str, Any]]:
    """Return what decides the parts of base models that slices read, by their part_key.

    Of the models in `told`, the parts say what they read, but these are not followed.
    """
    wanted = {part_key(read): read for part in found for read in part["rows"]}
    parts: dict[str, Mapping[str, Any]] = {}
    for name, model in reversed(project.models.items()):  # What reads a model comes before it.
        asked = [read for _, read in sorted(wanted.items()) if read[0] == name] if name in bases else []
        if asked:
            facts = _base_slices(project, model, (bases | told) - {name}, asked)
            parts.update(zip(map(part_key, asked), facts, strict=True))
            wanted.update((part_key(read), read) for part in facts for read in part["rows"])
    return parts


def _base_slices(project: Project, model: CompiledModel, bases: frozenset[str], asked: list[Read]) -> Any:
    read, grains, inputs = slice_inputs(project, model, bases)
    grain = model.model.grain

    def work() -> list[dict[str, Any]]:
        return base_slices(model.sql, read, grains, bases, grain, asked)

    return project.cache.remember("base slices", (asked, grain, *inputs), work)


def slice_inputs(
    project: Project, model: CompiledModel, bases: frozenset[str]
) -> tuple[dict[str, dict[str, str]], dict[str, tuple[str, ...]], tuple[object, ...]]:
    """Return what a model reads, the grains of that, and all on which its slices depend, for the cache."""
    read = project.types_read(model)
    grains = {name: project.models[name].model.grain for name in read if name in project.models}
    listed = [(name, list(columns)) for name, columns in read.items()]
    return read, grains, (model.sql, listed, sorted(grains.items()), sorted(bases & read.keys()))
