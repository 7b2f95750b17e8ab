"""`siyu kpi`: the catalog of KPIs, and the series of one KPI, from the current release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from siyu.ask.evidence import Row
from siyu.ask.list_names import code_of
from siyu.ask.lookup import Lookup, current_release
from siyu.errors import WrongQuestion
from siyu.seeds.kpi_tables import FAMILIES, listed
from siyu.settings import Settings

COMMAND = "siyu kpi"
SCHEMA = "kpi"
TOTAL = "total"
UNKNOWN = "unknown"  # how a member that is not known, NULL in kpi_value, is named
CATALOG = (
    "k.kpi_code, k.name_zh, k.name_en, k.family, k.formula, k.unit, k.direction, k.is_additive, k.window_days,"
    " k.phase, k.owner, k.dimensions, k.is_core, k.source_models, k.benchmark_source"
)
FIGURES = (
    "v.as_of_date, v.numerator, v.denominator, v.value, v.baseline, v.low, v.high, v.target, v.status,"
    " v.benchmark_low, v.benchmark_high"
)


@dataclass(frozen=True)
class KpiQuestion:
    """Which figures are asked for.

    `dimension` None means the total, or the first dimension of a KPI without a total. `member` None means all members.
    """

    code: str
    dimension: str | None = None
    member: str | None = None
    last: int = 30
    on: date | None = None


@dataclass(frozen=True)
class Place:
    """A resolved question: the KPI, the dimension, the member (NULL = total or unknown), and the days."""

    kpi: Row
    dimension: str
    member: str | None
    has_member: bool
    day: date
    last: int

    @property
    def code(self) -> str:
        """The code of the KPI."""
        return str(self.kpi["kpi_code"])

    @property
    def first_day(self) -> date:
        """The first of the days that are shown."""
        return self.day - timedelta(days=self.last - 1)


def kpi_catalog(settings: Settings, on: date | None = None) -> Row:
    """Return the KPIs by family, each with its total of a day. Ready for JSON.

    The day is `on`, or the last business date. A KPI with a window has the last day whose window has closed by then.
    """
    with current_release(settings, is_raw=False) as lookup:
        day = _day(lookup, on)
        rows = lookup.session.named_rows(
            f"select {CATALOG}, {FIGURES} from {lookup.relation('kpi_catalog', SCHEMA)} as k"
            f" left join {lookup.relation('kpi_value', SCHEMA)} as v on k.kpi_code = v.kpi_code"
            f" and v.dimension = '{TOTAL}' and v.as_of_date = cast(? as date) - coalesce(k.window_days, 0)::integer"
            " order by k.kpi_code",
            [day],
        )
        words = {row["kpi_code"]: row for row in lookup.reference("kpis")}
        for row in rows:
            row["as_of_date"] = day - timedelta(days=row["window_days"] or 0)
            row["numerator_unit"] = words.get(row["kpi_code"], {}).get("numerator_unit")
        rows.sort(key=lambda row: (_family_no(row["family"]), row["kpi_code"]))
        return {**_release(lookup), "day": day, "kpis": rows}


def kpi_series(settings: Settings, question: KpiQuestion) -> Row:
    """Return the figures of a KPI day by day, of one member or of all members of a dimension.

    Raises WrongQuestion for a code, dimension or member that does not exist, with the nearest name.
    """
    with current_release(settings, is_raw=False) as lookup:
        place = placed(lookup, question)
        members = _members(lookup, place)
        told = {**_release(lookup), **told_place(lookup, place), "first_day": place.first_day, "last_day": place.day}
        if place.has_member:
            return {**told, "days": members[0]["days"] if members else []}
        return {**told, "members": members}


def placed(lookup: Lookup, question: KpiQuestion) -> Place:
    """Resolve a question against the release. Raises WrongQuestion with the nearest name for what it does not know."""
    kpi = _kpi(lookup, question.code)
    dimension = _dimension(lookup, kpi, question)
    member = None
    if question.member is not None:
        known = member_names(lookup, kpi["kpi_code"], dimension)
        found = code_of(question.member, known, f"member of the dimension {dimension}", COMMAND)
        member = None if found == UNKNOWN else found
    has_member = dimension == TOTAL or question.member is not None
    return Place(kpi, dimension, member, has_member, _last_day(lookup, kpi, dimension, question), question.last)


def told_place(lookup: Lookup, place: Place) -> Row:
    """Return the KPI, the dimension and the member of a question with their names."""
    names = next((row for row in lookup.reference("kpi_dimensions") if row["dimension"] == place.dimension), {})
    told: Row = {
        "kpi": place.kpi,
        "dimension": {"dimension": place.dimension, **{name: names.get(name) for name in ("name_zh", "name_en")}},
    }
    if place.has_member:
        told["member"] = {"member": place.member, **_member_names(lookup, place)}
    return told


def member_names(lookup: Lookup, code: str, dimension: str) -> dict[str, list[str]]:
    """Return the members that a KPI has figures of, with their names. The unknown one comes as `unknown`."""
    rows = lookup.session.rows(
        f"select distinct coalesce(member, '{UNKNOWN}'), member_zh, member_en"
        f" from {lookup.relation('kpi_value', SCHEMA)} where kpi_code = ? and dimension = ? order by all",
        [code, dimension],
    )
    return {str(member): [zh, en] for member, zh, en in rows}


def _member_names(lookup: Lookup, place: Place) -> Row:
    known = member_names(lookup, place.code, place.dimension)
    zh, en = known.get(place.member or UNKNOWN, [None, None])
    return {"name_zh": zh, "name_en": en}


def _release(lookup: Lookup) -> Row:
    return {"release": lookup.release.name, "as_of": lookup.release.as_of}


def _day(lookup: Lookup, on: date | None) -> date:
    as_of = lookup.release.as_of
    if on is not None and on > as_of:
        raise WrongQuestion(
            f"{on} lies after the last business date, {as_of}",
            f"the release {lookup.release.name}",
            "name an earlier date, or leave --date out.",
        )
    return on or as_of


def _last_day(lookup: Lookup, kpi: Row, dimension: str, question: KpiQuestion) -> date:
    """Return the last day to show. Unless a date is asked for, it is the last one whose window has closed.

    If there is no figure of such days, as of dimensions that are kept for less than a window, it is the last date.
    """
    day = _day(lookup, question.on)
    if question.on is not None or not kpi["window_days"]:
        return day
    closed = day - timedelta(days=kpi["window_days"])
    has_figures = lookup.session.value(
        f"select count(*) from {lookup.relation('kpi_value', SCHEMA)}"
        " where kpi_code = ? and dimension = ? and as_of_date between ? and ?",
        [kpi["kpi_code"], dimension, closed - timedelta(days=question.last - 1), closed],
    )
    return closed if has_figures else day


def _kpi(lookup: Lookup, text: str) -> Row:
    """Return the catalog's row of a KPI, which is named by code or by name, with the Chinese formula."""
    rows = lookup.session.named_rows(f"select {CATALOG} from {lookup.relation('kpi_catalog', SCHEMA)} as k")
    found = {row["kpi_code"]: row for row in rows}
    code = code_of(text, {code: [row["name_zh"], row["name_en"]] for code, row in found.items()}, "KPI", COMMAND)
    words: Mapping[str, Any] = next((row for row in lookup.reference("kpis") if row["kpi_code"] == code), {})
    return {**found[code], **{name: words.get(name) or None for name in ("formula_zh", "numerator_unit", "model")}}


