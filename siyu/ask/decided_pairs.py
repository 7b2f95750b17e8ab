"""Which pairs of people or companies the lines of identity_rules.csv are about, by the owners that a release knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from siyu.ask.decision_sides import Side, find_sides
from siyu.ask.decisions_file import MOMENT
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
    """Return the latest line since the release that links or separates each pair, by these identifiers or by others of
    the owners. `written` are the lines in force."""
    known = _known_lines(lookup)
    lines = [row for row in written if row.get("decision", "").strip().lower() in PAIRS and _line(row) not in known]
    if not lines:
        return {}
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
        about = [row for row in lines_of if row is not None]
        if about:
            found[key] = max(about, key=decided_at)
    return found


def decided_at(row: Mapping[str, str]) -> str:
    """Return the moment of a line, to sort by. Lines that no night has checked may have any text there."""
    return row.get("decided_at", "").strip().replace("T", " ")


def _known_lines(lookup: Lookup) -> set[tuple[str, ...]]:
    """Return the lines that the release knows: a pair that it has in spite of them is open."""
    rules = lookup.session.named_rows(
        f"select decision, decided_at, decided_by, reason from {lookup.table('identity_rule')}"
    )
    return {_line({**rule, "decided_at": f"{rule['decided_at']:{MOMENT}}"}) for rule in rules}


def _line(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return a line without its identifiers, which the release has in another spelling."""
    decision, moment, who, why = (row.get(name) or "" for name in ("decision", "decided_at", "decided_by", "reason"))
    at = moment.strip().replace("T", " ").rstrip("Z").removesuffix("+00:00")[: len("2026-06-30 08:15:00")]
    return decision.strip().lower(), f"{at} 00:00:00" if len(at) == len("2026-06-30") else at, who.strip(), why.strip()


def _ends(row: Mapping[str, str]) -> tuple[str, str]:
    return row.get("left_id", "").strip(), row.get("right_id", "").strip()


def _text(side: Side) -> str:
    return f"{side.id_type}:{side.id_value}"


def _owners(one: Side, other: Side) -> frozenset[str]:
    """Return the IDs of two people, or of two companies: a record may have one of each."""
    is_company = "company" in (one.entity, other.entity)
    found = (side.account_id if is_company else side.one_id for side in (one, other))
    return frozenset(owner for owner in found if owner is not None)
