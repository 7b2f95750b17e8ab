"""The records that one figure of a KPI rests on, each with its part of numerator and denominator."""

from __future__ import annotations

import re
from functools import cache, partial

from siyu.ask.evidence import Row
from siyu.ask.kpi_lookup import Place
from siyu.ask.kpi_records import EVIDENCE
from siyu.ask.lookup import Lookup
from siyu.engines.sql import quote_name, quoted
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.variables import load_vars

PLACE = re.compile(r"\{(\w+)\.(\w+)\}")


def has_evidence(model: str, code: str, dimension: str) -> bool:
    """Whether the records behind the figures of a KPI are known for a dimension."""
    return dimension in evidence_dimensions(model, code)


def evidence_dimensions(model: str, code: str) -> list[str]:
    """Return the dimensions for which the records behind the figures of a KPI are known."""
    found = EVIDENCE.get(model)
    return list(found.by) if found is not None and code in found.parts else []


def counted_parts(model: str, code: str) -> tuple[str, ...]:
    """Return which of numerator and denominator consist of records."""
    has_denominator = EVIDENCE[model].parts[code].denominator is not None
    return ("numerator", "denominator") if has_denominator else ("numerator",)


def evidence_query(lookup: Lookup, model: str, place: Place) -> str:
    """Return the query of the records behind one figure; its parameters are the day and the member.

    The rows have channel, record_id_hash, what, person_key, account_key, numerator and denominator.
    """
    found = EVIDENCE[model]
    part = found.parts[place.code]
    sql = (
        "with q as (select cast(? as date) as day, cast(? as varchar) as member),"
        f" facts as ({found.facts}),"
        " chosen as (select f.*, q.member from facts as f cross join q"
        f" where {part.when} and {found.by[place.dimension]}),"
        " parts as (select channel, record_id_hash, what, person_key, account_key,"
        f" cast({part.numerator} as decimal(38, 2)) as numerator,"
        f" cast({part.denominator or 'null'} as decimal(38, 2)) as denominator from chosen)"
        " select * from parts where numerator is not null or denominator is not null"
    )
    return _filled(lookup, place, sql)


def _filled(lookup: Lookup, place: Place, sql: str) -> str:
    """Fill in the tables of the release, and the numbers of the rules in force."""
    rules = {row["rule"]: row["value"] for row in lookup.reference("stage_rules")}
    variables = cache(partial(load_vars, lookup.settings))

    def fill(found: re.Match[str]) -> str:
        kind, name = found.groups()
        if kind == "rule":
            return str(int(rules[name]))
        if kind == "var":
            return str(int(variables()[name]))
        if (kind, name) == ("kpi", "window_days"):
            return str(int(place.kpi["window_days"]))
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
        f"with e as ({evidence_query(lookup, model, place)}) select e.channel, e.record_id_hash, e.what, e.numerator,"
        " e.denominator, p.one_id, p.full_name_masked, p.mobile_masked, a.account_id,"
        " coalesce(a.company_name, a.email_domain) as company_name from e"
        f" left join {lookup.relation('person', 'identity')} as p on e.person_key = p.person_key"
        f" left join {lookup.relation('account', 'identity')} as a on e.account_key = a.account_key"
        " order by abs(e.numerator) desc nulls last, e.denominator desc nulls last, e.channel, e.record_id_hash, e.what"
        " limit ?",
        [place.day, place.member, limit],
    )


def by_channel(lookup: Lookup, model: str, place: Place) -> list[Row]:
    """Return how many records of each channel are part of numerator and denominator, and what they add up to."""
    return lookup.session.named_rows(
        f"with e as ({evidence_query(lookup, model, place)}) select channel, count(*) as record_count,"
        " count(numerator) as numerator_records, sum(numerator) as numerator,"
        " count(denominator) as denominator_records, sum(denominator) as denominator"
        " from e group by channel order by record_count desc, channel",
        [place.day, place.member],
    )
