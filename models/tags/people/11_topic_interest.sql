/*
description: Class 11, topic interest 主题兴趣; what a person reads most about, and which factor decides
  for them.
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

topic_channels as (
    select
        person_key,
        topic,
        channel,
        max(last_at) as last_at,
        sum(interest_touches) as touch_count
    from {{ ref('person_subject') }}
    where topic is not null and interest_touches > 0
    group by person_key, topic, channel
),

topics as (
    select
        person_key,
        topic,
        sum(touch_count) as touch_count,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from topic_channels
    group by person_key, topic
),

top_topics as (
    select
        person_key,
        topic,
        touch_count,
        proof,
        channel_count
    from topics
    qualify
        row_number() over (
            partition by person_key order by touch_count desc, proof.occurred_at desc, topic asc
        ) = 1
),

tickets as (
    select
        r.person_key,
        t.channel,
        t.topic,
        max(t.opened_at) as last_at,
        count(*) as match_count
    from {{ ref('ticket') }} as t
    inner join {{ ref('record_person') }} as r
        on t.channel = r.channel and t.record_id = r.record_id
    where
        r.person_key is not null
        and {{ days_ago('fn_local_date(t.opened_at)') }} < {{ threshold('interest_days') }}
    group by r.person_key, t.channel, t.topic
),

matches as (
    select
        person_key,
        'topic' as source,
        topic as value,
        channel,
        last_at,
        touch_count as match_count
    from topic_channels
    union all
    select
        person_key,
        'action' as source,
        action as value,
        channel,
        last_at,
        interest_touches as match_count
    from {{ ref('person_action') }}
    where is_inbound and interest_touches > 0
    union all
    select
        person_key,
        'ticket' as source,
        topic as value,
        channel,
        last_at,
        match_count
    from tickets
),

factor_channels as (
    select
        m.person_key,
        f.decision_factor,
        min(cast(f.factor_order as bigint)) as factor_order,
        m.channel,
        max(m.last_at) as last_at,
        sum(m.match_count * cast(f.weight as bigint)) as weight
    from matches as m
    inner join {{ ref('decision_factors') }} as f on m.source = f.source and m.value = f.value
    group by m.person_key, f.decision_factor, m.channel
),

factors as (
    select
        person_key,
        decision_factor,
        min(factor_order) as factor_order,
        sum(weight) as weight,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from factor_channels
    group by person_key, decision_factor
),

top_factors as (
    select
        person_key,
        decision_factor,
        weight,
        proof,
        channel_count
    from factors
    qualify
        row_number() over (
            partition by person_key order by weight desc, factor_order asc, decision_factor asc
        ) = 1
),

tagged as (
    select
        p.one_id,
        'top_topic' as tag_code,
        t.topic as tag_value,
        t.touch_count as score,
        t.proof.occurred_at as evidence_at,
        t.proof.channel as evidence_channel,
        t.channel_count as source_count
    from people as p
    inner join top_topics as t on p.person_key = t.person_key
    union all
    select
        p.one_id,
        'decision_factor' as tag_code,
        f.decision_factor as tag_value,
        f.weight as score,
        f.proof.occurred_at as evidence_at,
        f.proof.channel as evidence_channel,
        f.channel_count as source_count
    from people as p
    inner join top_factors as f on p.person_key = f.person_key
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(score as decimal(18, 4)) as score,  -- Touches with the topic, or sum of the weights.
    evidence_at,  -- Latest evidence (UTC); NULL = the value rests on the absence of any.
    evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged
