"""The records that one figure of a KPI rests on, each with its part of numerator and denominator."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from siyu.ask.evidence import Row
from siyu.ask.kpi_lookup import Place
from siyu.ask.kpi_parts import Evidence
from siyu.ask.kpi_records import EVIDENCE
from siyu.ask.lookup import Lookup
from siyu.engines.sql import quote_name, quoted
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.variables import load_vars

PLACE = re.compile(r"\{(\w+)\.(\w+)\}")
# What a place names, apart from tables of the release: its schema is no schema.
NUMBERS = {"rule": "stage_rules", "threshold": "thresholds"}
WINDOW = ("kpi", "window_days")
OTHER_PLACES = ("reference", "var", *NUMBERS)


def has_evidence(model: str, code: str, dimension: str) -> bool:
    """Whether the records behind the figures of a KPI are known for a dimension."""
    return dimension in evidence_dimensions(model, code)


def evidence_dimensions(model: str, code: str) -> list[str]:
    """Return the dimensions for which the records behind the figures of a KPI are known."""
    found = EVIDENCE.get(model)
    return list(_dimensions(found, code)) if found is not None and code in found.parts else []


def _dimensions(found: Evidence, code: str) -> Mapping[str, str]:
    own = found.parts[code].by
    return found.by if own is None else own


def missing_records(lookup: Lookup, model: str, place: Place) -> str:
    """Return why a release does not have the records behind a figure; empty if it has them."""
    found = EVIDENCE[model]
    if found.is_of_tonight and place.day != lookup.release.as_of:
        return f"only of {lookup.release.as_of}"
    absent = sorted(
        f"{kind}.{name}" for kind, name in set(PLACE.findall(_query(found, place)))
        if kind not in OTHER_PLACES and (kind, name) != WINDOW and not lookup.has(name, kind)
    )  # fmt: skip
    return f"the release does not have {', '.join(absent)}" if absent else ""


def counted_parts(model: str, code: str) -> tuple[str, ...]:
    """Return which of numerator and denominator consist of records."""
    has_denominator = EVIDENCE[model].parts[code].denominator is not None
    return ("numerator", "denominator") if has_denominator else ("numerator",)


def evidence_query(lookup: Lookup, model: str, places: Sequence[Place]) -> str:
    """Return the query of the records behind figures of one KPI and dimension; `parameters` has its parameters.

    The rows have cell (the number of the place), channel, record_id_hash, what, person_key, account_key, numerator and
    denominator.
    """
    cells = ", ".join(f"({number}, cast(? as date), cast(? as varchar))" for number in range(len(places)))
    sql = f"with cells (cell, day, member) as (values {cells}), {_query(EVIDENCE[model], places[0])}"
    return _filled(lookup, places[0], sql)


def parameters(places: Sequence[Place]) -> list[Any]:
    """Return the parameters of an evidence_query: the day and the member of each place."""
    return [value for place in places for value in (place.day, place.member)]


def _query(found: Evidence, place: Place) -> str:
    part = found.parts[place.code]
    return (
        "q as (select distinct day from cells),"
        f" facts as ({found.facts}),"
        " chosen as (select f.*, q.member, q.cell from facts as f cross join cells as q"
        f" where {part.when} and {_dimensions(found, place.code)[place.dimension]}),"
        " parts as (select cell, channel, record_id_hash, what, person_key, account_key,"
        f" cast({part.numerator} as decimal(38, 2)) as numerator,"
        f" cast({part.denominator or 'null'} as decimal(38, 2)) as denominator from chosen)"
        " select * from parts where numerator is not null or denominator is not null"
    )


def _filled(lookup: Lookup, place: Place, sql: str) -> str:
    """Fill in the tables of the release, and the numbers of the rules in force."""
    variables = cache(partial(load_vars, lookup.settings))

    def fill(found: re.Match[str]) -> str:
        kind, name = found.groups()
        if kind in NUMBERS:
            return str(int(next(row["value"] for row in lookup.reference(NUMBERS[kind]) if row[kind] == name)))
        if kind == "var":
            return str(int(variables()[name]))
        if (kind, name) == WINDOW:
            return str(int(place.kpi["window_days"])) if place.kpi["window_days"] else "null"
        return _values(lookup.references[name]) if kind == "reference" else lookup.relation(name, kind)

    return PLACE.sub(fill, sql)


def _values(reference: Reference) -> str:
    """Return a reference table as a relation. Empty fields are NULL, as in models."""
    names = reference.columns
    lines = [[quoted(row[name]) if row[name] else "null" for name in names] for row in reference_rows(reference)]
    listed = ", ".join(f"({', '.join(line)})" for line in lines or [["null"] * len(names)])
    typed = ", ".join(f"cast({quote_name(name)} as varchar) as {quote_name(name)}" for name in names)
    kept = "" if lines else " where false"
    return f"(select {typed} from (values {listed}) as v ({', '.join(map(quote_name, names))}){kept})"


def records(lookup: Lookup, model: str, place: Place, limit: int) -> list[Row]:
    """Return the records behind one figure, the largest first, with the masked person or the company."""
    return lookup.session.named_rows(
        f"with e as ({evidence_query(lookup, model, [place])}) select e.channel, e.record_id_hash, e.what, e.numerator,"
        " e.denominator, p.one_id, p.full_name_masked, p.mobile_masked, a.account_id,"
        " coalesce(a.company_name, a.email_domain) as company_name from e"
        f" left join {lookup.relation('person', 'identity')} as p on e.person_key = p.person_key"
        f" left join {lookup.relation('account', 'identity')} as a on e.account_key = a.account_key"
        " order by abs(e.numerator) desc nulls last, e.denominator desc nulls last, e.channel, e.record_id_hash, e.what"
        " limit ?",
        [*parameters([place]), limit],
    )


def by_channel(lookup: Lookup, model: str, places: Sequence[Place]) -> list[list[Row]]:
    """Return for each place how many records of each channel are part of it, and what they add up to.

    The places differ in nothing but day and member: planning a query takes longer than reading a few more days.
    """
    rows = lookup.session.named_rows(
        f"with e as ({evidence_query(lookup, model, places)}) select cell, channel, count(*) as record_count,"
        " count(numerator) as numerator_records, sum(numerator) as numerator,"
        " count(denominator) as denominator_records, sum(denominator) as denominator"
        " from e group by cell, channel order by cell, record_count desc, channel",
        parameters(places),
    )
    found: list[list[Row]] = [[] for _ in places]
    for row in rows:
        found[row.pop("cell")].append(row)
    return found
