"""Which pairs of people or companies the lines of identity_rules.csv are about, by the owners that a release knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from siyu.ask.decision_sides import Side, find_sides
from siyu.ask.lookup import Lookup

PAIRS = ("link", "unlink")


@dataclass(frozen=True)
class Pair:
    """Two identifiers (`id_type:id_value`) and the IDs of their owners, who may be one."""

    left: str
    right: str
    left_id: str
    right_id: str


def decided_since(
    lookup: Lookup, written: Sequence[Mapping[str, str]], pairs: Mapping[str, Pair]
) -> dict[str, Mapping[str, str]]:
    """Return the latest line that links or separates each pair: it names these identifiers, or others of the owners.

    A release has no pair that a line it knew has decided. `written` are the lines in force.
    """
    lines = [row for row in written if row.get("decision", "").strip().lower() in PAIRS]
    lines.sort(key=decided_at)
    sides = find_sides(lookup, {end for row in lines for end in _ends(row)} - {""})
    by_pair: dict[frozenset[str], Mapping[str, str]] = {}
    for row in lines:
        one, other = (sides.get(end) for end in _ends(row))
        if isinstance(one, Side) and isinstance(other, Side):
            by_pair |= dict.fromkeys((frozenset(map(_text, (one, other))), _owners(one, other)), row)
    found = {}
    for key, pair in pairs.items():
        lines_of = [by_pair.get(frozenset(ends)) for ends in ((pair.left, pair.right), (pair.left_id, pair.right_id))]
        known = [row for row in lines_of if row is not None]
        if known:
            found[key] = max(known, key=decided_at)
    return found


def decided_at(row: Mapping[str, str]) -> str:
    """Return the moment of a line, to sort by. Lines that no night has checked may have any text there."""
    return row.get("decided_at", "").strip().replace("T", " ")


def _ends(row: Mapping[str, str]) -> tuple[str, str]:
    return row.get("left_id", "").strip(), row.get("right_id", "").strip()


def _text(side: Side) -> str:
    return f"{side.id_type}:{side.id_value}"


def _owners(one: Side, other: Side) -> frozenset[str]:
    """Return the IDs of two people, or of two companies: a record may have one of each."""
    is_company = "company" in (one.entity, other.entity)
    found = (side.account_id if is_company else side.one_id for side in (one, other))
    return frozenset(owner for owner in found if owner is not None)
