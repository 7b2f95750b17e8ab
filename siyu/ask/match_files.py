"""The files of an outside matcher: its model with a manifest, and its rows of reference/matcher_pairs.csv."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from siyu.ask.decisions_file import writable_table
from siyu.ask.match_rows import Kind
from siyu.errors import ConfigError
from siyu.seeds.matcher_tables import COLUMNS
from siyu.seeds.references import Reference, reference_rows
from siyu.settings import Settings
from siyu.warehouse.files import fsync

TABLE, MATCHER, FOLDER = "matcher_pairs", "splink", "matchers"
Pair = tuple[str, str, float]  # left record, right record, probability


def models_folder(settings: Settings, table: Reference) -> Path:
    """Return the folder of the models, beside matcher_pairs.csv. Raises ConfigError for the sample."""
    return writable_table(settings, table).parent / FOLDER


def latest_model(folder: Path, kind: Kind) -> Path | None:
    """Return the model of the latest as_of, or None."""
    found = sorted(folder.glob(f"{MATCHER}-{kind}-*.json"))
    return found[-1] if found else None


def read_model(path: Path, kind: Kind) -> dict[str, Any]:
    """Return a model and its manifest. Raises ConfigError if the file is no model of this kind."""
    fix = "siyu match --train writes a new model."
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        manifest, _ = found["manifest"], found["model"]["comparisons"]
        of = manifest["kind"]
    except OSError as error:
        raise ConfigError(f"the model cannot be read: {error.strerror}", str(path), fix) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError("the file is not a model of siyu match", str(path), fix) from error
    if of != kind:
        raise ConfigError(f"the model is about kind {of}, not {kind}", str(path), fix)
    return found


def write_model(path: Path, model: dict[str, Any]) -> None:
    """Write a model and its manifest as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, json.dumps(model, ensure_ascii=False, indent=1) + "\n")


def write_pairs(settings: Settings, table: Reference, kind: Kind, pairs: Sequence[Pair]) -> Path:
    """Replace the rows of this matcher and kind in matcher_pairs.csv, keep all others, and return the path."""
    path = writable_table(settings, table)
    rows = reference_rows(Reference(TABLE, path, "", COLUMNS) if path.is_file() else table)  # also rows of layers
    kept = [row for row in rows if (row["matcher"], row["entity"]) != (MATCHER, kind)]
    own = [
        {"matcher": MATCHER, "left_record": left, "right_record": right, "probability": f"{p:.4f}", "entity": kind}
        for left, right, p in sorted(pairs)
    ]
    columns = list(dict.fromkeys((*(rows[0] if rows else ()), *COLUMNS)))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows([*kept, *own])
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, text.getvalue())
    return path


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    if path.exists():
        draft.chmod(path.stat().st_mode)
    fsync(draft)
    os.replace(draft, path)
    fsync(path.parent)
