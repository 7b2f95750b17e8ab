"""Union-find under constraints: the few components that SQL hands over, built again edge by edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# What a query with materialized='agglomerate' yields, and what is added to each of its rows.
EDGE_COLUMNS = (
    "edge_no", "node", "lesser_node", "node_unique", "lesser_unique", "node_size", "lesser_size",
)  # fmt: skip
ADDED_COLUMNS = {"is_kept": "boolean", "cut_reason": "varchar", "node_group": "bigint", "lesser_group": "bigint"}
KEPT, CUT_UNIQUE, CUT_SIZE = 0, 1, 2
REASONS = (None, "unique", "size")

Arrays = Mapping[str, "np.ndarray[Any, Any]"]


class Groups:
    """Disjoint groups of nodes. A group has at most one node of each unique type and at most `max_size` that count.

    Every node is an identifier of its own, so which unique types a group holds fits into the bits of one integer.
    """

    def __init__(self, uniques: list[int], sizes: list[int], max_size: int) -> None:
        self._parent = list(range(len(uniques)))
        self._held = [1 << unique if unique else 0 for unique in uniques]
        self._size = sizes
        self._max_size = max_size

    def find(self, node: int) -> int:
        """The node that stands for its group."""
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def unite(self, one: int, other: int) -> int:
        """Unite the groups of two nodes unless what comes out would be no person. Gives KEPT, or why not."""
        left, right = self.find(one), self.find(other)
        if left == right:
            return KEPT
        if self._held[left] & self._held[right]:
            return CUT_UNIQUE
        if self._size[left] + self._size[right] > self._max_size:
            return CUT_SIZE
        left, right = min(left, right), max(left, right)  # the least node stands for a group
        self._parent[right] = left
        self._held[left] |= self._held[right]
        self._size[left] += self._size[right]
        return KEPT


def agglomerate(edges: Arrays, max_size: int) -> dict[str, np.ndarray[Any, Any]]:
    """Take edges in the order of `edge_no`; keep each that leaves persons whole (identity.md, rule 5).

    `edges` are arrays of equal length by the names of EDGE_COLUMNS: `node` and `lesser_node` any integers, `…_unique`
    the number of a node's unique type (from 1; 0 = none), `…_size` 1 where a node counts. Gives `edge_no`, `reason`
    (an index into REASONS), and for either end the least node of its group. Groups only grow, so what must not unite
    once never does: the ends of a cut edge are in two groups to the end.
    """
    order = np.argsort(edges["edge_no"], kind="stable")
    ends = np.concatenate([edges["node"][order], edges["lesser_node"][order]])
    nodes, first, index = np.unique(ends, return_index=True, return_inverse=True)
    uniques = np.concatenate([edges["node_unique"][order], edges["lesser_unique"][order]])[first]
    sizes = np.concatenate([edges["node_size"][order], edges["lesser_size"][order]])[first]
    groups = Groups(uniques.tolist(), sizes.tolist(), max_size)
    count = len(order)
    pairs = list(zip(index[:count].tolist(), index[count:].tolist(), strict=True))
    reasons = [groups.unite(one, other) for one, other in pairs]
    roots = np.array([groups.find(node) for node in range(len(nodes))], dtype=np.int64)
    return {
        "edge_no": edges["edge_no"][order],
        "reason": np.array(reasons, dtype=np.int64),
        "node_group": nodes[roots[index[:count]]] if count else ends,
        "lesser_group": nodes[roots[index[count:]]] if count else ends,
    }
