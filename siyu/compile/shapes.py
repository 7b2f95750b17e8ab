"""Record shapes, and union_shape(): the union of all staging models of a shape, over the enabled channels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from siyu.compile.template import Rendered
from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.placeholders import PERSON_NAME, scope_of

BEGINNING = (
    ("channel", "varchar", "Channel code, as in seeds/channels."),
    ("record_id", "varchar", "[pii] <export>:<key>: the exported row this record comes from."),
    ("landed_seq", "bigint", "Number of the landing that brought this version."),
)
SUPERSEDED = "__superseded"


@dataclass(frozen=True)
class ShapeColumn:
    """A column of a record shape. `is_bound`: records in which it lies after as_of do not count."""

    name: str
    type: str
    description: str
    is_bound: bool = False


@dataclass(frozen=True)
class Shapes:
    """All record shapes. A shape has the columns of BEGINNING, those of the identifiers, and its own."""

    columns: dict[str, tuple[ShapeColumn, ...]]
    identifiers: IdentifierTypes

    def of(self, shape: str) -> tuple[ShapeColumn, ...]:
        """Return the columns of a shape in order. Raises ConfigError for an unknown shape."""
        if shape not in self.columns:
            raise ConfigError(
                f"there is no record shape {shape}", "reference/record_shapes.csv", nearest(shape, self.columns)
            )
        return self.columns[shape]

    def cleaned(self, shape: str) -> dict[str, str]:
        """Return the SQL of each identifier and name of a shape, without outer blanks.

        The name of a person is NULL if it is a placeholder. A placeholder as an identifier is kept, so that identity
        blocks it and the audit shows it.
        """
        return {column.name: self._cleaned[column.name] for column in self.of(shape) if column.name in self._cleaned}

    def meaningless(self, shape: str) -> dict[str, str]:
        """Return the condition for a placeholder, by identifier and name of a shape whose type does not exclude it."""
        found = self._meaningless
        return {column.name: found[column.name] for column in self.of(shape) if column.name in found}

    @cached_property
    def _cleaned(self) -> dict[str, str]:
        found = {one.column: f"fn_trim({one.column})" for one in self.identifiers.simple}
        return {**found, PERSON_NAME: self.identifiers.placeholders.name_sql(PERSON_NAME)}

    @cached_property
    def _meaningless(self) -> dict[str, str]:
        words = self.identifiers.placeholders
        scopes = {one.column: scope_of(one.column) for one in self.identifiers.simple}
        found = {
            one.column: words.condition(scopes[one.column], one.column)
            for one in self.identifiers.simple
            if words.fit(scopes[one.column], one.valid_regex)
        }
        return {**found, PERSON_NAME: words.condition("person_name", PERSON_NAME)}


def load_shapes(shape_rows: list[dict[str, str]], identifiers: IdentifierTypes) -> Shapes:
    """Build the shapes from the rows of record_shapes.csv and the identifier types.

    Raises ConfigError for each identifier type that has the name of a column: a record would have two such columns.
    """
    types = {one.column for one in identifiers.simple}
    raise_all(
        [
            ConfigError(
                f"{row['column_name']} is an identifier type, but also a column of the shape {row['shape']}",
                "reference/identifier_types.csv",
                "give the type another name, and keep the column as given.",
            )
            for row in shape_rows
            if row["column_name"] in types
        ]
    )
    first = [ShapeColumn(*column) for column in BEGINNING]
    first += [ShapeColumn(one.column, "varchar", one.documented) for one in identifiers.simple]
    columns: dict[str, tuple[ShapeColumn, ...]] = {}
    for row in shape_rows:
        mark = "[pii] " if row["is_pii"] == "true" else ""
        column = ShapeColumn(row["column_name"], row["type"], f"{mark}{row['description']}", row["is_bound"] == "true")
        columns[row["shape"]] = (*columns.get(row["shape"], tuple(first)), column)
    return Shapes(columns, identifiers)


def check_staging(rendered: Rendered, columns: list[str], shapes: Shapes) -> None:
    """Raise ConfigError, with all problems at once, if the columns of a staging model do not fit its shape."""
    wanted = {column.name for column in shapes.of(rendered.model.shape or "")}
    errors: list[SiyuError] = [
        ConfigError(
            f"{rendered.model.name} yields {name}, which is not a column of the shape {rendered.model.shape}",
            rendered.model.file,
            nearest(name, wanted),
        )
        for name in columns
        if name not in wanted
    ]
    for name, _type, _text in BEGINNING:
        if name not in columns:
            errors.append(
                ConfigError(
                    f"{rendered.model.name} does not yield {name}",
                    rendered.model.file,
                    "every record begins with channel, record_id, landed_seq.",
                )
            )
    raise_all(errors)


def union_sql(shape: str, parts: Mapping[str, list[str]], shapes: Shapes, *, bounded: bool, beyond: bool) -> str:
    """Return the SQL of the union, with the columns in the shape's order, typed and commented.

    `parts` maps a staging relation to its columns. `bounded` keeps only records up to as_of, `beyond` only the others.
    Identifiers and names lose blanks and invisible characters around them, whatever staging does.
    """
    columns = shapes.of(shape)
    selects = [
        "    select\n"
        + ",\n".join(f"        {_value(c, held)} as {c.name}" for c in columns)
        + f"\n    from {relation}"
        for relation, held in parts.items()
    ] or ["    select\n" + ",\n".join(f"        {_value(c, [])} as {c.name}" for c in columns) + "\n    where false"]
    bounds = [_limit(column) for column in columns if column.is_bound]
    limit = "".join(f"\nwhere not coalesce({b}, false)" if beyond else f"\nwhere {b}" for b in bounds)
    limit = limit if bounded or beyond else ""
    body = "\n    union all\n".join(selects)
    cleaned = {name: sql for name, sql in shapes.cleaned(shape).items() if any(name in held for held in parts.values())}
    return f"select\n{_documented(columns, cleaned)}\nfrom (\n{body}\n) as records{limit}"


def _limit(column: ShapeColumn) -> str:
    return f"{column.name} <= fn_as_of()" if column.type == "date" else f"{column.name} < fn_as_of_end()"


def _documented(columns: tuple[ShapeColumn, ...], cleaned: Mapping[str, str]) -> str:
    lines = []
    for i, column in enumerate(columns):
        comma = "," if i + 1 < len(columns) else ""
        value = f"{cleaned[column.name]} as {column.name}" if column.name in cleaned else column.name
        lines.append(f"    {value}{comma}  -- {column.description}")
    return "\n".join(lines)


def _value(column: ShapeColumn, held: list[str]) -> str:
    if column.name not in held:
        return f"cast(null as {column.type})"
    return f"cast({column.name} as {column.type})"
