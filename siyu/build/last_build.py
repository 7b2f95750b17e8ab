"""The last build, if a night can go on from it: its tables in the build database, the versions of all of them, and the
release that was written from them.

A file in the build folder says that all models of the database are built. A build removes the file before it changes
anything, and writes it at its end. So after a night that was killed, the next one builds everything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from siyu.build.source_changes import SourceState
from siyu.build.versions import RUN, Versions, read_versions

FILE = "complete.json"
FORMAT = 2
DATABASE = "build.duckdb"


@dataclass(frozen=True)
class Released:
    """The release of a build. `forms` has a digest for each table of how it is published; `replaced` says how many of
    its rows were replaced since it was written whole. `files` has the size of each file and when it was written (ns).
    """

    name: str
    forms: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class LastBuild:
    """The versions of its tables, how many rows of each were replaced since it was built whole, how it read exports.

    `released` is None if no release was written from it.
    """

    versions: Versions
    replaced: dict[str, int]
    sources: dict[str, SourceState]
    released: Released | None


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
        released = Released(**found["released"]) if "released" in found else None
        is_known = found["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    versions = read_versions(folder)
    runs = {version.inputs.get(RUN) for versions_of in (versions, now) for version in versions_of.models.values()}
    is_usable = is_known and versions.models and len(runs) == 1
    return LastBuild(versions, replaced, sources, released) if is_usable else None


def keep_build(folder: Path, replaced: Mapping[str, int], sources: Mapping[str, SourceState]) -> None:
    """Say that all models of the build database are built. Their versions must be in the folder by then."""
    told = {name: asdict(state) for name, state in sources.items()}
    _write(folder, {"format": FORMAT, "replaced": dict(replaced), "sources": told})


def keep_release(folder: Path, released: Released) -> None:
    """Say that a release was written from the build. Nothing happens if the next night cannot go on from the build."""
    if (folder / FILE).is_file():
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        _write(folder, {**found, "released": asdict(released)})


def _write(folder: Path, found: Mapping[str, object]) -> None:
    draft = folder / f".{FILE}"
    draft.write_text(json.dumps(found) + "\n", encoding="utf-8")
    os.replace(draft, folder / FILE)


def forget_build(folder: Path) -> None:
    """Say that the build database is being changed."""
    (folder / FILE).unlink(missing_ok=True)
