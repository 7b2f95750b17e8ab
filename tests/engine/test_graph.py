"""The order of models and their selection."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.compile.graph import downstream, order, select, upstream
from siyu.errors import ConfigError, Problems

# staging.a -> records.b -> kpi.c, kpi.d; staging.x -> kpi.d
GRAPH = {
    "kpi.c": {"records.b", "reference.rules"},
    "kpi.d": {"records.b", "staging.x"},
    "records.b": {"staging.a"},
    "staging.a": set[str](),
    "staging.x": set[str](),
}


def test_each_comes_after_what_it_reads_and_ties_go_by_name() -> None:
    assert order(GRAPH) == ["staging.a", "staging.x", "records.b", "kpi.c", "kpi.d"]
    assert order(dict(reversed(GRAPH.items()))) == order(GRAPH)


@given(st.dictionaries(st.integers(0, 12), st.sets(st.integers(0, 12), max_size=4), max_size=12))
def test_any_graph_without_a_circle_is_ordered_whole(reads: dict[int, set[int]]) -> None:
    graph = {f"m{name}": {f"m{item}" for item in items if item < name} for name, items in reads.items()}
    found = order(graph)
    assert sorted(found) == sorted(graph)
    for name, items in graph.items():
        assert all(found.index(item) < found.index(name) for item in items if item in graph)


def test_a_circle_is_told_in_the_direction_of_reading() -> None:
    with pytest.raises(ConfigError) as error:
        order({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}})
    path = error.value.problem.removeprefix("models read each other in a circle: ").split(" -> ")
    assert path[0] == path[-1] and sorted(path[:-1]) == ["a", "b", "c"]
    reads = {"a": "b", "b": "c", "c": "a"}
    assert all(reads[name] == following for name, following in pairwise(path))
    assert error.value.where in ("a", "b", "c") and "remove one of these refs" in error.value.fix


def test_a_model_that_reads_itself() -> None:
    with pytest.raises(ConfigError, match="a -> a"):
        order({"a": {"a"}})


def test_upstream_and_downstream() -> None:
    assert upstream(GRAPH, ["kpi.c"]) == {"kpi.c", "records.b", "staging.a"}
    assert downstream(GRAPH, ["staging.a"]) == {"staging.a", "records.b", "kpi.c", "kpi.d"}


@pytest.mark.parametrize(
    ("expressions", "names"),
    [
        ([], ["staging.a", "staging.x", "records.b", "kpi.c", "kpi.d"]),
        (["records.b"], ["records.b"]),
        (["b"], ["records.b"]),
        (["+b"], ["staging.a", "records.b"]),
        (["b+"], ["records.b", "kpi.c", "kpi.d"]),
        (["+b+"], ["staging.a", "records.b", "kpi.c", "kpi.d"]),
        (["+d"], ["staging.a", "staging.x", "records.b", "kpi.d"]),
        (["staging.*"], ["staging.a", "staging.x"]),
        (["+kpi.*"], ["staging.a", "staging.x", "records.b", "kpi.c", "kpi.d"]),
        (["staging.x", "c"], ["staging.x", "kpi.c"]),
        (["c,staging.x  a"], ["staging.a", "staging.x", "kpi.c"]),
        (["c", "c", "kpi.c"], ["kpi.c"]),
    ],
)
def test_selection(expressions: list[str], names: list[str]) -> None:
    assert select(GRAPH, expressions) == names


def test_a_selection_of_nothing_names_the_nearest_model() -> None:
    with pytest.raises(ConfigError, match=r"\+kpi\.cc selects no model") as error:
        select(GRAPH, ["b", "+kpi.cc"])
    assert error.value.fix == "did you mean kpi.c?" and error.value.where == "--select"


def test_every_expression_that_selects_nothing_is_told_once() -> None:
    with pytest.raises(Problems) as error:
        select(GRAPH, ["tags.*", "person", "b", "tags.*"])
    assert [item.problem for item in error.value.errors] == [
        "tags.* selects no model",
        "person selects no model",
    ]
