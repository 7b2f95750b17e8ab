"""The records behind KPIs of identity, and the people and tags behind KPIs of tags."""

from __future__ import annotations

from siyu.ask.kpi_parts import OUTSIDERS, Evidence, Part, once, own_dimensions

# When each record of a shape that names people happened. A record may have several shapes: the first moment counts.
SHAPES = {"contact": "observed", "touch": "occurred", "link": "started", "deal": "occurred", "ticket": "opened"}
SEEN = " union all ".join(
    f"select '{shape}' as shape, channel, record_id_hash, {moment}_at as seen_at, {moment}_date as seen_date"
    f" from {{records.{shape}}}"
    for shape, moment in SHAPES.items()
)
# Touches of people are read where their person is known already: there are many.
OTHERS = " union all ".join(
    f"select s.channel, s.record_id_hash, s.{moment}_date as seen_date, '{shape}' as shape, r.person_key"
    f" from {{records.{shape}}} as s join {{identity.record_person}} as r on s.channel = r.channel"
    " and s.record_id_hash = r.record_id_hash where r.person_key is not null"
    for shape, moment in SHAPES.items() if shape != "touch"
)  # fmt: skip
IDENTITY = Evidence(
    f"with seen as ({SEEN}),"
    " days as (select s.* from seen as s join q on s.seen_date = q.day"
    " qualify row_number() over (partition by q.day, s.channel, s.record_id_hash order by s.shape) = 1),"
    " records_of_day as (select d.* from days as d anti join seen as e on d.channel = e.channel"
    " and d.record_id_hash = e.record_id_hash and d.seen_date > e.seen_date),"
    f" known as ({OTHERS} union all select channel, record_id_hash, occurred_date, 'touch', person_key"
    " from {journey.person_touch}),"
    " firsts as (select t.*, q.day from known as t cross join q where t.seen_date <= q.day"
    f" and not {OUTSIDERS} qualify row_number() over (partition by q.day, t.person_key, t.channel"
    " order by t.seen_date, t.shape, t.record_id_hash) = 1)"
    " select d.seen_date as as_of_date, d.channel, d.record_id_hash, d.shape as what, r.person_key, r.account_key,"
    " 'record' as step, false as is_cross from records_of_day as d left join {identity.record_person} as r"
    " on d.channel = r.channel and d.record_id_hash = r.record_id_hash union all"
    " select f.day, f.channel, f.record_id_hash, f.shape || ', known since ' || f.seen_date, f.person_key, null,"
    " 'person', count(*) over (partition by f.day, f.person_key) > 1 from firsts as f",
    {
        "match_rate": Part(
            "case when step = 'record' and person_key is not null then 1 end", "case when step = 'record' then 1 end"
        ),
        "cross_channel_rate": Part(
            once("person_key", where="step = 'person' and is_cross"), once("person_key", where="step = 'person'")
        ),
    },
    own_dimensions("total", "channel"),
)
# Tags are not kept by day: the figures of earlier nights were counted then.
TAGS = Evidence(
    "with parts as (select 'coverage' as step, tag_code || ' ' || name_zh as what, cast(null as bigint) as person_key,"
    " tagged_count as part, scope_count as whole from {tags.tag_catalog} union all"
    " select 'usable', tag_code || ' ' || name_zh || ' ' || status, null, case when status = 'live' then 1 end, 1"
    " from {tags.tag_catalog} union all"
    " select 'person', count(distinct t.tag_code) || ' tags', p.person_key, count(distinct t.tag_code), 1"
    " from {identity.person} as p left join {tags.person_tag} as t on p.one_id = t.one_id group by p.person_key)"
    " select fn_as_of() as as_of_date, cast(null as varchar) as channel, cast(null as varchar) as record_id_hash, what,"
    " person_key, cast(null as bigint) as account_key, step, part, whole from parts",
    {
        code: Part(f"case when step = '{step}' then part end", f"case when step = '{step}' then whole end")
        for code, step in (("tag_coverage", "coverage"), ("tags_per_person", "person"), ("usable_tags", "usable"))
    },
    own_dimensions("total"),
    is_of_tonight=True,
)
