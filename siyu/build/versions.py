"""Versions: a digest for each model of everything that decides the content of its table.

Tables of the same version have the same content, whichever run built them. So `siyu plan` need not build a model whose
version is that of the current release. The build folder and each release have a file of versions.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from siyu.build.catalog import catalog_rows
from siyu.compile.cache import digest
from siyu.compile.code_fingerprint import PACKAGE
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.project import CompiledModel, Project
from siyu.compile.template import previous_relation, source_relation
from siyu.landing.channel_status import ChannelStatus
from siyu.landing.current_rows import source_queries
from siyu.layers import layer_files
from siyu.warehouse.ledger import LandedFile

FILE = "versions.json"
FORMAT = 2
# The inputs of every model: time zone, salt and the code that builds; the business date.
RUN, AS_OF = "run", "as_of"
CODE = ("engines", "build", "landing", "release")  # the packages that decide what the same SQL yields
CHANNEL_STATUS = "ops.channel_status"
SHORT = 20  # characters of a digest in the file; 80 bits


@dataclass(frozen=True)
class ModelVersion:
    """What decides a table. `own`: query and materialization; `reads`: the models, and the digests of other inputs.

    `template` is a digest of the file as it was written, `form` one of how the table is published, None if it is not.
    """

    version: str
    own: str
    template: str
    refs: tuple[str, ...]
    inputs: Mapping[str, str]
    form: str | None = None


@dataclass(frozen=True)
class Versions:
    """The versions of all models of a build, and what explains a change of them: vars, macros, suites, rule tables."""

    models: Mapping[str, ModelVersion] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    macros: Mapping[str, str] = field(default_factory=dict)
    suites: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    statuses: str = ""

    def write(self, folder: Path) -> None:
        """Write the file, in one step."""
        draft = folder / f".{FILE}"
        draft.write_text(json.dumps({"format": FORMAT, **asdict(self)}, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(draft, folder / FILE)


def read_versions(folder: Path) -> Versions:
    """Return the versions in a folder. There are none if the file is missing or another version of siyu wrote it."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if found.pop("format") != FORMAT:
            return Versions()
        models = {
            name: ModelVersion(**{**model, "refs": tuple(model["refs"])}) for name, model in found.pop("models").items()
        }
        return Versions(models, **found)
    except (OSError, ValueError, KeyError, TypeError):
        return Versions()


@dataclass(frozen=True)
class BuildInputs:
    """What a build reads, apart from the project. `previous` names the run that it compares itself with.

    `statuses` is a digest of ops.channel_status.
    """

    as_of: date
    files: Sequence[LandedFile]
    store: Path
    previous: str | None
    statuses: str


def versions_of(project: Project, inputs: BuildInputs) -> Versions:
    """Return the versions of all models of a project."""
    digests = _Inputs(project, inputs)
    models: dict[str, ModelVersion] = {}
    for name, model in project.models.items():  # in build order
        refs = tuple(sorted(model.refs & project.models.keys()))
        read = digests.of(model)
        own = digest(model.rule_version, model.materialized, sorted(model.config.items()))[:SHORT]
        whole = digest(own, [(ref, models[ref].version) for ref in refs], sorted(read.items()))[:SHORT]
        form = _form(model) if model.is_published and model.model.schema != "staging" else None
        models[name] = ModelVersion(whole, own, digest(model.model.template)[:SHORT], refs, read, form)
    roots = project.settings.roots
    return Versions(
        models,
        dict(project.variables),
        {file.name: digest(file.read())[:SHORT] for file in layer_files(roots, "macros", "*.sql")},
        {file.name: digest(file.read())[:SHORT] for file in layer_files(roots, "expectations", "**/*.yml")},
        {name: reference.sha256[:SHORT] for name, reference in project.references.items()},
        inputs.statuses,
    )


def _form(model: CompiledModel) -> str:
    """Return a digest of how a table is published: its columns, which are personal, and where raw values are."""
    columns = [(column.name, column.type, column.pii) for column in model.columns]
    return digest(columns, model.is_restricted)[:SHORT]


