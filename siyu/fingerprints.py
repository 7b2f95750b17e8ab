"""What a run is known by: fingerprints of what it reads."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siyu.settings import Settings, layer_files

if TYPE_CHECKING:
    from siyu.compile import Project
    from siyu.ledger import LandedFile
    from siyu.ops import ChannelStatus

PACKAGE = Path(__file__).resolve().parent
# Python that decides how things look, never what a release holds.
APPEARANCE = (
    "base", "simulate", "cli", "decide.py", "dev.py", "docs.py", "dryrun.py", "evidence.py", "explain.py",
    "explain_text.py", "headline.py", "journey.py", "journey_events.py", "journey_text.py", "journey_words.py",
    "lookup.py", "report.py", "rules.py", "scaffold.py", "status.py",
)  # fmt: skip
LAYERED = (
    ("models", "**/*.sql"),
    ("macros", "*.sql"),
    ("expectations", "**/*.yml"),
    ("seeds/channels", "*.yml"),
)


def digest(*parts: Any) -> str:
    """Of values that repr() writes the same way in every process."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def code_fingerprint(settings: Settings, variables: Mapping[str, Any]) -> str:
    """Changes when siyu, its engine, a var, or a file of a layer that decides content does."""
    total = hashlib.sha256(f"{platform.python_version()} duckdb {version('duckdb')}".encode())
    own = [(path.relative_to(PACKAGE), path) for path in PACKAGE.rglob("*.py")]
    files = [(name.as_posix(), path) for name, path in own if name.parts[0] not in APPEARANCE]
    files += [(f.name, f.path) for folder, pattern in LAYERED for f in layer_files(settings.roots, folder, pattern)]
    for name, path in sorted(files):
        total.update(f"\n{name}\n".encode())
        total.update(path.read_bytes())
    total.update(repr(sorted(variables.items())).encode())
    return total.hexdigest()


def input_fingerprint(
    project: Project, files: Sequence[LandedFile], statuses: Sequence[ChannelStatus], landings: Mapping[int, date]
) -> str:
    """Changes with the files that landed, the landings, the reference tables, and which channels are stale."""
    landed = [
        (f.channel, f.export, f.identity, f.contract, f.landed_seq)
        for f in files
        if f.landed and f.channel in project.channels
    ]
    references = [(r.name, r.sha256) for r in project.references.values()]
    stale = [(s.channel, s.is_stale, s.reason) for s in statuses]
    return digest(landed, references, stale, sorted(landings.items()))
