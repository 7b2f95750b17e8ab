"""Identifier types (reference/identifier_types.csv), validated, for models and record shapes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from siyu.engines.sql import quoted
from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.seeds.placeholders import Placeholders

COLUMNS = (
    "id_type", "entity", "strength", "is_unique", "max_neighbours", "counts_to_size", "valid_regex", "parts", "is_pii",
    "description",
)  # fmt: skip
ENTITIES = ("person", "company")
NAME = re.compile(r"[a-z][a-z0-9_]*")
JOINED_BY = "+"
RESERVED = "record"  # record:<channel>:<record_id> names a record


@dataclass(frozen=True)
class IdentifierType:
    """A type of identifier.

    `strength` 1 is the strongest. None means that the type identifies only as a part of a composite type. `parts` are
    the types that a composite type consists of.
    """

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
        """The column name: a composite `landline+company_name` becomes `landline_and_company_name`."""
        return self.id_type.replace(JOINED_BY, "_and_")

    @property
    def documented(self) -> str:
        """The comment of its columns, with [pii] if the type is personal."""
        return ("[pii] " if self.is_pii else "") + self.description


@dataclass(frozen=True)
class IdentifierTypes:
    """All types, in file order, and the placeholders, which identify nobody in any type."""

    types: Mapping[str, IdentifierType]
    placeholders: Placeholders = field(default_factory=Placeholders)

    @property
    def simple(self) -> tuple[IdentifierType, ...]:
        """Types that are not composite. Each is a column of the record shapes."""
        return tuple(one for one in self.types.values() if not one.parts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about settings that are allowed, but probably not intended."""
        return tuple(
            f"{one.id_type} is composite and does not count towards the size of a {one.entity}: the size limit does not"
            " stop it from joining too many. Set counts_to_size to true, unless a person really has that many."
            for one in self.types.values()
            if one.parts and not one.counts_to_size
        )

    def of(self, entity: str) -> tuple[str, ...]:
        """Return the types that identify an entity, including composites. Raises ConfigError if there are none."""
        found = tuple(t.id_type for t in self.types.values() if t.entity == entity and t.strength is not None)
        if not found:
            raise ConfigError(f"no identifier type identifies a {entity}", "", nearest(entity, ENTITIES))
        return found

    def named(self, id_type: str) -> IdentifierType:
        """Return one type. Raises ConfigError if it is unknown."""
        if id_type not in self.types:
            raise ConfigError(f"unknown identifier type {id_type}", "", nearest(id_type, self.types))
        return self.types[id_type]

    def value_sql(self, id_type: str) -> str:
        """Return SQL that computes the identifier from the columns of a record.

        The value of a composite is its parts joined by |, or NULL if a part is missing or invalid.
        """
        one = self.named(id_type)
        if not one.parts:
            return one.column
        valid = " and ".join(_is_valid(self.types[part]) for part in one.parts)
        joined = " || '|' || ".join(f"replace(replace({part}, '%', '%25'), '|', '%7C')" for part in one.parts)
        return f"case when {valid} then {joined} end"


def _is_valid(part: IdentifierType) -> str:
    pattern = part.valid_regex
    return f"regexp_matches({part.column}, {quoted(pattern)})" if pattern else f"{part.column} is not null"


def identifier_functions(types: IdentifierTypes) -> dict[str, Callable[..., Any]]:
    """Return the template functions for identifier types, by name."""

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

    def shape_identifiers() -> tuple[str, ...]:
        return tuple(one.column for one in types.simple)

    placeholder = types.placeholders.placeholder
    functions: tuple[Callable[..., Any], ...] = (
        id_types, id_column, id_value, id_parts, id_regex, shape_identifiers, placeholder,
    )  # fmt: skip
    return {function.__name__: function for function in functions}


def load_identifier_types(
    rows: Sequence[Mapping[str, str]],
    where: str,
    placeholders: Placeholders | None = None,
    place: Callable[[int], str] | None = None,
) -> IdentifierTypes:
    """Read the rows of identifier_types.csv. Raises ConfigError with every problem. `place`: as in table_errors."""
    edited = place or (lambda number: f"{where}, row {number}")
    found: dict[str, IdentifierType] = {}
    errors: list[SiyuError] = []
    for number, row in enumerate(rows, start=2):
        problems = _problems(row, found)
        errors += [ConfigError(problem, edited(number), fix) for problem, fix in problems]
        if not problems:
            one = _parse(row)
            found[one.id_type] = one
    listed = {row["id_type"] for row in rows}
    columns = Counter(one.column for one in found.values())
    errors += [
        ConfigError(f"two types have the column {column}", where, "rename the type without parts.")
        for column, count in columns.items()
        if count > 1
    ]
    for one in found.values():
        errors += [
            ConfigError(f"{one.id_type} consists of {part}, which is not a type", where, nearest(part, listed))
            for part in one.parts
            if part not in listed
        ]
        errors += [
            ConfigError(f"{one.id_type} consists of {part}, which has parts itself", where, "list its parts instead.")
            for part in one.parts
            if part in found and found[part].parts
        ]
    raise_all(errors)
    return IdentifierTypes(found, placeholders or Placeholders())


def _problems(row: Mapping[str, str], before: Mapping[str, IdentifierType]) -> list[tuple[str, str]]:
    """Return a (problem, fix) for each problem of a row. `before` holds the valid types of earlier rows."""
    name, parts = row["id_type"], _parts(row)
    found = []
    if name in before:
        found.append((f"{name} is listed twice", "remove one of the rows."))
    if not parts and not NAME.fullmatch(name):
        found.append((f"{name!r} is not a column name", "use lower case, digits and _."))
    if name == RESERVED:
        found.append((f"{name} is not free: record:<channel>:<record_id> names a record", "choose another name."))
    if parts and name != JOINED_BY.join(parts):
        found.append((f"{name} consists of {row['parts']}", f"name it {JOINED_BY.join(parts)}, after its parts."))
    if row["entity"] not in ENTITIES:
        found.append((f"the entity of {name} is {row['entity']!r}", "write person or company."))
    if parts and not row["strength"]:
        found.append((f"the composite {name} has no strength", "set one: a composite must be able to identify."))
    for column in ("strength", "max_neighbours"):
        if row[column] and not re.fullmatch("[1-9][0-9]{0,8}", row[column]):
            found.append(
                (f"the {column} of {name} is {row[column]!r}", "write a whole number of 1 or more, or leave it empty.")
            )
    for column in ("is_unique", "counts_to_size", "is_pii"):
        if row[column] not in ("true", "false"):
            found.append((f"the {column} of {name} is {row[column]!r}", "write true or false."))
    try:
        re.compile(row["valid_regex"])
    except re.error as error:
        found.append(
            (f"the valid_regex of {name} is not a regular expression: {error}", "correct it, or leave it empty.")
        )
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
