"""A fingerprint of all code that decides the content of a release: siyu, models, macros, suites, contracts, vars."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from siyu.layers import layer_files
from siyu.settings import Settings

PACKAGE = Path(__file__).resolve().parents[1]
# Packages that cannot change the content of a release. `base` is the base layer inside a wheel: LAYERED covers it.
APPEARANCE = ("base", "simulate", "cli", "dev", "ask", "report")
LAYERED = (
    ("models", "**/*.sql"),
    ("macros", "*.sql"),
    ("expectations", "**/*.yml"),
    ("seeds/channels", "*.yml"),
)


def code_fingerprint(settings: Settings, variables: Mapping[str, Any]) -> str:
    """Return a digest that changes with siyu, Python, DuckDB, the vars, and the files of layers that decide content."""
    total = hashlib.sha256(f"{platform.python_version()} duckdb {version('duckdb')}".encode())
    own = [(path.relative_to(PACKAGE), path) for path in PACKAGE.rglob("*.py")]
    files = [(name.as_posix(), path) for name, path in own if name.parts[0] not in APPEARANCE]
    files += [(f.name, f.path) for folder, pattern in LAYERED for f in layer_files(settings.roots, folder, pattern)]
    for name, path in sorted(files):
        total.update(f"\n{name}\n".encode())
        total.update(path.read_bytes())
    total.update(repr(sorted(variables.items())).encode())
    return total.hexdigest()
