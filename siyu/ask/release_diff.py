"""Compare two releases: tables, people, KPIs and checks."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from siyu.ask.figure_moves import CheckMove, KpiMove, check_moves, kpi_moves
from siyu.ask.people_moves import Move, as_data, people_moves
from siyu.ask.release_pair import Pair, Side, find_release, open_pair
from siyu.ask.table_diff import EXAMPLES, SAME, TableDiff, diff_tables
from siyu.errors import WrongQuestion, nearest
from siyu.settings import FAMILIES, Settings

NAMED = 3  # people named of each move
ROWS = 20  # of each table that a user selects


@dataclass(frozen=True)
class ReleaseDiff:
    """How two releases differ. `tables` has all tables, also those that are the same.

    `skipped` says of a kind of people's moves why it could not be compared. `is_whole`: no table was selected.
    """

    before: str
    before_date: date
    after: str
    after_date: date
    tables: tuple[TableDiff, ...]
    is_whole: bool = True
    moves: tuple[Move, ...] = ()
    skipped: Mapping[str, str] | None = None
    kpis: tuple[KpiMove, ...] = ()
    same_kpis: int = 0
    checks: tuple[CheckMove, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def differing(self) -> list[TableDiff]:
        """The tables that differ."""
        return [table for table in self.tables if table.status != SAME]

    @property
    def is_same(self) -> bool:
        """Whether no content differs."""
        return not self.differing

    def as_data(self) -> dict[str, Any]:
        """Return the comparison for JSON."""
        sides = {"before": {"release": self.before, "as_of": self.before_date},
                 "after": {"release": self.after, "as_of": self.after_date}}  # fmt: skip
        tables = {"same_tables": len(self.tables) - len(self.differing), "tables": list(map(asdict, self.differing))}
        if not self.is_whole:
            return {**sides, "notes": list(self.notes), **tables}
        return {
            **sides, "is_same": self.is_same, "notes": list(self.notes), **tables,
            "people": [as_data(move) for move in self.moves], "not_compared": dict(self.skipped or {}),
            "same_kpis": self.same_kpis, "kpis": list(map(asdict, self.kpis)),
            "checks": list(map(asdict, self.checks)),
        }  # fmt: skip


def diff_releases(
    settings: Settings, before: str, after: str, select: Sequence[str] = (), limit: int | None = None
) -> ReleaseDiff:
    """Compare two releases, named as for find_release(), or only the selected tables of them.

    Raises WrongQuestion for unknown releases and tables, and for releases that cannot be compared.
    """
    earlier, later = (find_release(settings.warehouse, text) for text in (before, after))
    with open_pair(settings, earlier, later) as pair:
        return compared(pair, select, limit)


def compared(pair: Pair, select: Sequence[str] = (), limit: int | None = None) -> ReleaseDiff:
    """Compare two releases that are open."""
    tables = _selected(pair, select)
    found = ReleaseDiff(
        pair.before.name, pair.before.as_of, pair.after.name, pair.after.as_of,
        tuple(diff_tables(pair, tables, limit or (ROWS if select else EXAMPLES))),
        is_whole=not select, notes=tuple(_notes(pair.before, pair.after)),
    )  # fmt: skip
    if select:
        return found
    moves, skipped = people_moves(pair, limit or NAMED)
    kpis, same = kpi_moves(pair)
    return replace(
        found, moves=tuple(moves), skipped=skipped, kpis=tuple(kpis), same_kpis=same, checks=tuple(check_moves(pair))
    )


def _selected(pair: Pair, select: Sequence[str]) -> list[str]:
    """Return the tables to compare: all, or those that the user selects by table, schema.table or schema.*."""
    names = sorted({*pair.before.tables, *pair.after.tables})
    if not select:
        return names
    asked = [part for text in select for part in text.replace(",", " ").split()]
    found: set[str] = set()
    for part in asked:
        matched = {name for name in names if part == name.partition(".")[2] or fnmatch.fnmatchcase(name, part)}
        if not matched:
            fix = nearest(part, [*names, *(name.partition(".")[2] for name in names)])
            raise WrongQuestion(f"neither release has a table {part}", "--select", fix)
        found |= matched
    return sorted(found)


def _notes(before: Side, after: Side) -> list[str]:
    """Say what a reader of the comparison must know about the two releases."""
    families = [tuple(side.manifest.get("families", FAMILIES)) for side in (before, after)]
    notes = []
    if families[0] != families[1]:
        notes.append(f"other families 模块不同: {', '.join(families[0])} → {', '.join(families[1])}")
    if before.manifest["code_fingerprint"] != after.manifest["code_fingerprint"]:
        notes.append("built by different code or vars 代码或参数不同")
    if before.manifest.get("hash_version") != after.manifest.get("hash_version"):
        notes.append("written by different versions of siyu: every table is read 版本不同，逐表比较")
    return notes
