"""Named segments: what their headers say, and the version of the rule that says who is in (ops.segment)."""

from __future__ import annotations

from collections.abc import Iterator

from siyu.compile.base_parts import BaseParts
from siyu.compile.cache import digest
from siyu.compile.folders import models_in
from siyu.compile.model_header import SEGMENT_FOLDER, SegmentHeader
from siyu.compile.project import CompiledModel, Segment
from siyu.compile.tag_readers import TagTables, reads, working_tables
from siyu.compile.tag_rules import REFERENCE
from siyu.compile.tag_slices import tag_version
from siyu.errors import ConfigError, SiyuError, raise_all
from siyu.seeds.references import reference_rows

MEMBER = "one_id"
# The model and the column that say which audience a person belongs to.
GATE, GATE_COLUMN = "audience.audience_person", "audience"


def find_segments(base_parts: BaseParts) -> tuple[Segment, ...]:
    """Return the segments of the compiled models. Raises ConfigError with every problem at once."""
    project = base_parts.project
    models = [
        project.models[model.name] for model in models_in((m.model for m in project.models.values()), SEGMENT_FOLDER)
    ]
    raise_all([error for model in models for error in _stored(model)])
    return tuple(sorted(_segment(base_parts, model, model.model.segment) for model in models if model.model.segment))


def _stored(model: CompiledModel) -> Iterator[SiyuError]:
    if not model.is_working_view:
        yield ConfigError(
            f"the segment {model.model.table} is not an unpublished view",
            model.model.file,
            "write {{ config(published=false, materialized='view') }} after the header: segment_member has its people.",
        )


def _segment(base_parts: BaseParts, model: CompiledModel, header: SegmentHeader) -> Segment:
    return Segment(
        model.model.table, model.name, header.name_zh, header.name_en, header.purpose, header.owner, header.audience,
        _version(base_parts, model, header.audience),
    )  # fmt: skip


def _version(base_parts: BaseParts, model: CompiledModel, audience: str) -> str:
    """Return a hash of what decides who is in: the query of one_id, what it reads, and the audience.

    Why somebody is in does not count, because a better text moves nobody.
    """
    project = base_parts.project
    tags = TagTables(project)
    others = {m.name for m in project.models.values() if m.model.segment is not None}
    bases = working_tables(project) | others
    found = [reads(base_parts, model, bases, tags.names, [MEMBER])]
    if GATE in project.models:
        found.append(reads(base_parts, project.models[GATE], bases, tags.names, [GATE_COLUMN]))
    rows = [read for part in found for read in part["rows"]]
    known = {(rule.tag_code, rule.level): rule.rule_version for rule in project.tag_rules}
    asked = sorted({(*tag, known[tag]) for read in rows for tag in tags.tags_of(read)})
    read = {row[0] for row in rows if row[0].startswith(REFERENCE)}
    tables = {table: reference_rows(project.references[table.removeprefix(REFERENCE)]) for table in sorted(read)}
    slices = [{**part, "rows": [row for row in part["rows"] if row[0] in tables]} for part in found]
    return digest(audience, [tag_version(part, tables) for part in slices], asked)[:16]
