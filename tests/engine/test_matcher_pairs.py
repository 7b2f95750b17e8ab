"""Pairs of outside matchers (reference/matcher_pairs.csv), checked before anything is built."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from siyu.ask.match_files import write_pairs
from siyu.compile.compiler import compile_project
from siyu.errors import Problems
from siyu.layers import base_layer
from siyu.seeds.identifier_types import load_identifier_types
from siyu.seeds.matcher_tables import COLUMNS, MATCHER_TABLES
from siyu.seeds.references import load_references
from siyu.seeds.table_checks import table_errors
from siyu.settings import load_settings

BASE = base_layer() / "seeds" / "reference"
PAIR = {"matcher": "splink", "left_record": "crm:contacts:K1", "right_record": "web:events:e17|a:b",
        "probability": "0.93", "entity": "person"}  # fmt: skip


def problems(*rows: dict[str, str]) -> list[tuple[str, str]]:
    with (BASE / "identifier_types.csv").open(encoding="utf-8", newline="") as file:
        types = load_identifier_types(list(csv.DictReader(file)), "identifier_types.csv")
    errors = table_errors("matcher_pairs", MATCHER_TABLES["matcher_pairs"], rows, types, "t.csv")
    return [(error.problem.removeprefix("matcher_pairs: "), error.fix) for error in errors]


def test_the_table_of_the_base_layer_is_empty_and_has_the_columns() -> None:
    assert (BASE / "matcher_pairs.csv").read_text(encoding="utf-8").strip() == ",".join(COLUMNS)


@pytest.mark.parametrize("probability", ["0", "1", "0.5", "1.0", "0.999999"])
def test_probabilities_from_0_to_1(probability: str) -> None:
    assert problems(PAIR | {"probability": probability}) == []


CASES = [
    ({"probability": "1.01"}, "probability is '1.01'", "from 0 to 1"),
    ({"probability": "-0.1"}, "probability is '-0.1'", "from 0 to 1"),
    ({"probability": "93%"}, "probability is '93%'", "from 0 to 1"),
    ({"probability": "0,93"}, "probability is '0,93'", "with a point"),
    ({"probability": "9e-1"}, "probability is '9e-1'", "from 0 to 1"),
    ({"probability": "nan"}, "probability is 'nan'", "from 0 to 1"),
    ({"probability": ""}, "probability is empty", "from 0 to 1"),
    ({"entity": "people"}, "entity is 'people'", "expected one of: company, person."),
    ({"entity": ""}, "entity is empty", "person"),
    ({"left_record": "K1"}, "left_record is 'K1'", "channel:record_id"),
    ({"left_record": "crm:"}, "left_record is 'crm:'", "channel:record_id"),
    ({"left_record": ":K1"}, "left_record is ':K1'", "channel:record_id"),
    ({"right_record": "crm: K1"}, "right_record is 'crm: K1'", "channel:record_id"),
    ({"right_record": ""}, "right_record is empty", "channel:record_id"),
    ({"right_record": PAIR["left_record"]}, "crm:contacts:K1 is on both sides", "name two records."),
    ({"matcher": "Splink 5"}, "matcher is 'Splink 5'", "lower case"),
]


@pytest.mark.parametrize(("change", "problem", "fix"), CASES)
def test_a_wrong_row_is_reported(change: dict[str, str], problem: str, fix: str) -> None:
    ((found, how),) = problems(PAIR | change)
    assert found == problem and fix in how


def test_a_matcher_names_a_pair_once() -> None:
    other = PAIR | {"matcher": "own"}
    assert problems(PAIR, other, PAIR | {"entity": "company"}) == []
    ((found, _),) = problems(PAIR, other, PAIR | {"probability": "0.1"})
    assert found == "splink person crm:contacts:K1 web:events:e17|a:b is already in row 2"


def test_all_mistakes_stop_the_compilation_together(tmp_path: Path) -> None:
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    rows = ["splink,crm:K1,crm:K2,0.9,person", "splink,crm:K1,K3,2,person", "splink,nobody:K1,crm:K9,0.9,firm"]
    (folder / "matcher_pairs.csv").write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")
    settings = load_settings(tmp_path, warehouse=tmp_path / "warehouse", layers=(tmp_path / "layer",))
    with pytest.raises(Problems) as raised:
        compile_project(settings)
    assert [(error.problem, error.where.rpartition(", ")[2]) for error in raised.value.errors] == [
        ("matcher_pairs: right_record is 'K3'", "row 3"),
        ("matcher_pairs: probability is '2'", "row 3"),
        ("matcher_pairs: entity is 'firm'", "row 4"),
    ]


def test_a_table_without_a_column_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    (folder / "matcher_pairs.csv").write_text("matcher,left_record,right_record,probability\n", encoding="utf-8")
    settings = load_settings(tmp_path, warehouse=tmp_path / "warehouse", layers=(tmp_path / "layer",))
    with pytest.raises(Exception, match="matcher_pairs has no column entity"):
        compile_project(settings)


def test_pairs_are_written_beside_those_of_a_layer_and_keep_the_mode_of_the_file(tmp_path: Path) -> None:
    header = ",".join(COLUMNS)
    added = tmp_path / "layer" / "seeds" / "reference" / "matcher_pairs.add.csv"
    added.parent.mkdir(parents=True)
    added.write_text(f"{header}\nzingg,crm:a,crm:b,0.9,person\nsplink,crm:a,crm:c,0.9,person\n", encoding="utf-8")
    (tmp_path / "exports").mkdir()
    settings = load_settings(tmp_path, layers=(tmp_path / "layer",), exports=tmp_path / "exports")
    path = write_pairs(settings, load_references(settings)["matcher_pairs"], "person", [("crm:c", "crm:d", 0.8)])
    path.chmod(0o640)
    write_pairs(settings, load_references(settings)["matcher_pairs"], "person", [("crm:c", "crm:e", 0.7)])
    assert path == tmp_path / "exports" / "reference" / "matcher_pairs.csv" and path.stat().st_mode & 0o777 == 0o640
    with path.open(encoding="utf-8", newline="") as file:
        found = [(row["matcher"], row["left_record"], row["right_record"]) for row in csv.DictReader(file)]
    assert found == [("zingg", "crm:a", "crm:b"), ("splink", "crm:c", "crm:e")]
