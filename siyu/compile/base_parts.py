"""What decides the parts of the models that slices follow: base models, and working tables of the audience."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from siyu.compile.cache import digest
from siyu.compile.project import CompiledModel, Project
from siyu.compile.tag_slices import BaseSlicer, Read, part_key


class BaseParts:
    """Parts of the models of one project. Many readers ask for parts of the same models, which are parsed once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._models: dict[tuple[str, frozenset[str]], _BaseModel] = {}

    def read_by(
        self, found: Iterable[Mapping[str, Any]], bases: frozenset[str], told: frozenset[str] = frozenset()
    ) -> dict[str, Mapping[str, Any]]:
        """Return what decides the parts of base models that the slices of `found` read, by their part_key.

        Of the models in `told`, the parts say what they read, but these are not followed.
        """
        wanted = {part_key(read): read for part in found for read in part["rows"]}
        parts: dict[str, Mapping[str, Any]] = {}
        for name, model in reversed(self.project.models.items()):  # What reads a model comes before it.
            asked = [read for _, read in sorted(wanted.items()) if read[0] == name] if name in bases else []
            if asked:
                base = self._model(model, (bases | told) - {name})
                facts = [base.part(read) for read in asked]
                parts.update(zip(map(part_key, asked), facts, strict=True))
                wanted.update((part_key(read), read) for part in facts for read in part["rows"])
        return parts

    def _model(self, model: CompiledModel, followed: frozenset[str]) -> _BaseModel:
        followed &= model.refs
        key = model.name, followed
        if key not in self._models:
            self._models[key] = _BaseModel(self.project, model, followed)
        return self._models[key]


class _BaseModel:
    """One model, and the models that its slices follow."""

    def __init__(self, project: Project, model: CompiledModel, followed: frozenset[str]) -> None:
        self._project, self._model, self._followed = project, model, followed
        self._read, self._grains, inputs = slice_inputs(project, model, followed)
        self._inputs = digest(model.model.grain, *inputs)

    def part(self, read: Read) -> Any:
        """Return what decides the columns and rows that somebody reads of the model."""
        return self._project.cache.remember("base slice", (self._inputs, read), lambda: self._slicer.part(read))

    @cached_property
    def _slicer(self) -> BaseSlicer:
        slicer = BaseSlicer(self._model.sql, self._read, self._grains, self._followed, self._model.model.grain)
        self._project.trace(self._model, slicer.query)  # Taking the query apart takes longer than the rest.
        return slicer


def slice_inputs(
    project: Project, model: CompiledModel, bases: frozenset[str]
) -> tuple[dict[str, dict[str, str]], dict[str, tuple[str, ...]], tuple[object, ...]]:
    """Return what a model reads, the grains of that, and all on which its slices depend, for the cache."""
    read = project.types_read(model)
    grains = {name: project.models[name].model.grain for name in read if name in project.models}
    listed = [(name, list(columns)) for name, columns in read.items()]
    return read, grains, (model.sql, listed, sorted(grains.items()), sorted(bases & read.keys()))
