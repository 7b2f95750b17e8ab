"""The tables of the hand-off of leads, checked before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from siyu.seeds.handoff_tables import HANDOFF_TABLES, handoff_errors
from siyu.seeds.identifier_types import load_identifier_types
from siyu.seeds.placeholders import load_placeholders
from siyu.seeds.references import load_references, reference_rows
from siyu.seeds.table_checks import errors_of
from siyu.settings import load_settings

RULE = (
    "rule_order,rule,step,source,behaviour,action,channel,medium,direction,outcome,touchpoint,stage,times,after,urgency,"
    "name_zh,name_en,why\n"
)
NAMES = ",normal,值,X,Why.\n"
SLA = "step,urgency,hours_to_accept,why\n"
STAFF = (
    "staff_id,team,role,monthly_cost,outsourced,vendor,name_zh,name_en\n"
    "S1,a,sales,1,false,,王,W\nM1,a,pr,1,false,,李,L\n"
)
TERRITORY = "territory,staff_id\n"


def problems(tmp_path: Path, is_whole: bool = False, **tables: str) -> list[tuple[str, str, str]]:
    """Return (problem, where, fix) for a layer with these files, which add rows or are the whole tables."""
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    for name, text in tables.items():
        (folder / f"{name}{'' if is_whole else '.add'}.csv").write_text(text, encoding="utf-8")
    (folder / "staff.csv").write_text(STAFF, encoding="utf-8")
    found = load_references(load_settings(tmp_path, layers=(tmp_path / "layer",)))
    words, types = found["placeholder_words"], found["identifier_types"]
    placeholders = load_placeholders(reference_rows(words), words.edited, words.place)
    identifiers = load_identifier_types(reference_rows(types), types.edited, placeholders, types.place)
    errors = [*errors_of(found, HANDOFF_TABLES, identifiers), *handoff_errors(found)]
    return [(error.problem, error.where.rpartition("/")[2], error.fix) for error in errors]


def test_rules_deadlines_and_territories_of_a_layer_are_accepted(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        handoff_rules=RULE
        + "200,twice,marketing_to_sdr,touch,,download,,,inbound,,,,2,"
        + NAMES
        + "201,grouped,marketing_to_sdr,link,,,,,,,group,,1,"
        + NAMES
        + "202,ripe,marketing_to_sdr,stage,,,,,,,,intent,1,"
        + NAMES,
        sla=SLA + "sdr_to_sales,urgent,2,We are quick.\n",
        territory_staff=TERRITORY + "华东,S1\n",
    )
    assert found == []


@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        ("handoff_rules", "200,a,marketing_to_sdr,touch,,,,,inbound,,,,1,",
         ["handoff_rules: behaviour, action, channel, medium are empty"]),
        ("handoff_rules", "200,a,marketing_to_sdr,ticket,view,,,,,,,,1,",
         ["handoff_rules: behaviour filled in for source ticket"]),
        ("handoff_rules", "200,a,marketing_to_sdr,link,,,,,,,,,1,", ["handoff_rules: touchpoint is empty"]),
        ("handoff_rules", "200,a,marketing_to_sdr,link,,,,,,,gruop,,1,",
         ["handoff_rules: gruop is not a touchpoint of touchpoints.csv"]),
        ("handoff_rules", "200,a,marketing_to_sdr,stage,,,,,,,,,1,", ["handoff_rules: stage is empty"]),
        ("handoff_rules", "200,a,marketing_to_sdr,ticket,,,,,,,,,0,", ["handoff_rules: times is '0'"]),
        ("handoff_rules", "200,a,sales_to_boss,tickets,,,,,,,,,1,",
         ["handoff_rules: step is 'sales_to_boss'", "handoff_rules: source is 'tickets'"]),
        ("handoff_rules", "200,a,marketing_to_sdr,ticket,,,,,,,,,1,marketing_to_sdr",
         ["handoff_rules: after is 'marketing_to_sdr' in a rule of that step"]),
        ("handoff_rules", "200,price_view,marketing_to_sdr,ticket,,,,,,,,,2,",
         ["handoff_rules: times is '2', but '1' in row 3", "handoff_rules: name_zh is '值', but '看过价格' in row 3",
          "handoff_rules: name_en is 'X', but 'Looked at prices' in row 3"]),
    ],
)  # fmt: skip
def test_wrong_rules(tmp_path: Path, table: str, text: str, expected: list[str]) -> None:
    found = problems(tmp_path, **{table: RULE + text + NAMES})
    assert [problem for problem, _, _ in found] == expected
    assert {where for _, where, _ in found} == {"handoff_rules.add.csv, row 2"}
    assert all(fix for _, _, fix in found)


def test_wrong_deadlines(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        is_whole=True,
        sla=SLA
        + "marketing_to_sdr,urgent,30,Why.\nmarketing_to_sdr,normal,24,Why.\nsdr_to_sales,normal,1.5,Why.\n"
        + "sdr_to_sales,normal,9999,\n",
    )
    assert [problem for problem, _, _ in found] == [
        "sla: sdr_to_sales has no deadline for urgent leads",
        "sla: urgent leads of marketing_to_sdr have 30 hours, others 24",
        "sla: hours_to_accept is '1.5'",
        "sla: hours_to_accept is '9999'",
        "sla: why is empty",
        "sla: sdr_to_sales normal is already in row 4",
    ]
    assert [where for _, where, _ in found][1:] == [f"sla.csv, row {number}" for number in (2, 4, 5, 5, 5)]


def test_wrong_territories(tmp_path: Path) -> None:
    found = problems(tmp_path, territory_staff=TERRITORY + "华中,S2\n华动,S1\n华东,M1\n,S1\n")
    assert [(problem, where) for problem, where, _ in found] == [
        ("territory_staff: territory is empty", "territory_staff.add.csv, row 5"),
        ("territory_staff: S2 is not in staff.csv", "territory_staff.add.csv, row 2"),
        ("territory_staff: 华动 is not a territory of territories.csv", "territory_staff.add.csv, row 3"),
        ("territory_staff: M1 has the role 'pr' in staff.csv", "territory_staff.add.csv, row 4"),
    ]


def test_a_step_without_rules(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        is_whole=True,
        handoff_rules=RULE
        + "1,a,marketing_to_sdr,ticket,,,,,,,,,1,"
        + NAMES
        + "2,b,sdr_to_sales,conversation,,,,,,,,,1,marketing_to_sdr"
        + NAMES,
    )
    assert [problem for problem, _, _ in found] == ["handoff_rules: sdr_to_sales has no rule without after"]
