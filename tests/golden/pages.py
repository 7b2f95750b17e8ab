"""Pages of docs/ with SQL and its output, and the output that a release gives."""

from __future__ import annotations

import re
from pathlib import Path

from rich.cells import cell_len

from tests.golden.conftest import Ran

ROOT = Path(__file__).resolve().parents[2]
# A query, and what the page says comes out of it.
QUERY = re.compile(r"^```sql\n(.*?)^```\n(?:\n```\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


def queries(page: str) -> list[tuple[str, str]]:
    """Return (SQL, the output that the page shows) of docs/<page>; the output is empty where none is shown."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found: list[tuple[str, str]] = QUERY.findall(text)
    assert len(found) == text.count("```sql"), f"docs/{page} has a block of SQL that is not a query with its output"
    return found


def table(night: Ran, sql: str) -> tuple[str, int]:
    """Return the rows below their column names, as pages show them, and the number of rows."""
    with night.connect() as con:
        found = con.execute(sql)
        rows = [[name for name, *_ in found.description], *([str(v) for v in row] for row in found.fetchall())]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join(lines) + "\n", len(rows) - 1
