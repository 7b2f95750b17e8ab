"""What the working copy changes: models whose table may differ from that of the current release, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from siyu.build.versions import AS_OF, RUN, ModelVersion, Versions
from siyu.compile.project import Project
from siyu.layers import layer_files

DEFINED = re.compile(r"{%-?\s*macro\s+([a-zA-Z_][a-zA-Z0-9_]*)")
VAR = re.compile(r"\bvar\(\s*['\"]([a-zA-Z0-9_]+)['\"]")


@dataclass(frozen=True)
class ChangedModel:
    """A model that is new, or that differs by itself: not only because of the models that it reads."""

    model: str
    file: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """What differs between the current release and the working copy, before anything is built.

    `affected` are the models that read changed ones, directly or indirectly. `reformed` are published in another form,
    such as with another personal column. `gone` are models that are not there any more. `suites` are the tables whose
    suite changed. `edits` says which vars, rule tables and macros were edited.
    """

    changed: tuple[ChangedModel, ...]
    affected: tuple[str, ...]
    reformed: tuple[str, ...]
    gone: tuple[str, ...]
    suites: tuple[str, ...]
    edits: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether no table and no check can differ."""
        return not (self.changed or self.affected or self.reformed or self.gone or self.suites)


def changes_of(project: Project, old: Versions, new: Versions) -> Changes:
    """Compare the versions of the current release with those of the working copy."""
    reasons = _Reasons(project, old, new)
    changed = []
    own = [name for name in new.models if not project.models[name].companion]  # companions follow their model
    for name in own:
        found = reasons.of(name, old.models.get(name), new.models[name])
        if found:
            changed.append(ChangedModel(name, project.models[name].model.file, tuple(dict.fromkeys(found))))
    named = {one.model for one in changed}
    differing = [name for name in own if _version(old, name) != new.models[name].version]
    same = set(own) - set(differing)
    return Changes(
        tuple(changed),
        tuple(name for name in differing if name not in named),
        tuple(name for name in new.models if name in same and old.models[name].form != new.models[name].form),
        tuple(sorted(old.models.keys() - new.models.keys())),
        tuple(sorted(_table(file) for file in _differing(old.suites, new.suites))),
        tuple(_edits(project, old, new)),
    )


def _version(versions: Versions, name: str) -> str | None:
    model = versions.models.get(name)
    return model.version if model else None


def _table(file: str) -> str:
    return ".".join(file.removesuffix(".yml").split("/")[1:])


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the names whose values differ, or that only one side has."""
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _edits(project: Project, old: Versions, new: Versions) -> Iterator[str]:
    for name in _differing(old.variables, new.variables):
        yield f"var {name}: {old.variables.get(name, 'new')} → {new.variables.get(name, 'gone')}"
    for name in _differing(old.references, new.references):
        table = project.references.get(name)
        yield f"rule table {name}: {table.edited if table else 'gone'}"
    for name in _differing(old.macros, new.macros):
        yield f"macro file {name}"


class _Reasons:
    """Why a model differs by itself."""

    def __init__(self, project: Project, old: Versions, new: Versions) -> None:
        self._project = project
        self._variables = set(_differing(old.variables, new.variables))
        self._references = set(_differing(old.references, new.references))
        self._macros = set(_differing(old.macros, new.macros))
        files = layer_files(project.settings.roots, "macros", "*.sql")
        self._texts = {file.name: file.read() for file in files}
        self._defined = {macro: name for name, text in self._texts.items() for macro in DEFINED.findall(text)}

    def of(self, name: str, old: ModelVersion | None, new: ModelVersion) -> list[str]:
        """Return the reasons; none if it is the same by itself."""
        if old is None:
            return ["new model 新模型"]
        reasons = []
        if old.own != new.own or old.refs != new.refs:
            reasons += self._of_query(name, old, new)
        for relation in _differing(old.inputs, new.inputs):
            reasons.append(_input(relation))
        return reasons

    def _of_query(self, name: str, old: ModelVersion, new: ModelVersion) -> list[str]:
        model = self._project.models[name]
        if old.template != new.template:
            return ["its file changed 文件已改"]
        texts, macros = self._read(model.model.template)
        variables = {var for text in texts for var in VAR.findall(text)} & self._variables
        tables = {ref.partition(".")[2] for ref in model.refs if ref.startswith("reference.")} & self._references
        found = [f"var {var}" for var in sorted(variables)]
        found += [f"rule table {table}" for table in sorted(tables)]
        found += [f"macros {macro}" for macro in sorted(macros & self._macros)]
        return found or ["what its template finds in the project: folders, contracts, record shapes, or siyu itself"]

    def _read(self, template: str) -> tuple[list[str], set[str]]:
        """Return the texts that decide a query: the template, and the files of the macros that it calls."""
        texts, files, pending = [template], set[str](), [template]
        while pending:
            text = pending.pop()
            for word in set(re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*", text)):
                file = self._defined.get(word)
                if file is not None and file not in files:
                    files.add(file)
                    texts.append(self._texts[file])
                    pending.append(self._texts[file])
        return texts, files


def _input(relation: str) -> str:
    schema, _, table = relation.partition(".")
    if relation == RUN:
        return "siyu itself, DuckDB, or the time zone"
    if relation == AS_OF:
        return "the business date"
    words = {"raw": "contract of ", "reference": "rule table ", "previous": "columns of the earlier result of "}
    if schema in words:
        return f"{words[schema]}{table.replace('__', '.', 1)}"
    return f"catalog: {relation}"
