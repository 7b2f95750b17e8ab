"""Record shapes: union_shape() writes the union of every enabled channel's staging of a shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from siyu.compile.template import Rendered
from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.seeds.identifier_types import IdentifierTypes

BEGINNING = (
    ("channel", "varchar", "Channel code, as in seeds/channels."),
    ("record_id", "varchar", "[pii] <export>:<key>: the exported row this record comes from."),
    ("landed_seq", "bigint", "Number of the landing that brought this version."),
)
SUPERSEDED = "__superseded"


@dataclass(frozen=True)
class ShapeColumn:
    """A column of a record shape; `is_bound` marks the moment that as_of bounds."""

    name: str
    type: str
    description: str
    is_bound: bool = False


@dataclass(frozen=True)
class Shapes:
    """All record shapes: the columns each begins with, the identifiers, and its own."""

    columns: dict[str, tuple[ShapeColumn, ...]]
    identifiers: IdentifierTypes

    def of(self, shape: str) -> tuple[ShapeColumn, ...]:
        """Columns of a shape in order. Raises ConfigError for one nobody declared."""
        if shape not in self.columns:
            raise ConfigError(
                f"there is no record shape {shape}", "reference/record_shapes.csv", nearest(shape, self.columns)
            )
        return self.columns[shape]


def load_shapes(shape_rows: list[dict[str, str]], identifiers: IdentifierTypes) -> Shapes:
    """From record_shapes.csv and the identifier types."""
    first = [ShapeColumn(*column) for column in BEGINNING]
    first += [ShapeColumn(one.column, "varchar", one.documented) for one in identifiers.simple]
    columns: dict[str, tuple[ShapeColumn, ...]] = {}
    for row in shape_rows:
        mark = "[pii] " if row["is_pii"] == "true" else ""
        column = ShapeColumn(row["column_name"], row["type"], f"{mark}{row['description']}", row["is_bound"] == "true")
        columns[row["shape"]] = (*columns.get(row["shape"], tuple(first)), column)
    return Shapes(columns, identifiers)


def check_staging(rendered: Rendered, columns: list[str], shapes: Shapes) -> None:
    """A staging model yields only columns of its shape. Raises ConfigError, all at once."""
    wanted = {column.name for column in shapes.of(rendered.model.shape or "")}
    errors: list[SiyuError] = [
        ConfigError(
            f"{rendered.model.name} yields {name}, which is no column of the shape {rendered.model.shape}",
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
                    f"{rendered.model.name} lacks {name}",
                    rendered.model.file,
                    "every record begins with channel, record_id, landed_seq.",
                )
            )
    raise_all(errors)


def union_sql(shape: str, parts: Mapping[str, list[str]], shapes: Shapes, *, bounded: bool, beyond: bool) -> str:
    """`parts` maps a staging relation to its columns. Columns come in the shape's order, typed, with comments.
    `bounded`: up to as_of only; `beyond`: only what that leaves out."""
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
    return f"select\n{_documented(columns)}\nfrom (\n{body}\n) as records{limit}"


def _limit(column: ShapeColumn) -> str:
    return f"{column.name} <= fn_as_of()" if column.type == "date" else f"{column.name} < fn_as_of_end()"


def _documented(columns: tuple[ShapeColumn, ...]) -> str:
    lines = []
    for i, column in enumerate(columns):
        comma = "," if i + 1 < len(columns) else ""
        lines.append(f"    {column.name}{comma}  -- {column.description}")
    return "\n".join(lines)


def _value(column: ShapeColumn, held: list[str]) -> str:
    return f"cast({column.name if column.name in held else 'null'} as {column.type})"
