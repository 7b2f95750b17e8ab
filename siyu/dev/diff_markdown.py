"""Render a comparison of two releases as Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from siyu.ask import diff_words as words
from siyu.ask.people_moves import Move
from siyu.ask.release_diff import ReleaseDiff
from siyu.report.markup import markdown

SHOWN_MOVES = 10  # of each kind
SHOWN_EXAMPLES = 2  # of each table, unless the user selects tables


def diff_markdown(found: ReleaseDiff) -> str:
    """Return a whole comparison."""
    lines = [f"### {markdown(words.title(found))}", "", f"**{markdown(words.summary(found))}**"]
    lines += [f"- {markdown(note)}" for note in found.notes]
    return "\n".join([*lines, *diff_lines(found), ""])


def diff_lines(found: ReleaseDiff) -> Iterator[str]:
    """Yield what differs, without the head. Tables and their examples are folded."""
    if found.checks:
        yield from ("", "#### Checks 校验", "")
        yield from (f"- {markdown(words.check_text(one))}" for one in found.checks)
    if found.moves or found.skipped:
        yield from ("", "#### People 人", "", "| kind | people | move | some of them |", "| --- | ---: | --- | --- |")
        for kind, moves in words.by_kind(found.moves):
            yield from _moves(kind, moves)
        yield from (f"\n{markdown(line)}" for line in words.skipped_lines(found.skipped))
    if found.kpis:
        yield from ("", "#### KPIs 指标", "", "| KPI | period | before | after | change |",
                    "| --- | --- | ---: | ---: | ---: |")  # fmt: skip
        yield from (_row(words.kpi_cells(move)) for move in found.kpis)
        yield f"\n{found.same_kpis} KPIs are the same 其余不变"
    if found.differing:
        yield from _tables(found)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(markdown, cells))} |"


def _moves(kind: str, moves: Sequence[Move]) -> Iterator[str]:
    for move in moves[:SHOWN_MOVES]:
        yield _row([words.KINDS[kind], f"{move.count:,}", words.move_text(move), words.people_text(move)])
    if len(moves) > SHOWN_MOVES:
        yield _row([words.KINDS[kind], "…", f"{len(moves) - SHOWN_MOVES} more kinds of move", ""])


def _tables(found: ReleaseDiff) -> Iterator[str]:
    yield from ("", "#### Tables 表", "", "| table | before | after | + | − | ~ | what |",
                "| --- | ---: | ---: | ---: | ---: | ---: | --- |")  # fmt: skip
    for table in found.differing:
        counts = [words.NOTHING if rows is None else f"{rows:,}" for rows in (table.rows_before, table.rows_after)]
        counts += [f"{rows:,}" for rows in (table.added, table.removed, table.changed)]
        yield _row([table.table, *counts, words.table_state(table)])
    yield from ("", "<details><summary>Examples 示例</summary>", "")
    for table in found.differing:
        shown = table.examples[:SHOWN_EXAMPLES] if found.is_whole else table.examples
        yield from (f"- {markdown(f'{table.table} {words.example(one)}')}" for one in shown)
    yield from ("", "</details>")
