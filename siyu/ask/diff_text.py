"""Render a comparison of two releases for a terminal: what is wrong first, then people, KPIs and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from siyu.ask import diff_words as words
from siyu.ask.people_moves import Move
from siyu.ask.release_diff import ReleaseDiff
from siyu.ask.table_diff import TableDiff

SHOWN_MOVES = 10  # of each kind
SHOWN_EXAMPLES = 1  # of each table, unless the user selects tables
SHOWN_KPIS = 25


def diff_text(found: ReleaseDiff) -> Group:
    """Return a whole comparison."""
    head = [words.title(found), words.summary(found), *(f"note 注意: {note}" for note in found.notes)]
    return Group(*(Text(line) for line in head), *diff_parts(found))


def diff_parts(found: ReleaseDiff) -> Iterator[Any]:
    """Yield what differs, without the head."""
    if found.checks:
        yield Text("\nchecks 校验")
        yield from (Text(f"  {words.check_text(one)}", style=_style(one.change, one.severity)) for one in found.checks)
    if found.moves or found.skipped:
        yield Text("\npeople 人")
    for kind, moves in words.by_kind(found.moves):
        yield from _moves(kind, moves)
    yield from (Text(f"  {line}") for line in words.skipped_lines(found.skipped))
    if found.kpis:
        yield Text(f"\nKPIs 指标 (total; {found.same_kpis} are the same 其余不变)")
        yield _kpis(found)
    if found.differing:
        yield Text("\ntables 表")
        yield from _tables(found)


def _style(change: str, severity: str) -> str:
    if change != "new":
        return "green"
    return "red" if severity == "critical" else "yellow"


def _moves(kind: str, moves: Sequence[Move]) -> Iterator[Any]:
    people = sum(move.count for move in moves)
    yield Text(f"  {words.KINDS[kind]}: {people:,} moves 变动")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right")
    grid.add_column()
    grid.add_column(overflow="fold")
    for move in moves[:SHOWN_MOVES]:
        grid.add_row(Text(f"    {move.count:,}"), Text(words.move_text(move)), Text(words.people_text(move)))
    yield grid
    if len(moves) > SHOWN_MOVES:
        yield Text(f"    {len(moves) - SHOWN_MOVES} more kinds of move 其余见: --json")


def _kpis(found: ReleaseDiff) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("  KPI", "period 期间", "before 之前", "after 之后", "change 变化"):
        table.add_column(name, justify="left" if name in ("  KPI", "period 期间") else "right")
    for move in found.kpis[:SHOWN_KPIS]:
        name, *cells = words.kpi_cells(move)
        table.add_row(Text(f"  {name}"), *map(Text, cells))
    if len(found.kpis) > SHOWN_KPIS:
        table.add_row(Text(f"  {len(found.kpis) - SHOWN_KPIS} more 其余见: --json"))
    return table


def _tables(found: ReleaseDiff) -> Iterator[Any]:
    for table in found.differing:
        yield Text(f"  {_line(table)}")
        shown = table.examples if not found.is_whole else table.examples[:SHOWN_EXAMPLES]
        yield from (Text(f"      {words.example(one)}") for one in shown)


def _line(table: TableDiff) -> str:
    counts = f"+{table.added:,} −{table.removed:,} ~{table.changed:,}"
    before, after = (
        f"{rows:,}" if rows is not None else words.NOTHING for rows in (table.rows_before, table.rows_after)
    )
    state = words.table_state(table)
    return f"{table.table}: {before} → {after} rows, {counts}" + (f" ({state})" if state else "")
