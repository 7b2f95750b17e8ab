"""What holds the identifiers of one person (or company) together, strongest first, and what was cut."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from siyu.ask.lookup import Entity, Lookup

Row = dict[str, Any]


@dataclass(frozen=True)
class Edge:
    """Two identifiers that records (or a human: strength 0) put together. `left_of` is whose the left one is."""

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
        """For readers; from `start` on, where a chain passes it that way."""
        ends = (self.right, self.left) if start == self.lesser_node else (self.left, self.right)
        return {
            "left": ends[0],
            "right": ends[1],
            "strength": self.strength,
            "by": "human" if self.strength == 0 else "records",
            "channels": self.channels,
            "first_seen_at": self.first_seen_at,
            "last_seen_at": self.last_seen_at,
        }


def edges(lookup: Lookup, entity: Entity, nodes: Iterable[int]) -> list[Edge]:
    """Edges at any of the nodes, kept and cut, in the order in which they are tried: strongest first."""
    listed = ", ".join(map(str, nodes))
    rows = lookup.session.rows(
        "select e.node, e.lesser_node, a.id_type || ':' || a.id_value as one, b.id_type || ':' || b.id_value as other,"
        " e.strength, e.first_seen_at, e.last_seen_at, e.channels, e.cut_reason,"
        f" a.{entity.id}, b.{entity.id} from {lookup.table(entity.edge)} as e"
        f" join {lookup.table(entity.map)} as a on e.node = a.node"
        f" join {lookup.table(entity.map)} as b on e.lesser_node = b.node"
        f" where e.node in ({listed}) or e.lesser_node in ({listed})"
        " order by e.strength, e.first_seen_at nulls last, one, other"
    )
    return [Edge(*row) for row in rows]


def evidence(found: Sequence[Edge]) -> list[Row]:
    """The kept edges. `is_strongest`: it is the strongest that joins two parts; weaker ones say it again."""
    kept = [edge for edge in found if edge.cut_reason is None]
    strongest = set(_tree(kept))
    return [{**edge.told(), "is_strongest": edge in strongest} for edge in kept]


def cuts(lookup: Lookup, found: Sequence[Edge]) -> list[Row]:
    """The cut edges, with the reason and whose either end is."""
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
    """The edges that suffice: strongest first, each that joins what was apart."""
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
    """The way from one identifier to another: the edge between the two, else along the strongest edges."""
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
