"""How a record is part of a figure: of its numerator and denominator, and of which member of a dimension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

THAT_DAY = "f.as_of_date = q.day"


@dataclass(frozen=True)
class Part:
    """What a record adds to the numerator and the denominator of a KPI, in SQL over the facts of one day and member.

    NULL means that the record is not part of it. A denominator None does not consist of records. `when` are the days
    of the facts: f is a fact, q.day the day that is asked for. `by` replaces the dimensions of the evidence.
    """

    numerator: str
    denominator: str | None = None
    when: str = THAT_DAY
    by: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Evidence:
    """The records behind the figures of one model.

    `facts` is a query with a row a record and the columns as_of_date, channel, record_id_hash, what, person_key,
    account_key, and those that parts and dimensions name. `by` says for each dimension which facts f belong to the
    member q.member. In all of them, {schema.table} is a table of the release, {reference.name} a reference table
    in force, {var.name} a var, {rule.name} and {threshold.name} a number of stage_rules.csv and thresholds.csv, and
    {kpi.window_days} the window of the KPI. The facts may read the days q.day, too; there may be
    several, so whatever they rank or count by day has q.day in its partition. `is_of_tonight`: of earlier days, nobody
    knows the records any more.
    """

    facts: str
    parts: Mapping[str, Part]
    by: Mapping[str, str] = field(default_factory=dict)
    is_of_tonight: bool = False


def once(*keys: str, where: str = "true") -> str:
    """Return a part that counts different keys: 1 for the first record of a key, 0 for its others."""
    known = " and ".join([f"({where})", *(f"{key} is not null" for key in keys)])
    return (
        f"case when {known} then case when row_number() over (partition by cell, {', '.join(keys)}, {known}"
        " order by channel, record_id_hash, what) = 1 then 1 else 0 end end"
    )


def last_days(var: str) -> str:
    """Return the condition of the facts of the last days up to a day; a var has their number."""
    return f"f.as_of_date <= q.day and f.as_of_date > q.day - {{var.{var}}}"


def named(member: str) -> str:
    """Return the condition that an expression is the member that is asked for, which may be unknown."""
    return f"({member}) is not distinct from q.member"


def of_person(column: str) -> str:
    """Return the condition of a dimension by a column of identity.person."""
    return named(f"select o.{column} from {{identity.person}} as o where o.person_key = f.person_key")


OWN = {
    "total": "q.member is null",
    "channel": named("f.channel"),
    "campaign": named("f.campaign_id"),
    "scene": named("select d.scene from {kpi.dim_campaign} as d where d.campaign_id = f.campaign_id"),
    "staff": named("f.staff_id"),
    "team": named("select d.team from {kpi.dim_staff} as d where d.staff_id = f.staff_id"),
    "product": named("f.product_id"),
    "product_line": named("select d.product_line from {kpi.dim_product} as d where d.product_id = f.product_id"),
    "stage": named("f.stage"),
    "content_stage": named("f.content_stage"),
    # Somebody may be in several segments.
    "segment": (
        "case when q.member is null then not exists (select 1 from {audience.segment_member} as s"
        " where s.person_key = f.person_key) else exists (select 1 from {audience.segment_member} as s"
        " where s.person_key = f.person_key and s.segment = q.member) end"
    ),
    "industry": named(
        "select t.tag_value from {tags.account_tag} as t join {identity.account} as a on t.account_id = a.account_id"
        " where t.tag_code = 'industry' and a.account_key = f.account_key"
    ),
}
OWNER = "select o.owner_staff from {tags.person_profile} as o where o.one_id = f.one_id"
OF_PERSON = {
    "campaign": of_person("source_campaign_id"),
    "scene": named(
        "select d.scene from {identity.person} as o join {kpi.dim_campaign} as d"
        " on d.campaign_id = o.source_campaign_id where o.person_key = f.person_key"
    ),
    "staff": named(OWNER),
    "team": named(f"select d.team from {{kpi.dim_staff}} as d where d.staff_id = ({OWNER})"),
    "segment": OWN["segment"],
    "industry": named(
        "select t.tag_value from {identity.person_account} as c join {identity.account} as a"
        " on c.account_key = a.account_key join {tags.account_tag} as t on t.account_id = a.account_id"
        " where t.tag_code = 'industry' and c.person_key = f.person_key and c.is_current"
    ),
}


def own_dimensions(*dimensions: str) -> dict[str, str]:
    """Return the conditions of some dimensions by the record's own columns."""
    return {dimension: OWN[dimension] for dimension in dimensions}


