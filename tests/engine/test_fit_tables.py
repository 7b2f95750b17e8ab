"""fit_rules.csv, product_traits.csv and the limits of grades are checked before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.errors import ConfigError
from siyu.seeds.fit_tables import FACTOR_SOURCES, fit_errors
from siyu.seeds.references import reference_rows
from siyu.settings import load_settings

RULES = Path("seeds/reference/fit_rules.csv").read_text(encoding="utf-8")
PRODUCTS = "product_id,product_line,margin_rate\nA,Servo,0.3\n"


def errors(tmp_path: Path, **tables: str) -> list[tuple[str, str]]:
    """Return (problem, fix) of a layer with these reference tables."""
    for name, text in {"products": PRODUCTS, "product_traits": "product_line,trait,score\n", **tables}.items():
        path = tmp_path / "layer" / "seeds" / "reference" / f"{name.replace('__', '.')}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        compile_project(load_settings(tmp_path, layers=(tmp_path / "layer",)))
    return [(error.problem, error.fix) for error in getattr(caught.value, "errors", [caught.value])]


def test_the_rules_of_the_base_layer_cover_every_factor(project: Project) -> None:
    rows = reference_rows(project.references["fit_rules"])
    assert {(row["factor"], row["source"]) for row in rows} == {
        (factor, source) for factor, sources in FACTOR_SOURCES.items() for source in sources
    }
    assert list(fit_errors(project.references)) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "loyalty,data,,0.1,0",
            "loyalty,data,,0.2,0",
            "loyalty, data: a row begins at 0.1, the one before ends at 0.2",
        ),
        ("loyalty,data,0.1,0.3,1,Some buyers come back.\n", "", "a row begins at 0.3, the one before ends at 0.1"),
        ("loyalty,data,,0.1,0", "loyalty,data,0,0.1,0", "loyalty, data: from is 0"),
        ("price_per_order,data,5000,,2", "price_per_order,data,5000,9000,2", "price_per_order, data: to is 9000"),
        ("loyalty,data,,0.1,0", "loyalty,data,,10 %,0", "to is '10 %'"),
        ("loyalty,data,,0.1,0", "loyality,data,,0.1,0", "factor is 'loyality'"),
        ("brand_power,traits,,3,2", "brand_power,data,,3,2", "brand_power cannot rest on data"),
        ("purchase_cycle,data,,60,2", "purchase_cycle,data,,60,-2", "points is '-2'"),
        ("trial_cost,data,500,2000,1", "trial_cost,data,2000,2000,1", "trial_cost data 2000 is already in row 3"),
    ],
)
def test_a_mistake_in_a_rule_is_told(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in RULES
    found = errors(tmp_path, fit_rules=RULES.replace(before, after))
    assert any(told in problem for problem, _ in found), found


def test_every_factor_needs_rules_that_give_points(tmp_path: Path) -> None:
    lines = [line for line in RULES.splitlines() if not line.startswith("differentiation")]
    text = "\n".join(lines).replace("purchase_cycle,data,,60,2", "purchase_cycle,data,,60,0").replace(
        "purchase_cycle,data,60,180,1", "purchase_cycle,data,60,180,0"
    )  # fmt: skip
    found = errors(tmp_path, fit_rules=text)
    assert [problem for problem, _ in found] == [
        "fit_rules: differentiation, traits has no row",
        "fit_rules: purchase_cycle, data never gives points",
    ]


def test_traits_are_known_marks_of_known_lines(tmp_path: Path) -> None:
    text = "product_line,trait,score\nServos,loyalty,3\nServo,beauty,3\nServo,loyalty,6\nServo,standard,\n"
    found = errors(tmp_path, product_traits=text)
    assert [problem for problem, _ in found] == [
        "product_traits: trait is 'beauty'",
        "product_traits: score is '6'",
        "product_traits: score is empty",
        "product_traits: Servos is not a product line of products.csv",
    ]
    assert found[1][1] == "write a whole number from 1 to 5." and found[-1][1] == "did you mean Servo?"


def test_grades_are_in_order(tmp_path: Path) -> None:
    found = errors(
        tmp_path,
        thresholds__add="threshold,value,min,max,unit,why\nfit_mostly_percent,80,1,100,percent,High.\n"
        "capability_b,25,1,100,points,Low.\n",
    )
    assert [problem for problem, _ in found] == [
        "thresholds: fit_mostly_percent is 80 and fit_all_percent is 75",
        "thresholds: capability_c is 25 and capability_b is 25",
    ]


def test_every_way_has_its_names_and_reasons(tmp_path: Path) -> None:
    ways = Path("seeds/reference/fit_ways.csv").read_text(encoding="utf-8")
    found = errors(tmp_path, fit_ways=ways.replace("flash_group,快闪群", "pop_up_group,快闪群"))
    told = [problem for problem, _ in found]
    assert any("recommended_way is 'pop_up_group'" in problem for problem in told), told
    assert any("flash_group" in problem and "pop_up_group" not in problem for problem in told), told
