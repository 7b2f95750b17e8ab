/*
description: Class 18, service 服务; whose tickets are open, how satisfied people are with our
  service, and who recommends us.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

tickets as (
    select
        r.person_key,
        t.channel,
        t.record_id,
        t.opened_at,
        t.resolved_at is null or t.resolved_at >= fn_as_of_end() as is_open,
        t.csat,
        t.nps,
        {{ days_ago('fn_local_date(t.opened_at)') }} as days_ago
    from {{ ref('ticket') }} as t
    inner join {{ ref('record_person') }} as r
        on t.channel = r.channel and t.record_id = r.record_id
    where r.person_key is not null
),

-- 1 overdue, 2 open.
ticket_signs as (
    select
        person_key,
        case when days_ago >= {{ threshold('ticket_days') }} then 1 else 2 end as value_rank,
        channel,
        opened_at as last_at
    from tickets
    where is_open
),

{{ top_sign('open_tickets', 'ticket_signs') }},

open_days as (
    select
        person_key,
        max(days_ago) as days_open
    from tickets
    where is_open
    group by person_key
),

marks as (
    select
        person_key,
        csat,
        opened_at,
        channel
    from tickets
    where csat is not null
    qualify
        row_number() over (
            partition by person_key order by opened_at desc, channel desc, record_id desc
        ) = 1
),

votes as (
    select
        person_key,
        nps,
        opened_at,
        channel
    from tickets
    where nps is not null
    qualify
        row_number() over (
            partition by person_key order by opened_at desc, channel desc, record_id desc
        ) = 1
),

{{ referrals() }},

referral_channels as (
    select
        referrer_key,
        channel,
        max(occurred_at) as occurred_at
    from referrals
    group by referrer_key, channel
),

referrers as (
    select
        referrer_key,
        {{ latest_proof('occurred_at') }} as proof,
        count(*) as channel_count
    from referral_channels
    group by referrer_key
),

referred as (
    select
        referrer_key,
        count(distinct person_key) as person_count
    from referrals
    group by referrer_key
),

advocates as (
    select
        p.one_id,
        case
            when r.referrer_key is not null then 'referrer'
            when v.nps >= {{ threshold('promoter_nps') }} then 'promoter'
            else 'none'
        end as advocacy,
        case
            when r.referrer_key is not null then d.person_count
            when v.nps >= {{ threshold('promoter_nps') }} then v.nps
        end as score,
        case
            when r.referrer_key is not null then r.proof.occurred_at
            when v.nps >= {{ threshold('promoter_nps') }} then v.opened_at
        end as occurred_at,
        case
            when r.referrer_key is not null then r.proof.channel
            when v.nps >= {{ threshold('promoter_nps') }} then v.channel
        end as channel,
        case
            when r.referrer_key is not null then r.channel_count
            when v.nps >= {{ threshold('promoter_nps') }} then 1
            else 0
        end as channel_count
    from {{ ref('person_scope') }} as p
    left join referrers as r on p.person_key = r.referrer_key
    left join referred as d on p.person_key = d.referrer_key
    left join votes as v on p.person_key = v.person_key
    where p.is_people
),

tagged as (
    select
        p.one_id,
        'open_ticket' as tag_code,
        case o.value_rank when 1 then 'overdue' when 2 then 'open' else 'none' end as tag_value,
        d.days_open as score,
        o.proof.occurred_at as evidence_at,
        o.proof.channel as evidence_channel,
        coalesce(o.channel_count, 0) as source_count
    from {{ ref('person_scope') }} as p
    left join open_tickets as o on p.person_key = o.person_key
    left join open_days as d on p.person_key = d.person_key
    where p.is_served
    union all
    select
        p.one_id,
        'service_satisfaction' as tag_code,
        {{ band('service_satisfaction', 'm.csat') }} as tag_value,
        m.csat as score,
        m.opened_at as evidence_at,
        m.channel as evidence_channel,
        1 as source_count
    from {{ ref('person_scope') }} as p
    inner join marks as m on p.person_key = m.person_key
    where p.is_served
    union all
    select
        one_id,
        'advocacy' as tag_code,
        advocacy as tag_value,
        score,
        occurred_at as evidence_at,
        channel as evidence_channel,
        channel_count as source_count
    from advocates
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(score as decimal(18, 4))
        as score,  -- Days the oldest ticket is open, mark, people referred or NPS.
    evidence_at,  -- Latest evidence (UTC); NULL = the value rests on the absence of any.
    evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged
where tag_value is not null
