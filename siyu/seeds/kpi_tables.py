"""The tables of KPIs, validated before a build: kpis, kpi_dimensions, kpi_benchmark, names of members, wecom_signs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from siyu.errors import ConfigError, SiyuError, nearest
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.rule_rows import Name, Text, Whole, fits
from siyu.seeds.table_checks import Cells, Found, Table

FAMILIES = ("assets", "activity", "wecom", "funnel", "revenue", "economics", "sales", "service", "groups")
# Chinese names, for everything that shows KPIs.
STATUSES = {
    "ok": "正常", "watch": "关注", "alert": "预警", "no_baseline": "无基线", "immature": "未成熟", "stale": "数据过期",
}  # fmt: skip
UNITS = {
    "count": "个数",
    "amount": "金额",
    "rate": "比率",
    "ratio": "比值",
    "days": "天",
    "minutes": "分钟",
    "hours": "小时",
    "months": "个月",
    "mark": "分",
}
NUMBER = re.compile(r"-?[0-9]{1,18}([.][0-9]{1,6})?")
Number = Annotated[str, fits(NUMBER, "write a number with a point and at most 6 digits after it, such as 0.35.")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Kpi(_Row):
    """A KPI. An empty `is_watched` is true, so is an empty `is_quotient`.

    `dimensions` are checked against kpi_dimensions.csv, `model` when models are compiled.
    """

    kpi_code: Name
    name_zh: Text
    name_en: Text
    family: Name
    formula: Text
    formula_zh: Text | None
    unit: Literal["count", "amount", "rate", "ratio", "days", "minutes", "hours", "months", "mark"]
    numerator_unit: Literal["count", "amount"] | None
    direction: Literal["up", "down"]
    is_additive: Literal["true", "false"]
    is_stock: Literal["true", "false"]
    is_watched: Literal["true", "false"] | None
    is_quotient: Literal["true", "false"] | None
    window_days: Annotated[str, Whole(1, 3650)] | None
    phase: Literal["launch", "growth", "steady"]
    owner: Text | None
    dimensions: Text
    model: Text


class KpiDimension(_Row):
    """A dimension. `days` is the var that says how many business days kpi_value has of it."""

    dimension: Name
    name_zh: Text
    name_en: Text
    is_partition: Literal["true", "false"]
    days: Literal["kpi_days", "kpi_days_other"]


class KpiBenchmark(_Row):
    """What is usual elsewhere, for a KPI without a baseline of its own; a rate of 35 % is 0.35. `source` says who."""

    kpi_code: Name
    low: Number
    high: Number
    source: Text


class Scene(_Row):
    """A scene of campaigns.csv and of touches. Any other scene, such as a fair, is shown by its own words."""

    scene: Text
    name_zh: Text
    name_en: Text


class ContentStage(_Row):
    """A stage that content of content.csv is for."""

    content_stage: Name
    name_zh: Text
    name_en: Text


class GroupKind(_Row):
    """A kind of group of groups.csv. Any other kind is shown by its own words."""

    group_kind: Name
    name_zh: Text
    name_en: Text


class WecomSign(_Row):
    """A kind of touch that invites somebody to WeCom, or serves them. `by_campaign`: only with a campaign."""

    sign: Literal["invite", "service"]
    direction: Literal["inbound", "outbound"]
    action: Text
    outcome: Literal["sent", "delivered", "clicked", "replied", "answered", "failed"] | None
    by_campaign: Literal["true", "false"]
    why: Text


def _kpi(row: Cells, _: IdentifierTypes) -> Found:
    if row["unit"] == "ratio" and not row["numerator_unit"]:
        yield "unit is ratio and numerator_unit is empty", "write what the numerator is: count or amount."
    if row["unit"] in ("rate", "ratio", "days", "minutes", "hours", "months", "mark") and row["is_additive"] == "true":
        yield f"unit is {row['unit']} and is_additive is true", "write false: only counts and amounts add up."


def _benchmark(row: Cells, _: IdentifierTypes) -> Found:
    low, high = row["low"] or "", row["high"] or ""
    if NUMBER.fullmatch(low) and NUMBER.fullmatch(high) and Decimal(low) > Decimal(high):
        yield f"low is {low} and high is {high}", "write the lower figure as low."


KPI_TABLES = {
    "kpis": Table(Kpi, (("kpi_code",),), of_row=_kpi),
    "kpi_dimensions": Table(KpiDimension, (("dimension",),), names=("total", "channel")),
    "kpi_benchmark": Table(KpiBenchmark, (("kpi_code",),), of_row=_benchmark),
    "scenes": Table(Scene, (("scene",),)),
    "content_stages": Table(ContentStage, (("content_stage",),)),
    "group_kinds": Table(GroupKind, (("group_kind",),)),
    "wecom_signs": Table(WecomSign, (("sign", "direction", "action", "outcome"),)),
}
COLUMNS = {name: tuple(table.row.model_fields) for name, table in KPI_TABLES.items()}


def kpi_table_errors(tables: Mapping[str, Reference]) -> Iterator[SiyuError]:
    """Report dimensions that kpi_dimensions.csv does not have, and reference figures of no KPI."""
    known = [row["dimension"] for row in reference_rows(tables["kpi_dimensions"])]
    for number, row in enumerate(reference_rows(tables["kpis"]), start=2):
        for dimension in listed(row["dimensions"]):
            if dimension not in known:
                problem = (
                    f"kpis: {row['kpi_code']} names the dimension {dimension}, which kpi_dimensions.csv does not have"
                )
                yield ConfigError(problem, tables["kpis"].place(number), nearest(dimension, known))
    codes = [row["kpi_code"] for row in reference_rows(tables["kpis"])]
    for number, row in enumerate(reference_rows(tables["kpi_benchmark"]), start=2):
        if row["kpi_code"] not in codes:
            problem = f"kpi_benchmark: kpis.csv does not have the KPI {row['kpi_code']}"
            yield ConfigError(problem, tables["kpi_benchmark"].place(number), nearest(row["kpi_code"], codes))


def listed(text: str | None) -> list[str]:
    """Return the parts of a list in a field, such as: total, channel."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]
