"""What the columns of a model are called and documented as: its grain, and the columns that a materialization adds."""

from __future__ import annotations

from siyu.compile.bind import SNAPSHOT_COLUMNS
from siyu.compile.model_files import Model
from siyu.compile.project import Column
from siyu.errors import ConfigError, nearest

# Columns that a materialization adds.
ADDED_DOCS = {
    "valid_from": "First business date of this version.",
    "valid_to": "Business date it ended; NULL = current.",
    "is_kept": "False = cut, with a reason.",
    "cut_reason": "unique: the group would have two of a unique type; size: too many identifiers.",
    "node_group": "Smallest identifier number in the group of node.",
    "lesser_group": "Smallest identifier number in the group of lesser_node.",
}


def check_grain(model: Model, columns: set[str]) -> None:
    """Raise ConfigError if a model does not yield a column of its grain."""
    for column in model.grain:
        if column not in columns:
            raise ConfigError(
                f"the grain of {model.name} names {column}, which it does not yield",
                f"{model.file}:1",
                nearest(column, columns - SNAPSHOT_COLUMNS.keys()),
            )


def documentation(column: Column | None, name: str) -> tuple[str, bool, bool]:
    """Return description, pii and public of a column. None stands for a column that a materialization adds."""
    if column is not None:
        return column.description, column.pii, column.public
    return ADDED_DOCS[name], False, False
