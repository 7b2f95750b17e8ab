"""The outcome of model tests as text for a terminal, and as JUnit XML for CI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Group
from rich.table import Table
from rich.text import Text

from siyu.dev.model_tests import Outcome, Row
from siyu.errors import SiyuError
from siyu.masking import printable
from siyu.report.markup import line

SHOWN_ROWS = 20
MISSING, SURPLUS, CHANGED = "missing", "unexpected", "changed"
STYLES = {MISSING: "red", SURPLUS: "yellow", CHANGED: ""}
CHANGED_CELL = "bold red"


def outcome_line(outcome: Outcome) -> Text:
    """Return the line of a case: ok or failed, the model and the case."""
    word, style = ("ok", "green") if outcome.is_ok else ("wrong" if outcome.is_wrong else "failed", "red")
    return Text.assemble((f"{word:<7}", style), line(outcome.test.title))


def failure_text(outcome: Outcome, grain: Sequence[str]) -> Group:
    """Return what is wrong with a failed case: its file, and the rows in which expected and found differ."""
    place = Text(f"        {outcome.test.place()}", style="dim")
    if outcome.error is not None:
        return Group(place, Text(f"        {_problem(outcome.error)}", style="red"))
    return Group(place, difference(outcome, grain))


def _problem(error: SiyuError) -> str:
    return f"{error.problem}\n        where: {error.where}" if error.where else error.problem


def difference(outcome: Outcome, grain: Sequence[str]) -> Group:
    """Return the rows that differ as a table. Of a row with the same key, each changed cell is: expected -> found."""
    rows = list(_paired(outcome, grain))
    table = Table("", *outcome.columns, title_justify="left", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for kind, expected, found in rows[:SHOWN_ROWS]:
        cells = [_cell(kind, e, f) for e, f in zip(expected or found, found or expected, strict=True)]
        table.add_row(Text(f"        {kind}", style=STYLES[kind]), *cells)
    for column in table.columns:
        column.overflow = "fold"
    more = len(rows) - SHOWN_ROWS
    return Group(table, Text(f"        … and {more} more rows")) if more > 0 else Group(table)


def _cell(kind: str, expected: Any, found: Any) -> Text:
    if kind == CHANGED and repr(expected) != repr(found):
        return line(f"{_shown(expected)} -> {_shown(found)}", CHANGED_CELL)
    return line(_shown(expected), STYLES[kind])


def _shown(value: Any) -> str:
    return "NULL" if value is None else str(value)


def _paired(outcome: Outcome, grain: Sequence[str]) -> Iterator[tuple[str, Row, Row]]:
    """Yield (kind, expected row, found row). Rows with the same key are one; a kind of row that is absent is ()."""
    keys = [number for number, name in enumerate(outcome.columns) if name in grain]
    missing, surplus = list(outcome.missing), list(outcome.surplus)

    def key(row: Row) -> str:
        return repr([row[number] for number in keys])

    for expected in outcome.missing:
        same = [found for found in surplus if key(found) == key(expected)]
        is_one = len(missing) == len(surplus) == 1 or len([row for row in missing if key(row) == key(expected)]) == 1
        if len(same) == 1 and is_one:
            missing.remove(expected)
            surplus.remove(same[0])
            yield CHANGED, expected, same[0]
    yield from ((MISSING, expected, ()) for expected in missing)
    yield from ((SURPLUS, (), found) for found in surplus)


def write_junit(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the outcomes as JUnit XML, which CI systems show."""
    failed = [outcome for outcome in outcomes if not outcome.is_ok]
    suite = ElementTree.Element(
        "testsuite", name="siyu test", tests=str(len(outcomes)), failures=str(len(failed)), errors="0",
        time=f"{sum(outcome.seconds for outcome in outcomes):.3f}",
    )  # fmt: skip
    for outcome in outcomes:
        test = outcome.test
        case = ElementTree.SubElement(
            suite, "testcase", classname=test.model, name=printable(test.name), file=printable(test.file),
            time=f"{outcome.seconds:.3f}",
        )  # fmt: skip
        if not outcome.is_ok:
            told = str(outcome.error) if outcome.error else _plain_difference(outcome)
            ElementTree.SubElement(case, "failure", message=printable(told.splitlines()[0])).text = printable(told)
    ElementTree.indent(suite)
    path.write_bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True) + b"\n")


def _plain_difference(outcome: Outcome) -> str:
    lines = [f"{len(outcome.missing)} rows missing, {len(outcome.surplus)} unexpected"]
    for word, rows in ((MISSING, outcome.missing), (SURPLUS, outcome.surplus)):
        for row in rows:
            lines.append(f"{word}: " + ", ".join(f"{n}={_shown(v)}" for n, v in zip(outcome.columns, row, strict=True)))
    return "\n".join(lines)
