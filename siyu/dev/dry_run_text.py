"""Render the result of a dry run for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from siyu.dev.dry_run import DryRun


KINDS = {
    "new_column": "new columns", "missing_column": "missing columns", "respelled": "headers in another spelling",
}  # fmt: skip


def dry_run_text(found: DryRun) -> Group:
    """Return the result of a dry run, for a person at a terminal."""
    verdict = "would land 可落地" if found.lands else "would be rejected as a whole 整份拒收"
    landed = found.rows_read - found.rows_rejected if found.lands else 0
    parts: list[Any] = [
        Text(f"{found.file} as {found.channel}.{found.export}: {verdict}", style="green" if found.lands else "red"),
        Text(f"rows       {found.rows_read:,} read, {landed:,} to land, {found.rows_rejected:,} break the contract"),
    ]
    parts += [Text(f"problem    {problem}", style="red") for problem in found.problems]
    for kind in sorted({kind for kind, _ in found.drift}):
        columns = ", ".join(column for other, column in found.drift if other == kind)
        parts.append(Text(f"drift      {KINDS.get(kind, kind)}: {columns}", style="yellow"))
    if found.rows:
        table = Table("column 列", "reason 原因", "rows", "first lines", "example (masked)", box=None)
        for row in found.rows:
            lines = ", ".join(map(str, row.lines))
            table.add_row(escape(row.column or "(record)"), escape(row.reason), f"{row.rows:,}", lines,
                          escape(row.example or "–"))  # fmt: skip
        parts.append(table)
    return Group(*parts)
