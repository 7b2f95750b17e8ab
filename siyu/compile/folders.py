"""Models that are found by their folder: union_models('kpi/figures', …) is the union of all models of that folder.

So a layer adds a KPI or a tag with a file of its own, and need not copy a model of the base layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from siyu.compile.model_files import Model
from siyu.engines.sql import quoted
from siyu.errors import ConfigError, nearest, raise_all


def models_in(models: Iterable[Model], folder: str) -> list[Model]:
    """Return the models of a folder such as kpi/figures, by name.

    A layer that replaces a model may put it into another folder. It stays in every folder that a layer has put it in.
    """
    schema, _, area = folder.partition("/")
    return sorted((m for m in models if m.schema == schema and area in m.areas), key=lambda model: model.name)


def union_of(parts: Iterable[Model], columns: Mapping[str, str], model_column: str) -> str:
    """Return the SQL of the union: the columns, and the name of each row's model, if a column for it is named."""
    listed = list(columns)
    selects = [
        "    select\n        "
        + ",\n        ".join([*listed, *([f"{quoted(part.name)} as {model_column}"] if model_column else [])])
        + f"\n    from {part.relation}"
        for part in parts
    ]
    typed = {**columns, **({model_column: "varchar"} if model_column else {})}
    empty = ",\n        ".join(f"cast(null as {kind}) as {name}" for name, kind in typed.items())
    return "\n    union all\n".join(selects or [f"    select\n        {empty}\n    where false"]).strip()


def check_collected(
    collected: Mapping[str, Mapping[str, str]], models: Iterable[Model], types: Callable[[Model], Mapping[str, str]]
) -> None:
    """Raise ConfigError, with all problems at once, if models of a folder do not yield the columns of its union.

    `collected` are the columns, column -> type, by folder. A model may yield other columns besides.
    """
    known = list(models)
    raise_all(
        [
            error
            for folder, wanted in collected.items()
            for part in models_in(known, folder)
            for error in _column_errors(part, types(part), wanted, folder)
        ]
    )


def _column_errors(
    part: Model, found: Mapping[str, str], wanted: Mapping[str, str], folder: str
) -> Iterator[ConfigError]:
    for name, kind in wanted.items():
        place = f"the models of {folder} yield it"
        if name not in found:
            hint = nearest(name, found.keys() - wanted.keys())
            # A list of the columns that the model does have would not help.
            fix = hint if hint.startswith("did you mean") else f"add the column {name}, as {kind}."
            yield ConfigError(f"{part.name} has no column {name}: {place}", part.file, fix)
        elif _normal(found[name]) != _normal(kind):
            yield ConfigError(
                f"{name} of {part.name} is {found[name].lower()}: {place} as {kind}", part.file, f"cast it to {kind}."
            )


def _normal(kind: str) -> str:
    return kind.replace(" ", "").upper()
