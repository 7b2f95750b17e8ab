"""Rows that a layer adds to a reference table of the layers below: seeds/reference/<table>.add.csv.

The key of a table says which rows are replaced (seeds/reference_keys.yml).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.layers import read_yaml_file
from siyu.settings import Settings

ENDING = ".add"
KEYS = "reference_keys.yml"
APPENDED = "identity_rules"  # a key would replace decisions

Key = tuple[str, ...]


@dataclass(frozen=True)
class MergedTable:
    """A table with added rows: its CSV text, and the file and the row number there from which each row comes."""

    content: bytes
    rows_from: tuple[tuple[Path, int], ...]


def load_keys(settings: Settings) -> dict[str, Key]:
    """Return table -> key. A later layer may change a key. Raises ConfigError with every problem."""
    found: dict[str, Key] = {}
    errors: list[SiyuError] = []
    for root in settings.roots:
        path = root / "seeds" / KEYS
        if not path.is_file():
            continue
        file = read_yaml_file(path.read_text(encoding="utf-8"), str(path))
        if not isinstance(file.data or {}, dict):
            errors.append(ConfigError(f"{KEYS} must be a mapping", str(path), "write lines like kpis: [kpi_code]."))
            continue
        for table, key in (file.data or {}).items():
            if isinstance(key, list) and key and all(isinstance(column, str) for column in key):
                found[str(table)] = tuple(key)
            else:
                errors.append(
                    ConfigError(
                        f"the key of {table} is not a list of columns",
                        f"{path}:{file.lines.get(str(table), 1)}",
                        "write it like kpis: [kpi_code].",
                    )
                )
    raise_all(errors)
    return found


def merged(table: str, whole: Path, added: Sequence[Path], keys: Mapping[str, Key]) -> MergedTable:
    """Return the rows of `whole` with those of each added file in turn.

    A row whose key is there already replaces it, at its place; columns that the added file does not have keep their
    value. Other rows follow, with those columns empty. All files must be readable CSV with one header.
    """
    header, *rows = _read(whole)
    if table not in keys or table == APPENDED:
        why = "because no key of it is declared" if table not in keys else "because a decision has no key"
        fix = f"declare it in seeds/{KEYS} of the layer, such as {table}: [{header[0]}], or replace the whole table."
        appended = f"append them to {table}.csv, as siyu link, unlink and exclude do."
        raise ConfigError(
            f"rows cannot be added to {table}, {why}", str(added[0]), appended if table == APPENDED else fix
        )
    key = keys[table]
    missing = [column for column in key if column not in header]
    if missing:
        raise ConfigError(
            f"the key of {table} names {', '.join(missing)}, which the table does not have",
            str(whole),
            f"correct {table} in seeds/{KEYS}. {nearest(missing[0], header)}".strip(),
        )
    places = [header.index(column) for column in key]
    cells: list[list[str]] = rows
    origins = [(whole, number) for number in range(2, len(rows) + 2)]
    for path in added:
        raise_all(list(_problems(table, path, header, key)))
        cells, origins = _with(cells, origins, path, header, places)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *cells])
    return MergedTable(text.getvalue().encode(), tuple(origins))


def _with(
    rows: list[list[str]], origins: list[tuple[Path, int]], path: Path, header: list[str], places: list[int]
) -> tuple[list[list[str]], list[tuple[Path, int]]]:
    """Return the rows and their origins with those of one added file."""
    own, *new = _read(path)
    fresh = {}
    for number, cells in enumerate(new, start=2):
        named = dict(zip(own, cells, strict=True))
        fresh[tuple(named[header[place]] for place in places)] = (named, (path, number))
    kept: list[list[str]] = []
    kept_origins: list[tuple[Path, int]] = []
    replaced = set()
    for row, origin in zip(rows, origins, strict=True):
        identity = tuple(row[place] for place in places)
        if identity not in fresh:
            kept.append(row)
            kept_origins.append(origin)
        elif identity not in replaced:  # a table may repeat a key; one row takes the place of all of them
            named, place = fresh[identity]
            kept.append([named.get(column, cell) for column, cell in zip(header, row, strict=True)])
            kept_origins.append(place)
            replaced.add(identity)
    for identity, (named, place) in fresh.items():
        if identity not in replaced:
            kept.append([named.get(column, "") for column in header])
            kept_origins.append(place)
    return kept, kept_origins


def _problems(table: str, path: Path, header: list[str], key: Key) -> Iterator[ConfigError]:
    own, *rows = _read(path)
    for column in own:
        if column not in header:
            yield ConfigError(
                f"{path.name} has the column {column}, which {table} does not have",
                f"{path}:1",
                nearest(column, header) or "remove it, or replace the whole table.",
            )
    missing = [column for column in key if column not in own]
    if missing:
        yield ConfigError(
            f"{path.name} has no column {', '.join(missing)}, the key of {table}",
            f"{path}:1",
            f"add {', '.join(missing)}: the key says which row each row replaces.",
        )
        return
    first: dict[tuple[str, ...], int] = {}
    for number, cells in enumerate(rows, start=2):
        identity = tuple(dict(zip(own, cells, strict=True))[column] for column in key)
        if first.setdefault(identity, number) != number:
            yield ConfigError(
                f"{' '.join(filter(None, identity))} is already in row {first[identity]}",
                f"{path}, row {number}",
                f"remove one row: both have the same {', '.join(key)}.",
            )


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.reader(file, strict=True) if row]
