"""Union-find under constraints: what people decided, and the few components that SQL hands over, edge by edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# What a query with materialized='agglomerate' yields, and what is added to each of its rows.
EDGE_COLUMNS = (
    "edge_no", "kind", "node", "lesser_node", "node_unique", "lesser_unique", "node_size", "lesser_size",
)  # fmt: skip
ADDED_COLUMNS = {"is_kept": "boolean", "cut_reason": "varchar", "node_group": "bigint", "lesser_group": "bigint"}
# kind: an edge that records show; two that a human said are one; two that a human said are not.
SEEN, LINK, UNLINK = 0, 1, 2
KEPT, CUT_UNIQUE, CUT_SIZE, CUT_UNLINK, CUT_LINK = 0, 1, 2, 3, 4
REASONS = (None, "unique", "size", "unlink", "link")

Arrays = Mapping[str, "np.ndarray[Any, Any]"]


class Groups:
    """Disjoint groups of nodes. A group has at most one node of each unique type, but for those that were linked, and
    at most `max_size` that count, as many again for each link. It never holds two nodes that are held apart.

    Every node is an identifier of its own, so which unique types a group holds fits into the bits of one integer.
    """

    def __init__(self, uniques: list[int], sizes: list[int], max_size: int) -> None:
        self._parent = list(range(len(uniques)))
        self._held = [1 << unique if unique else 0 for unique in uniques]
        self._size = sizes
        self._max_size = max_size
        self._apart: dict[int, set[int]] = {}  # group -> nodes that must stay out of it
        self._links: dict[int, int] = {}  # group -> links that united it

    def find(self, node: int) -> int:
        """The node that stands for its group."""
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def take(self, kind: int, one: int, other: int) -> int:
        """One edge, link or unlink. Gives KEPT, or why it has no effect."""
        left, right = self.find(one), self.find(other)
        if kind == UNLINK:
            return self._hold_apart(left, one, right, other)
        if left == right:
            return KEPT
        if self._apart and self._are_apart(left, right):
            return CUT_UNLINK
        links = self._links.get(left, 0) + self._links.get(right, 0) if self._links else 0
        if kind == SEEN:
            if self._held[left] & self._held[right]:
                return CUT_UNIQUE
            if self._size[left] + self._size[right] > self._max_size * (1 + links):
                return CUT_SIZE
        self._unite(min(left, right), max(left, right), links + (kind == LINK))
        return KEPT

    def _unite(self, left: int, right: int, links: int) -> None:
        """The least node stands for a group."""
        if links:
            self._links[left] = links
        self._parent[right] = left
        self._held[left] |= self._held[right]
        self._size[left] += self._size[right]
        if right in self._apart:
            few, many = sorted((self._apart.get(left, set()), self._apart.pop(right)), key=len)
            many.update(few)
            self._apart[left] = many

    def _hold_apart(self, left: int, one: int, right: int, other: int) -> int:
        if left == right:
            return CUT_LINK
        self._apart.setdefault(left, set()).add(other)
        self._apart.setdefault(right, set()).add(one)
        return KEPT

    def _are_apart(self, left: int, right: int) -> bool:
        # Either side knows of the other: the shorter list is enough.
        ours, theirs = self._apart.get(left, set()), self._apart.get(right, set())
        if len(ours) > len(theirs):
            right, ours = left, theirs
        return any(self.find(node) == right for node in ours)


def agglomerate(edges: Arrays, max_size: int) -> dict[str, np.ndarray[Any, Any]]:
    """Take edges in the order of `edge_no`; keep each that leaves persons whole (identity.md, rules 3 and 5).

    `edges` are arrays of equal length by the names of EDGE_COLUMNS: `kind` SEEN, LINK or UNLINK; `node` and
    `lesser_node` any integers; `…_unique` the number of a node's unique type (from 1; 0 = none); `…_size` 1 where a
    node counts. Gives `edge_no`, `reason` (an index into REASONS), and for either end the least node of its group.
    Groups only grow, so what is held apart once stays apart. That is why decisions of humans come first, the latest
    before all: of two that contradict each other, it stands. An edge that was refused is kept after all where its ends
    are one in the end: a linked group, which may be larger, joined them later.
    """
    order = np.argsort(edges["edge_no"], kind="stable")
    ends = np.concatenate([edges["node"][order], edges["lesser_node"][order]])
    nodes, first, index = np.unique(ends, return_index=True, return_inverse=True)
    uniques = np.concatenate([edges["node_unique"][order], edges["lesser_unique"][order]])[first]
    sizes = np.concatenate([edges["node_size"][order], edges["lesser_size"][order]])[first]
    groups = Groups(uniques.tolist(), sizes.tolist(), max_size)
    count = len(order)
    rows = zip(edges["kind"][order].tolist(), index[:count].tolist(), index[count:].tolist(), strict=True)
    reasons = [groups.take(kind, one, other) for kind, one, other in rows]
    roots = np.array([groups.find(node) for node in range(len(nodes))], dtype=np.int64)
    left, right = roots[index[:count]], roots[index[count:]]
    is_one = (left == right) & (edges["kind"][order] != UNLINK)
    return {
        "edge_no": edges["edge_no"][order],
        "reason": np.where(is_one, KEPT, np.array(reasons, dtype=np.int64)),
        "node_group": nodes[left] if count else ends,
        "lesser_group": nodes[right] if count else ends,
    }
