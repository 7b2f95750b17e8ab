/*
description: The campaigns that the buyer of each deal met in the roi_days before it, up to the
  moment of the deal. Without staff, competitors and bots.
grain: [channel, deal_id, person_key, campaign_id]
*/
{{ config(published=false) }}
with

deals as (
    select
        r.channel,
        r.deal_id,
        r.person_key,
        coalesce(min(case when r.kind <> 'refund' then r.revenue_at end), min(r.revenue_at))
            as deal_at
    from {{ ref('revenue_line') }} as r
    anti join {{ outsiders() }} as x on r.person_key = x.person_key
    where r.person_key is not null and r.deal_id is not null
    group by r.channel, r.deal_id, r.person_key
),

buyers as (
    select distinct person_key
    from deals
),

met as (
    select
        t.person_key,
        t.campaign_id,
        t.occurred_at,
        t.occurred_date
    from {{ ref('person_touch') }} as t
    semi join buyers as b on t.person_key = b.person_key
    where t.campaign_id is not null and t.outcome is distinct from 'failed'
)

select distinct
    d.channel,  -- Channel of the deal.
    d.deal_id,  -- Order or opportunity number.
    d.person_key,  -- The buyer.
    m.campaign_id  -- Campaign of a touch of the buyer, in either direction, that did not fail.
from deals as d
inner join met as m
    on
        d.person_key = m.person_key
        and d.deal_at >= m.occurred_at
        and date_diff('day', m.occurred_date, fn_local_date(d.deal_at)) < {{ var('roi_days') }}
