"""`siyu kpi --why`: what one figure rests on, what moved with it, and where it comes from."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from siyu.ask.evidence import Row
from siyu.ask.kpi_evidence import (
    by_channel,
    counted_parts,
    evidence_dimensions,
    has_evidence,
    missing_records,
    records,
)
from siyu.ask.kpi_lineage import kpi_lineage
from siyu.ask.kpi_lookup import COMMAND, FIGURES, SCHEMA, KpiQuestion, Place, placed, told_place
from siyu.ask.lookup import Lookup, current_release
from siyu.errors import WrongQuestion
from siyu.seeds.kpi_tables import listed
from siyu.settings import Settings

MOST_RECORDS = 10
MOST_MEMBERS = 3  # of each dimension


def kpi_why(settings: Settings, question: KpiQuestion) -> Row:
    """Return what a figure rests on: records by channel, the largest records, what moved, and the lineage.

    Without a date, it is the latest figure whose window has closed. Raises WrongQuestion if there is no figure.
    """
    with current_release(settings, is_raw=False) as lookup:
        place, figure = _figure(lookup, placed(lookup, question), question)
        model = str(place.kpi["model"])
        told: Row = {
            "release": lookup.release.name, "as_of": lookup.release.as_of, **told_place(lookup, place),
            "figure": figure, "evidence": None, "evidence_missing": "",
            "evidence_dimensions": evidence_dimensions(model, place.code),
            "drivers": _drivers(lookup, place), "moved": _moved(lookup, place), "lineage": kpi_lineage(lookup, model),
        }  # fmt: skip
        if has_evidence(model, place.code, place.dimension):
            told["evidence_missing"] = missing_records(lookup, model, place)
            if not told["evidence_missing"]:
                told["evidence"] = _evidence(lookup, model, place, figure)
        return told


def _figure(lookup: Lookup, place: Place, question: KpiQuestion) -> tuple[Place, Row]:
    """Return the figure of the day, or the latest one before it unless a date is asked for."""
    if not place.has_member:
        raise WrongQuestion(
            f"--why is about one figure, and {place.dimension} has many", COMMAND, "name one with --member, as in --by"
            " channel --member mall."
        )  # fmt: skip
    first = place.day if question.on is not None else place.day - timedelta(days=place.last - 1)
    rows = lookup.session.named_rows(
        f"select {FIGURES} from {lookup.relation('kpi_value', SCHEMA)} as v where v.kpi_code = ? and v.dimension = ?"
        " and v.member is not distinct from cast(? as varchar) and v.as_of_date between ? and ?"
        " and v.value is not null order by v.as_of_date desc limit 1",
        [place.code, place.dimension, place.member, first, place.day],
    )
    if not rows:
        days = str(place.day) if first == place.day else f"{first} to {place.day}"
        fix = f"siyu kpi {place.code} shows the days that have one."
        raise WrongQuestion(f"{place.code} has no figure on {days}", f"the release {lookup.release.name}", fix)
    return replace(place, day=rows[0]["as_of_date"]), rows[0]


def _evidence(lookup: Lookup, model: str, place: Place, figure: Row) -> Row:
    [channels] = by_channel(lookup, model, [place])
    parts = counted_parts(model, place.code)
    sums = {part: _sum(channels, part) for part in parts}
    return {
        "channels": channels,
        "record_count": sum(row["record_count"] for row in channels),
        "parts": parts,
        **sums,
        "adds_up": all(sums[part] == (figure[part] or 0) for part in parts),
        "records": records(lookup, model, place, MOST_RECORDS),
    }


def _sum(channels: list[Row], part: str) -> Any:
    return sum(row[part] or 0 for row in channels)


def _moved(lookup: Lookup, place: Place) -> list[Row]:
    """Return the members of each other dimension whose figure differs most from its own baseline that day.

    The difference of a rate or ratio is weighed by its denominator: so many more records than usual.
    """
    rows = lookup.session.named_rows(
        "select v.dimension, v.member, v.member_zh, v.member_en, v.value, v.denominator, v.baseline, v.low, v.high,"
        " v.status, (v.value - v.baseline) * coalesce(v.denominator, 1) as weight"
        f" from {lookup.relation('kpi_value', SCHEMA)} as v where v.kpi_code = ? and v.as_of_date = ?"
        " and v.dimension not in ('total', ?) and v.value is not null and v.baseline is not null"
        " and v.value <> v.baseline"
        " qualify row_number() over (partition by v.dimension order by abs(weight) desc, v.member) <= ?"
        " order by v.dimension, abs(weight) desc, v.member",
        [place.code, place.day, place.dimension, MOST_MEMBERS],
    )
    order = [dimension for dimension in listed(place.kpi["dimensions"]) if dimension not in ("total", place.dimension)]
    return [
        {"dimension": dimension, "members": [row for row in rows if row["dimension"] == dimension]}
        for dimension in order
    ]


def _drivers(lookup: Lookup, place: Place) -> list[Row]:
    """Return the KPIs that the formula names, with their figures of the same day and member."""
    named = set(re.findall(r"\w+", place.kpi["formula"])) - {place.code}
    rows = lookup.session.named_rows(
        "select k.kpi_code, k.name_zh, k.name_en, k.unit, v.value, v.baseline, v.status"
        f" from {lookup.relation('kpi_value', SCHEMA)} as v join {lookup.relation('kpi_catalog', SCHEMA)} as k"
        " on v.kpi_code = k.kpi_code where v.as_of_date = ? and v.dimension = ?"
        " and v.member is not distinct from cast(? as varchar) order by k.kpi_code",
        [place.day, place.dimension, place.member],
    )
    units = {row["kpi_code"]: row["numerator_unit"] or None for row in lookup.reference("kpis")}
    return [{**row, "numerator_unit": units.get(row["kpi_code"])} for row in rows if row["kpi_code"] in named]
