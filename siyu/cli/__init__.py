"""The command line. Only this package prints and sets exit codes."""

from __future__ import annotations

from typing import Any

from siyu.cli import audience, backfill, bi_targets, identities, kpi, model_tests, nights, story, tags
from siyu.cli.app import app

__all__ = [
    "app",
    "audience",
    "backfill",
    "bi_targets",
    "identities",
    "kpi",
    "main",
    "model_tests",
    "nights",
    "story",
    "tags",
]


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; the entry point of `siyu`."""
    return app(arguments)
