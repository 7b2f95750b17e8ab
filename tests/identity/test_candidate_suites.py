"""Every expectation about candidates fails when its fault is planted, and says nothing about rows that are right."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.check.suites import Suite
from siyu.compile.project import Project
from tests.models.test_models import Engines
from tests.planting import Fault, Key, Planting, Tables

ENTITIES = ("person", "company")
SUITES = (
    "node_cluster", "company_cluster", "person_name", "name_sound", "contact_cluster", "person_value", "company_value",
    "company_label", "company_person", "company_record_cluster", "candidate_company_name", "person_block",
    "company_block", "person_candidate_pair", "company_candidate_pair", "person_evidence", "company_evidence",
    "person_candidate", "company_candidate", "person_join", "company_join", "candidate_block", "candidate",
)  # fmt: skip
# 100 people and 100 companies, of whom 1 and 51, 2 and 52 … are candidates. The identifiers 101 and 102 belong to 1.
ALL, PAIRS = range(1, 101), [(number, number + 50) for number in range(1, 51)]
GENERATOR = {"person": "near_mobile", "company": "near_company"}
FOUND = {"person": "near_mobile", "company": "same_core"}
FIELD = {"person": "mobile", "company": "name"}
BITS = {"person": 17, "company": 14}


def _pairs(entity: str) -> Tables:
    """The tables of an entity that list pairs."""
    pairs = [{"left_key": left, "right_key": right} for left, right in PAIRS]
    found = {"generator": GENERATOR[entity], "evidence": FOUND[entity]}
    weighed = {"field": FIELD[entity], "evidence": FOUND[entity], "bits": BITS[entity]}
    return {
        f"identity.{entity}_block": [{"generator": GENERATOR[entity], "block": "b", "value": "v", "cluster_key": 1}],
        f"identity.{entity}_candidate_pair": [{**pair, **found} for pair in pairs],
        f"identity.{entity}_evidence": [{**pair, **weighed} for pair in pairs],
        f"identity.{entity}_candidate": [{**pair, "generators": GENERATOR[entity], "score": 0.9} for pair in pairs],
        f"identity.{entity}_join": [{**pairs[0], "score": 0.9, "join_from": 0.9}],
    }


def _listed(number: int, entity: str) -> dict[str, Any]:
    place = number + 50 * ENTITIES.index(entity)
    return {"candidate_no": place, "candidate_id": f"K{place:012x}", "entity": entity, "status": "open", "score": 0.9,
            "generators": GENERATOR[entity], "left_id": f"{entity}{number}",
            "right_id": f"{entity}{number + 50}"}  # fmt: skip


NODES = [{"node": number, "cluster_key": number} for number in ALL] + [
    {"node": n, "cluster_key": 1} for n in (101, 102)
]
EDGES = [
    {"node": 101, "lesser_node": 1, "is_kept": True},
    {"node": 2, "lesser_node": 1, "is_kept": False, "cut_reason": "unique"},
]
UNLINKED = [{"node": 103, "lesser_node": 102, "decision": "unlink"}]  # 103 is another identifier of 4
GOOD: Tables = {
    "identity.node_cluster": [*NODES, {"node": 103, "cluster_key": 4}],
    "identity.company_cluster": [*NODES, {"node": 103, "cluster_key": 4}],
    "identity.edge": EDGES,
    "identity.company_edge": EDGES,
    "identity.shared_identifier": [{"node": 900}, {"node": 103}],
    "identity.decided_pair": [*UNLINKED, {"node": 103, "lesser_node": 4, "decision": "link"}],
    "identity.decided_company_pair": UNLINKED,
    "identity.company_node": [{"node": 1, "is_open": False}, {"node": 200, "is_open": True}],
    "identity.person_name": [
        {"full_name": f"n{number}", "name_key": None if number % 2 else "王丽"} for number in range(102)
    ],
    "identity.name_sound": [
        {"name": "王䶮" if number < 3 else "王丽", "sound": "wang 䶮" if number < 3 else "wang li"}
        for number in range(60)
    ],
    "identity.contact_cluster": [{"channel": "crm", "record_id": "a", "cluster_key": 1}],
    "identity.person_value": [
        {"cluster_key": 1, "kind": "name", "value": "王丽", "holder_count": 2},
        {"cluster_key": 2, "kind": "name", "value": "王丽", "holder_count": 2},
    ],
    "identity.company_value": [
        {"cluster_key": 1, "kind": "region", "value": "江苏", "holder_count": 2},
        {"cluster_key": 2, "kind": "region", "value": "江苏", "holder_count": 2},
    ],
    "identity.company_label": [{"node": 1, "name_key": "苏州华阳", "region": "苏州", "core": "华阳"}],
    "identity.company_person": [{"cluster_key": 1, "person_key": 1}],
    "identity.company_record_cluster": [{"channel": "crm", "record_id": "a", "cluster_key": 1}],
    "identity.account_id": [{"account_key": number} for number in ALL],
    "identity.one_id": [{"person_key": number} for number in ALL],
    "identity.candidate_company_name": [{"account_key": 1, "company_name": "苏州华阳有限公司"}],
    **_pairs("person"),
    **_pairs("company"),
    "identity.candidate_block": [
        {"entity": "person", "generator": "rare_name", "block_count": 100, "cut_count": 5, "cut_member_count": 400},
        {"entity": "company", "generator": "abbreviation", "block_count": 2, "cut_count": 2, "cut_member_count": 130},
    ],
    "identity.candidate": [_listed(number, entity) for entity in ENTITIES for number, _ in PAIRS],
}

NOBODY = 999
# (table of the suite, description) -> (table with the fault, row, its columns); row None = a row is added.
FAULTS: dict[Key, Fault] = {
    ("node_cluster", "an anchor is its own"): ("node_cluster", 5, {"cluster_key": 101}),
    ("node_cluster", "kept edges stay within a person"): ("node_cluster", 100, {"cluster_key": 3}),
    ("node_cluster", "a shared identifier joins nobody"): ("node_cluster", None, {"node": 900, "cluster_key": 900}),
    ("company_cluster", "an anchor is its own"): ("company_cluster", 5, {"cluster_key": NOBODY}),
    ("company_cluster", "no identifier is lost"): ("company_node", None, {"node": 300, "is_open": False}),
    ("company_cluster", "kept edges stay within a company"): ("company_cluster", 100, {"cluster_key": 3}),
    ("person_name", "a whole name"): ("person_name", 0, {"name_key": "王"}),
    ("person_name", "few names without a key"): ("person_name", 0, {"name_key": None}),
    ("name_sound", "a syllable for each letter"): ("name_sound", 5, {"sound": "wangli"}),
    ("name_sound", "few characters without a sound"): ("name_sound", 5, {"sound": "wang 丽"}),
    ("contact_cluster", "a person that exists"): ("contact_cluster", 0, {"cluster_key": NOBODY}),
    ("person_value", "a known kind"): ("person_value", 0, {"kind": "names"}),
    ("company_value", "a known kind"): ("company_value", 0, {"kind": "name"}),
    ("company_label", "region and core are the name"): ("company_label", 0, {"core": "华"}),
    ("company_person", "a company that exists"): ("company_person", 0, {"cluster_key": NOBODY}),
    ("company_person", "a person that exists"): ("company_person", 0, {"person_key": NOBODY}),
    ("company_record_cluster", "a company that exists"): ("company_record_cluster", 0, {"cluster_key": NOBODY}),
    ("candidate_company_name", "a company that exists"): ("candidate_company_name", 0, {"account_key": NOBODY}),
    ("company_block", "a value, but for the same people"): ("company_block", 0, {"value": None}),
    ("candidate_block", "blocks that were cut are some of all"): ("candidate_block", 1, {"cut_count": 3}),
    ("candidate_block", "few blocks are cut"): ("candidate_block", 0, {"cut_count": 6}),
    ("candidate", "numbers from 1 without gaps"): ("candidate", 99, {"candidate_no": 101}),
    ("candidate", "the form of an ID"): ("candidate", 0, {"candidate_id": "K12"}),
    ("candidate", "a score from 0 to 1"): ("candidate", 0, {"score": 1.001}),
    ("candidate", "two of them, unless they joined"): ("candidate", 0, {"right_id": "person1"}),
    ("candidate", "known generators"): ("candidate", 0, {"generators": "near_mobile, near_company"}),
    ("candidate", "no candidate is lost"): ("person_candidate", None, {"left_key": 60, "right_key": 70}),
    ("candidate", "unsure at some time"): ("candidate", 0, {"status": "unsure"}),
    ("candidate", "few candidates"): ("candidate", None, _listed(51, "person")),
}
MORE: list[tuple[Key, Fault]] = [
    (("node_cluster", "kept edges stay within a person"), ("node_cluster", 1, {"cluster_key": 1})),
    (("company_label", "region and core are the name"), ("company_label", 0, {"region": None})),
    (("company_block", "a value, but for the same people"), ("company_block", 0, {"generator": "same_people"})),
    (("candidate_block", "blocks that were cut are some of all"), ("candidate_block", 0, {"cut_member_count": 0})),
    (("candidate", "numbers from 1 without gaps"), ("candidate", 0, {"candidate_no": 0})),
    (("candidate", "two of them, unless they joined"), ("candidate", 0, {"status": "joined"})),
    (("candidate", "few candidates"), ("candidate", None, _listed(51, "company"))),
]
for _entity in ENTITIES:
    _other = ENTITIES[1 - ENTITIES.index(_entity)]
    for _table in (f"{_entity}_value", f"{_entity}_block"):
        FAULTS[_table, f"a {_entity} that exists"] = (_table, 0, {"cluster_key": NOBODY})
    FAULTS[f"{_entity}_value", "holders are counted"] = (f"{_entity}_value", 1, {"holder_count": 1})
    MORE.append(((f"{_entity}_value", "holders are counted"), (f"{_entity}_value", 1, {"value": "b"})))
    for _table in (f"{_entity}_block", f"{_entity}_candidate_pair"):
        FAULTS[_table, "a generator that is on"] = (_table, 0, {"generator": GENERATOR[_other]})
    for _table in (f"{_entity}_candidate_pair", f"{_entity}_evidence", f"{_entity}_candidate", f"{_entity}_join"):
        FAULTS[_table, "the left comes before the right"] = (_table, 0, {"left_key": 51, "right_key": 1})
    for _table in (f"{_entity}_candidate_pair", f"{_entity}_candidate", f"{_entity}_join"):
        FAULTS[_table, "no pair that a human unlinked"] = (_table, 0, {"left_key": 1, "right_key": 4})
    FAULTS[f"{_entity}_candidate_pair", "known evidence"] = (
        f"{_entity}_candidate_pair",
        0,
        {"evidence": FOUND[_other]},
    )
    FAULTS[f"{_entity}_evidence", "evidence of its field"] = (f"{_entity}_evidence", 0, {"field": "place"})
    FAULTS[f"{_entity}_evidence", "bits by the table"] = (f"{_entity}_evidence", 0, {"bits": 17.01})
    FAULTS[f"{_entity}_candidate", "a score from 0 to 1"] = (f"{_entity}_candidate", 0, {"score": -0.001})
    FAULTS[f"{_entity}_candidate", "generators that found it"] = (f"{_entity}_candidate", 0, {"generators": "a, b"})
    FAULTS[f"{_entity}_join", "the score reaches the setting"] = (f"{_entity}_join", 0, {"join_from": 0.901})
    MORE.append(((f"{_entity}_join", "the score reaches the setting"), (f"{_entity}_join", 0, {"join_from": 0})))
    FAULTS[f"{_entity}_join", "a candidate with this score"] = (f"{_entity}_candidate", 0, {"score": 0.95})
    _rival = {"left_key": 51, "right_key": 70, "score": 0.9}
    FAULTS[f"{_entity}_join", "the only candidate of both sides"] = (f"{_entity}_candidate", None, _rival)
PLANTING = Planting("identity", SUITES, GOOD)
COVERED: Tables = {
    "identity.node_cluster": [{"node": node, "cluster_key": node} for node in (1, 2, 3)],
    "identity.company_cluster": [{"node": node, "cluster_key": node} for node in (1, 2, 3)],
    "identity.person_join": [{"left_key": 1, "right_key": 2}],
    "identity.company_join": [{"left_key": 1, "right_key": 2}],
    "identity.node_person": [{"node": node, "person_key": key} for node, key in ((1, 1), (2, 1), (3, 3))],
    "identity.account_id": [{"node": node, "account_key": key} for node, key in ((1, 1), (2, 1), (3, 3))],
}
COVERING = Planting("identity", ("node_person", "account_id"), COVERED)


def test_every_expectation_has_a_fault(suites: dict[str, Suite]) -> None:
    assert set(PLANTING.queries(suites)) == set(FAULTS)


def test_good_rows_pass(project: Project, suites: dict[str, Suite], engines: Engines) -> None:
    assert {one: rows for one, rows in PLANTING.found(project, engines, suites).items() if rows} == {}


@pytest.mark.parametrize(("one", "fault"), [*FAULTS.items(), *MORE])
def test_a_fault_is_found(project: Project, suites: dict[str, Suite], engines: Engines, one: Key, fault: Fault) -> None:
    assert PLANTING.found_by(one, project, engines, suites, fault)


@pytest.mark.parametrize(
    ("table", "key", "cluster"),
    [("node_person", "person_key", "node_cluster"), ("account_id", "account_key", "company_cluster")],
)
def test_maps_cover_every_identifier(
    project: Project, suites: dict[str, Suite], engines: Engines, table: str, key: str, cluster: str
) -> None:
    one = (table, f"covers every identifier of {cluster}")
    nothing = (table, 2, {"node": 3})
    assert COVERING.found_by(one, project, engines, suites, nothing) == []
    faults: list[Fault] = [(table, 1, {key: 2}), (table, 2, {key: 1}), (cluster, None, {"node": 4, "cluster_key": 4})]
    assert all(COVERING.found_by(one, project, engines, suites, fault) for fault in faults)
