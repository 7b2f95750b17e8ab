/*
description: Class 12, format interest 形式偏好; in which form a person takes content, which kind of
  events they go to, and how far they come in courses.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

people as (
    select
        one_id,
        person_key
    from {{ ref('person_scope') }}
    where is_people
),

format_channels as (
    select
        person_key,
        format,
        channel,
        max(last_at) as last_at,
        sum(interest_touches) as touch_count
    from {{ ref('person_subject') }}
    where format is not null and interest_touches > 0
    group by person_key, format, channel
),

formats as (
    select
        person_key,
        format,
        sum(touch_count) as touch_count,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from format_channels
    group by person_key, format
),

top_formats as (
    select
        person_key,
        format,
        touch_count,
        proof,
        channel_count
    from formats
    qualify
        row_number() over (
            partition by person_key order by touch_count desc, proof.occurred_at desc, format asc
        ) = 1
),

event_channels as (
    select
        a.person_key,
        a.channel,
        max(a.happened_at) as last_at,
        max(case when f.form = 'online' then 1 else 0 end) as is_online,
        max(case when f.form = 'offline' then 1 else 0 end) as is_offline
    from {{ ref('person_action') }} as a
    inner join {{ ref('event_forms') }} as f on a.action = f.action
    where a.happened_days < {{ threshold('event_days') }}
    group by a.person_key, a.channel
),

events as (
    select
        person_key,
        max(is_online) as is_online,
        max(is_offline) as is_offline,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from event_channels
    group by person_key
),

-- 1 completed, 2 half, 3 enrolled.
course_signs as (
    select
        person_key,
        case action when 'course_complete' then 1 else 3 end as value_rank,
        channel,
        last_at
    from {{ ref('person_action') }}
    where is_inbound and action in ('course_complete', 'enrol')
    union all
    select
        person_key,
        2 as value_rank,
        channel,
        half_at as last_at
    from {{ ref('person_action') }}
    where is_inbound and half_at is not null
),

{{ top_sign('courses', 'course_signs') }},

tagged as (
    select
        p.one_id,
        'preferred_format' as tag_code,
        f.format as tag_value,
        f.touch_count as score,
        f.proof.occurred_at as evidence_at,
        f.proof.channel as evidence_channel,
        f.channel_count as source_count
    from people as p
    inner join top_formats as f on p.person_key = f.person_key
    union all
    select
        p.one_id,
        'event_preference' as tag_code,
        case
            when e.is_online = 1 and e.is_offline = 1 then 'both'
            when e.is_online = 1 then 'online'
            when e.is_offline = 1 then 'offline'
            else 'none'
        end as tag_value,
        null as score,
        e.proof.occurred_at as evidence_at,
        e.proof.channel as evidence_channel,
        coalesce(e.channel_count, 0) as source_count
    from people as p
    left join events as e on p.person_key = e.person_key
    union all
    select
        p.one_id,
        'course_progress' as tag_code,
        case c.value_rank
            when 1 then 'completed'
            when 2 then 'half'
            when 3 then 'enrolled'
            else 'none'
        end as tag_value,
        null as score,
        c.proof.occurred_at as evidence_at,
        c.proof.channel as evidence_channel,
        coalesce(c.channel_count, 0) as source_count
    from people as p
    left join courses as c on p.person_key = c.person_key
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(score as decimal(18, 4)) as score,  -- Touches with the format; NULL for other tags.
    evidence_at,  -- Latest evidence (UTC); NULL = the value rests on the absence of any.
    evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged
