"""Append human decisions about identifiers to reference/identity_rules.csv."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.seeds.decisions import COLUMNS
from siyu.seeds.references import Reference
from siyu.settings import Settings
from siyu.warehouse.files import fsync

TABLE = "identity_rules"
MOMENT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Rule:
    """A decision to link or unlink two identifiers (`id_type:id_value`), or to exclude one. `decided_at` is UTC."""

    decision: str
    left_id: str
    right_id: str
    decided_at: str
    decided_by: str
    reason: str


def moment_text(moment: datetime) -> str:
    """Return a moment in UTC, as 2026-11-26 08:15:00."""
    return moment.astimezone(UTC).strftime(MOMENT)


def append_rules(settings: Settings, references: Mapping[str, Reference], rules: Sequence[Rule]) -> Path:
    """Append decisions to the table in force and return its path.

    If only siyu's own table exists, a new table is created in the reference folder of the exports, or else of the last
    layer. Raises ConfigError for the sample, which is part of siyu.
    """
    return append_rows(open_table(settings, references, TABLE, COLUMNS), [asdict(rule) for rule in rules])


@dataclass(frozen=True)
class EditedTable:
    """The file of a reference table that a command may write, its columns, and how its lines end."""

    path: Path
    columns: tuple[str, ...]
    ending: str


def open_table(
    settings: Settings, references: Mapping[str, Reference], table: str, needed: Sequence[str]
) -> EditedTable:
    """Return the file of a table in force; see append_rules(). It is created if there is none.

    Raises ConfigError if it lacks a column.
    """
    path = writable_table(settings, references[table])
    path.parent.mkdir(parents=True, exist_ok=True)
    header = f"{','.join(needed)}\n".encode()
    # Another process may create the file at the same time, and write to it.
    with suppress(FileExistsError), path.open("xb") as file:
        file.write(references[table].merged or header)  # rows that a layer added stay in force
    text = path.read_bytes().decode("utf-8-sig")
    columns = next(csv.reader(text.splitlines()), [])
    missing = [name for name in needed if name not in columns]
    if missing:
        fix = f"the table needs the columns {', '.join(needed)}."
        raise ConfigError(f"missing columns: {', '.join(missing)}", str(path), fix)
    # Excel ends lines with \r\n. Engines cannot read a file that mixes line endings.
    return EditedTable(path, tuple(columns), "\r\n" if text.partition("\n")[0].endswith("\r") else "\n")


def append_rows(table: EditedTable, rows: Sequence[Mapping[str, str]]) -> Path:
    """Append rows to the file of a table and return its path."""
    lines = io.StringIO()
    csv.DictWriter(lines, table.columns, restval="", lineterminator=table.ending).writerows(rows)
    _append(table.path, lines.getvalue(), table.ending)
    return table.path


def writable_table(settings: Settings, table: Reference) -> Path:
    """Return the file in which a reference table is changed: the one in force, unless it is siyu's own.

    Then it is a file in the reference folder of the exports, or else of the last layer, which may not exist yet.
    Raises ConfigError for the sample, which is part of siyu.
    """
    if settings.is_sample:
        fix = "set your own exports or a layer first: siyu init creates a folder for them."
        raise ConfigError("the sample is part of siyu and cannot be changed", "siyu.toml", fix)
    if not table.path.resolve().is_relative_to(base_layer().resolve()):
        return table.path
    exports = settings.exports
    folder = exports / "reference" if exports is not None else settings.layers[-1] / "seeds" / "reference"
    return folder / f"{table.name}.csv"


def _append(path: Path, lines: str, ending: str) -> None:
    """Append with a single write, so that two processes can append at the same time. Adds a missing last line break."""
    with path.open("rb+") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            lines = lines if file.read(1) == b"\n" else ending + lines
    with path.open("ab", buffering=0) as file:
        file.write(lines.encode())
    fsync(path)
