/*
description: Class 17, lifecycle 生命周期; where a person stands in the journey, how ripe the lead is,
  how often we reached them, and which customers may leave.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

entries as (
    select
        s.one_id,
        s.stage,
        s.stage_rank,
        s.days_in_stage,
        s.since_at,
        max(t.channel) as channel
    from {{ ref('person_stage') }} as s
    left join {{ ref('stage_transition') }} as t
        on s.person_key = t.person_key and s.since_at = t.moved_at and s.stage = t.to_stage
    group by s.one_id, s.stage, s.stage_rank, s.days_in_stage, s.since_at
),

part_channels as (
    select
        person_key,
        channel,
        max(occurred_at) as last_at
    from {{ ref('lead_score_part') }}
    group by person_key, channel
),

parts as (
    select
        person_key,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from part_channels
    group by person_key
),

-- What arrived, by what it was and the way it took.
arrivals as (
    select
        t.person_key,
        t.channel,
        t.content_id,
        t.medium,
        max(t.occurred_at) as last_at
    from {{ ref('person_touch') }} as t
    where
        t.direction = 'outbound'
        and t.medium is distinct from 'group'
        and (t.outcome in ('delivered', 'clicked') or {{ is_conversation('t') }})
    group by t.person_key, t.channel, t.content_id, t.medium
),

arrived_forms as (
    select
        person_key,
        content_id,
        medium
    from arrivals
    group by person_key, content_id, medium
),

form_counts as (
    select
        person_key,
        count(*) as form_count
    from arrived_forms
    group by person_key
),

arrival_channels as (
    select
        person_key,
        channel,
        max(last_at) as last_at
    from arrivals
    group by person_key, channel
),

arrived as (
    select
        person_key,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from arrival_channels
    group by person_key
),

tickets as (
    select
        r.person_key,
        t.channel,
        t.topic,
        t.csat,
        t.opened_at
    from {{ ref('ticket') }} as t
    inner join {{ ref('record_person') }} as r
        on t.channel = r.channel and t.record_id = r.record_id
    where
        r.person_key is not null
        and {{ days_ago('fn_local_date(t.opened_at)') }} < {{ threshold('churn_days') }}
),

churn_signs as (
    select
        person_key,
        'complaint' as sign,
        channel,
        opened_at as occurred_at
    from tickets
    where topic = 'complaint'
    union all
    select
        person_key,
        'low_mark' as sign,
        channel,
        opened_at as occurred_at
    from tickets
    where csat <= {{ threshold('churn_csat') }}
    union all
    select
        person_key,
        'ended_link' as sign,
        channel,
        ended_at as occurred_at
    from {{ ref('person_link') }}
    where
        ended_by = 'person'
        and ended_at < fn_as_of_end()
        and {{ days_ago('fn_local_date(ended_at)') }} < {{ threshold('churn_days') }}
),

signs as (
    select
        person_key,
        count(distinct sign) as sign_count,
        count(distinct channel) as channel_count,
        {{ latest_proof('occurred_at') }} as proof
    from churn_signs
    group by person_key
),

buyers as (
    select
        p.one_id,
        coalesce(s.sign_count, 0) + case
            when a.days_since < {{ threshold('churn_silent_days') }} then 0
            else 1
        end as sign_count,
        s.proof,
        coalesce(s.channel_count, 0) as channel_count
    from {{ ref('person_scope') }} as p
    left join {{ ref('person_activity') }} as a on p.person_key = a.person_key
    left join signs as s on p.person_key = s.person_key
    where p.is_buyers
),

tagged as (
    select
        one_id,
        'journey_stage' as tag_code,
        stage as tag_value,
        stage_rank as score,
        since_at as evidence_at,
        channel as evidence_channel,
        1 as source_count
    from entries
    union all
    select
        one_id,
        'stage_age_band' as tag_code,
        {{ band('stage_age_band', 'days_in_stage') }} as tag_value,
        days_in_stage as score,
        since_at as evidence_at,
        channel as evidence_channel,
        1 as source_count
    from entries
    union all
    select
        p.one_id,
        'lead_score_band' as tag_code,
        {{ band('lead_score_band', 'coalesce(l.score, 0)') }} as tag_value,
        coalesce(l.score, 0) as score,
        r.proof.occurred_at as evidence_at,
        r.proof.channel as evidence_channel,
        coalesce(r.channel_count, 0) as source_count
    from {{ ref('person_scope') }} as p
    left join {{ ref('lead_score') }} as l on p.person_key = l.person_key
    left join parts as r on p.person_key = r.person_key
    where p.is_people
    union all
    select
        p.one_id,
        'six_touch_progress' as tag_code,
        {{ band('six_touch_progress', 'coalesce(f.form_count, 0)') }} as tag_value,
        coalesce(f.form_count, 0) as score,
        a.proof.occurred_at as evidence_at,
        a.proof.channel as evidence_channel,
        coalesce(a.channel_count, 0) as source_count
    from {{ ref('person_scope') }} as p
    left join form_counts as f on p.person_key = f.person_key
    left join arrived as a on p.person_key = a.person_key
    where p.is_people
    union all
    select
        one_id,
        'churn_risk' as tag_code,
        {{ band('churn_risk', 'sign_count') }} as tag_value,
        sign_count as score,
        proof.occurred_at as evidence_at,
        proof.channel as evidence_channel,
        channel_count as source_count
    from buyers
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(score as decimal(18, 4))
        as score,  -- Figure behind the value; its meaning depends on the tag.
    evidence_at,  -- Latest evidence (UTC); NULL = the value rests on the absence of any.
    evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged
