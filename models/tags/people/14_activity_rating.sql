/*
description: Class 14, activity rating 活跃评级; how much and how recently a person was active, in which
  direction, and over how many channels.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

active as (
    select
        one_id,
        days_since,
        recent_touches,
        earlier_touches,
        recent_channels,
        last_at as evidence_at,
        last_channel as evidence_channel,
        channel_count as source_count
    from {{ ref('person_activity') }}
),

tagged as (
    select
        one_id,
        'activity_grade' as tag_code,
        {{ band('activity_grade', 'recent_touches') }} as tag_value,
        recent_touches as score,
        evidence_at,
        evidence_channel,
        source_count
    from active
    union all
    select
        one_id,
        'recency_band' as tag_code,
        {{ band('recency_band', 'days_since') }} as tag_value,
        days_since as score,
        evidence_at,
        evidence_channel,
        source_count
    from active
    union all
    select
        one_id,
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
    from active
    union all
    select
        one_id,
        'active_channels_30d' as tag_code,
        cast(recent_channels as varchar) as tag_value,
        recent_channels as score,
        evidence_at,
        evidence_channel,
        source_count
    from active
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(score as decimal(18, 4)) as score,  -- Figure that the value was derived from.
    evidence_at,  -- Latest evidence (UTC).
    evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged
