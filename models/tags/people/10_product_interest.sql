/*
description: Class 10, product interest 产品兴趣; which product lines a person looks at, how urgent the
  need is, and whether prices matter.
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

line_channels as (
    select
        person_key,
        product_line,
        channel,
        max(last_at) as last_at,
        sum(interest_touches) as touch_count
    from {{ ref('person_subject') }}
    where product_line is not null and interest_touches > 0
    group by person_key, product_line, channel
),

lines as (
    select
        person_key,
        product_line,
        sum(touch_count) as touch_count,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from line_channels
    group by person_key, product_line
    having sum(touch_count) >= {{ threshold('interest_touches') }}
),

actions as (
    select
        a.person_key,
        a.channel,
        a.last_at,
        a.days_since,
        s.action is not null as is_sincere
    from {{ ref('person_action') }} as a
    left join {{ ref('sincere_actions') }} as s on a.action = s.action
    where a.is_inbound and (s.action is not null or a.action = 'price_view')
),

-- 1 urgent, 2 active, 3 latent.
need_signs as (
    select
        h.person_key,
        case
            when {{ days_ago('d.expected_date') }} >= -{{ threshold('urgent_days') }} then 1
            else 2
        end as value_rank,
        h.channel,
        h.held_from as last_at
    from {{ ref('deal_hold') }} as h
    inner join {{ ref('deal') }} as d on h.channel = d.channel and h.record_id = d.record_id
    where h.hold = 'open' and h.held_to is null
    union all
    select
        person_key,
        1 as value_rank,
        channel,
        last_at
    from actions
    where is_sincere and days_since < {{ threshold('urgent_action_days') }}
    union all
    select
        person_key,
        2 as value_rank,
        channel,
        last_at
    from actions
    where days_since < {{ threshold('need_days') }}
    union all
    select
        c.person_key,
        3 as value_rank,
        c.channel,
        c.last_at
    from line_channels as c
    semi join lines as l on c.person_key = l.person_key and c.product_line = l.product_line
),

{{ top_sign('needs', 'need_signs') }},

-- 1 asked, 2 viewed.
price_signs as (
    select
        person_key,
        case when is_sincere then 1 else 2 end as value_rank,
        channel,
        last_at
    from actions
    where days_since < {{ threshold('need_days') }}
    union all
    select
        person_key,
        2 as value_rank,
        channel,
        last_at
    from {{ ref('person_subject') }}
    where topic = 'price' and days_since < {{ threshold('need_days') }}
),

{{ top_sign('prices', 'price_signs') }},

tagged as (
    select
        p.one_id,
        'product_interest' as tag_code,
        l.product_line as tag_value,
        l.touch_count as score,
        l.proof.occurred_at as evidence_at,
        l.proof.channel as evidence_channel,
        l.channel_count as source_count
    from people as p
    inner join lines as l on p.person_key = l.person_key
    union all
    select
        p.one_id,
        'need_status' as tag_code,
        case n.value_rank
            when 1 then 'urgent'
            when 2 then 'active'
            when 3 then 'latent'
            else 'none'
        end as tag_value,
        null as score,
        n.proof.occurred_at as evidence_at,
        n.proof.channel as evidence_channel,
        coalesce(n.channel_count, 0) as source_count
    from people as p
    left join needs as n on p.person_key = n.person_key
    union all
    select
        p.one_id,
        'price_interest' as tag_code,
        case r.value_rank when 1 then 'asked' when 2 then 'viewed' else 'none' end as tag_value,
        null as score,
        r.proof.occurred_at as evidence_at,
        r.proof.channel as evidence_channel,
        coalesce(r.channel_count, 0) as source_count
    from people as p
    left join prices as r on p.person_key = r.person_key
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(score as decimal(18, 4)) as score,  -- Touches with the product line; NULL for other tags.
    evidence_at,  -- Latest evidence (UTC); NULL = the value rests on the absence of any.
    evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
from tagged
