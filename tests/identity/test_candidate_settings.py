"""Candidates under other settings: which ones join by themselves, blocks that are too large, and composites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.dev.model_test_files import case_of
from siyu.dev.model_tests import Engines, run_model_test
from siyu.settings import load_settings

pytestmark = pytest.mark.xdist_group("candidate_settings")
VARS = """
join_candidates_from: 0.95
candidate_block_size: 3
candidate_neighbours: 1
max_identifiers_per_person: 4
"""
TYPES = """id_type,entity,strength,is_unique,max_neighbours,counts_to_size,valid_regex,parts,is_pii,description
landline,person,,false,,false,"^0[0-9]{2,3}-[0-9]{7,8}$",,true,Landline.
landline+company_name,person,5,false,3,true,,landline+company_name,true,A landline of a company.
"""
LANDLINE = "landline+company_name"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A layer with other vars and a composite identifier."""
    folder = tmp_path_factory.mktemp("candidates")
    for name, text in {"vars.yml": VARS, "reference/identifier_types.add.csv": TYPES}.items():
        path = folder / "layer" / "seeds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return compile_project(load_settings(folder, layers=(folder / "layer",)))


@pytest.fixture(scope="module")
def opened(ours: Project) -> Iterator[Engines]:
    engines = Engines(ours)
    yield engines
    engines.close()


def check(ours: Project, opened: Engines, model: str, given: dict[str, Rows], expect: Rows) -> None:
    outcome = run_model_test(ours, opened, case_of(model, {"name": "case", "given": given, "expect": expect}))
    assert outcome.error is None, str(outcome.error)
    assert (outcome.missing, outcome.surplus) == ((), ()), f"of {outcome.columns}"


def people(pairs: dict[tuple[int, int], float], types: dict[int, list[str]]) -> dict[str, Rows]:
    """Candidates with their scores. The types of identifiers of each person: the first one has the person's number."""
    nodes = [
        (person if place == 0 else person * 100 + place, person, id_type)
        for person, held in types.items()
        for place, id_type in enumerate(held)
    ]
    return {
        "identity.person_candidate": [
            {"left_key": a, "right_key": b, "score": score} for (a, b), score in pairs.items()
        ],
        "identity.node_cluster": [{"node": node, "cluster_key": person} for node, person, _ in nodes],
        "identity.person_identifier": [{"node": node, "id_type": id_type} for node, _, id_type in nodes],
    }


def _mobiles(count: int) -> dict[int, list[str]]:
    return {person: ["mobile"] for person in range(1, count + 1)}


