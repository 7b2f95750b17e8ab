"""The templates of pages, and the styles and scripts that pages bring along."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from siyu.masking import printable

HERE = Path(__file__).parent
ASSETS = HERE / "assets"


def render(template: str, **values: Any) -> str:
    """Render a template. Texts are escaped, and lose their control characters."""
    return _environment().get_template(template).render(**values)


@cache
def asset(name: str) -> str:
    """Return a style or a script, for pages that are one file."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    """Return the environment, which compiles each template once: that takes longer than to render it."""
    return Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=lambda value: printable(value) if type(value) is str else value,
    )  # fmt: skip
