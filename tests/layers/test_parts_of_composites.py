"""Candidates among people whom a layer knows by name, birth date and address, without a mobile or a mail address."""

from __future__ import annotations

import csv
import runpy
from datetime import date
from pathlib import Path

import duckdb
import pytest

from siyu.layers import base_layer

BENCHMARK = base_layer() / "benchmarks" / "public_duplicates.py"
COLUMNS = ("rec_id", "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state",
           "date_of_birth", "soc_sec_id")  # fmt: skip
AT = ("12", "gregory street", "", "lismore", "2480", "nsw")
# rec_id -> name, address, birth date, number
PEOPLE = {
    "rec-1-org": (("mitchell", "green"), AT, "19560409", "1804974"),
    "rec-1-dup-0": (("mitchell", "green"), ("12", "gregory streeet", *AT[2:]), "19560408", "1804979"),
    "rec-2-org": (("mitchell", "green"), ("9", "kosciusko avenue", "", "penrith", "6150", "wa"), "19871230", "7000001"),
    "rec-3-org": (("harley", "mccarthy"), ("177", "pridham st", "", "marsden", "3165", "vic"), "19080419", "6089216"),
    "rec-3-dup-0": (("harley", "mccarhty"), ("177", "pridham st", "", "marsden", "3156", "vic"), "19080419", "6098216"),
    "rec-4-org": (("madeline", "mason"), ("54", "hoseason st", "", "granville", "4881", "qld"), "19080419", "2185997"),
}


@pytest.fixture(scope="module")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> dict[frozenset[str], tuple[float, set[str], set[str]]]:
    """Pairs of people, by their oldest records -> score, evidence for and against; 400 strangers stand beside them."""
    root = tmp_path_factory.mktemp("parts")
    source = root / "dataset1.csv"
    strangers = {
        f"rec-{n}-org": ((f"g{n}iven", f"s{n}urname"), (str(n), f"road {n * 7919}", "", f"town {n}", str(n), "nt"),
                         f"19{n % 90 + 10}0{n % 9 + 1}{n % 19 + 10}", str(3_000_000 + n))
        for n in range(100, 500)
    }  # fmt: skip
    with source.open("w", encoding="utf-8", newline="") as file:
        rows = (
            (key, *name, *address, born, number) for key, (name, address, born, number) in (PEOPLE | strangers).items()
        )
        csv.writer(file).writerows([COLUMNS, *rows])
    benchmark = runpy.run_path(str(BENCHMARK))
    settings = benchmark["night"](source, root / "night", "lower(address)")
    path = Path(settings.warehouse) / "current" / "siyu_restricted.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            "select a.record_id, b.record_id, c.score, c.found_for, coalesce(c.found_against, '')"
            " from identity.candidate as c join identity.record_person as a on c.left_id = a.one_id"
            " join identity.record_person as b on c.right_id = b.one_id"
        ).fetchall()
    assert benchmark["AS_OF"] == date(2020, 12, 31)
    return {
        frozenset(one.partition(":")[2] for one in (left, right)): (
            float(score), set(proof.split(", ")), set(against.split(", ")) - {""}
        )
        for left, right, score, proof, against in found
    }  # fmt: skip


def test_errors_in_several_parts_are_found(candidates: dict[frozenset[str], tuple[float, set[str], set[str]]]) -> None:
    score, proof, against = candidates[frozenset(("rec-1-org", "rec-1-dup-0"))]
    assert score >= 0.5 and {"same_name", "near_part", "near_composite"} <= proof and against == set()
    score, proof, _ = candidates[frozenset(("rec-3-org", "rec-3-dup-0"))]
    assert score >= 0.5 and {"near_name", "same_part", "near_part"} <= proof


def test_namesakes_with_other_parts_are_none(
    candidates: dict[frozenset[str], tuple[float, set[str], set[str]]],
) -> None:
    """The name is rare, and nobody has a mobile: that alone says nothing about people who are known by other fields."""
    for other in ("rec-1-org", "rec-1-dup-0"):
        assert frozenset(("rec-2-org", other)) not in candidates
    assert frozenset(("rec-3-org", "rec-4-org")) not in candidates  # born on one day
    assert len(candidates) == 2
