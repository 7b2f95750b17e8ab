"""docs/add-a-tag.md in parts: the files that a reader writes, and what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "add-a-tag.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`((?:layer|tests)/[^`]+)`:\s*\Z")


def files() -> dict[str, str]:
    """Return the files of the page: each is the block after its path."""
    return {
        path[1]: match[2] for match in BLOCK.finditer(PAGE) if (path := FILE.search(PAGE[: match.start()])) is not None
    }


def blocks(section: str, language: str = "") -> list[str]:
    """Return the blocks of a section that belong to no file."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [m[2] for m in BLOCK.finditer(text) if m[1] == language and not FILE.search(text[: m.start()])]


def write_files(root: Path) -> None:
    """Do what the page says: write its files below a folder."""
    for name, text in files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
