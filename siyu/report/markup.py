"""Text from contracts, files and tables, made safe for each output: a terminal, Markdown, the status page.

Such text is never markup. A title like `[red]` or `<b>` is shown as it is written, and control characters are removed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from siyu.masking import CONTROL, one_line, printable

ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# An underscore inside a word is not markup, as in net_revenue.
MARKS = re.compile(r"[\\`*\[\]|~#!]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
BACKTICKS = re.compile("`+")


class Terminal(Console):
    """A console that shows text as it is: no markup, no highlighting, no control characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, highlight=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts and renderables."""
        super().print(*(_Printable(item) for item in objects), **options)

    def on_broken_pipe(self) -> None:
        """Go on without output when nobody reads it any more, as in siyu run | head: a night must not end of that."""
        self.quiet = True
        if self.file is sys.stdout:  # Python writes what is left in its buffer at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass(frozen=True)
class _Printable:
    """A renderable without the control characters of its texts. Those of the terminal itself are kept."""

    content: Any

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        content = Text(self.content) if isinstance(self.content, str) else self.content
        for segment in console.render(content, options):
            yield segment if segment.control else Segment(CONTROL.sub("", segment.text), segment.style)


def line(text: str, style: str = "") -> Text:
    """Return a text for one line or cell of a terminal."""
    return Text(one_line(text), style=style)


def markdown(text: str | None) -> str:
    """Return a text for one line or cell of Markdown, in which nothing is markup."""
    return MARKS.sub(r"\\\g<0>", one_line(text or "").translate(ENTITIES))


def markdown_code(text: str | None) -> str:
    """Return a text as code in one line or cell of Markdown: names of tables, keys, commands."""
    plain = one_line(text or "").strip()
    if not plain:
        return ""
    fence = "`" * (_longest_run(plain) + 1)
    space = " " if "`" in plain else ""
    return f"{fence}{space}{plain}{space}{fence}".replace("|", "\\|")


def markdown_block(text: str) -> Iterator[str]:
    """Yield the lines of a block of Markdown that shows a text of several lines as it is."""
    fence = "`" * max(3, _longest_run(text) + 1)
    yield from (fence, printable(text), fence)


def anchor(heading: str) -> str:
    """Return the anchor of a heading of Markdown, as GitHub and GitLab build it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _longest_run(text: str) -> int:
    return max((len(run) for run in BACKTICKS.findall(text)), default=0)
