"""Human decisions about identifiers, appended to reference/identity_rules.csv."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
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
    """A decision: link or unlink two identifiers (`id_type:id_value`), or exclude one. `decided_at` is UTC."""

    decision: str
    left_id: str
    right_id: str
    decided_at: str
    decided_by: str
    reason: str


def moment_text(moment: datetime) -> str:
    """2026-11-26 08:15:00, UTC."""
    return moment.astimezone(UTC).strftime(MOMENT)


def append_rules(settings: Settings, references: Mapping[str, Reference], rules: Sequence[Rule]) -> Path:
    """Append decisions to the table in force, and give its path. Where nobody has one yet: into the reference folder
    of the exports, else of the last layer. Raises ConfigError for the sample, which is part of siyu."""
    path = _place(settings, references)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    text = path.read_bytes().decode("utf-8-sig")
    header = next(csv.reader(text.splitlines()))
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise ConfigError(f"the table has no column {', '.join(missing)}", str(path), f"it needs {', '.join(COLUMNS)}.")
    # Excel ends lines with \r\n; an engine reads a file of one kind only.
    ending = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    lines = io.StringIO()
    csv.DictWriter(lines, header, restval="", lineterminator=ending).writerows(asdict(rule) for rule in rules)
    _append(path, lines.getvalue(), ending)
    return path


def _place(settings: Settings, references: Mapping[str, Reference]) -> Path:
    if settings.is_sample:
        fix = "name your own exports or a layer first: siyu init lays out a folder."
        raise ConfigError("the sample is part of siyu, and nothing is written there", "siyu.toml", fix)
    in_force = references[TABLE].path
    if not in_force.resolve().is_relative_to(base_layer().resolve()):
        return in_force
    exports = settings.exports
    folder = exports / "reference" if exports is not None else settings.layers[-1] / "seeds" / "reference"
    return folder / f"{TABLE}.csv"


def _append(path: Path, lines: str, ending: str) -> None:
    """One write at the end, which two at a time may do; a file without a last line break gets one first."""
    with path.open("rb+") as file:
        file.seek(0, os.SEEK_END)
        if file.tell():
            file.seek(-1, os.SEEK_END)
            lines = lines if file.read(1) == b"\n" else ending + lines
    with path.open("ab", buffering=0) as file:
        file.write(lines.encode())
    fsync(path)
