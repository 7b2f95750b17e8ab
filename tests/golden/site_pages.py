"""Read the pages of a site again: the blocks, with what their tables, cards and charts show."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


@dataclass
class ShownBlock:
    """What a block shows: the rows of its table by column, its cards by code, the figure of its chart, its query."""

    id: str
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    cards: dict[str, str] = field(default_factory=dict)
    sparks: int = 0
    figure: dict[str, Any] = field(default_factory=dict)
    sql: str = ""
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[ShownBlock] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self._into = ""
        self._card = ""
        self._is_over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        block = self.blocks[-1] if self.blocks else ShownBlock("")
        if tag == "section" and "id" in found:
            self.blocks.append(ShownBlock(found["id"]))
        elif tag == "th":
            block.heads.append(found["data-column"])
        elif tag == "tr":
            block.rows.append([])
        elif tag == "td":
            block.rows[-1].append(found["data-value"])
        elif tag == "li" and "data-code" in found:
            self._card = found["data-code"]
        elif tag == "data":
            block.cards[self._card] = found["value"]
        elif tag == "polyline":
            block.sparks += 1
        elif tag == "a":
            self.links.append(found.get("href", ""))
        self._is_over = self._is_over or tag == "footer"
        self.loaded += [found[name] for name in ("src",) if name in found]
        if tag == "link":
            self.loaded.append(found["href"])
        self._into = "figure" if found.get("class") == "plot" else "sql" if tag == "code" else self._into

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "code"):
            self._into = ""

    def handle_data(self, data: str) -> None:
        if not self.blocks or self._is_over:
            return
        block = self.blocks[-1]
        if self._into == "figure":
            block.figure = json.loads(data)
        elif self._into == "sql":
            block.sql += data
        else:
            block.text += data


@dataclass(frozen=True)
class ShownPage:
    """A page: its blocks by ID, where it links to, which files it loads."""

    blocks: dict[str, ShownBlock]
    links: list[str]
    loaded: list[str]


def read_page(path: Path) -> ShownPage:
    reader = _Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    for block in reader.blocks:
        block.rows = [row for row in block.rows if row]
    return ShownPage({block.id: block for block in reader.blocks}, reader.links, reader.loaded)
