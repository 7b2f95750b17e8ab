"""Reference tables (seeds/reference/*.csv), which business users edit."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.seeds.added_rows import ENDING, Key, load_keys, merged
from siyu.settings import Settings
from siyu.warehouse.files import file_sha256, fsync

NAME = re.compile(r"[a-z][a-z0-9_]*")
# Columns that a table got later. A table without them is read as if they were empty.
LATER_COLUMNS = {"identity_labels": ("sample",)}


@dataclass(frozen=True)
class Reference:
    """One reference table. Every column is text; an empty field is NULL.

    If `path` is a copy in the warehouse, `origin` is the file that people edit. `added` are the files that add rows to
    it. `merged` is the table with those rows, until it has a file of its own: the copy in the warehouse.
    """

    name: str
    path: Path
    sha256: str
    columns: tuple[str, ...]
    origin: Path | None = None
    added: tuple[Path, ...] = ()
    rows_from: tuple[tuple[Path, int], ...] = ()
    merged: bytes | None = None

    @property
    def edited(self) -> str:
        """The files that people edit: errors name them."""
        return " and ".join(str(path) for path in (self.origin or self.path, *self.added))

    def place(self, number: int) -> str:
        """Return the file in which people edit a row, and its number there. The row after the header has number 2."""
        path, row = self.rows_from[number - 2] if self.rows_from else (self.edited, number)
        return f"{path}, row {row}"


def load_references(settings: Settings) -> dict[str, Reference]:
    """Return the reference tables in force. `<exports>/reference` counts as the last layer.

    `<table>.csv` of a layer replaces the table of earlier layers, `<table>.add.csv` adds rows to it or replaces rows.
    """
    folders = [root / "seeds" / "reference" for root in settings.roots]
    if settings.exports_root is not None:
        folders.append(settings.exports_root / "reference")
    files: dict[str, list[Path]] = {}
    for folder in folders:
        own = [path for path in sorted(folder.glob("*.csv")) if path.is_file()]
        adding = [path for path in own if path.stem.endswith(ENDING)]
        files.update({path.stem: [path] for path in own if path not in adding})
        for path in adding:
            files.setdefault(path.stem.removesuffix(ENDING), []).append(path)
    return _read_all(files, load_keys(settings))


def read_references(files: dict[str, Path]) -> dict[str, Reference]:
    """Validate reference tables, given as name -> file. Raises ConfigError with every problem."""
    return _read_all({name: [path] for name, path in files.items()}, {})


def _read_all(files: Mapping[str, list[Path]], keys: Mapping[str, Key]) -> dict[str, Reference]:
    found: dict[str, Reference] = {}
    errors: list[SiyuError] = []
    tables = [name for name, paths in files.items() if not paths[0].stem.endswith(ENDING)]
    for name, paths in sorted(files.items()):
        try:
            found[name] = _read(name, paths, tables, keys)
        except ConfigError as error:
            errors.extend(getattr(error, "errors", [error]))
    raise_all(errors)
    return found


def _read(name: str, paths: list[Path], tables: list[str], keys: Mapping[str, Key]) -> Reference:
    whole, *added = paths
    if not NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is not a table name", str(whole), "use lower case, digits and _, or remove the file."
        )
    if name not in tables:
        raise ConfigError(
            f"{whole.name} adds rows to {name}, which is not a reference table",
            str(whole),
            nearest(name, tables) or f"call it {name}.csv if the table is your own.",
        )
    columns, *_ = [_check(path) for path in paths]
    missing = [column for column in LATER_COLUMNS.get(name, ()) if column not in columns]
    if missing and not added:
        return _with_columns(Reference(name, whole, "", columns), missing)
    if not added:
        return Reference(name, whole, file_sha256(whole), columns)
    table = merged(name, whole, added, keys)
    digest = hashlib.sha256(table.content).hexdigest()
    return Reference(name, whole, digest, columns, whole, tuple(added), table.rows_from, table.content)


def _with_columns(reference: Reference, missing: list[str]) -> Reference:
    """Return the table with empty columns in which nothing was written yet."""
    columns = (*reference.columns, *missing)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(reference_rows(reference))
    content = text.getvalue().encode()
    return replace(reference, columns=columns, sha256=hashlib.sha256(content).hexdigest(), merged=content)


def reference_rows(reference: Reference) -> list[dict[str, str]]:
    """Return the rows of a small reference table. Empty fields are ''."""
    if reference.merged is not None:
        return list(csv.DictReader(io.StringIO(reference.merged.decode(), newline="")))
    with reference.path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def stored(references: Mapping[str, Reference], warehouse: Path) -> dict[str, Reference]:
    """Copy the tables into the warehouse. The run reads and hashes the copies, so edits during a run do no harm."""
    copies = {}
    (warehouse / "landed").mkdir(mode=0o700, parents=True, exist_ok=True)
    for reference in references.values():
        folder = warehouse / "landed" / "_reference" / reference.name
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / ".draft.csv"
        if reference.merged is None:
            shutil.copyfile(reference.path, draft)
        else:
            draft.write_bytes(reference.merged)
        sha = file_sha256(draft)
        target = folder / f"{sha[:32]}.csv"
        fsync(draft)
        os.replace(draft, target)
        fsync(folder)
        copies[reference.name] = replace(
            reference, path=target, sha256=sha, columns=_check(target), origin=reference.path, merged=None
        )
    return copies


def changed_references(
    references: Mapping[str, Reference], known: Mapping[str, str], warehouse: Path
) -> list[tuple[str, str, str]]:
    """Return (name, sha256, path in the warehouse) of each table that changed; (name, '', '') if it was removed."""
    changed = [
        (reference.name, reference.sha256, reference.path.relative_to(warehouse).as_posix())
        for reference in references.values()
        if known.get(reference.name) != reference.sha256
    ]
    return changed + [(name, "", "") for name, sha in known.items() if sha and name not in references]


def _check(path: Path) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = next(rows, [])
            wrong = [rows.line_num for row in rows if row and len(row) != len(header)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"the reference table cannot be read: {error}", str(path), "save it as CSV in UTF-8."
        ) from error
    if not header or any(not item.strip() for item in header) or len({h.lower() for h in header}) != len(header):
        raise ConfigError("the header must name each column, without duplicates", f"{path}:1", "correct the header.")
    if wrong:
        raise ConfigError(
            f"some lines do not have as many fields as the header ({len(header)})",
            f"{path}, lines {', '.join(map(str, wrong[:10]))}",
            "put fields that contain a comma in quotes.",
        )
    return tuple(header)
