"""Models found by their folder: a KPI or tag of a layer needs a file of its own, and no copy of a base model."""

from __future__ import annotations

from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.compile.folders import union_of
from siyu.compile.project import Project
from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.settings import Settings, load_settings

REVENUE = "models/kpi/figures/kpi_revenue.sql"
KPI = """/*
description: Deals of a day.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [deals]
*/
select
    d.business_date as as_of_date,  -- Business date.
    'deals' as kpi_code,  -- KPI.
    'total' as dimension,  -- Dimension.
    cast(null as varchar) as member,  -- Member.
    cast(count(r.record_id) as decimal(38, 2)) as numerator,  -- Deals.
    cast(null as decimal(38, 2)) as denominator,  -- None.
    cast(count(r.record_id) as decimal(24, 6)) as value  -- Deals.
from {{ ref('business_day') }} as d
left join {{ ref('revenue_line') }} as r on d.business_date = r.revenue_date
group by d.business_date
"""


ROW = (
    "kpi_code,name_zh,name_en,family,formula,unit,direction,is_additive,is_stock,phase,owner,dimensions,model\n"
    "deals,成交笔数,Deals,revenue,deals of the day,count,up,true,false,growth,sales,total,kpi.kpi_deals\n"
)


def layer(tmp_path: Path, **models: str) -> Settings:
    if "kpi__figures__kpi_deals" in models:
        rows = tmp_path / "layer" / "seeds" / "reference" / "kpis.add.csv"
        rows.parent.mkdir(parents=True)
        rows.write_text(ROW, encoding="utf-8")
    for name, text in models.items():
        path = tmp_path / "layer" / "models" / f"{name.replace('__', '/')}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_settings(tmp_path, layers=(tmp_path / "layer",), families=("kpi",))


def test_the_base_layer_unites_its_own_models(project: Project) -> None:
    figures = {name for name in project.models["kpi.kpi_figure"].refs if name.startswith("kpi.kpi_")}
    assert {"kpi.kpi_funnel", "kpi.kpi_revenue"} <= figures
    assert figures == {model.name for model in project.models.values() if "figures" in model.model.areas}
    assert "tags.14_activity_rating" in project.models["tags.person_tag"].refs


def test_every_model_that_a_layer_puts_into_the_folder_is_united(tmp_path: Path) -> None:
    """A model that a layer replaces stays in the folder, whatever the layer calls its area."""
    elsewhere, revenue = KPI.replace("kpis: [deals]\n", ""), (base_layer() / REVENUE).read_text(encoding="utf-8")
    settings = layer(
        tmp_path, kpi__figures__kpi_deals=KPI, kpi__kpi_elsewhere=elsewhere, kpi__ours__kpi_revenue=revenue
    )
    models = compile_project(settings, selection=["kpi.kpi_value"]).models
    assert {"kpi.kpi_deals", "kpi.kpi_revenue", "kpi.kpi_funnel"} <= models["kpi.kpi_figure"].refs
    assert models["kpi.kpi_revenue"].model.file == "models/kpi/ours/kpi_revenue.sql"
    assert "kpi.kpi_elsewhere" not in models
    assert list(models).index("kpi.kpi_deals") < list(models).index("kpi.kpi_value")


def test_what_a_model_lacks_is_told_at_its_own_file(tmp_path: Path) -> None:
    wrong = KPI.replace("as member,", "as members,").replace(
        "grain: [as_of_date, kpi_code, dimension, member]", "grain: [as_of_date]"
    )
    wrong = wrong.replace(
        "cast(count(r.record_id) as decimal(24, 6)) as value", "cast(count(r.record_id) as bigint) as value"
    )
    with pytest.raises(ConfigError) as error:
        compile_project(layer(tmp_path, kpi__figures__kpi_deals=wrong), selection=["kpi.kpi_value"])
    found = getattr(error.value, "errors", [error.value])
    assert [(item.problem, item.where, item.fix) for item in found] == [
        (
            "kpi.kpi_deals has no column member: the models of kpi/figures yield it",
            "models/kpi/figures/kpi_deals.sql",
            "did you mean members?",
        ),
        (
            "value of kpi.kpi_deals is bigint: the models of kpi/figures yield it as decimal(24, 6)",
            "models/kpi/figures/kpi_deals.sql",
            "cast it to decimal(24, 6).",
        ),
    ]


def test_a_folder_without_models_is_an_empty_table() -> None:
    assert " ".join(union_of([], {"a": "bigint"}, "model").split()) == (
        "select cast(null as bigint) as a, cast(null as varchar) as model where false"
    )
