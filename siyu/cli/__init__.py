"""The command line. Only this package prints and sets exit codes."""

from __future__ import annotations

from typing import Any

# Each module adds its commands to app.
from siyu.cli import (  # noqa: F401
    audience,
    bi_targets,
    comparisons,
    identities,
    kpi,
    layer_tests,
    matching,
    nights,
    past_nights,
    site,
    stewardship,
    story,
    tags,
)
from siyu.cli.app import app

__all__ = ["app", "main"]


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; the entry point of `siyu`."""
    return app(arguments)
