"""The KPIs as metrics of the semantic manifest: over bi.kpi_daily, so that no tool adds up what does not add up.

- Days: flows add up; of a stock, the last day counts (`non_additive_dimension`); a median has a value on one day alone.
- Members of a dimension: counts and amounts of a dimension that puts each record into one member add up. Other
  metrics have a value where a query leaves one member, and NULL where it would mix several.
- A quotient is the sum of numerators by the sum of denominators.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from siyu.compile.project import Project
from siyu.engines.sql import quoted
from siyu.seeds.kpi_tables import listed
from siyu.seeds.references import reference_rows

KPI_TABLE = "bi.kpi_daily"
ROW = "kpi_daily_row"
DAY = "business_date"
TOTAL = "total"
WITHOUT_DENOMINATOR = ("count", "amount")
Json = dict[str, Any]

# name -> (aggregation, expression, whether the last day alone counts, what it is)
PARTS = {
    "kpi_numerator": ("sum", "numerator", False, "Numerators of the days."),
    "kpi_denominator": ("sum", "denominator", False, "Denominators of the days."),
    "kpi_last_numerator": ("sum", "numerator", True, "Numerators of the last day."),
    "kpi_last_denominator": ("sum", "denominator", True, "Denominators of the last day."),
    "kpi_last_value": ("max", "value", True, "Value of the last day."),
    "kpi_value_of_one_row": ("max", "value", False, "Value, where there is one row."),
    "kpi_members": ("count_distinct", "coalesce(member, '')", False, "Members that a figure is made of."),
    "kpi_rows": ("sum", "1", False, "Days and members that a figure is made of."),
}


def kpi_measures() -> list[Json]:
    """Return the measures of bi.kpi_daily, of which the KPIs are made."""
    return [
        {
            "name": name,
            "agg": agg,
            "expr": expr,
            "description": text,
            "non_additive_dimension": {"name": DAY, "window_choice": "max", "window_groupings": []} if last else None,
        }
        for name, (agg, expr, last, text) in PARTS.items()
    ]


def kpi_metrics(project: Project) -> list[Json]:
    """Return a metric for each KPI, one for each of its dimensions, and the parts of which they are made."""
    dimensions = {row["dimension"]: row for row in reference_rows(project.references["kpi_dimensions"])}
    parts = [
        {
            "name": name,
            "label": f"(part) {name}",
            "description": f"A part of the KPIs, not a figure: {text}",
            "type": "simple",
            "type_params": {"measure": {"name": name}},
            "config": {"meta": {"is_part": True}},
        }
        for name, (_, _, _, text) in PARTS.items()
    ]
    lineage = project.lineage
    return [
        *parts,
        *(
            _metric(kpi, dimensions[dimension], _sources(lineage, kpi["model"]))
            for kpi in reference_rows(project.references["kpis"])
            if kpi["model"] in project.models
            for dimension in listed(kpi["dimensions"])
        ),
    ]


def _sources(lineage: Any, model: str) -> list[str]:
    return sorted({relation for origins in lineage.get(model, {}).values() for relation, _ in origins})


def rules(kpi: dict[str, str], dimension: dict[str, str]) -> tuple[str, str]:
    """Return across_days and across_members, as bi.kpi_daily has them."""
    days = "last_day" if kpi["is_stock"] == "true" else "never" if kpi.get("is_quotient") == "false" else "sum"
    if dimension["dimension"] == TOTAL:
        return days, "one_member"
    adds_up = kpi["is_additive"] == "true" and dimension["is_partition"] == "true"
    return days, "sum" if adds_up else "never"


def metric_name(kpi_code: str, dimension: str) -> str:
    """Return net_revenue for the total, net_revenue_by_channel for a dimension."""
    return kpi_code if dimension == TOTAL else f"{kpi_code}_by_{dimension}"


def _metric(kpi: dict[str, str], dimension: dict[str, str], sources: Sequence[str]) -> Json:
    code, by = kpi["kpi_code"], dimension["dimension"]
    days, members = rules(kpi, dimension)
    is_total = by == TOTAL
    more = {"unit": kpi["unit"], "direction": kpi["direction"], "owner": kpi["owner"], "source_models": list(sources)}
    kind, params = _calculation(kpi, _filter(code, by), days, members)
    name_zh = kpi["name_zh"] if is_total else f"{kpi['name_zh']}（按{dimension['name_zh']}）"
    name_en = kpi["name_en"] if is_total else f"{kpi['name_en']} by {dimension['name_en'].lower()}"
    return {
        "name": metric_name(code, by),
        "label": f"{name_zh} {name_en}",
        "description": f"{kpi['formula']}. {kpi['formula_zh'] or ''}".strip() if is_total else f"As {code}.",
        "type": kind,
        "type_params": params,
        "config": {
            "meta": {
                "kpi_code": code, "dimension": by, "name_zh": name_zh, "name_en": name_en,
                "across_days": days, "across_members": members, **(more if is_total else {}),
            }
        },
    }  # fmt: skip


def _filter(code: str, dimension: str) -> Json:
    texts = [
        f"{{{{ Dimension('{ROW}__kpi_code') }}}} = {quoted(code)}",
        f"{{{{ Dimension('{ROW}__dimension') }}}} = {quoted(dimension)}",
    ]
    return {"where_filters": [{"where_sql_template": text} for text in texts]}


def _calculation(kpi: dict[str, str], where: Json, days: str, members: str) -> tuple[str, Json]:
    """Return type and parameters of the metric."""
    last = "last_" if days == "last_day" else ""
    top, bottom = f"kpi_{last}numerator", f"kpi_{last}denominator"
    has_denominator = kpi["unit"] not in WITHOUT_DENOMINATOR
    is_quotient = kpi.get("is_quotient") != "false"
    if members != "never" and days != "never" and is_quotient:
        if not has_denominator:
            return "simple", {"measure": {"name": top, "filter": where}}
        return "ratio", {"numerator": {"name": top, "filter": where}, "denominator": {"name": bottom, "filter": where}}
    if days == "never":  # a median, or a difference of quotients: of one day and member alone
        parts, expr = ["kpi_value_of_one_row", "kpi_rows"], "case when kpi_rows = 1 then kpi_value_of_one_row end"
    elif not is_quotient:
        parts, expr = ["kpi_last_value", "kpi_members"], "case when kpi_members = 1 then kpi_last_value end"
    elif has_denominator:
        parts = [top, bottom, "kpi_members"]
        expr = f"case when kpi_members = 1 then {top} / nullif({bottom}, 0) end"
    else:
        parts, expr = [top, "kpi_members"], f"case when kpi_members = 1 then {top} end"
    return "derived", {"expr": expr, "metrics": list(_inputs(parts, where))}


def _inputs(parts: Sequence[str], where: Json) -> Iterator[Json]:
    return ({"name": part, "filter": where} for part in parts)
