"""The rule of every tag: its version and what it reads (ops.tag_rule), and whether tags.csv and the models agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from siyu.compile.base_parts import BaseParts, slice_inputs
from siyu.compile.folders import models_in
from siyu.compile.model_files import Model
from siyu.compile.project import CompiledModel, Project, TagRule
from siyu.compile.tag_slices import CODE, tag_slices, tag_version, with_bases
from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.seeds.references import reference_rows

# level -> the folder of its models, and the column that says whom a tag describes.
LEVELS = {"person": ("tags/people", "one_id"), "account": ("tags/companies", "account_id")}
REFERENCE = "reference."
BASES = "tags/base"  # what several classes have in common; a part of the rule of each tag that reads it


@dataclass(frozen=True)
class _Row:
    """A row of tags.csv. `place` is its file and number."""

    class_no: str
    class_name: str
    levels: tuple[str, ...]
    place: str


def find_tag_rules(base_parts: BaseParts, models: Mapping[str, Model]) -> tuple[TagRule, ...]:
    """Return the rules of the compiled models, of all `models`. Raises ConfigError with every problem at once.

    A tag must have a row in tags.csv with its class and level, and a row of tags.csv a rule at each of its levels.
    """
    errors: list[SiyuError] = []
    project = base_parts.project
    bases = frozenset(model.name for model in models_in(models.values(), BASES))
    classes = [
        (model, level)
        for level, (folder, _) in LEVELS.items()
        for model in models_in(models.values(), folder)
        if model.name in project.models
    ]
    slices: dict[tuple[str, str], Any] = {}
    for model, level in classes:
        facts = _tag_slices(project, project.models[model.name], LEVELS[level][1], bases)
        slices[model.name, level] = facts["slices"]
        errors += [_not_literal(model, text) for text in facts["unclear"]]
    parts = base_parts.read_by([found for tags in slices.values() for found in tags.values()], bases)
    rules = [
        rule
        for (name, level), tags in slices.items()
        for rule in _rules_of(project, name, level, {code: with_bases(found, parts) for code, found in tags.items()})
    ]
    rows = dict(_declared(project))
    errors += _undeclared(rules, rows, project)
    if not errors:
        errors += _without_rule(rules, rows, project, models)
    raise_all(errors)
    return tuple(sorted(rules))


def _tag_slices(project: Project, model: CompiledModel, owner: str, bases: frozenset[str]) -> Any:
    """Return what decides each tag of a model."""
    read, grains, inputs = slice_inputs(project, model, bases)

    def work() -> dict[str, Any]:
        return tag_slices(model.sql, read, grains, owner, bases)

    return project.cache.remember("tag slices", (owner, *inputs), work)


def _rules_of(project: Project, model: str, level: str, slices: Mapping[str, Any]) -> list[TagRule]:
    """Return the rules of a model, from the slices of its tags."""
    tables = sorted({table for found in slices.values() for table, _, _ in found["rows"]})
    read = {table: project.references[table.removeprefix(REFERENCE)] for table in tables}
    hashes = [[table, reference.sha256] for table, reference in read.items()]

    def work() -> dict[str, str]:
        rows = {table: reference_rows(reference) for table, reference in read.items()}
        return {code: tag_version(found, rows) for code, found in slices.items()}

    versions = project.cache.remember("tag versions", (slices, hashes), work)
    return [TagRule(code, level, model, versions[code], ", ".join(found["sources"])) for code, found in slices.items()]


def _declared(project: Project) -> Iterator[tuple[str, _Row]]:
    table = project.references["tags"]
    for number, row in enumerate(reference_rows(table), start=2):
        levels = tuple(level.strip() for level in row["level"].split(","))
        yield row[CODE], _Row(row["class_no"], row["class"], levels, table.place(number))


def _undeclared(rules: list[TagRule], rows: Mapping[str, _Row], project: Project) -> Iterator[SiyuError]:
    """Yield an error for each rule that tags.csv does not have in this class and at this level, or that has a twin."""
    first: dict[tuple[str, str], TagRule] = {}
    for rule in rules:
        file = project.models[rule.model].model.file
        other = first.setdefault((rule.tag_code, rule.level), rule)
        row = rows.get(rule.tag_code)
        if other is not rule:
            problem = f"{other.model} and {rule.model} both yield the tag {rule.tag_code}"
            yield ConfigError(problem, file, "one model has all rows of a tag: rename one tag, or move its branch.")
        if row is None:
            hint = nearest(rule.tag_code, rows)
            fix = f"add a row with its names, class and level to tags.csv. {hint}".strip()
            yield ConfigError(f"{rule.model} yields the tag {rule.tag_code}, which tags.csv does not have", file, fix)
            continue
        if not _is_class(project.models[rule.model].model, row):
            problem = f"{rule.model} yields the tag {rule.tag_code}, whose class is {row.class_no}_{row.class_name}"
            yield ConfigError(problem, file, f"move it to the model of that class, or correct {row.place}.")
        if rule.level not in row.levels:
            problem = f"{rule.model} yields the tag {rule.tag_code} at level {rule.level}, but tags.csv has it only at"
            fix = f"remove the branch, or write person, account as level in {row.place}."
            yield ConfigError(f"{problem} level {', '.join(row.levels)}", file, fix)


def _is_class(model: Model, row: _Row) -> bool:
    """Return whether a model is named after a class: 16_value, or 16_value_… where one table has the name already."""
    number, _, name = model.table.partition("_")
    is_number = number.isdigit() and row.class_no.isdigit() and int(number) == int(row.class_no)
    return is_number and f"{name}_".startswith(f"{row.class_name}_")


def _without_rule(
    rules: list[TagRule], rows: Mapping[str, _Row], project: Project, models: Mapping[str, Model]
) -> Iterator[SiyuError]:
    """Yield an error for each level of a row of tags.csv without a rule. A part of the models says nothing about it."""
    known = {(rule.tag_code, rule.level) for rule in rules}
    for level, (folder, _) in LEVELS.items():
        if any(model.name not in project.models for model in models_in(models.values(), folder)):
            continue
        for code, row in rows.items():
            if level in row.levels and (code, level) not in known:
                yield ConfigError(
                    f"no model of {folder} yields the tag {code}",
                    row.place,
                    f"add a branch with '{code}' as tag_code to models/{folder}/{row.class_no}_{row.class_name}.sql, "
                    "or remove the row or its level.",
                )


def _not_literal(model: Model, text: str) -> SiyuError:
    return ConfigError(
        f"{model.name} has {text} as tag_code, so siyu cannot tell the rule of each tag",
        model.file,
        "write the code as a text in each branch of a union: 'my_tag' as tag_code.",
    )
