"""Identifier types: reference/identifier_types.csv, checked whole, as models and record shapes need it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from siyu.engines.sql import quoted
from siyu.errors import ConfigError, SiyuError, nearest, raise_all

COLUMNS = (
    "id_type", "entity", "strength", "is_unique", "max_neighbours", "counts_to_size", "valid_regex", "parts", "is_pii",
    "description",
)  # fmt: skip
ENTITIES = ("person", "company")
NAME = re.compile(r"[a-z][a-z0-9_]*")
JOINED_BY = "+"


@dataclass(frozen=True)
class IdentifierType:
    """A type of identifier. `strength` 1 is the strongest; None: it never identifies alone, only as a part of a
    composite type. `parts` are the types a composite consists of."""

    id_type: str
    entity: str
    strength: int | None
    is_unique: bool
    max_neighbours: int | None
    counts_to_size: bool
    valid_regex: str
    parts: tuple[str, ...]
    is_pii: bool
    description: str

    @property
    def column(self) -> str:
        """Its name as a column: a composite's `landline+company_name` is no plain name."""
        return self.id_type.replace(JOINED_BY, "_and_")

    @property
    def documented(self) -> str:
        """The comment of its columns."""
        return ("[pii] " if self.is_pii else "") + self.description


@dataclass(frozen=True)
class IdentifierTypes:
    """All types, in the order of the file."""

    types: Mapping[str, IdentifierType]

    @property
    def simple(self) -> tuple[IdentifierType, ...]:
        """Types that are a column of the record shapes."""
        return tuple(one for one in self.types.values() if not one.parts)

    def of(self, entity: str) -> tuple[str, ...]:
        """Types that identify one of an entity, composites included. Raises ConfigError for an entity without any."""
        found = tuple(t.id_type for t in self.types.values() if t.entity == entity and t.strength is not None)
        if not found:
            raise ConfigError(f"no identifier belongs to a {entity}", "", nearest(entity, ENTITIES))
        return found

    def named(self, id_type: str) -> IdentifierType:
        """One type. Raises ConfigError for one nobody declared."""
        if id_type not in self.types:
            raise ConfigError(f"there is no identifier type {id_type}", "", nearest(id_type, self.types))
        return self.types[id_type]

    def value_sql(self, id_type: str) -> str:
        """The identifier of a record as SQL over its columns; a composite's is its parts joined by |, NULL where one is
        missing or is no valid one."""
        one = self.named(id_type)
        if not one.parts:
            return one.column
        valid = " and ".join(_is_valid(self.types[part]) for part in one.parts)
        joined = " || '|' || ".join(f"replace(replace({part}, '%', '%25'), '|', '%7C')" for part in one.parts)
        return f"case when {valid} then {joined} end"


def _is_valid(part: IdentifierType) -> str:
    pattern = part.valid_regex
    return f"regexp_matches({part.column}, {quoted(pattern)})" if pattern else f"{part.column} is not null"


def identifier_functions(types: IdentifierTypes) -> dict[str, Callable[[str], Any]]:
    """What templates may ask of identifier types."""

    def id_types(entity: str) -> tuple[str, ...]:
        return types.of(entity)

    def id_column(id_type: str) -> str:
        return types.named(id_type).column

    def id_value(id_type: str) -> str:
        return types.value_sql(id_type)

    def id_parts(id_type: str) -> tuple[str, ...]:
        return types.named(id_type).parts

    def id_regex(id_type: str) -> str:
        return types.named(id_type).valid_regex.replace("'", "''")

    return {f.__name__: f for f in (id_types, id_column, id_value, id_parts, id_regex)}


def load_identifier_types(rows: Sequence[Mapping[str, str]], where: str) -> IdentifierTypes:
    """From the rows of identifier_types.csv. Raises ConfigError, every problem told at once."""
    found: dict[str, IdentifierType] = {}
    errors: list[SiyuError] = []
    for number, row in enumerate(rows, start=2):
        problems = _problems(row, found)
        errors += [ConfigError(problem, f"{where}, row {number}", fix) for problem, fix in problems]
        if not problems:
            one = _parse(row)
            found[one.id_type] = one
    listed = {row["id_type"] for row in rows}
    columns = Counter(one.column for one in found.values())
    errors += [
        ConfigError(f"two types have the column {column}", where, "rename the simple one.")
        for column, count in columns.items()
        if count > 1
    ]
    for one in found.values():
        errors += [
            ConfigError(f"{one.id_type} consists of {part}, which is no type", where, nearest(part, listed))
            for part in one.parts
            if part not in listed
        ]
        errors += [
            ConfigError(f"{one.id_type} consists of {part}, which has parts itself", where, "name its parts.")
            for part in one.parts
            if part in found and found[part].parts
        ]
    raise_all(errors)
    return IdentifierTypes(found)


def _problems(row: Mapping[str, str], before: Mapping[str, IdentifierType]) -> list[tuple[str, str]]:
    """(problem, fix) of one row."""
    name, parts = row["id_type"], _parts(row)
    found = []
    if name in before:
        found.append((f"{name} stands there twice", "take one away."))
    if not parts and not NAME.fullmatch(name):
        found.append((f"{name!r} is no name of a column", "use lower case, digits and _."))
    if parts and name != JOINED_BY.join(parts):
        found.append((f"{name} consists of {row['parts']}", f"call it {JOINED_BY.join(parts)}, as its parts stand."))
    if row["entity"] not in ENTITIES:
        found.append((f"{name} belongs to {row['entity']!r}", "write person or company."))
    if parts and not row["strength"]:
        found.append((f"the composite {name} has no strength", "give it one: it is there to identify."))
    for column in ("strength", "max_neighbours"):
        if row[column] and not re.fullmatch("[1-9][0-9]{0,8}", row[column]):
            found.append((f"the {column} of {name} is {row[column]!r}", "write a whole number from 1, or nothing."))
    for column in ("is_unique", "counts_to_size", "is_pii"):
        if row[column] not in ("true", "false"):
            found.append((f"the {column} of {name} is {row[column]!r}", "write true or false."))
    try:
        re.compile(row["valid_regex"])
    except re.error as error:
        found.append((f"the valid_regex of {name} is no regular expression: {error}", "mend it, or leave it empty."))
    return found


def _parts(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(part.strip() for part in row["parts"].split(JOINED_BY)) if row["parts"] else ()


def _parse(row: Mapping[str, str]) -> IdentifierType:
    return IdentifierType(
        id_type=row["id_type"],
        entity=row["entity"],
        strength=int(row["strength"]) if row["strength"] else None,
        is_unique=row["is_unique"] == "true",
        max_neighbours=int(row["max_neighbours"]) if row["max_neighbours"] else None,
        counts_to_size=row["counts_to_size"] == "true",
        valid_regex=row["valid_regex"],
        parts=_parts(row),
        is_pii=row["is_pii"] == "true",
        description=row["description"],
    )
