/*
description: Class 15, depth of engagement 互动深度; how sincere a person is, how broadly they act, how
  long they watch, and how they behave in groups.
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

{{ verified_mobiles() }},

open_links as (
    select
        l.person_key,
        l.channel,
        l.touchpoint,
        max(l.started_at) as last_at
    from {{ ref('person_link') }} as l
    where l.ended_at is null
    group by l.person_key, l.channel, l.touchpoint
),

owned_links as (
    select
        l.person_key,
        l.channel,
        max(l.last_at) as last_at
    from open_links as l
    inner join {{ ref('touchpoints') }} as t on l.touchpoint = t.touchpoint
    where t.is_owned = 'true'
    group by l.person_key, l.channel
),

follows as (
    select
        person_key,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from owned_links
    group by person_key
),

asking_channels as (
    select
        a.person_key,
        a.channel,
        max(a.last_at) as last_at
    from {{ ref('person_action') }} as a
    inner join {{ ref('sincere_actions') }} as s on a.action = s.action
    where a.is_inbound
    group by a.person_key, a.channel
),

asked as (
    select
        person_key,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from asking_channels
    group by person_key
),

sincerity as (
    select
        p.one_id,
        case
            when a.person_key is not null then 'ultimate'
            when m.person_key is not null then 'medium'
            when f.person_key is not null then 'shallow'
            else 'none'
        end as level,
        case
            when a.person_key is not null then a.proof
            when m.person_key is not null then m.proof
            else f.proof
        end as proof,
        coalesce(a.channel_count, m.source_count, f.channel_count, 0) as channel_count
    from people as p
    left join asked as a on p.person_key = a.person_key
    left join verified_mobiles as m on p.person_key = m.person_key
    left join follows as f on p.person_key = f.person_key
),

shows as (
    select
        person_key,
        channel,
        max(last_at) as last_at,
        max(case when action = 'live' then 1 else 0 end) as is_live,
        max(case when action = 'replay' then 1 else 0 end) as is_replay,
        sum(coalesce(seconds, 0)) as seconds
    from {{ ref('person_action') }}
    where is_inbound and action in ('live', 'replay')
    group by person_key, channel
),

watched as (
    select
        person_key,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count,
        max(is_live) as is_live,
        max(is_replay) as is_replay,
        sum(seconds) as seconds
    from shows
    group by person_key
),

joined as (
    select
        person_key,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from open_links
    where touchpoint = 'group'
    group by person_key
),

message_days as (
    select
        person_key,
        channel,
        occurred_date,
        max(occurred_at) as last_at
    from {{ ref('person_touch') }}
    where
        direction = 'inbound'
        and action = 'group_message'
        and {{ days_ago('occurred_date') }} < {{ var('activity_days') }}
    group by person_key, channel, occurred_date
),

message_channels as (
    select
        person_key,
        channel,
        max(last_at) as last_at
    from message_days
    group by person_key, channel
),

writers as (
    select
        person_key,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from message_channels
    group by person_key
),

writing_days as (
    select
        person_key,
        count(distinct occurred_date) as day_count
    from message_days
    group by person_key
),

groups as (
    select
        p.one_id,
        case
            when j.person_key is null then 'none'
            when d.day_count >= {{ threshold('koc_days') }} then 'koc'
            when d.day_count > 0 then 'active'
            else 'silent'
        end as group_role,
        case when j.person_key is not null then coalesce(d.day_count, 0) end as day_count,
        case
            when j.person_key is null then null
            when w.person_key is not null then w.proof
            else j.proof
        end as proof,
        case
            when j.person_key is null then 0
            else coalesce(w.channel_count, j.channel_count)
        end as channel_count
    from people as p
    left join joined as j on p.person_key = j.person_key
    left join writing_days as d on p.person_key = d.person_key
    left join writers as w on p.person_key = w.person_key
),

tagged as (
    select
        one_id,
        'sincerity_level' as tag_code,
        level as tag_value,
        null as score,
        proof.occurred_at as evidence_at,
        proof.channel as evidence_channel,
        channel_count as source_count
    from sincerity
    union all
    select
        p.one_id,
        'behaviour_breadth' as tag_code,
        cast(coalesce(a.behaviour_count, 0) as varchar) as tag_value,
        coalesce(a.behaviour_count, 0) as score,
        case when a.behaviour_count > 0 then a.last_at end as evidence_at,
        case when a.behaviour_count > 0 then a.last_channel end as evidence_channel,
        case when a.behaviour_count > 0 then a.interest_channels else 0 end as source_count
    from people as p
    left join {{ ref('person_activity') }} as a on p.person_key = a.person_key
    union all
    select
        p.one_id,
        'watch_depth' as tag_code,
        case
            when w.is_live = 1 and w.is_replay = 1 then 'rewatched'
            when w.seconds >= 60 * {{ threshold('watch_long_minutes') }} then 'long'
            when w.person_key is not null then 'short'
            else 'none'
        end as tag_value,
        w.seconds as score,
        w.proof.occurred_at as evidence_at,
        w.proof.channel as evidence_channel,
        coalesce(w.channel_count, 0) as source_count
    from people as p
    left join watched as w on p.person_key = w.person_key
    union all
    select
        one_id,
        'group_role' as tag_code,
        group_role as tag_value,
        day_count as score,
        proof.occurred_at as evidence_at,
        proof.channel as evidence_channel,
        channel_count as source_count
    from groups
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(score as decimal(18, 4))
        as score,  -- Behaviours, seconds watched, days with messages; NULL for sincerity_level.
    evidence_at,  -- Latest evidence (UTC); NULL = the value rests on the absence of any.
    evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged
