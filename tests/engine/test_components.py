"""Union-find under constraints against sets, and what it does with what it is given."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from siyu.engines.agglomerate import EDGE_COLUMNS, KEPT, LINK, REASONS, SEEN, UNLINK, agglomerate

Edge = tuple[int, int]


def arrays(
    edges: list[Edge],
    unique: dict[int, int],
    uncounted: set[int],
    order: list[int] | None = None,
    kinds: list[int] | None = None,
) -> dict[str, np.ndarray]:
    rows = [
        (
            number,
            (kinds or [SEEN] * len(edges))[number - 1],
            a,
            b,
            unique.get(a, 0),
            unique.get(b, 0),
            int(a not in uncounted),
            int(b not in uncounted),
        )
        for number, (a, b) in enumerate(edges, start=1)
    ]
    rows = [rows[i] for i in order] if order is not None else rows
    columns = zip(*rows, strict=True) if rows else [[]] * len(EDGE_COLUMNS)
    return {name: np.array(column, dtype=np.int64) for name, column in zip(EDGE_COLUMNS, columns, strict=True)}


def by_sets(
    edges: list[Edge], unique: dict[int, int], uncounted: set[int], max_size: int, kinds: list[int]
) -> tuple[list[str | None], dict[int, int]]:
    """Why each edge was cut, and the least node of everybody's group."""
    group = {node: {node} for edge in edges for node in edge}
    links = dict.fromkeys(group, 0)
    apart: list[set[int]] = []
    reasons: list[str | None] = []
    for (a, b), kind in zip(edges, kinds, strict=True):
        reason = None
        if group[a] is group[b]:
            reason = "link" if kind == UNLINK else None
        elif kind == UNLINK:
            apart.append({a, b})
        else:
            united, allowed = group[a] | group[b], 1 + links[a] + links[b]
            both = {unique.get(node) for node in group[a]} & {unique.get(node) for node in group[b]} - {None}
            if any(pair <= united for pair in apart):
                reason = "unlink"
            elif kind == SEEN and both:
                reason = "unique"
            elif kind == SEEN and len(united - uncounted) > max_size * allowed:
                reason = "size"
            else:
                count = links[a] + links[b] + (kind == LINK)
                for node in united:
                    group[node], links[node] = united, count
        reasons.append(reason)
    for number, (a, b) in enumerate(edges):
        if group[a] is group[b] and kinds[number] != UNLINK:  # joined later, by a linked, larger group
            reasons[number] = None
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
    kinds = data.draw(st.lists(st.sampled_from([SEEN, SEEN, SEEN, LINK, UNLINK]), min_size=30, max_size=30))
    kinds = kinds[: len(edges)]
    reasons, least = by_sets(edges, unique, uncounted, max_size, kinds)
    order = data.draw(st.permutations(range(len(edges))))
    found = agglomerate(arrays(edges, unique, uncounted, list(order), kinds), max_size)
    assert found["edge_no"].tolist() == list(range(1, len(edges) + 1))
    assert [REASONS[reason] for reason in found["reason"]] == reasons
    assert found["node_group"].tolist() == [least[a] for a, _ in edges]
    for a, b, reason, kind in zip(found["node_group"], found["lesser_group"], reasons, kinds, strict=True):
        assert (a == b) == ((reason is None) == (kind != UNLINK))
    assert found["lesser_group"].tolist() == [least[b] for _, b in edges]


def test_no_edges_no_outcome() -> None:
    found = agglomerate(arrays([], {}, set()), 60)
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(found, 0)
    assert KEPT == 0


def test_what_is_linked_counts_as_one_and_the_earlier_of_two_contradictions_stands() -> None:
    """1 and 2 are of one unique type; 3 hangs on 1, and 4, of the type, on 3: a third is too many."""
    edges, unique = [(2, 1), (3, 1), (4, 3)], {1: 1, 2: 1, 4: 1}
    linked = agglomerate(arrays(edges, unique, set(), kinds=[LINK, SEEN, SEEN]), 60)
    assert [REASONS[reason] for reason in linked["reason"]] == [None, None, "unique"]
    contradicted = agglomerate(arrays([(2, 1), (3, 2), (3, 1)], {}, set(), kinds=[LINK, LINK, UNLINK]), 60)
    assert [REASONS[reason] for reason in contradicted["reason"]] == [None, None, "link"]
    first = agglomerate(arrays([(3, 1), (2, 1), (3, 2)], {}, set(), kinds=[UNLINK, LINK, LINK]), 60)
    assert [REASONS[reason] for reason in first["reason"]] == [None, None, "unlink"]


def test_one_that_was_unlinked_from_thousands_is_united_with_thousands() -> None:
    count = 20_000
    edges = [(node, 1) for node in range(2, 2 * count + 2)]
    kinds = [UNLINK] * count + [SEEN] * count
    found = agglomerate(arrays(edges, {}, set(), kinds=kinds), 10 * count)
    assert set(found["reason"].tolist()) == {KEPT}
