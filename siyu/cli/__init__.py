"""The command line: prints and exit codes live here and nowhere else."""

from __future__ import annotations

from typing import Any

from siyu.cli import identity, journey, nightly
from siyu.cli.base import app

__all__ = ["app", "identity", "journey", "main", "nightly"]


def main(arguments: list[str] | None = None) -> Any:
    """The entry point."""
    return app(arguments)
