"""Text in columns of a terminal, where a Chinese character takes two."""

from __future__ import annotations

import re
import unicodedata

# What stays on one line: a Chinese character with the punctuation after it, or a word.
PIECE = re.compile(
    r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef][，。；：、）】」？！]*|[^\s\u2e80-\u9fff\uf900-\uffef]+|\s+"
)
WIDE = ("W", "F")


def columns_of(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in WIDE else 1 for letter in text)


def padded(text: str, width: int) -> str:
    """Return a text with blanks up to a width."""
    return text + " " * max(width - columns_of(text), 0)


def cut_to(text: str, width: int) -> str:
    """Return a text that takes at most so many columns; an ellipsis stands for what is left out."""
    if columns_of(text) <= width:
        return text
    kept = ""
    for letter in text:
        if columns_of(kept + letter) > width - 1:
            break
        kept += letter
    return kept + "…"


def wrapped(text: str, width: int) -> list[str]:
    """Return a text as lines of at most so many columns. A longer word has a line of its own."""
    lines, line = [], ""
    for piece in PIECE.findall(text):
        if line and columns_of(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line = line + piece if line else piece.lstrip()
    return [*lines, line.rstrip()] if line.strip() or not lines else lines
