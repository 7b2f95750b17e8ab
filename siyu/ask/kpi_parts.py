"""How a record is part of a figure: of its numerator and denominator, and of which member of a dimension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

THAT_DAY = "f.as_of_date = q.day"


@dataclass(frozen=True)
class Part:
    """What a record adds to the numerator and the denominator of a KPI, in SQL over the facts of one day and member.

    NULL means that the record is not part of it. A denominator None does not consist of records. `when` are the days
    of the facts: f is a fact, q.day the day that is asked for.
    """

    numerator: str
    denominator: str | None = None
    when: str = THAT_DAY


@dataclass(frozen=True)
class Evidence:
    """The records behind the figures of one model.

    `facts` is a query with a row a record and the columns as_of_date, channel, record_id_hash, what, person_key,
    account_key, and those that parts and dimensions name. `by` says for each dimension which facts f belong to the
    member q.member. In all of them, {schema.table} is a table of the release, {reference.name} a reference table
    in force, {var.name} a var, {rule.name} a number of stage_rules.csv, and {kpi.window_days} the window of the KPI.
    """

    facts: str
    parts: Mapping[str, Part]
    by: Mapping[str, str] = field(default_factory=dict)


def once(*keys: str, where: str = "true") -> str:
    """Return a part that counts different keys: 1 for the first record of a key, 0 for its others."""
    known = " and ".join([f"({where})", *(f"{key} is not null" for key in keys)])
    return (
        f"case when {known} then case when row_number() over (partition by {', '.join(keys)}, {known}"
        " order by channel, record_id_hash, what) = 1 then 1 else 0 end end"
    )


def last_days(var: str) -> str:
    """Return the condition of the facts of the last days up to a day; a var has their number."""
    return f"f.as_of_date <= q.day and f.as_of_date > q.day - {{var.{var}}}"


def _is(member: str) -> str:
    return f"({member}) is not distinct from q.member"


def of_person(column: str) -> str:
    """Return the condition of a dimension by a column of identity.person."""
    return _is(f"select o.{column} from {{identity.person}} as o where o.person_key = f.person_key")


OWN = {
    "total": "q.member is null",
    "channel": _is("f.channel"),
    "campaign": _is("f.campaign_id"),
    "scene": _is("select d.scene from {kpi.dim_campaign} as d where d.campaign_id = f.campaign_id"),
    "staff": _is("f.staff_id"),
    "team": _is("select d.team from {kpi.dim_staff} as d where d.staff_id = f.staff_id"),
    "product": _is("f.product_id"),
    "product_line": _is("select d.product_line from {kpi.dim_product} as d where d.product_id = f.product_id"),
    "stage": _is("f.stage"),
    "content_stage": _is("f.content_stage"),
    # Somebody may be in several segments.
    "segment": (
        "case when q.member is null then not exists (select 1 from {audience.segment_member} as s"
        " where s.person_key = f.person_key) else exists (select 1 from {audience.segment_member} as s"
        " where s.person_key = f.person_key and s.segment = q.member) end"
    ),
    "industry": _is(
        "select t.tag_value from {tags.account_tag} as t join {identity.account} as a on t.account_id = a.account_id"
        " where t.tag_code = 'industry' and a.account_key = f.account_key"
    ),
}
OWNER = "select o.owner_staff from {tags.person_profile} as o where o.one_id = f.one_id"
OF_PERSON = {
    "campaign": of_person("source_campaign_id"),
    "scene": _is(
        "select d.scene from {identity.person} as o join {kpi.dim_campaign} as d"
        " on d.campaign_id = o.source_campaign_id where o.person_key = f.person_key"
    ),
    "staff": _is(OWNER),
    "team": _is(f"select d.team from {{kpi.dim_staff}} as d where d.staff_id = ({OWNER})"),
    "segment": OWN["segment"],
    "industry": _is(
        "select t.tag_value from {identity.person_account} as c join {identity.account} as a"
        " on c.account_key = a.account_key join {tags.account_tag} as t on t.account_id = a.account_id"
        " where t.tag_code = 'industry' and c.person_key = f.person_key and c.is_current"
    ),
}


def own_dimensions(*dimensions: str) -> dict[str, str]:
    """Return the conditions of some dimensions by the record's own columns."""
    return {dimension: OWN[dimension] for dimension in dimensions}


DEAL = own_dimensions("total", "channel", "campaign", "scene", "staff", "team", "product_line", "segment", "industry")
EXCLUDED = (
    "select 1 from {journey.exclusion} as x where x.person_key = t.person_key and not x.is_overruled"
    " and (x.until_at is null or x.until_at >= fn_as_of_end())"
)
OUTSIDERS = f"exists ({EXCLUDED} and x.kind in ('staff', 'competitor', 'bot'))"
