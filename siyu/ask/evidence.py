"""The evidence that connects the identifiers of one person (or company), and the connections that were cut."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from siyu.ask.lookup import Entity, Lookup

Row = dict[str, Any]
BY_SCORE = 99  # strength of a candidate that joined by itself: weaker than any record


@dataclass(frozen=True)
class Edge:
    """A connection of two identifiers, by records, by a human (strength 0) or by the score of a candidate (BY_SCORE).

    `left_of` and `right_of` are the IDs that the two identifiers belong to.
    """

    node: int
    lesser_node: int
    left: str
    right: str
    strength: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    channels: str | None
    cut_reason: str | None
    left_of: str
    right_of: str

    def told(self, start: int | None = None) -> Row:
        """Return the edge for readers, with the node `start` on the left if it is one of the two."""
        ends = (self.right, self.left) if start == self.lesser_node else (self.left, self.right)
        return {
            "left": ends[0],
            "right": ends[1],
            "strength": self.strength,
            "by": {0: "human", BY_SCORE: "candidate"}.get(self.strength, "records"),
            "channels": self.channels,
            "first_seen_at": self.first_seen_at,
            "last_seen_at": self.last_seen_at,
        }


def edges(lookup: Lookup, entity: Entity, nodes: Iterable[int]) -> list[Edge]:
    """Return the edges at any of the nodes, kept and cut. The strongest come first, in the order a run tries them."""
    listed = ", ".join(map(str, nodes))
    rows = lookup.session.rows(
        "select e.node, e.lesser_node, a.id_type || ':' || a.id_value as one, b.id_type || ':' || b.id_value as other,"
        " e.strength, e.first_seen_at, e.last_seen_at, e.channels, e.cut_reason,"
        f" a.{entity.id}, b.{entity.id} from ({_all_edges(lookup, entity)}) as e"
        f" join {lookup.table(entity.map)} as a on e.node = a.node"
        f" join {lookup.table(entity.map)} as b on e.lesser_node = b.node"
        f" where e.node in ({listed}) or e.lesser_node in ({listed})"
        " order by e.strength, e.first_seen_at nulls last, one, other"
    )
    return [Edge(*row) for row in rows]


def _all_edges(lookup: Lookup, entity: Entity) -> str:
    """Return the query of the edges, with the candidates that joined by themselves if the release has candidates."""
    columns = "node, lesser_node, strength, first_seen_at, last_seen_at, channels, cut_reason"
    query = f"select {columns} from {lookup.table(entity.edge)}"
    if not lookup.has("candidate", "identity"):
        return query
    return (
        f"{query} union all select greatest(l.node, r.node), least(l.node, r.node), {BY_SCORE}, null, null,"
        f" 'score ' || c.score, null from {lookup.table('candidate')} as c"
        f" join {lookup.table(entity.map)} as l on c.left_type = l.id_type and c.left_value = l.id_value"
        f" join {lookup.table(entity.map)} as r on c.right_type = r.id_type and c.right_value = r.id_value"
        f" where c.status = 'joined' and c.entity = '{entity.name}'"
    )


def evidence(found: Sequence[Edge]) -> list[Row]:
    """Return the kept edges. `is_strongest` marks those that suffice to connect all nodes; others only confirm them."""
    kept = [edge for edge in found if edge.cut_reason is None]
    strongest = set(_tree(kept))
    return [{**edge.told(), "is_strongest": edge in strongest} for edge in kept]


def cuts(lookup: Lookup, found: Sequence[Edge]) -> list[Row]:
    """Return the cut edges, with the reason and the ID of each end."""
    reasons = {row["reason"]: row["name_zh"] for row in lookup.reference("audit_reasons")}
    return [
        {
            **edge.told(),
            "reason": edge.cut_reason,
            "reason_zh": reasons[f"cut_{edge.cut_reason}"],
            "left_of": edge.left_of,
            "right_of": edge.right_of,
        }
        for edge in found
        if edge.cut_reason is not None
    ]


def _tree(kept: Iterable[Edge]) -> list[Edge]:
    """Return a spanning tree: take edges, strongest first, that join two parts not yet connected."""
    parent: dict[int, int] = {}

    def find(node: int) -> int:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    chosen = []
    for edge in kept:
        left, right = find(edge.node), find(edge.lesser_node)
        if left != right:
            parent[left] = right
            chosen.append(edge)
    return chosen


def chain(found: Iterable[Edge], start: int, end: int) -> list[Row]:
    """Return the path between two nodes: the edge between them if there is one, else along the strongest edges."""
    kept = [edge for edge in found if edge.cut_reason is None]
    direct = [edge for edge in kept if {edge.node, edge.lesser_node} == {start, end}]
    beside: dict[int, list[Edge]] = {}
    for edge in direct or _tree(kept):
        beside.setdefault(edge.node, []).append(edge)
        beside.setdefault(edge.lesser_node, []).append(edge)
    ways: dict[int, list[Row]] = {start: []}
    queue = deque([start])
    while queue and end not in ways:
        node = queue.popleft()
        for edge in beside.get(node, []):
            following = edge.lesser_node if edge.node == node else edge.node
            if following not in ways:
                ways[following] = [*ways[node], edge.told(node)]
                queue.append(following)
    return ways.get(end, [])