DEAL = own_dimensions("total", "channel", "campaign", "scene", "staff", "team", "product_line", "segment", "industry")


def excluded(person: str) -> str:
    """Return a query with rows if somebody, a row with person_key, is excluded at the end of as_of."""
    return (
        f"select 1 from {{journey.exclusion}} as x where x.person_key = {person}.person_key and not x.is_overruled"
        " and (x.until_at is null or x.until_at >= fn_as_of_end())"
    )


def outsiders(person: str) -> str:
    """Return the condition that somebody is one of staff, a competitor or a bot, whom KPIs do not count."""
    return f"exists ({excluded(person)} and x.kind in ('staff', 'competitor', 'bot'))"


EXCLUDED = excluded("t")
OUTSIDERS = outsiders("t")
# Links by which people could be reached, up to as_of. Whoever asked to be erased could be reached until then.
ENDLESS = "timestamp '9999-12-31'"
LINKS = (
    "erasures as (select o.person_key, min(d.decided_at) as erased_at from {identity.identity_rule} as d"
    " join {identity.one_id} as o on d.left_type = o.id_type and d.left_value_hash = o.id_value_hash"
    " where d.decision = 'erase' and d.effect = 'pending' group by o.person_key),"
    " given as (select t.channel, t.record_id_hash, t.person_key, t.one_id, l.touchpoint, l.holder_id, l.staff_id,"
    " l.started_at, case when l.ended_at < fn_as_of_end() then greatest(l.ended_at, l.started_at) end as ended_at,"
    " case when l.ended_at < fn_as_of_end() then l.ended_by end as ended_by, e.erased_at from {records.link} as l"
    " join {identity.record_person} as t on l.channel = t.channel and l.record_id_hash = t.record_id_hash"
    " left join erasures as e on t.person_key = e.person_key where t.person_key is not null"
    " and l.touchpoint is not null and l.started_at is not null and coalesce(l.started_at < e.erased_at, true)"
    f" and not {OUTSIDERS}),"
    f" judged as (select *, coalesce(erased_at < coalesce(ended_at, {ENDLESS}), false) as is_erased from given),"
    " ended as (select * replace (case when is_erased then erased_at else ended_at end as ended_at,"
    " case when not is_erased then ended_by end as ended_by) from judged),"
    " links as (select *, fn_local_date(started_at) as from_date, fn_local_date(ended_at) as to_date from ended)"
)
# The same links at each of their levels, with the time without a break that each is part of.
STRETCHES = (
    f"{LINKS}, levels as (select *, case level when 'touchpoint' then touchpoint when 'channel' then channel"
    " when 'staff' then staff_id end as holder from (select *, unnest(['total', 'touchpoint', 'channel', 'staff'])"
    " as level from links) as l),"
    f" gaps as (select *, case when started_at <= max(coalesce(ended_at, {ENDLESS})) over ("
    "partition by level, holder, person_key order by started_at, channel, record_id_hash"
    " rows between unbounded preceding and 1 preceding) then 0 else 1 end as is_new from levels"
    " where level = 'total' or holder is not null),"
    " numbered as (select *, sum(is_new) over (partition by level, holder, person_key"
    " order by started_at, channel, record_id_hash rows between unbounded preceding and current row) as stretch_no"
    " from gaps),"
    " stretches as (select *, min(started_at) over (partition by level, holder, person_key, stretch_no)"
    " as reachable_from from numbered)"
)
