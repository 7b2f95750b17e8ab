"""docs/add-a-segment.md in parts: the files that a reader writes, and what the page shows."""

from __future__ import annotations

from pathlib import Path

from tests.engine.tag_page import BLOCK, FILE, ROOT

PAGE = (ROOT / "docs" / "add-a-segment.md").read_text(encoding="utf-8")


def files() -> dict[str, str]:
    """Return the files of the page: each is the block after its path."""
    return {
        path[1]: match[2]
        for match in BLOCK.finditer(PAGE)
        if match[1] and (path := FILE.search(PAGE[: match.start()])) is not None
    }


def blocks(section: str, language: str = "") -> list[str]:
    """Return the blocks of a section that are no whole file."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [m[2] for m in BLOCK.finditer(text) if m[1] == language and not (m[1] and FILE.search(text[: m.start()]))]


def write_files(root: Path) -> None:
    """Do what the page says: write its files below a folder."""
    for name, text in files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
