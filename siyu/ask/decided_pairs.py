"""Which pairs of people or companies the lines of identity_rules.csv are about, by the owners that a release knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from siyu.ask.lookup import ENTITIES, Lookup

PAIRS = ("link", "unlink")
NAME = "company_name"
RECORD = "record"  # record:crm:contacts:K0001 names a record
Owned = tuple[str, frozenset[str]]


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
    owners = _owners(lookup, {end for row in lines for end in _ends(row)})
    by_pair: dict[frozenset[str], Mapping[str, str]] = {}
    for row in lines:
        (left, left_ids), (right, right_ids) = (owners.get(end, (end, frozenset())) for end in _ends(row))
        by_pair[frozenset((left, right))] = row
        for one, other in product(left_ids, right_ids):
            if one != other:
                by_pair[frozenset((one, other))] = row
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


def _owners(lookup: Lookup, texts: Iterable[str]) -> dict[str, Owned]:
    """Return the identifier as the release has it, and the ID of its owner, of each text that it knows. A record has
    the IDs of its person and its company."""
    named = [text.partition(":")[::2] for text in sorted(texts)]
    types, values = [id_type for id_type, _ in named], [value for _, value in named]
    found: dict[str, Owned] = {}
    asked = "(select unnest(?) as id_type, unnest(?) as id_value) as t"
    for entity in ENTITIES.values() if named else ():
        for id_type, value, owner in lookup.session.rows(
            f"select m.id_type, m.id_value, m.{entity.id} from {asked}"
            f" join {lookup.table(entity.map)} as m using (id_type, id_value)",
            [types, values],
        ):
            found[f"{id_type}:{value}"] = (f"{id_type}:{value}", frozenset({owner}))
    names = [value for id_type, value in named if id_type == NAME]
    for name, key, owner in (
        lookup.session.rows(
            f"select company_name, name_key, account_id from {lookup.table(NAME)}"
            " where company_name in (select unnest(?))",
            [names],
        )
        if names
        else ()
    ):
        found[f"{NAME}:{name}"] = (f"{NAME}:{key}", frozenset({owner} - {None}))
    return found | _owners_of_records(lookup, [value for id_type, value in named if id_type == RECORD])


def _owners_of_records(lookup: Lookup, records: Sequence[str]) -> dict[str, Owned]:
    if not records:
        return {}
    rows = lookup.session.rows(
        f"select r.channel || ':' || r.record_id, r.one_id, r.account_id from {lookup.table('record_person')} as r"
        " where r.channel || ':' || r.record_id in (select unnest(?))",
        [list(records)],
    )
    return {f"{RECORD}:{name}": (f"{RECORD}:{name}", frozenset({*ids} - {None})) for name, *ids in rows}
