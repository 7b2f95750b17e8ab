"""The last build, if a night can go on from it: its tables in the build database, and the versions of all of them.

A file in the build folder says that all models of the database are built. A build removes the file before it changes
anything, and writes it at its end. So after a night that was killed, the next one builds everything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from siyu.build.source_changes import SourceState
from siyu.build.versions import RUN, Versions, read_versions

FILE = "complete.json"
FORMAT = 1
DATABASE = "build.duckdb"


@dataclass(frozen=True)
class LastBuild:
    """The versions of its tables, how many rows of each were replaced since it was built whole, how it read exports."""

    versions: Versions
    replaced: dict[str, int]
    sources: dict[str, SourceState]


def last_build(folder: Path, now: Versions) -> LastBuild | None:
    """Return the last build if its tables can be used, None if all have to be built.

    They can be used if all of them were built by this version of siyu, with this salt and time zone.
    """
    if not (folder / DATABASE).is_file():
        return None
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        replaced = {str(name): int(rows) for name, rows in found["replaced"].items()}
        sources = {str(name): SourceState.read(state) for name, state in found["sources"].items()}
        is_known = found["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    versions = read_versions(folder)
    runs = {version.inputs.get(RUN) for versions_of in (versions, now) for version in versions_of.models.values()}
    return LastBuild(versions, replaced, sources) if is_known and versions.models and len(runs) == 1 else None


def keep_build(folder: Path, replaced: Mapping[str, int], sources: Mapping[str, SourceState]) -> None:
    """Say that all models of the build database are built. Their versions must be in the folder by then."""
    draft = folder / f".{FILE}"
    told = {name: asdict(state) for name, state in sources.items()}
    text = json.dumps({"format": FORMAT, "replaced": dict(replaced), "sources": told})
    draft.write_text(text + "\n", encoding="utf-8")
    os.replace(draft, folder / FILE)


def forget_build(folder: Path) -> None:
    """Say that the build database is being changed."""
    (folder / FILE).unlink(missing_ok=True)
