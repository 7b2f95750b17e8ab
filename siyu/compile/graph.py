"""The build order of models, and their selection as in dbt: model, +model, model+, schema.*, or several of these."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from graphlib import CycleError, TopologicalSorter

from siyu.compile.model_files import BUSINESS
from siyu.errors import ConfigError, SiyuError, nearest, raise_all

Graph = Mapping[str, AbstractSet[str]]


def order(graph: Graph) -> list[str]:
    """Return the names so that each follows those it reads; ties are sorted by name. Raises ConfigError for a cycle."""
    sorter = TopologicalSorter({name: graph[name] & graph.keys() for name in sorted(graph)})
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = [str(name) for name in error.args[1]]
        raise ConfigError(
            f"models read each other in a circle: {' -> '.join(reversed(cycle))}",
            cycle[0],
            "remove one of these refs.",
        ) from error
    found: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += ready
        sorter.done(*ready)
    return found


def upstream(graph: Graph, names: Iterable[str]) -> set[str]:
    """Return the names and everything that they read, directly or indirectly."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [item for item in graph[name] if item in graph]
    return found


def downstream(graph: Graph, names: Iterable[str]) -> set[str]:
    """Return the names and everything that reads them, directly or indirectly."""
    readers: dict[str, set[str]] = {name: set() for name in graph}
    for name, reads in graph.items():
        for item in reads & graph.keys():
            readers[item].add(name)
    return upstream(readers, names)


def select(graph: Graph, expressions: Sequence[str], left_out: AbstractSet[str] = frozenset()) -> list[str]:
    """Return the names that any expression selects, in build order; all names if there is none. Raises ConfigError.

    `left_out` are models that the settings leave out.
    """
    if not expressions:
        return order(graph)
    found: set[str] = set()
    errors: list[SiyuError] = []
    for expression in (part for text in expressions for part in text.replace(",", " ").split()):
        core = expression.strip("+")
        matched = {name for name in graph if _matches(name, core)}
        if not matched:
            tables = [name.partition(".")[2] for name in graph]
            fix = not_built([name for name in left_out if _matches(name, core)]) or nearest(core, [*graph, *tables])
            errors.append(ConfigError(f"{expression} selects no model", "--select", fix))
        if expression.startswith("+"):
            found |= upstream(graph, matched)
        if expression.endswith("+"):
            found |= downstream(graph, matched)
        found |= matched
    raise_all(errors)
    return [name for name in order(graph) if name in found]


def not_built(left_out: Iterable[str]) -> str:
    """Say which families to add to the settings for models that these leave out; '' without such models."""
    families = sorted({name.partition(".")[0] for name in left_out})
    return f"the setting families leaves it out: add {', '.join(families)} there." if families else ""


def _matches(name: str, core: str) -> bool:
    schema, _, table = name.partition(".")
    return name == core or (table == core and schema != BUSINESS) or fnmatch.fnmatchcase(name, core)
