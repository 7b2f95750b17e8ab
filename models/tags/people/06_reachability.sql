/*
description: Class 06, reachability 触达; over which touchpoints we reach a person, which one to try
  first, whether we may, and whether we have written enough for now.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

people as (
    select
        one_id,
        person_key,
        is_reachable
    from {{ ref('person_scope') }}
),

touchpoints as (
    select
        touchpoint,
        cast(touchpoint_order as bigint) as touchpoint_order
    from {{ ref('touchpoints') }}
),

ways as (
    select
        l.person_key,
        l.touchpoint,
        l.channel,
        l.started_at as known_at
    from {{ ref('person_link') }} as l
    where l.ended_at is null
    union all
    select
        person_key,
        'mobile' as touchpoint,
        mobile_channel as channel,
        mobile_at as known_at
    from {{ ref('person') }}
    where mobile is not null
    union all
    select
        person_key,
        'email' as touchpoint,
        email_channel as channel,
        email_at as known_at
    from {{ ref('person') }}
    where email is not null
),

reached as (
    select
        w.person_key,
        w.touchpoint,
        t.touchpoint_order,
        {{ latest_proof('w.known_at', 'w.channel') }} filter (where w.known_at is not null)
            as proof,
        count(distinct w.channel) as channel_count
    from ways as w
    inner join touchpoints as t on w.touchpoint = t.touchpoint
    group by w.person_key, w.touchpoint, t.touchpoint_order
),

answers as (
    select
        t.person_key,
        m.touchpoint,
        t.channel,
        count(*) as touch_count,
        max(t.occurred_at) as last_at
    from {{ ref('person_touch') }} as t
    inner join {{ ref('touchpoint_media') }} as m on t.medium = m.medium
    where
        t.direction = 'inbound'
        and {{ days_ago('t.occurred_date') }} < {{ threshold('interest_days') }}
    group by t.person_key, m.touchpoint, t.channel
),

answered as (
    select
        person_key,
        touchpoint,
        sum(touch_count) as touch_count,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from answers
    group by person_key, touchpoint
),

best as (
    select
        r.person_key,
        r.touchpoint,
        coalesce(a.touch_count, 0) as touch_count,
        case when a.person_key is not null then a.proof else r.proof end as proof,
        coalesce(a.channel_count, r.channel_count) as channel_count
    from reached as r
    left join answered as a on r.person_key = a.person_key and r.touchpoint = a.touchpoint
    qualify
        row_number() over (
            partition by r.person_key
            order by coalesce(a.touch_count, 0) desc, r.touchpoint_order asc, r.touchpoint asc
        ) = 1
),

consents as (
    select
        person_key,
        consent,
        struct_pack(occurred_at := observed_at, channel := channel) as proof
    from {{ ref('person_contact') }}
    where consent in ('yes', 'no')
    qualify
        row_number() over (
            partition by person_key
            order by observed_at desc nulls last, channel desc, record_id desc, consent asc
        ) = 1
),

contacts as (
    select
        t.person_key,
        count(*) as touch_count,
        {{ latest_proof('t.occurred_at', 't.channel') }} as proof,
        count(distinct t.channel) as channel_count
    from {{ ref('person_touch') }} as t
    where
        t.direction = 'outbound'
        and t.outcome is distinct from 'failed'
        and {{ days_ago('t.occurred_date') }} < {{ threshold('fatigue_days') }}
    group by t.person_key
),

tagged as (
    select
        p.one_id,
        'reachable_touchpoints' as tag_code,
        r.touchpoint as tag_value,
        null as score,
        r.proof,
        r.channel_count as source_count
    from people as p
    inner join reached as r on p.person_key = r.person_key
    union all
    select
        p.one_id,
        'best_touchpoint' as tag_code,
        b.touchpoint as tag_value,
        b.touch_count as score,
        b.proof,
        b.channel_count as source_count
    from people as p
    inner join best as b on p.person_key = b.person_key
    union all
    select
        p.one_id,
        'consent_status' as tag_code,
        case c.consent when 'yes' then 'granted' when 'no' then 'refused' else 'unknown' end
            as tag_value,
        null as score,
        c.proof,
        case when c.person_key is not null then 1 else 0 end as source_count
    from people as p
    left join consents as c on p.person_key = c.person_key
    union all
    select
        p.one_id,
        'touch_fatigue' as tag_code,
        {{ band('touch_fatigue', 'coalesce(c.touch_count, 0)') }} as tag_value,
        coalesce(c.touch_count, 0) as score,
        c.proof,
        coalesce(c.channel_count, 0) as source_count
    from people as p
    left join contacts as c on p.person_key = c.person_key
    where p.is_reachable
)

select
    {{ tag_row('one_id', 'The person') }}
from tagged
