"""Reference tables (seeds/reference/*.csv), which business users edit."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from siyu.errors import ConfigError, SiyuError, raise_all
from siyu.layers import layer_files
from siyu.settings import Settings
from siyu.warehouse.files import file_sha256, fsync

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Reference:
    """One reference table. Every column is text; an empty field is NULL.

    If `path` is a copy in the warehouse, `origin` is the file that people edit.
    """

    name: str
    path: Path
    sha256: str
    columns: tuple[str, ...]
    origin: Path | None = None

    @property
    def edited(self) -> str:
        """The file that people edit: errors name it."""
        return str(self.origin or self.path)


def load_references(settings: Settings) -> dict[str, Reference]:
    """Return the reference tables in force. Later layers replace earlier ones; `<exports>/reference` comes last."""
    files = {file.path.stem: file.path for file in layer_files(settings.roots, "seeds/reference", "*.csv")}
    if settings.exports_root is not None:
        files.update({path.stem: path for path in (settings.exports_root / "reference").glob("*.csv")})
    return read_references(files)


def read_references(files: dict[str, Path]) -> dict[str, Reference]:
    """Validate reference tables, given as name -> file. Raises ConfigError with every problem."""
    found: dict[str, Reference] = {}
    errors: list[SiyuError] = []
    for name, path in sorted(files.items()):
        try:
            if not NAME.fullmatch(name):
                raise ConfigError(
                    f"{name!r} is not a table name", str(path), "use lower case, digits and _, or remove the file."
                )
            found[name] = Reference(name, path, file_sha256(path), _check(path))
        except ConfigError as error:
            errors.append(error)
    raise_all(errors)
    return found


def reference_rows(reference: Reference) -> list[dict[str, str]]:
    """Return the rows of a small reference table. Empty fields are ''."""
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
        shutil.copyfile(reference.path, draft)
        sha = file_sha256(draft)
        target = folder / f"{sha[:32]}.csv"
        fsync(draft)
        os.replace(draft, target)
        fsync(folder)
        copies[reference.name] = Reference(reference.name, target, sha, _check(target), reference.path)
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
