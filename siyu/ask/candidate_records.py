"""One record of each side of a candidate, by which a steward can check it: it is kept with the verdict."""

from __future__ import annotations

from siyu.ask.candidates import Candidate, Side
from siyu.ask.evidence import Row
from siyu.ask.lookup import ENTITIES, Lookup
from siyu.ask.raw_values import RECORD_HASH

# The shapes in which a record is looked for, the best first, and the column of its moment.
SHAPES = {
    "person": {"contact": "observed_at", "touch": "occurred_at", "link": "started_at", "deal": "occurred_at",
               "ticket": "opened_at"},
    "company": {"company": "observed_at", "contact": "observed_at", "deal": "occurred_at", "ticket": "opened_at"},
}  # fmt: skip


def records_of(lookup: Lookup, candidate: Candidate) -> tuple[str, str]:
    """Return a record of each side as channel:record_id: the latest contact or company record, else the latest one.

    If both sides are one already, a record that carries the oldest identifier of the side. '' if there is none.
    """
    left, right = (_record(lookup, candidate, side, candidate.is_one) for side in candidate.sides)
    return left, right


def _record(lookup: Lookup, candidate: Candidate, side: Side, is_one: bool) -> str:
    shapes = SHAPES[candidate.entity]
    best = next(iter(shapes))
    found = [
        (shape == best, row["moment"], f"{row['channel']}:{row['record_id']}")
        for shape, moment in shapes.items()
        if lookup.has(shape, "records")
        for row in _latest(lookup, candidate.entity, side, shape, moment, is_one)
    ]
    if found:
        return max(found)[2]
    return "" if is_one else _any(lookup, candidate.entity, side)


def _latest(lookup: Lookup, entity: str, side: Side, shape: str, moment: str, is_one: bool) -> list[Row]:
    """Return the latest record of a shape, if there is one: equal moments by channel and record."""
    table = lookup.relation(shape, "records")
    columns = lookup.columns_of(table)
    key = "record_id" if "record_id" in columns else RECORD_HASH
    carries, values = "", [side.id]
    if is_one:
        condition, values = _carries(lookup, side, columns)
        if not condition:
            return []
        carries, values = f" and {condition}", [side.id, *values]
    return lookup.session.named_rows(
        f"select r.channel, r.record_id, t.{moment} as moment from {lookup.relation('record_person', 'identity')} as r"
        f" join {table} as t on r.channel = t.channel and r.{key} = t.{key}"
        f" where r.{ENTITIES[entity].id} = ? and t.{moment} is not null{carries}"
        f" order by t.{moment} desc, r.channel, r.record_id limit 1",
        values,
    )


def _carries(lookup: Lookup, side: Side, columns: set[str]) -> tuple[str, list[str]]:
    """Return the condition that a record carries the oldest identifier of a side. Empty for a composite one."""
    column = next((t.column for t in lookup.types.simple if t.id_type == side.id_type), None)
    if column in columns:
        return f"t.{column} = ?", [side.id_value]
    if f"{column}_hash" not in columns:
        return "", []
    identifiers = lookup.relation("identifier", "identity")
    hashed = f"select i.id_value_hash from {identifiers} as i where i.id_type = ? and i.id_value = ?"
    return f"t.{column}_hash = ({hashed})", [side.id_type, side.id_value]


def _any(lookup: Lookup, entity: str, side: Side) -> str:
    found = lookup.session.value(
        f"select min(channel || ':' || record_id) from {lookup.relation('record_person', 'identity')}"
        f" where {ENTITIES[entity].id} = ?",
        [side.id],
    )
    return str(found or "")
