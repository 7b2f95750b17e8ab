"""Which files of layers were edited since the last release: the first question when a check or a model fails."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from siyu.layers import LAYER_FOLDERS
from siyu.release.releases import MANIFEST, Release

SHOWN = 3
ENDINGS = (".sql", ".yml", ".csv")


def edited(roots: Iterable[Path], release: Release | None) -> str:
    """Return the files of layers that are newer than a release, the latest first, in one line; '' if none are.

    A file that was deleted leaves no trace.
    """
    if release is None:
        return ""
    since = (release.path / MANIFEST).stat().st_mtime
    found = sorted(
        (-changed, f"{root.name}/{path.relative_to(root).as_posix()}")
        for root in roots
        for folder in LAYER_FOLDERS[""]
        for path in (root / folder).rglob("*")
        if path.suffix in ENDINGS and (changed := path.stat().st_mtime) > since
    )
    if not found:
        return ""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"edited since {release.name}: {', '.join(name for _, name in found[:SHOWN])}{more}"
