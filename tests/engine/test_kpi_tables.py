"""kpis.csv and kpi_dimensions.csv are checked before anything is built, and must agree with the figure models."""

from __future__ import annotations

from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.errors import ConfigError
from siyu.seeds.kpi_tables import COLUMNS
from siyu.seeds.references import reference_rows
from siyu.settings import load_settings

HEADER = "kpi_code,name_zh,name_en,family,formula,unit,numerator_unit,direction,is_additive,is_stock,window_days,phase"
MODEL = """/*
description: Figures of ours.
grain: [as_of_date, kpi_code, dimension, member]
{kpis}*/
select
    business_date as as_of_date,  -- Day.
    'ours' as kpi_code,  -- KPI.
    'total' as dimension,  -- Dimension.
    cast(null as varchar) as member,  -- Member.
    cast(1 as decimal(38, 2)) as numerator,  -- One.
    cast(null as decimal(38, 2)) as denominator,  -- None.
    cast(1 as decimal(24, 6)) as value  -- One.
from {{{{ ref('business_day') }}}}
"""


def errors(tmp_path: Path, files: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return (problem, file and row, fix) of a layer with these files."""
    for name, text in files.items():
        path = tmp_path / "layer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        compile_project(load_settings(tmp_path, layers=(tmp_path / "layer",)))
    found = getattr(caught.value, "errors", [caught.value])
    return [(error.problem, error.where.rpartition("/")[2], error.fix) for error in found]


def rows(*lines: str) -> dict[str, str]:
    text = "\n".join([f"{HEADER},owner,dimensions,model", *lines, ""])
    return {"seeds/reference/kpis.add.csv": text}


def figures(kpis: str) -> dict[str, str]:
    return {"models/kpi/figures/kpi_ours.sql": MODEL.format(kpis=f"kpis: [{kpis}]\n" if kpis else "")}


def test_every_kpi_of_the_base_layer_is_described_in_both_languages(project: Project) -> None:
    for row in reference_rows(project.references["kpis"]):
        assert all(row[column] for column in ("formula", "formula_zh", "owner")), row["kpi_code"]
    assert tuple(COLUMNS) == (
        "kpis", "kpi_dimensions", "kpi_benchmark", "scenes", "content_stages", "group_kinds", "wecom_signs"
    )  # fmt: skip


def test_every_mistake_in_a_row_is_told_at_once(tmp_path: Path) -> None:
    found = errors(
        tmp_path,
        rows(
            "ours,我们,Ours,revenue,f,number,,up,true,false,,growth,sales,total,kpi.kpi_ours",
            'theirs,他们,Theirs,revenue,f,ratio,,sideways,true,false,0,growth,sales,"total, chanel",kpi.kpi_ours',
        ),
    )
    problems = [(problem, where) for problem, where, _ in found]
    assert [problem.split(": ", 1)[1][:39].strip() for problem, _ in problems] == [
        "unit is 'number'",
        "direction is 'sideways'",
        "window_days is '0'",
        "unit is ratio and numerator_unit is emp",
        "unit is ratio and is_additive is true",
        "theirs names the dimension chanel, whic",
    ]
    assert [where for _, where in problems] == ["kpis.add.csv, row 2", *["kpis.add.csv, row 3"] * 5]
    assert found[-1][2] == "did you mean channel?"


def test_a_dimension_has_a_known_length_and_two_must_be_there(tmp_path: Path) -> None:
    text = "dimension,name_zh,name_en,is_partition,days\ntotal,总计,Total,true,kpi_days\nregion,地区,Region,yes,99\n"
    found = errors(tmp_path, {"seeds/reference/kpi_dimensions.csv": text})
    told = [problem for problem, _, _ in found if problem.startswith("kpi_dimensions")]
    assert told == [
        "kpi_dimensions: channel is missing",
        "kpi_dimensions: is_partition is 'yes'",
        "kpi_dimensions: days is '99'",
    ]


def test_reference_figures_are_numbers_in_order_of_a_kpi_that_exists(tmp_path: Path) -> None:
    text = "kpi_code,low,high,source\nbuyers,5,4,A study\nbuyer,1,2,A study\ndau,40 %,50,\n"
    found = errors(tmp_path, {"seeds/reference/kpi_benchmark.csv": text})
    assert [(problem, where.rpartition(" ")[2]) for problem, where, _ in found] == [
        ("kpi_benchmark: low is 5 and high is 4", "2"),
        ("kpi_benchmark: low is '40 %'", "4"),
        ("kpi_benchmark: source is empty", "4"),
        ("kpi_benchmark: kpis.csv does not have the KPI buyer", "3"),
    ]
    assert found[-1][2] == "did you mean buyers?"


ROW = "ours,我们,Ours,revenue,f,count,,up,true,false,,growth,sales,total,kpi.kpi_ours"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {**rows(ROW), **figures("")},
            [("the header of the figures has no kpis", "kpi_ours.sql:1")],
        ),
        (
            {**rows(ROW), **figures("oursy")},
            [
                ("kpi.kpi_ours yields the KPI oursy, which kpis.csv does not have", "kpi_ours.sql"),
                ("the KPI ours names kpi.kpi_ours, whose header does not list it", "kpis.add.csv, row 2"),
            ],
        ),
        (
            {**rows(ROW), **figures("ours, buyers")},
            [("kpi.kpi_ours yields the KPI buyers, but kpis.csv says that kpi.kpi_revenue does", "kpi_ours.sql")],
        ),
        (
            rows(ROW),
            [("the KPI ours names kpi.kpi_ours, which no model defines", "kpis.add.csv, row 2")],
        ),
        (
            {"models/kpi/ours.sql": MODEL.format(kpis="kpis: [ours]\n")},
            [("kpis in the header: only models of kpi/figures have this key", "ours.sql:1")],
        ),
    ],
    ids=["no kpis", "unknown code", "code of another model", "no model", "elsewhere"],
)
def test_header_and_table_must_agree(tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str]]) -> None:
    assert [(problem, where) for problem, where, _ in errors(tmp_path, files)] == expected
