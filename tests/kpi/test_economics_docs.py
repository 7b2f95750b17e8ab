"""docs/economics.md names things that exist, and the numbers in it are those in force."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from siyu.compile.project import Project
from siyu.seeds.references import reference_rows
from siyu.seeds.variables import load_vars

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "economics.md").read_text(encoding="utf-8")


def test_every_name_exists(project: Project) -> None:
    columns = {c.name for name in ("kpi.channel_economics", "kpi.cost_day", "identity.person")
               for c in project.models[name].columns}  # fmt: skip
    codes = {row["kpi_code"] for row in reference_rows(project.references["kpis"])}
    staff = {"monthly_cost", "margin_rate", "default_margin_percent", "as_of", "channel", "campaign"}
    reasons = set(
        re.findall(r"then '(\w+)'", (ROOT / "models/kpi/statements/channel_economics.sql").read_text("utf-8"))
    )
    known = columns | codes | staff | reasons | set(project.models) | set(load_vars(project.settings))
    named = {name for name in re.findall(r"`([a-z_.0-9]+)`", TEXT) if not name.endswith(".csv")}
    assert named - known == set()
    assert reasons & named == {"spend_without_people", "people_without_spend", "deals_of_nobody"}
    economics = {row["kpi_code"] for row in reference_rows(project.references["kpis"]) if row["family"] == "economics"}
    assert economics - named == set()


def test_the_numbers_are_those_in_force(project: Project) -> None:
    values = load_vars(project.settings)
    told = dict(re.findall(r"`(\w+)` \((\d+)\)", TEXT))
    assert told == {name: str(values[name]) for name in ("economics_days", "roi_days")}
    windows = {row["kpi_code"]: row["window_days"] for row in reference_rows(project.references["kpis"])}
    assert (windows["payback_months"], windows["ltv_cac"]) == ("180", "365")
    assert round(Decimal(1000) / (Decimal(365) / 180 * 365 / 12), 1) == Decimal("16.2")
