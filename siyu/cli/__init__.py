"""The command line. Only this package prints and sets exit codes."""

from __future__ import annotations

from typing import Any

from siyu.cli import audience, identities, kpi, layer_tests, nights, past_nights, story, tags
from siyu.cli.app import app

__all__ = ["app", "audience", "identities", "kpi", "layer_tests", "main", "nights", "past_nights", "story", "tags"]


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; the entry point of `siyu`."""
    return app(arguments)
