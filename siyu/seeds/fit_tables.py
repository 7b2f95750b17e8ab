"""The tables that product lines are graded by (fit_rules, fit_ways, product_traits), validated before a build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict

from siyu.errors import ConfigError, SiyuError, nearest
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.rule_rows import WHOLE, Text, Whole
from siyu.seeds.table_checks import Cells, Found, FoundAt, Rows, Table, grouped
from siyu.seeds.tag_rows import BORDER

# What each factor of kpi.product_fit_factor can rest on.
FACTOR_SOURCES = {
    "trial_cost": ("data", "traits"),
    "brand_power": ("traits",),
    "loyalty": ("data", "traits"),
    "purchase_cycle": ("data",),
    "audience_precision": ("data",),
    "differentiation": ("traits",),
    "price_per_order": ("data",),
}
GRADES = (
    ("fit_partly_percent", "fit_mostly_percent", "fit_all_percent"),
    ("capability_c", "capability_b", "capability_a"),
)


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class FitRule(_Row):
    """Points for a figure of a factor: from <= figure < to. `from` and `to` are checked in `_rule`."""

    factor: Literal[
        "trial_cost", "brand_power", "loyalty", "purchase_cycle", "audience_precision", "differentiation",
        "price_per_order",
    ]  # fmt: skip
    source: Literal["data", "traits"]
    points: Annotated[str, Whole(0, 100)]
    why: Text


class ProductTrait(_Row):
    """How far a product line has a trait, as people judge it: 1 = not at all, 5 = very much."""

    product_line: Text
    trait: Literal[
        "standard", "low_decision_cost", "talking_topic", "needs_service", "loyalty", "differentiation", "brand_power"
    ]
    score: Annotated[str, Whole(1, 5)]


class FitWay(_Row):
    """A way to sell a product line: its names, and why it is recommended."""

    recommended_way: Literal["one_to_one", "community", "service_group", "topic_group", "flash_group", "public_ads"]
    name_zh: Text
    name_en: Text
    why_zh: Text
    why_en: Text


def _rule(row: Cells, _: IdentifierTypes) -> Found:
    for border in ("from", "to"):
        if row[border] and not BORDER.fullmatch(row[border]):
            yield f"{border} is {row[border]!r}", "write a number such as 500 or 0.3, or leave it empty."
    sources = FACTOR_SOURCES.get(row["factor"], ())
    if sources and row["source"] in ("data", "traits") and row["source"] not in sources:
        yield f"{row['factor']} cannot rest on {row['source']}", f"write {sources[0]}, or remove the row."


def _rules(rows: Rows) -> FoundAt:
    """Report figures without points or with two, and factors that would always be missing."""
    groups = grouped(rows, ("factor", "source"))
    for (factor, source), members in groups.items():
        if all(BORDER.fullmatch(row[border] or "0") for _, row in members for border in ("from", "to")):
            yield from _gaps(f"{factor}, {source}", members)
        if all(not WHOLE.fullmatch(row["points"]) or int(row["points"]) == 0 for _, row in members):
            yield members[0][0], f"{factor}, {source} never gives points", "give points to at least one of its rows."
    for factor, sources in FACTOR_SOURCES.items():
        for source in sources:
            if (factor, source) not in groups:
                yield None, f"{factor}, {source} has no row", "add its rows: without them, the factor is never known."


def _gaps(what: str, members: Rows) -> FoundAt:
    ordered = sorted(members, key=lambda member: _low(member[1]))
    for (number, row), border in ((ordered[0], "from"), (ordered[-1], "to")):
        if row[border]:
            yield number, f"{what}: {border} is {row[border]}", f"leave {border} empty: each figure needs points."
    for (_, below), (number, above) in pairwise(ordered):
        if not below["to"] or not above["from"] or Decimal(below["to"]) != Decimal(above["from"]):
            yield (
                number,
                f"{what}: a row begins at {above['from'] or 'no border'}, the one before ends at"
                f" {below['to'] or 'no border'}",
                "let each row begin where the one before ends: from is included, to is not.",
            )


def _low(row: Cells) -> Decimal:
    return Decimal(row["from"]) if row["from"] else Decimal("-Infinity")


WAYS = get_args(FitWay.model_fields["recommended_way"].annotation)
FIT_TABLES = {
    "fit_rules": Table(FitRule, (("factor", "source", "from"),), of_row=_rule, of_all=_rules),
    "fit_ways": Table(FitWay, (("recommended_way",),), names=WAYS),
    "product_traits": Table(ProductTrait, (("product_line", "trait"),)),
}
COLUMNS = {
    "fit_rules": ("factor", "source", "from", "to", "points", "why"),
    "fit_ways": tuple(FitWay.model_fields),
    "product_traits": tuple(ProductTrait.model_fields),
}


def fit_errors(tables: Mapping[str, Reference]) -> Iterator[SiyuError]:
    """Report traits of a product line that products.csv does not have, and limits of grades that are not in order."""
    lines = {row["product_line"] for row in reference_rows(tables["products"])}
    for number, row in enumerate(reference_rows(tables["product_traits"]), start=2):
        if row["product_line"] and row["product_line"] not in lines:
            fix = nearest(row["product_line"], lines) or "add its products to products.csv, or remove the row."
            problem = f"product_traits: {row['product_line']} is not a product line of products.csv"
            yield ConfigError(problem, tables["product_traits"].place(number), fix)
    limits = {row["threshold"]: row["value"] for row in reference_rows(tables["thresholds"])}
    for lower, upper in (pair for grades in GRADES for pair in pairwise(grades)):
        low, high = limits.get(lower, ""), limits.get(upper, "")
        if WHOLE.fullmatch(low) and WHOLE.fullmatch(high) and int(low) >= int(high):
            problem = f"thresholds: {lower} is {low} and {upper} is {high}"
            yield ConfigError(problem, tables["thresholds"].edited, f"write a lower number for {lower}.")
