"""Tables that map what channels write to one code, checked before anything is built."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.seeds.alias_tables import ALIAS_TABLES, COLUMNS, folded
from siyu.seeds.identifier_types import load_identifier_types
from siyu.seeds.table_checks import table_errors
from siyu.settings import load_settings

BASE = base_layer() / "seeds" / "reference"
Rows = list[dict[str, str]]


def rows_of(name: str) -> Rows:
    with (BASE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def alias_problems(name: str, rows: Rows) -> list[tuple[str, str, str]]:
    """Return (place, problem, fix)."""
    types = load_identifier_types(rows_of("identifier_types"), "identifier_types.csv")
    errors = table_errors(name, ALIAS_TABLES[name], rows, types, "t.csv")
    return [(error.where, error.problem.removeprefix(f"{name}: "), error.fix) for error in errors]


@pytest.mark.parametrize("name", ALIAS_TABLES)
def test_the_tables_of_the_base_layer_are_valid(name: str) -> None:
    rows = rows_of(name)
    assert alias_problems(name, rows) == []
    assert tuple(rows[0]) == COLUMNS[name]
    assert all(2 <= len(row["aliases"].split("|")) <= 7 for row in rows)


SIZE = {"company_size": "S", "size_order": "1", "name_zh": "小型", "name_en": "Small", "aliases": "1-49"}
LARGE = {"company_size": "L", "size_order": "2", "name_zh": "大型", "name_en": "Large", "aliases": ""}
CASES = [
    ({"aliases": "500+|1-49"}, (3, "'1-49' is already in row 2, for S", "one thing")),
    ({"aliases": "SMALL"}, (3, "'SMALL' is already in row 2, for S", "one thing")),  # the name of another row
    ({"aliases": "１－４９"}, (3, "'１－４９' is already in row 2, for S", "one thing")),  # full width
    ({"company_size": "s"}, (3, "'s' is already in row 2, for S", "one thing")),
    ({"aliases": "500+| 500+ "}, (3, "'500+' is twice in this row", "one thing")),
    ({"aliases": "Large"}, (3, "'Large' is twice in this row", "one thing")),
    ({"aliases": "500+||600+"}, (3, "aliases is '500+||600+', with an empty alias", "one | between")),
    ({"aliases": "|"}, (3, "aliases is '|', with an empty alias", "one | between")),
    ({"name_zh": ""}, (3, "name_zh is empty", "without spaces")),
    ({"size_order": "big"}, (3, "size_order is 'big'", "whole number from 1 to 1000")),
    ({"size_order": "1"}, (3, "1 is already in row 2", "the same size_order")),
]


@pytest.mark.parametrize(("change", "expected"), CASES)
def test_a_wrong_row_is_reported(change: dict[str, str], expected: tuple[int, str, str]) -> None:
    assert alias_problems("company_sizes", [SIZE, LARGE]) == []
    ((place, problem, fix),) = alias_problems("company_sizes", [SIZE, LARGE | change])
    assert (place, problem) == (f"t.csv, row {expected[0]}", expected[1]) and expected[2] in fix


def test_written_forms_are_compared_without_case_width_and_outer_blanks() -> None:
    assert folded(" ＩＣ　") == folded("ic") != folded("i c")


def test_an_alias_of_two_industries_stops_the_compilation(tmp_path: Path) -> None:
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    text = "industry,name_zh,name_en,aliases\nprinting,印刷业,Printing,印刷|胶印\n"
    (folder / "industries.add.csv").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path, warehouse=tmp_path / "warehouse", layers=(tmp_path / "layer",))
    with pytest.raises(ConfigError) as raised:
        compile_project(settings)
    error = raised.value
    assert error.problem == "industries: '印刷' is already in row 13, for packaging"
    assert error.where == f"{folder / 'industries.add.csv'}, row 2"
