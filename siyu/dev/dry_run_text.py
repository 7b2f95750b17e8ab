"""Render the result of a dry run for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from siyu.report.markup import line as text_line

if TYPE_CHECKING:
    from siyu.dev.dry_run import DryRun


KINDS = {
    "new_column": "new columns", "missing_column": "missing columns", "respelled": "headers in another spelling",
}  # fmt: skip


def dry_run_text(found: DryRun) -> Group:
    """Return the result of a dry run, for a person at a terminal."""
    verdict = "would land 可落地" if found.lands else "would be rejected as a whole 整份拒收"
    landed = found.rows_read - found.rows_rejected - found.rows_replaced if found.lands else 0
    replaced = f", {found.rows_replaced:,} replaced by others" if found.rows_replaced else ""
    counts = f"{found.rows_read:,} read, {landed:,} to land, {found.rows_rejected:,} break the contract{replaced}"
    parts: list[Any] = [
        text_line(f"{found.file} as {found.channel}.{found.export}: {verdict}", "green" if found.lands else "red"),
        Text(f"rows       {counts}"),
    ]
    if found.totals:
        parts.append(Text(f"footer     {found.totals:,} rows match footer and are not records"))
    parts += [text_line(f"problem    {problem}", "red") for problem in found.problems]
    parts += [text_line(f"note       {note}", "yellow") for note in found.notes]
    for kind in sorted({kind for kind, _ in found.drift}):
        columns = ", ".join(column for other, column in found.drift if other == kind)
        parts.append(text_line(f"drift      {KINDS.get(kind, kind)}: {columns}", "yellow"))
    if found.rows:
        table = Table("column 列", "reason 原因", "rows", "first lines", "example (masked)", box=None)
        for row in found.rows:
            lines = ", ".join(map(str, row.lines))
            cells = (row.column or "(record)", row.reason, f"{row.rows:,}", lines, row.example or "–")
            table.add_row(*map(text_line, cells))
        parts.append(table)
    return Group(*parts)
