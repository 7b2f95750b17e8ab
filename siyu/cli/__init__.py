"""The command line: prints and exit codes live here and nowhere else."""

from __future__ import annotations

from typing import Any

from siyu.cli import identities, nights, story
from siyu.cli.app import app

__all__ = ["app", "identities", "main", "nights", "story"]


def main(arguments: list[str] | None = None) -> Any:
    """The entry point."""
    return app(arguments)