JOINS = {
    "from the setting on": (
        {(1, 2): 0.95, (3, 4): 0.949}, _mobiles(4), [(1, 2)],
    ),
    "two candidates of one side: none joins": (
        {(1, 2): 0.99, (1, 3): 0.96}, _mobiles(3), [],
    ),
    "a chain: none joins": (
        {(1, 2): 0.99, (2, 3): 0.99}, _mobiles(3), [],
    ),
    "another candidate below the setting does not matter": (
        {(1, 2): 0.99, (1, 3): 0.9}, _mobiles(3), [(1, 2)],
    ),
    "two unionids never join": (
        {(1, 2): 1.0, (3, 4): 1.0},
        {1: ["unionid", "mobile"], 2: ["mobile", "unionid"], 3: ["unionid"], 4: ["mobile"]},
        [(3, 4)],
    ),
    "a unionid and a login may be one person": ({(1, 2): 1.0}, {1: ["unionid"], 2: ["member_id"]}, [(1, 2)]),
    "five identifiers are more than a person may have, cookies not counted": (
        {(1, 2): 1.0, (3, 4): 1.0},
        {1: ["mobile", "email", "mobile"], 2: ["email", "mobile"], 3: ["mobile", "email", "cookie_id"],
         4: ["email", "mobile"]},
        [(3, 4)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", JOINS)
def test_candidates_join_only_if_nothing_contradicts(ours: Project, opened: Engines, case: str) -> None:
    pairs, types, joined = JOINS[case]
    expect = [{"left_key": a, "right_key": b, "score": pairs[a, b], "join_from": 0.95} for a, b in joined]
    check(ours, opened, "identity.person_join", people(pairs, types), expect)


def test_companies_with_two_credit_codes_never_join(ours: Project, opened: Engines) -> None:
    identifiers = [(1, "credit_code"), (2, "credit_code"), (3, "company_name"), (4, "company_name")]
    given: dict[str, Rows] = {
        "identity.company_candidate": [
            {"left_key": 1, "right_key": 2, "score": 1}, {"left_key": 3, "right_key": 4, "score": 0.95},
        ],
        "identity.company_cluster": [{"node": node, "cluster_key": node} for node, _ in identifiers],
        "identity.company_identifier": [{"node": node, "id_type": id_type} for node, id_type in identifiers],
    }  # fmt: skip
    check(ours, opened, "identity.company_join", given, [{"left_key": 3, "right_key": 4, "score": 0.95}])


def _blocks(sizes: dict[str, int]) -> dict[str, Rows]:
    rows = [
        {"generator": "rare_name", "block": name, "value": name, "cluster_key": number}
        for name, size in sizes.items()
        for number in range(size)
    ]
    return {"identity.person_block": rows}


def test_too_large_a_block_is_skipped_and_counted(ours: Project, opened: Engines) -> None:
    given = _blocks({"欧阳锋": 3, "王伟": 4, "李静": 5, "张三": 1})
    pairs = [{"left_key": a, "right_key": b, "left_value": "欧阳锋"} for a, b in ((0, 1), (0, 2), (1, 2))]
    check(ours, opened, "identity.person_candidate_pair", given, pairs)
    counted = {"entity": "person", "generator": "rare_name", "block_count": 3, "cut_count": 2, "cut_member_count": 9}
    check(ours, opened, "identity.candidate_block", given, [counted])


def test_a_name_that_is_near_many_others_says_nothing(ours: Project, opened: Engines) -> None:
    """1 is near 2 and 3, which are not near each other by this value; 4 and 5 are near each other only."""
    rows = [("ab", "abc", 1), ("ab", "abd", 2), ("bc", "abc", 1), ("bc", "bc", 3), ("xy", "xyz", 4), ("xy", "xyw", 5)]
    given: dict[str, Rows] = {
        "identity.company_block": [
            {"generator": "near_company", "block": block, "value": value, "cluster_key": key}
            for block, value, key in rows
        ]
    }
    found = {"left_key": 4, "right_key": 5, "evidence": "near_core", "partner_count": 1}
    check(ours, opened, "identity.company_candidate_pair", given, [found])


def test_composites_are_cut_into_blocks_without_each_part(ours: Project, opened: Engines) -> None:
    value = {"cluster_key": 1, "kind": LANDLINE, "value": "0512-67001234|华阳"}
    blocks = [
        {"generator": "near_composite", "block": f"{LANDLINE}|1||华阳", "value": "0512-67001234", "cluster_key": 1},
        {"generator": "near_composite", "block": f"{LANDLINE}|2|0512-67001234|", "value": "华阳", "cluster_key": 1},
    ]
    check(ours, opened, "identity.person_block", {"identity.person_value": [value]}, blocks)


def test_composites_are_compared_as_a_whole_and_in_parts(ours: Project, opened: Engines) -> None:
    """The landline of 0 and 4 is one that 2 of 5 people have: -0.5 + log2(5 / 2) = 0.82. Company names are no part."""
    texts = [
        "0512-67001234|华阳",
        "0512-67001243|华阳",
        "0512-67001243|东恒",
        "021-55558888|华阳",
        "0512-67001234|东恒",
    ]
    given: dict[str, Rows] = {
        "identity.person_value": [
            {"cluster_key": key, "kind": LANDLINE, "value": text} for key, text in enumerate(texts)
        ],
        "identity.person_candidate_pair": [{"left_key": 0, "right_key": key} for key in (1, 2, 3, 4)],
    }
    found = [
        (1, "composite", "near_composite", 6), (1, "part:landline", "near_part", 4),
        (2, "part:landline", "near_part", 4),
        (3, "part:landline", "other_part", -3), (4, "part:landline", "same_part", 0.82),
    ]  # fmt: skip
    expect = [
        {"left_key": 0, "right_key": key, "field": field, "evidence": evidence, "bits": bits}
        for key, field, evidence, bits in found
    ]
    check(ours, opened, "identity.person_evidence", given, expect)
