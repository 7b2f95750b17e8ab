"""Match the header of a file with the columns of a contract. Letter case, blanks, full or half width and invisible
characters make no difference."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

from siyu.engines.base import Session
from siyu.errors import FileRejected
from siyu.landing.readers.workbook import folded
from siyu.masking import masked
from siyu.seeds.channels import Column, Export

FIRST_RECORDS = 1000  # searched for fields that the contract ignores
SHOWN_NAMES, SIMILAR = 3, 0.6
INVISIBLE = ("Cf", "Cc")  # zero-width characters, marks of direction, byte order marks, control characters


def matched_header(export: Export, cells: list[str], path: Path) -> list[str]:
    """Return a name for each cell: the contract's name of the column in the file, or else the cell without invisible
    characters.

    An exact name wins over a similar one, and an earlier name of a column over a later one. Raises FileRejected if two
    similar cells fit one column.
    """
    own = {cell for column, item in export.columns.items() for cell in item.names(column)}
    owners = Counter(
        text for column, item in export.columns.items() for text in {folded(n) for n in item.names(column)}
    )
    found: dict[int, str] = {}
    for column, item in export.columns.items():
        names = item.names(column)
        places = [cells.index(name) for name in names if name in cells][:1]
        if not places:
            alike = {folded(name) for name in names if owners[folded(name)] == 1}
            places = [i for i, cell in enumerate(cells) if cell not in own and folded(cell) in alike]
        if len(places) > 1:
            both = " and ".join(shown(cells[i]) for i in places)
            raise FileRejected(
                f"the header has {masked(both)}, which both match the column {column}",
                path.name,
                f"write the name that counts into the contract, as the path of {column}.",
            )
        found |= dict.fromkeys(places, names[0])
    plain = Counter([*found.values(), *(visible(cell) for i, cell in enumerate(cells) if i not in found)])
    return [found.get(i) or (visible(cell) if plain[visible(cell)] == 1 else cell) for i, cell in enumerate(cells)]


def respelled(export: Export, cells: list[str], header: list[str]) -> list[str]:
    """Return the cells whose text is not the name that they are read as. Outer blanks do not count."""
    known = {name for column, item in export.columns.items() for name in item.names(column)}
    return [
        shown(cell)
        for cell, name in zip(cells, header, strict=True)
        if cell.strip() != name and cell.strip() not in known
    ]


def alike_fields(export: Export, fields: list[str]) -> Export:
    """Return the contract with more paths: fields at the top level of JSON records that differ from a field of the
    contract only in letter case, blanks, width or invisible characters. Returns the same object if there are none."""
    tops = {path.split(".")[0] for name, column in export.columns.items() for path in column.names(name)}
    alike: dict[str, list[str]] = {}
    for item in sorted(set(fields) - tops):
        alike.setdefault(folded(item), []).append(item)
    columns: dict[str, Column] = {}
    for name, column in export.columns.items():
        more = []
        for path in column.names(name):
            top, dot, rest = path.partition(".")
            more += [item + dot + rest for item in alike.get(folded(top), ()) if top != "$"]
        if more:
            columns[name] = column.model_copy(update={"former": (*column.former, *more)})
    return export.model_copy(update={"columns": {**export.columns, **columns}}) if columns else export


def unknown_fields(session: Session, read: str, relation: str, export: Export) -> list[str]:
    """Return the fields at the top level that the contract does not know; `read` has them in `_extra`. If the contract
    ignores them, only the first records are searched."""
    records = f"select _extra as j from {read} where _extra is not null"
    if export.extra_columns == "ignore":
        records = (
            f"select j from (select json as j from {relation} limit {FIRST_RECORDS}) where json_type(j) = 'OBJECT'"
        )
    return [row[0] for row in session.rows(f"select distinct unnest(json_keys(j)) as k from ({records}) order by k")]


def visible(cell: str) -> str:
    """Return a cell of the header without invisible characters and outer blanks."""
    return "".join(c for c in cell if c.isspace() or unicodedata.category(c) not in INVISIBLE).strip()


def shown(cell: str) -> str:
    """Return a cell of the header with its invisible characters as codes, such as Mobile\\u200b."""
    return "".join(f"\\u{ord(c):04x}" if unicodedata.category(c) in INVISIBLE else c for c in cell.strip())


def renamed_to(export: Export, column: str, new: Sequence[str]) -> list[str]:
    """Return the new names that a missing column may have now: those of a similar name, else all if they are few."""
    names = [folded(name) for name in export.columns[column].names(column)] if column in export.columns else [column]
    similar = [
        name for name in new if any(SequenceMatcher(None, folded(name), old).ratio() >= SIMILAR for old in names)
    ]
    return (similar or (list(new) if len(new) <= SHOWN_NAMES else []))[:SHOWN_NAMES]
