/*
description: Class 14, activity rating 活跃评级; how much and how recently a person was active, in which
  direction, and over how many channels.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false) }}
with

touches as (
    select
        person_key,
        channel,
        occurred_at,
        date_diff('day', occurred_date, fn_as_of()) as days_ago
    from {{ ref('person_touch') }}
    where direction = 'inbound'
),

counted as (
    select
        person_key,
        min(days_ago) as days_since,
        count_if(days_ago < {{ var('activity_days') }}) as recent_touches,
        count_if(
            days_ago >= {{ var('activity_days') }} and days_ago < 2 * {{ var('activity_days') }}
        ) as earlier_touches,
        count(distinct channel) filter (where days_ago < {{ var('activity_days') }})
            as recent_channels,
        max(occurred_at) as evidence_at,
        arg_max(channel, struct_pack(occurred_at := occurred_at, channel := channel))
            as evidence_channel,
        count(distinct channel) as source_count
    from touches
    group by person_key
),

grades as (
    select
        grade,
        cast(grade_order as bigint) as grade_order,
        cast(min_touches as bigint) as min_touches
    from {{ ref('activity_grades') }}
),

graded as (
    select
        c.person_key,
        c.recent_touches,
        c.evidence_at,
        c.evidence_channel,
        c.source_count,
        g.grade
    from counted as c
    left join grades as g on c.recent_touches >= g.min_touches
    qualify row_number() over (partition by c.person_key order by g.grade_order nulls last) = 1
),

tagged as (
    select
        person_key,
        'activity_grade' as tag_code,
        coalesce(grade, 'dormant') as tag_value,
        recent_touches as score,
        evidence_at,
        evidence_channel,
        source_count
    from graded
    union all
    select
        c.person_key,
        'recency_band' as tag_code,
        b.band as tag_value,
        c.days_since as score,
        c.evidence_at,
        c.evidence_channel,
        c.source_count
    from counted as c
    inner join {{ ref('recency_bands') }} as b
        on
            c.days_since >= cast(b.min_days as bigint)
            and coalesce(c.days_since <= cast(b.max_days as bigint), true)
    union all
    select
        person_key,
        'activity_trend' as tag_code,
        case
            when recent_touches * 100 > earlier_touches * (100 + {{ var('trend_percent') }})
                then 'rising'
            when recent_touches * 100 < earlier_touches * (100 - {{ var('trend_percent') }})
                then 'falling'
            else 'steady'
        end as tag_value,
        recent_touches - earlier_touches as score,
        evidence_at,
        evidence_channel,
        source_count
    from counted
    union all
    select
        person_key,
        'active_channels_30d' as tag_code,
        cast(recent_channels as varchar) as tag_value,
        recent_channels as score,
        evidence_at,
        evidence_channel,
        source_count
    from counted
)

select
    p.one_id,  -- The person.
    t.tag_code,  -- Tag, as in the tag catalog.
    t.tag_value,  -- Its value.
    cast(t.score as decimal(18, 4)) as score,  -- Figure that the value was derived from.
    t.evidence_at,  -- Latest evidence (UTC).
    t.evidence_channel,  -- Channel of the evidence.
    cast(t.source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged as t
inner join {{ ref('person') }} as p on t.person_key = p.person_key
