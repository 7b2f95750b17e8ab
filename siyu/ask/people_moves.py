"""People who moved between two releases: in stage, tag, segment, owner and ID, counted by from and to, some named.

Names are masked, since only the public files are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from siyu.ask.release_pair import ONE_ID, Pair, Side

STAGE, TAG, SEGMENT, OWNER, ID = "stage", "tag", "segment", "owner", "id"
PERSON, NAME = "identity.person", "full_name_masked"
MEMBER = "member"
# The words of changes of ID: what became of the people of the earlier release, and which are new.
MERGED, SPLIT, HANDED, RENAMED, GONE, NEW = "merged", "split", "moved identifiers", "renamed", "gone", "new"


@dataclass(frozen=True)
class Person:
    """A person who moved: the ID, the masked name if one is known, and after a change of ID, the other ID."""

    one_id: str
    name: str | None
    became: str | None = None


@dataclass(frozen=True)
class Move:
    """How many people went from one value to another. `item` is the tag, the segment, or what became of an ID.

    None stands for nothing: not in a stage, no such tag, not in the segment, nobody's. Changes of ID have no values.
    """

    kind: str
    item: str
    from_value: str | None
    to_value: str | None
    count: int
    people: tuple[Person, ...]


@dataclass(frozen=True)
class Source:
    """A kind of move. `query` selects one_id, item, from_value, to_value and heir of everyone who moved. heir is the
    other ID."""

    kind: str
    table: str
    columns: tuple[str, ...]
    query: Callable[[Pair], str]

    def lacking(self, side: Side) -> str:
        """Say what a release lacks; '' if it can be compared."""
        if not side.has(self.table):
            return f"{side.name} has no {self.table}"
        columns = [name for name in self.columns if name not in side.columns[self.table]]
        return f"{self.table} of {side.name} has no {', '.join(columns)}" if columns else ""


def people_moves(pair: Pair, named: int) -> tuple[list[Move], dict[str, str]]:
    """Return the moves of each kind, the most people first, and kind -> why it could not be compared."""
    moves: list[Move] = []
    skipped: dict[str, str] = {}
    for source in SOURCES:
        lacking = list(filter(None, map(source.lacking, pair.sides)))
        if lacking:
            skipped[source.kind] = "; ".join(lacking)
        elif not pair.is_same(source.table):
            moves += _counted(pair, source, named)
    return moves, skipped


def _counted(pair: Pair, source: Source, named: int) -> Iterator[Move]:
    """Count the moves of a kind in the engine. Only a few people of each are named."""
    session = pair.session
    session.execute(f"create or replace temp table _moved as {source.query(pair)}")
    session.execute(
        "create or replace temp table _named as select * from _moved"
        f" qualify row_number() over (partition by item, from_value, to_value order by one_id) <= {named}"
    )
    names = _names(pair)
    rows = session.rows(
        "with counted as (select item, from_value, to_value, count(distinct one_id) as people from _moved group by all)"
        f" select c.item, c.from_value, c.to_value, c.people, n.one_id, {names.column}, n.heir from counted as c"
        " join _named as n on n.item = c.item and n.from_value is not distinct from c.from_value"
        f" and n.to_value is not distinct from c.to_value{names.join}"
        " order by c.people desc, c.item, c.from_value nulls first, c.to_value nulls first, n.one_id, n.heir"
    )
    found: dict[tuple[Any, ...], list[Person]] = {}
    for *move, one_id, name, heir in rows:
        found.setdefault(tuple(move), []).append(Person(one_id, name, heir))
    for (item, before, after, count), people in found.items():
        yield Move(source.kind, item, before, after, count, tuple(people))


@dataclass(frozen=True)
class _Names:
    column: str
    join: str


def _names(pair: Pair) -> _Names:
    """Return how to find the masked name of _named.one_id, in the later release or else in the earlier one."""
    column, join = [], ""
    for alias, side in (("pa", pair.after), ("pb", pair.before)):
        if NAME in side.columns.get(PERSON, {}):
            column.append(f"{alias}.{NAME}")
            join += f" left join {side.relations[PERSON]} as {alias} on {alias}.one_id = n.one_id"
    return _Names(f"coalesce({', '.join(column)})" if column else "null", join)


def _one_column(table: str, column: str) -> Callable[[Pair], str]:
    """Return the query of a table with one row a person."""

    def query(pair: Pair) -> str:
        before, after = (side.relations[table] for side in pair.sides)
        return (
            f"select coalesce(a.one_id, b.one_id) as one_id, '' as item, b.{column} as from_value,"
            f" a.{column} as to_value, null as heir from {before} as b full join {after} as a on a.one_id = b.one_id"
            f" where a.{column} is distinct from b.{column}"
        )

    return query


def _tags(pair: Pair) -> str:
    """A person with one value before and one after went from one to the other; other values only came or went."""
    before, after = (side.relations["tags.person_tag"] for side in pair.sides)
    rows = "select one_id, tag_code, tag_value from"
    return (
        f"with went as ({rows} {before} except {rows} {after}), came as ({rows} {after} except {rows} {before}),"
        " each as (select *, count(*) over (partition by one_id, tag_code, is_new) as values_moved from"
        " (select *, false as is_new from went union all select *, true from came)),"
        " paired as (select one_id, tag_code, max(tag_value) filter (not is_new) as from_value,"
        " max(tag_value) filter (is_new) as to_value from each group by one_id, tag_code having count(*) = 2"
        " and count_if(is_new) = 1)"
        " select one_id, tag_code as item, from_value, to_value, null as heir from paired"
        " union all select one_id, tag_code, case when not is_new then tag_value end, case when is_new then tag_value"
        " end, null from each anti join paired using (one_id, tag_code)"
    )


def _segments(pair: Pair) -> str:
    before, after = (side.relations["audience.segment_member"] for side in pair.sides)
    rows = "select one_id, segment from"
    return (
        f"select one_id, segment as item, '{MEMBER}' as from_value, null as to_value, null as heir from"
        f" ({rows} {before} except {rows} {after}) union all select one_id, segment, null, '{MEMBER}', null from"
        f" ({rows} {after} except {rows} {before})"
    )


def _held(side: Side) -> str:
    value = "id_value_hash" if "id_value_hash" in side.columns[ONE_ID] else "id_value"
    return f"select id_type, {value} as id_value, one_id from {side.relations[ONE_ID]}"


def _ids(pair: Pair) -> str:
    """What became of people whose identifiers belong to other IDs now.

    merged: somebody who was there before has them. split: a new person has some of them. renamed: one new ID has all.
    moved identifiers: both people are there before and after.
    """
    return (
        f"with b as ({_held(pair.before)}), a as ({_held(pair.after)}),"
        " bp as (select distinct one_id from b), ap as (select distinct one_id from a),"
        " flow as (select b.one_id, a.one_id as heir from b join a using (id_type, id_value)"
        " where a.one_id <> b.one_id group by all),"
        " told as (select f.one_id, f.heir, ap.one_id is not null as is_left, bp.one_id is not null as was_there,"
        " count(*) over (partition by f.one_id) as heirs from flow as f left join ap on ap.one_id = f.one_id"
        " left join bp on bp.one_id = f.heir)"
        f" select one_id, case when was_there and is_left then '{HANDED}' when was_there then '{MERGED}'"
        f" when is_left or heirs > 1 then '{SPLIT}' else '{RENAMED}' end as item, null::varchar as from_value,"
        " null::varchar as to_value, heir from told"
        f" union all select bp.one_id, '{GONE}', null, null, null from bp anti join ap using (one_id)"
        " anti join flow on flow.one_id = bp.one_id"
        f" union all select ap.one_id, '{NEW}', null, null, null from ap anti join bp using (one_id)"
        " anti join flow on flow.heir = ap.one_id"
    )


SOURCES = (
    Source(STAGE, "journey.person_stage", ("one_id", "stage"), _one_column("journey.person_stage", "stage")),
    Source(TAG, "tags.person_tag", ("one_id", "tag_code", "tag_value"), _tags),
    Source(SEGMENT, "audience.segment_member", ("segment", "one_id"), _segments),
    Source(OWNER, "tags.person_profile", ("one_id", "owner_staff"), _one_column("tags.person_profile", "owner_staff")),
    Source(ID, ONE_ID, ("id_type", "one_id"), _ids),
)


def as_data(move: Move) -> Mapping[str, Any]:
    """Return a move for JSON."""
    return {
        "kind": move.kind, "item": move.item or None, "from": move.from_value, "to": move.to_value,
        "people": move.count, "named": [
            {"one_id": one.one_id, "name": one.name} | ({"became": one.became} if one.became else {})
            for one in move.people
        ],
    }  # fmt: skip
