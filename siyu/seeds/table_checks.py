"""How tables that people edit are checked: the fields of a row, a row by itself, and rows against each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from siyu.errors import ConfigError, SiyuError
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.rule_rows import field_problems

Cells = Mapping[str, str]
Rows = Sequence[tuple[int, Cells]]
Found = Iterator[tuple[str, str]]  # problem, fix
FoundAt = Iterator[tuple[int | None, str, str]]  # row, problem, fix; no row where one is missing


def _no_check(row: Cells, types: IdentifierTypes) -> Found:
    yield from ()


def _no_check_of_all(rows: Rows) -> FoundAt:
    yield from ()


@dataclass(frozen=True)
class Table:
    """How to check one table.

    `unique`: sets of columns in which no two rows may be equal. `alike`: (columns that form a group, columns that must
    be equal within a group). `names`: values that the first unique column must contain. `of_row` checks a single row,
    `of_all` all rows together.
    """

    row: type[BaseModel]
    unique: tuple[tuple[str, ...], ...] = ()
    alike: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    names: tuple[str, ...] = ()
    of_row: Callable[[Cells, IdentifierTypes], Found] = _no_check
    of_all: Callable[[Rows], FoundAt] = _no_check_of_all


def errors_of(tables: Mapping[str, Reference], checks: Mapping[str, Table], types: IdentifierTypes) -> list[SiyuError]:
    """Return every problem of the tables that `checks` names. All of them must exist and have their columns."""
    return [
        error
        for name, check in checks.items()
        for error in table_errors(
            name, check, reference_rows(tables[name]), types, tables[name].edited, tables[name].place
        )
    ]


def table_errors(
    name: str,
    table: Table,
    cells: Sequence[Cells],
    types: IdentifierTypes,
    where: str,
    place: Callable[[int], str] | None = None,
) -> list[SiyuError]:
    """Return every problem of one table, in the order of its rows. `place` tells where people edit a row."""
    edited = place or (lambda number: f"{where}, row {number}")
    rows = list(enumerate(cells, start=2))
    found: list[tuple[int | None, str, str]] = [
        (number, problem, fix)
        for number, row in rows
        for problem, fix in [*field_problems(table.row, row), *table.of_row(row, types)]
    ]
    found += [problem for columns in table.unique for problem in _duplicates(rows, columns)]
    found += [*_contradictions(rows, *table.alike), *_missing(rows, table.unique, table.names), *table.of_all(rows)]
    return [
        ConfigError(f"{name}: {problem}", where if number is None else edited(number), fix)
        for number, problem, fix in sorted(found, key=lambda problem: problem[0] or 0)
    ]


def grouped(rows: Rows, columns: tuple[str, ...]) -> Mapping[tuple[str, ...], Rows]:
    """Return the rows by the values of some columns."""
    groups: dict[tuple[str, ...], list[tuple[int, Cells]]] = defaultdict(list)
    for number, row in rows:
        groups[tuple(row[column] for column in columns)].append((number, row))
    return groups


def _duplicates(rows: Rows, columns: tuple[str, ...]) -> FoundAt:
    for values, ((first, _), *others) in grouped(rows, columns).items():
        for number, _ in others if any(values) else ():
            said = " ".join(value for value in values if value)
            yield (
                number,
                f"{said} is already in row {first}",
                f"remove one row: both have the same {', '.join(columns)}.",
            )


def _contradictions(rows: Rows, group: tuple[str, ...], columns: tuple[str, ...]) -> FoundAt:
    for values, ((first, model), *others) in grouped(rows, group).items() if group else ():
        for number, row in others:
            for column in columns:
                if row[column] != model[column]:
                    yield (
                        number,
                        f"{column} is {row[column]!r}, but {model[column]!r} in row {first}",
                        f"write the same value in all rows of {' '.join(values)}.",
                    )


def _missing(rows: Rows, unique: tuple[tuple[str, ...], ...], names: tuple[str, ...]) -> FoundAt:
    for name in names:
        if all(row[unique[0][0]] != name for _, row in rows):
            yield None, f"{name} is missing", f"add a row with the {unique[0][0]} {name}."
