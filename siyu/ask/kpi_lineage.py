"""Where the figures of a KPI come from: its columns, through the models that they pass, to the exports of channels."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.ask.evidence import Row
from siyu.ask.lookup import Lookup

EXPORT, REFERENCE, PREVIOUS = "raw.", "reference.", "previous."
# The way from a record to a person is that of siyu explain: any channel may have a part in it.
OWNERS = "identity."
# The calendar and the members of people and companies are shown, but not followed: everything leads to them.
ENDS = ("kpi.business_day", "kpi.kpi_entity_member")
FIGURES = ("as_of_date", "numerator", "denominator", "value")


def kpi_lineage(lookup: Lookup, model: str, columns: Sequence[str] = FIGURES) -> Row:
    """Return the steps from a model to the exports that its columns are made of. Ready for JSON.

    A step is a model, a source that it reads, and the columns there. Models of schema identity, the calendar and
    the members of dimensions are not followed. Columns that only filter or join are not part of it.
    """
    found: dict[tuple[str, str], set[str]] = {}
    todo = {(model, column) for column in columns}
    seen: set[tuple[str, str]] = set()
    edges = _edges(lookup)
    while todo:
        seen |= todo
        reached = set()
        for at in sorted(todo):
            for source, column in edges.get(at, []):
                found.setdefault((at[0], source), set()).add(column)
                if not source.startswith((EXPORT, REFERENCE, PREVIOUS, OWNERS, *ENDS)):
                    reached.add((source, column))
        todo = reached - seen
    steps: list[Row] = [
        {"model": reader, "source": source, "columns": sorted(names)} for (reader, source), names in found.items()
    ]
    places: dict[str, int] = {}
    for step in steps:
        places.setdefault(step["model"], len(places))
    steps.sort(key=lambda step: places[step["model"]])
    return {"model": model, "columns": list(columns), "steps": steps, "exports": _exports(steps),
            "references": _named(steps, REFERENCE), "previous": _named(steps, PREVIOUS),
            "has_people": any(step["source"].startswith(OWNERS) for step in steps)}  # fmt: skip


def _edges(lookup: Lookup) -> dict[tuple[str, str], list[tuple[str, str]]]:
    rows = lookup.session.rows(
        f"select model, column_name, source_model, source_column from {lookup.relation('column_lineage', 'ops')}"
        " order by all"
    )
    edges: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for model, column, source, source_column in rows:
        edges.setdefault((model, column), []).append((source, source_column))
    return edges


def _exports(steps: Sequence[Row]) -> list[Row]:
    """Return channel, export and columns of each export that is reached."""
    found: dict[str, set[str]] = {}
    for step in steps:
        if step["source"].startswith(EXPORT):
            found.setdefault(step["source"].removeprefix(EXPORT), set()).update(step["columns"])
    parts = ((name.partition("__"), columns) for name, columns in sorted(found.items()))
    return [
        {"channel": channel, "export": export, "columns": sorted(columns)} for (channel, _, export), columns in parts
    ]


def _named(steps: Sequence[Row], prefix: str) -> list[str]:
    return sorted({step["source"].removeprefix(prefix) for step in steps if step["source"].startswith(prefix)})
