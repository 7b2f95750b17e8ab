"""Union-find with constraints. It takes human decisions, and the few components that SQL hands over, edge by edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# The columns that a query with materialized='agglomerate' returns, and those that are added to each row.
EDGE_COLUMNS = (
    "edge_no", "kind", "node", "lesser_node", "node_unique", "lesser_unique", "node_size", "lesser_size",
)  # fmt: skip
ADDED_COLUMNS = {"is_kept": "boolean", "cut_reason": "varchar", "node_group": "bigint", "lesser_group": "bigint"}
# kind of an edge: seen in records; linked by a human; unlinked by a human
SEEN, LINK, UNLINK = 0, 1, 2
KEPT, CUT_UNIQUE, CUT_SIZE, CUT_UNLINK, CUT_LINK = 0, 1, 2, 3, 4
REASONS = (None, "unique", "size", "unlink", "link")

Arrays = Mapping[str, "np.ndarray[Any, Any]"]


class Groups:
    """Disjoint groups of nodes.

    A group has at most one node of each unique type, unless links joined them. At most `max_size` of its nodes count
    to its size; each link adds `max_size` to that limit. A group never holds two nodes that were unlinked.

    The unique types that a group holds are the bits of one integer.
    """

    def __init__(self, uniques: list[int], sizes: list[int], max_size: int) -> None:
        self._parent = list(range(len(uniques)))
        self._held = [1 << unique if unique else 0 for unique in uniques]
        self._size = sizes
        self._max_size = max_size
        self._apart: dict[int, set[int]] = {}  # group -> nodes that must stay out of it
        self._links: dict[int, int] = {}  # group -> links that united it

    def find(self, node: int) -> int:
        """Return the least node of the group that contains a node."""
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def take(self, kind: int, one: int, other: int) -> int:
        """Apply an edge, link or unlink. Return KEPT, or the code of the reason why it has no effect."""
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
        """Join two groups. The least node represents the group, so `left` must be the lesser one."""
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
        # Both sides record the separation, so it is enough to search the shorter list.
        ours, theirs = self._apart.get(left, set()), self._apart.get(right, set())
        if len(ours) > len(theirs):
            right, ours = left, theirs
        return any(self.find(node) == right for node in ours)


def agglomerate(edges: Arrays, max_size: int) -> dict[str, np.ndarray[Any, Any]]:
    """Apply edges in the order of `edge_no`. Keep each that breaks no constraint (identity.md, rules 3 and 5).

    `edges` are arrays of equal length, named as EDGE_COLUMNS: `kind` is SEEN, LINK or UNLINK; `node` and `lesser_node`
    are any integers; `…_unique` is the number of the node's unique type (from 1; 0 = none); `…_size` is 1 if the node
    counts to the size of its group, else 0. Returns `edge_no`, `reason` (an index into REASONS), and the least node of
    the group of each end.

    Groups only grow, and nodes that were unlinked stay apart. So human decisions must come first, and the latest of
    them before the others: if two contradict each other, the latest wins. An edge that was cut becomes kept if its ends
    are in one group at the end, because a linked group, which may be larger, joined them later.
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