class _Inputs:
    """Digests of what models read that is no model."""

    def __init__(self, project: Project, inputs: BuildInputs) -> None:
        self._project, self._inputs = project, inputs
        self._catalog = catalog_rows(project)
        settings = project.settings
        run = (settings.timezone, settings.salt_fingerprint, settings.engine, code_of_builds())
        self._all = {RUN: digest(*run)[:SHORT], AS_OF: inputs.as_of.isoformat()}
        self._sources = self._digests_of_sources()

    def of(self, model: CompiledModel) -> dict[str, str]:
        """Return input -> digest for one model."""
        found = dict(self._all)
        for relation in sorted(model.tables | model.sources):
            schema, _, table = relation.partition(".")
            if schema == "raw":
                found[relation] = self._sources[relation]
            elif schema == "reference" and table in self._project.references:
                found[relation] = self._project.references[table].sha256[:SHORT]
            elif relation == CHANNEL_STATUS:
                found[relation] = self._inputs.statuses
            elif schema == "ops":
                found[relation] = self._rows(table, model.sql)
        kept = {model.name} if model.is_kept else set()
        for name in sorted((model.previous | kept) & self._project.models.keys()):
            columns = [(c.name, c.type) for c in self._project.models[name].columns]
            found[previous_relation(name)] = digest(self._inputs.previous, columns)[:SHORT]
        return found

    def _rows(self, table: str, sql: str) -> str:
        """Return a digest of the columns of the catalog that a query names, so that a comment changes few models."""
        columns = list(OPS_TABLES[table].columns)
        named = [number for number, name in enumerate(columns) if re.search(rf"\b{name}\b", sql)]
        rows = sorted({tuple(str(row[number]) for number in named) for row in self._catalog.get(table, [])})
        return digest(named, rows)[:SHORT]

    def _digests_of_sources(self) -> dict[str, str]:
        wanted = {source for model in self._project.models.values() for source in model.sources}
        found = {}
        for channel in self._project.channels.values():
            for name, export in channel.exports.items():
                relation, superseded = (source_relation(channel.channel, name, is_old) for is_old in (False, True))
                if not wanted & {relation, superseded}:
                    continue
                mine = [f for f in self._inputs.files if f.channel == channel.channel and f.export == name]
                queries = source_queries(
                    relation, superseded, export, mine, self._inputs.store, timezone=channel.timezone
                )
                # What landed lies in the warehouse, which may be moved.
                text = "\n".join(queries.statements).replace(str(self._inputs.store), "")
                found[relation] = found[superseded] = digest(text)[:SHORT]
        return found


@cache
def code_of_builds() -> str:
    """Return a digest of the code and of the engine that run the SQL of models."""
    files = sorted(path for package in CODE for path in (PACKAGE / package).rglob("*.py"))
    files.append(PACKAGE / "compile" / "promises.py")
    return digest(version("duckdb"), [(path.name, digest(path.read_bytes())) for path in files])


def digest_of_statuses(statuses: Iterable[ChannelStatus]) -> str:
    """Return a digest of ops.channel_status."""
    columns = OPS_TABLES["channel_status"].columns
    return digest([[str(getattr(status, name)) for name in columns] for status in statuses])[:SHORT]


def forget_versions(folder: Path, names: Iterable[str]) -> None:
    """Remove the versions of models that will be built again, before their tables change."""
    known = read_versions(folder)
    kept = {name: model for name, model in known.models.items() if name not in set(names)}
    if known.models:
        Versions(kept, known.variables, known.macros, known.suites, known.references, known.statuses).write(folder)


def add_versions(folder: Path, built: Versions, names: Iterable[str]) -> None:
    """Add the versions of models that have been built."""
    kept = read_versions(folder).models
    models = {**kept, **{name: built.models[name] for name in names}}
    Versions(models, built.variables, built.macros, built.suites, built.references, built.statuses).write(folder)
