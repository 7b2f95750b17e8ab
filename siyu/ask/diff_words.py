"""The words of a comparison of releases, for a terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any

from siyu.ask.figure_moves import CheckMove, KpiMove
from siyu.ask.people_moves import ID, MEMBER, OWNER, SEGMENT, STAGE, TAG, Move
from siyu.ask.release_diff import ReleaseDiff
from siyu.ask.table_diff import ADDED, CHANGED, REMOVED, Example, TableDiff
from siyu.masking import one_line

KINDS = {
    STAGE: "stage 阶段", TAG: "tags 标签", SEGMENT: "segments 人群", OWNER: "owner 负责人", ID: "IDs 身份",
}  # fmt: skip
NOTHING = "–"
LONGEST = 60
SAME_CONTENT = "no content changes 内容无变化"
SIGNS = {ADDED: "+", REMOVED: "−", CHANGED: "~"}


def title(found: ReleaseDiff) -> str:
    """Return what is compared."""
    return f"{found.before} (as of {found.before_date}) → {found.after} (as of {found.after_date})"


def summary(found: ReleaseDiff) -> str:
    """Return the result in one line."""
    if found.is_same:
        return f"{SAME_CONTENT}: {len(found.tables)} tables"
    differing = found.differing
    added, removed, changed = (
        sum(getattr(table, name) for table in differing) for name in ("added", "removed", "changed")
    )
    return (
        f"{len(differing)} of {len(found.tables)} tables differ 有变化的表; rows 行:"
        f" +{added:,} −{removed:,} ~{changed:,}"
    )


def value(found: Any) -> str:
    """Return a value for one cell or line."""
    if found is None:
        return NOTHING
    if isinstance(found, Decimal):
        text = f"{found:f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = one_line(str(found))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def example(found: Example) -> str:
    """Return an example as one line."""
    key = " ".join(f"{name}={value(item)}" for name, item in found.key.items())
    if found.kind == CHANGED:
        values = "; ".join(f"{name} {value(old)} → {value(new)}" for name, (old, new) in found.values.items())
    else:
        values = "; ".join(f"{name} {value(item)}" for name, item in found.values.items() if item is not None)
    return f"{SIGNS[found.kind]} {': '.join(part for part in (key, values) if part)}"


def table_state(table: TableDiff) -> str:
    """Return how a table differs apart from the numbers of rows."""
    if table.status == ADDED:
        return "new table 新表"
    if table.status == REMOVED:
        return "table is gone 表已不存在"
    parts = [f"{name} {count:,}" for name, count in list(table.changed_columns.items())[:4]]
    parts += ["…"] if len(table.changed_columns) > 4 else []
    parts += [f"new column 新列 {name}" for name in table.new_columns]
    parts += [f"column is gone 列已不存在 {name}" for name in table.lost_columns]
    parts += [f"{name} {old} → {new}" for name, (old, new) in table.retyped.items()]
    parts += [f"{table.duplicate_keys:,} duplicate keys 重复键"] if table.duplicate_keys else []
    parts += ["no grain: whole rows 无主键，按整行"] if not table.key and table.status == CHANGED else []
    return ", ".join(parts)


def by_kind(moves: Iterable[Move]) -> Iterator[tuple[str, list[Move]]]:
    """Yield the moves of each kind."""
    for kind, listed in groupby(moves, key=lambda move: move.kind):
        yield kind, list(listed)


def move_text(move: Move) -> str:
    """Return from where to where."""
    if move.kind == ID:
        return move.item
    if move.kind == SEGMENT:
        return f"{move.item}: {'came 进入' if move.to_value == MEMBER else 'left 离开'}"
    item = f"{move.item}: " if move.item else ""
    return f"{item}{value(move.from_value)} → {value(move.to_value)}"


def people_text(move: Move) -> str:
    """Return some of the people of a move."""
    named = [
        " ".join(part for part in (one.one_id, one.name, f"→ {one.became}" if one.became else "") if part)
        for one in move.people
    ]
    more = [f"{move.count - len(named):,} more"] if move.count > len(named) else []
    return ", ".join(map(one_line, [*named, *more]))


def number(found: Any, unit: str) -> str:
    """Format a figure, as 12,345.60, 7 or 12.3 %."""
    if found is None:
        return NOTHING
    if unit == "rate":
        return f"{float(found) * 100:.2f} %"
    if unit == "count":
        return f"{float(found):,.0f}"
    return f"{float(found):,.2f}" if abs(found) >= 1 or not found else f"{float(found):.4g}"


def kpi_cells(move: KpiMove) -> tuple[str, str, str, str, str]:
    """Return name, period, before, after and the change."""
    change = NOTHING
    if move.before is not None and move.after is not None:
        difference = float(move.after) - float(move.before)
        if move.unit == "rate":
            change = f"{difference * 100:+.2f} pp"
        elif move.before:
            change = f"{difference / abs(float(move.before)) * 100:+.1f} %"
        else:
            change = f"{difference:+,.2f}"
    days = f", {move.days} days differ 天有变化" if move.days else ""
    name = one_line(f"{move.kpi_code} {move.name_zh} {move.name_en}")
    return name, f"{move.period}{days}", number(move.before, move.unit), number(move.after, move.unit), change


def check_text(move: CheckMove) -> str:
    """Return a check as one line."""
    column = f" ({move.column})" if move.column else ""
    count = f", {move.unexpected:,} rows" if move.unexpected else ""
    error = f", {one_line(move.error)}" if move.error else ""
    word = "fails now 新失败" if move.change == "new" else "holds now 已恢复"
    runbook = f"  {move.runbook}" if move.runbook and move.change == "new" else ""
    return f"{move.severity} {word}: {move.table} {move.expectation}{column}{count}{error}{runbook}"


def skipped_lines(skipped: Mapping[str, str] | None) -> list[str]:
    """Return which moves could not be compared, and why."""
    return [f"{KINDS[kind]}: not compared 未比较, {why}" for kind, why in (skipped or {}).items()]
