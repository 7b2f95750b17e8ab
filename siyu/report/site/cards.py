"""Cards: a figure with its course, its band, its target and its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from siyu.report.runbooks import safe_link
from siyu.report.site.definitions import unit_words
from siyu.report.site.rows import ZH, Cell, Rows, shown
from siyu.seeds.kpi_tables import STATUSES

# The query of a block of cards has the columns of rows.REQUIRED, and may have name_zh, day, low, high, target, status,
# note, note_zh, history (a list) and href.
FORMATS = {"count": "count", "rate": "rate", "amount": "amount", "ratio": "ratio"}  # others are numbers with a unit
TONES = {"ok": "good", "watch": "warn", "alert": "bad", "stale": "warn"}
STATUSES_EN = {"no_baseline": "no baseline", "immature": "still maturing"}  # the others are words themselves
CENTS = 10_000  # figures from here on are shown without cents
WIDTH, HEIGHT, PAD = 160, 36, 3


@dataclass(frozen=True)
class Spark:
    """A small line: the points of an SVG polyline, and the y of the edges of the band if it is known."""

    points: str
    last: tuple[float, float]
    band: tuple[float, float] | None
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Card:
    """One figure of a block of cards."""

    code: str
    name: Mapping[str, str]
    value: Cell
    unit: Mapping[str, str] | None
    day: str
    band: tuple[str, str] | None
    target: str | None
    status: Mapping[str, str] | None
    tone: str
    note: Mapping[str, str] | None
    spark: Spark | None
    href: str


def cards(rows: Rows) -> list[Card]:
    """Return the cards of a block."""
    return [_card(row) for row in rows.values]


def _card(row: Mapping[str, Any]) -> Card:
    value, low, high, status = row["value"], row.get("low"), row.get("high"), row.get("status") or ""
    form = _form(row["unit"], value)
    written = shown(value, form)
    note, target = row.get("note"), row.get("target")
    band = (shown(low, form), shown(high, form)) if low is not None and high is not None else None
    return Card(
        row["code"], {"en": row["name"], "zh": row.get(f"name{ZH}") or row["name"]}, Cell(value, written, written),
        None if row["unit"] in FORMATS else unit_words(row["unit"]),
        str(row.get("day") or ""), band,
        None if target is None else shown(target, form), _status(status), TONES.get(status, ""),
        {"en": note, "zh": row.get(f"note{ZH}") or note} if note else None, spark(row.get("history"), low, high),
        safe_link(row.get("href") or ""),
    )  # fmt: skip


def _form(unit: str, value: Any) -> str:
    form = FORMATS.get(unit, "number")
    return "count" if value is not None and abs(value) >= CENTS else form


def _status(status: str) -> Mapping[str, str] | None:
    en, zh = STATUSES_EN.get(status, status), STATUSES.get(status, status)
    return {"en": en, "zh": zh} if status else None


def spark(history: Sequence[Any] | None, low: Any = None, high: Any = None) -> Spark | None:
    """Return the small line of a series, in which missing days are left out; None if fewer than two days are known."""
    known = [(day, float(value)) for day, value in enumerate(history or ()) if value is not None]
    if len(known) < 2:
        return None
    edges = [float(edge) for edge in (low, high) if edge is not None]
    bottom, top = min([y for _, y in known] + edges), max([y for _, y in known] + edges)
    first, last = known[0][0], known[-1][0]

    def place(day: float, y: float) -> tuple[float, float]:
        right = PAD + (WIDTH - 2 * PAD) * (day - first) / (last - first)
        return round(right, 1), round(HEIGHT - PAD - (HEIGHT - 2 * PAD) * (y - bottom) / ((top - bottom) or 1), 1)

    points = [place(day, y) for day, y in known]
    band = (place(first, edges[1])[1], place(first, edges[0])[1]) if len(edges) == 2 else None
    return Spark(" ".join(f"{x},{y}" for x, y in points), points[-1], band)
