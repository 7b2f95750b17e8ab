"""Who reads a tag: the models of audience and KPI that ask for its column of a profile, or its code (ops.tag_reader).

Working tables, such as models/audience/base, are no readers. What a model needs of them counts for the model itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from siyu.compile.base_parts import BaseParts
from siyu.compile.folders import models_in
from siyu.compile.project import CompiledModel, Project, TagReader, TagRule
from siyu.compile.tag_rules import BASES, LEVELS
from siyu.compile.tag_slices import CODE, Read, with_bases

SCHEMAS = ("audience", "kpi")
PERSON, ACCOUNT = LEVELS
PROFILES = {"tags.person_profile": PERSON, "tags.account_profile": ACCOUNT}
COMPANY_PREFIX = "account_"  # of columns of person_profile, if people have the tag as well
Tag = tuple[str, str]  # code, level


def find_tag_readers(base_parts: BaseParts) -> tuple[TagReader, ...]:
    """Return each tag that a segment, or a published model of audience or KPI, reads, with the model that reads it."""
    project = base_parts.project
    tags = TagTables(project)
    bases = working_tables(project)
    return tuple(
        sorted(
            TagReader(code, level, model.name)
            for model in _readers(project, tags, bases)
            for code, level in tags.asked_for(model, reads(base_parts, model, bases, tags.names))
        )
    )


def working_tables(project: Project) -> frozenset[str]:
    """Return the models that are steps of others: base models of tags, and unpublished models of audience and KPI."""
    steps = [m.name for m in project.models.values() if _is_asked(m) and not m.is_published and m.model.segment is None]
    return frozenset([*steps, *(model.name for model in models_in((m.model for m in project.models.values()), BASES))])


def reads(
    base_parts: BaseParts,
    model: CompiledModel,
    bases: frozenset[str],
    told: frozenset[str],
    columns: Iterable[str] = (),
) -> dict[str, Any]:
    """Return what decides columns of a model, or all: a text, and what it reads of `told` tables and references.

    Base models are followed: the result includes what decides the columns that the model needs of them.
    """
    wanted: Read = [model.name, sorted(columns or (column.name for column in model.columns)), []]
    whole = {"text": "", "sources": [], "rows": [wanted]}
    return with_bases(whole, base_parts.read_by([whole], bases | {model.name}, told))


def _is_asked(model: CompiledModel) -> bool:
    return model.model.schema in SCHEMAS and not model.companion


def _readers(project: Project, tags: TagTables, bases: frozenset[str]) -> Iterator[CompiledModel]:
    """Yield the readers that can reach a table of tags. Slices of all others would only take time."""
    near = set(tags.names)
    for name, model in project.models.items():  # What a model reads comes before it.
        if not near.isdisjoint(model.refs):
            if name in bases:
                near.add(name)
            elif _is_asked(model):
                yield model


class TagTables:
    """The tables that hold tags, and which tags a read of them asks for. `names` are their names."""

    def __init__(self, project: Project) -> None:
        self._rules = project.tag_rules
        self._levels = {"tags.person_tag": (PERSON,), "tags.account_tag": (ACCOUNT,), "tags.tag_history": tuple(LEVELS)}
        self._levels |= {
            model.name: (level,)
            for level, (folder, _) in LEVELS.items()
            for model in models_in((m.model for m in project.models.values()), folder)
        }
        self._columns = {name: _profile_columns(level, self._rules) for name, level in PROFILES.items()}
        self.names = frozenset([*self._levels, *PROFILES])

    def asked_for(self, model: CompiledModel, found: Mapping[str, Any]) -> set[Tag]:
        """Return the tags that a model asks for. Whoever reads all tags asks for those whose code is in its SQL."""
        return {
            tag
            for read in found["rows"]
            for tag in self.tags_of(read)
            if self._is_limited(read) or f"'{tag[0]}'" in model.sql
        }

    def tags_of(self, read: Read) -> set[Tag]:
        """Return the tags whose rows or columns may matter for a read of a table."""
        table, columns, limits = read
        if table in self._columns:
            return {self._columns[table][column] for column in columns if column in self._columns[table]}
        codes = dict(limits).get(CODE)
        return {
            (rule.tag_code, rule.level)
            for rule in self._rules
            if rule.level in self._levels.get(table, ()) and (codes is None or rule.tag_code in codes)
        }

    @staticmethod
    def _is_limited(read: Read) -> bool:
        return read[0] in PROFILES or CODE in dict(read[2])


def _profile_columns(level: str, rules: Iterable[TagRule]) -> dict[str, Tag]:
    """Return column -> tag of a profile. That of people has the tags of their company, too."""
    codes = {known: {rule.tag_code for rule in rules if rule.level == known} for known in LEVELS}
    own = {code: (code, level) for code in codes[level]}
    if level == ACCOUNT:
        return own
    return own | {(COMPANY_PREFIX + code if code in own else code): (code, ACCOUNT) for code in codes[ACCOUNT]}
