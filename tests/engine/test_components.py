"""Union-find under constraints against sets, and what it does with what it is given."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from siyu.components import EDGE_COLUMNS, KEPT, REASONS, agglomerate

Edge = tuple[int, int]


def arrays(
    edges: list[Edge], unique: dict[int, int], uncounted: set[int], order: list[int] | None = None
) -> dict[str, np.ndarray]:
    rows = [
        (number, a, b, unique.get(a, 0), unique.get(b, 0), int(a not in uncounted), int(b not in uncounted))
        for number, (a, b) in enumerate(edges, start=1)
    ]
    rows = [rows[i] for i in order] if order is not None else rows
    columns = zip(*rows, strict=True) if rows else [[]] * len(EDGE_COLUMNS)
    return {name: np.array(column, dtype=np.int64) for name, column in zip(EDGE_COLUMNS, columns, strict=True)}


def by_sets(
    edges: list[Edge], unique: dict[int, int], uncounted: set[int], max_size: int
) -> tuple[list[str | None], dict[int, int]]:
    """Why each edge was cut, and the least node of everybody's group."""
    group = {node: {node} for edge in edges for node in edge}
    reasons: list[str | None] = []
    for a, b in edges:
        united = group[a] | group[b]
        held = [unique[node] for node in united if node in unique]
        reason = None
        if group[a] is not group[b]:
            if len(held) > len(set(held)):
                reason = "unique"
            elif len(united - uncounted) > max_size:
                reason = "size"
        if reason is None and group[a] is not group[b]:
            for node in united:
                group[node] = united
        reasons.append(reason)
    return reasons, {node: min(members) for node, members in group.items()}


@settings(max_examples=300, deadline=None)
@given(
    edges=st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 12)).filter(lambda e: e[0] > e[1]), max_size=30, unique=True
    ),
    unique=st.dictionaries(st.integers(1, 12), st.integers(1, 3)),
    uncounted=st.sets(st.integers(1, 12)),
    max_size=st.integers(1, 6),
    data=st.data(),
)
def test_as_sets_would(
    edges: list[Edge], unique: dict[int, int], uncounted: set[int], max_size: int, data: st.DataObject
) -> None:
    reasons, least = by_sets(edges, unique, uncounted, max_size)
    order = data.draw(st.permutations(range(len(edges))))
    found = agglomerate(arrays(edges, unique, uncounted, list(order)), max_size)
    assert found["edge_no"].tolist() == list(range(1, len(edges) + 1))
    assert [REASONS[reason] for reason in found["reason"]] == reasons
    assert found["node_group"].tolist() == [least[a] for a, _ in edges]
    assert all(
        (a == b) == (r is None) for a, b, r in zip(found["node_group"], found["lesser_group"], reasons, strict=True)
    )
    assert found["lesser_group"].tolist() == [least[b] for _, b in edges]


def test_no_edges_no_outcome() -> None:
    found = agglomerate(arrays([], {}, set()), 60)
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(found, 0)
    assert KEPT == 0
