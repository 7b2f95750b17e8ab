"""What staff.csv says about costs: a list without them, and one with an amount that is no number."""

from __future__ import annotations

from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.errors import SiyuError
from siyu.settings import load_settings

MODEL = "kpi.staff_cost_month"


def _compiled(root: Path, staff: str) -> Project:
    folder = root / "exports/reference"
    folder.mkdir(parents=True)
    (folder / "staff.csv").write_text(staff)
    settings = load_settings(root, exports=root / "exports", warehouse=root / "warehouse")
    return compile_project(settings, selection=["staff_cost_month"])


def test_a_list_without_costs_has_none(tmp_path: Path) -> None:
    sql = _compiled(tmp_path, "staff_id,team,role,outsourced,vendor\nS1,a,sales,false,\n").models[MODEL].sql
    assert "trim(cast(null as varchar))" in sql and "monthly_cost), ''" not in sql


def test_only_the_roles_of_the_var_cost(project: Project) -> None:
    assert "contains(' sales sdr marketing ', ' ' || role || ' ')" in project.models[MODEL].sql


def test_a_cost_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SiyuError, match="staff: monthly_cost is '14,000'"):
        _compiled(tmp_path, 'staff_id,team,role,monthly_cost,outsourced,vendor\nS1,a,sales,"14,000",false,\n')
