"""The rules of tags after a change of reference rows, vars or models, without compiling again."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from siyu.compile.base_parts import BaseParts
from siyu.compile.cache import Cache
from siyu.compile.folders import models_in
from siyu.compile.model_files import load_models
from siyu.compile.project import Project
from siyu.compile.render import Renderer
from siyu.compile.tag_rules import BASES, LEVELS, find_tag_rules
from siyu.compile.template import Rendered, World
from siyu.layers import layer_files
from siyu.seeds.references import Reference, reference_rows

FOLDERS = (BASES, *(folder for folder, _ in LEVELS.values()))


class _Renderer(Renderer):
    """A renderer that compiles each template once."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._templates: dict[str, Any] = {}

    def _compile(self, text: str, file: str) -> Any:
        if file not in self._templates:
            self._templates[file] = super()._compile(text, file)
        return self._templates[file]


class ChangedRules:
    """The rules of a project's tags, before and after a change. Only models whose SQL changes are cut again."""

    folders: tuple[str, ...] = FOLDERS

    def __init__(self, project: Project) -> None:
        self._project = replace(project, cache=Cache.of(project.settings))
        self._models = load_models(project.settings)
        self._tag_models = [model for folder in self.folders for model in models_in(self._models.values(), folder)]
        self._references, self._variables = dict(project.references), dict(project.variables)
        self._rows = {"": list[dict[str, str]]()}
        self._renderer = _Renderer(
            World(
                models=self._models,
                references=frozenset(self._references),
                reference_rows=self._read,
                contracts=project.channels,
                variables=self._variables,
                macros=tuple(layer_files(project.settings.roots, "macros", "*.sql")),
                identifiers=project.shapes.identifiers,
                union_shape=lambda *_: "",
            )
        )
        self._before = {model.name: self._renderer.render(model) for model in self._tag_models}
        assert not self.with_sql({name: rendered.sql for name, rendered in self._before.items()})

    def _read(self, table: str) -> list[dict[str, str]]:
        if table not in self._rows:
            self._rows[table] = reference_rows(self._references[table])
        return self._rows[table]

    @cached_property
    def bases(self) -> list[str]:
        """The base models."""
        return [model.name for model in models_in(self._models.values(), BASES)]

    def pairs(self, table: str, key: str, value: str) -> list[tuple[str, str]]:
        """Return two columns of the rows of a reference table."""
        return [(row[key], row[value]) for row in self._read(table)]

    def sql(self, model: str) -> str:
        """Return the SQL of a model."""
        return self._before[model].sql

    def with_value(self, table: str, key: dict[str, str], **values: str) -> set[str]:
        """Return the tags whose version changes with the first row of a reference table that has the key."""
        before = self._read(table)
        place = next(number for number, row in enumerate(before) if key.items() <= row.items())
        assert values.items() - before[place].items(), f"{values} changes nothing"
        rows = [*before[:place], before[place] | values, *before[place + 1 :]]
        self._rows[table] = rows
        changed = replace(self._references[table], merged=_csv(rows), sha256=f"{key} {values}")
        try:
            return self._changed({table}, {**self._project.references, table: changed})
        finally:
            self._rows[table] = before

    def with_var(self, name: str, value: int) -> set[str]:
        """Return the tags whose version changes with a var."""
        before = self._variables[name]
        self._variables[name] = value
        try:
            return self._changed(None, self._references)
        finally:
            self._variables[name] = before

    def _changed(self, tables: set[str] | None, references: dict[str, Reference]) -> set[str]:
        """Render the models that read one of the tables, or all."""
        readers = [m for m in self._tag_models if tables is None or _rows_read(self._before[m.name]) & tables]
        return self.with_sql({model.name: self._renderer.render(model).sql for model in readers}, references)

    def with_sql(self, sql: Mapping[str, str], references: dict[str, Reference] | None = None) -> set[str]:
        """Return the tags whose version changes with the SQL of models."""
        changed = self.changed_project(sql, references)
        before, after = (
            {(rule.tag_code, rule.level): rule.rule_version for rule in project.tag_rules}
            for project in (self._project, changed)
        )
        assert before.keys() == after.keys()
        return {code for code, level in before if before[code, level] != after[code, level]}

    def changed_project(self, sql: Mapping[str, str], references: dict[str, Reference] | None = None) -> Project:
        """Return the project with other SQL of models, and the rules of its tags."""
        known = self._project.models
        models = known | {name: replace(known[name], sql=text) for name, text in sql.items()}
        changed = replace(self._project, models=models, references=references or self._references)
        changed.tag_rules = find_tag_rules(BaseParts(changed), self._models)
        return changed


def _csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _rows_read(rendered: Rendered) -> set[str]:
    """Return the reference tables whose rows a template looked up."""
    return {name for kind, name in rendered.asked if kind == "rows"}