def _dimension(lookup: Lookup, kpi: Row, question: KpiQuestion) -> str:
    own = listed(kpi["dimensions"])
    if question.dimension is not None:
        names = {
            row["dimension"]: [row["name_zh"], row["name_en"]]
            for row in lookup.reference("kpi_dimensions") if row["dimension"] in own
        }  # fmt: skip
        return code_of(question.dimension, names, f"dimension of {kpi['kpi_code']}", COMMAND)
    if question.member is not None:
        raise WrongQuestion("--member needs --by", COMMAND, "name the dimension of the member, such as --by channel.")
    return TOTAL if TOTAL in own else own[0]


def _members(lookup: Lookup, place: Place) -> list[Row]:
    """Return the members with their figures, largest first. The size is the sum over the days that are shown.

    That is the sum of denominators for rates and ratios, of figures for counts and amounts.
    """
    rows = lookup.session.named_rows(
        f"select v.member, v.member_zh, v.member_en, {FIGURES} from {lookup.relation('kpi_value', SCHEMA)} as v"
        " where v.kpi_code = ? and v.dimension = ? and v.as_of_date between ? and ?"
        " and (not ? or v.member is not distinct from cast(? as varchar)) order by v.member nulls last, v.as_of_date",
        [place.code, place.dimension, place.first_day, place.day, place.has_member, place.member],
    )
    found: dict[str | None, Row] = {}
    for row in rows:
        names = {name: row.pop(name) for name in ("member", "member_zh", "member_en")}
        found.setdefault(names["member"], {**names, "size": 0, "days": []})["days"].append(row)
    for member in found.values():
        member["size"] = sum(size_of(row) for row in member["days"])
        member["latest"] = latest(member["days"])
    return sorted(found.values(), key=lambda row: (-row["size"], row["member"] is None, row["member"] or ""))


def size_of(row: Row) -> Any:
    """Return how much a figure rests on: its denominator if it has one, else itself."""
    return (row["numerator"] if row["denominator"] is None else row["denominator"]) or 0


def latest(days: Sequence[Row]) -> Row | None:
    """Return the last day with a figure, the last of a closed window if there is one."""
    known = [row for row in days if row["value"] is not None]
    mature = [row for row in known if row["status"] != "immature"]
    return (mature or known)[-1] if known else None


def _family_no(family: str) -> tuple[int, str]:
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), family)
