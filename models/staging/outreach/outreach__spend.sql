/*
description: What sends cost, by business day and campaign. Costs of a campaign without a step, and
  of sends without a campaign, count as nurturing, because we only send to people whom we know.
grain: [record_id]
*/
with

sends as (
    select
        fn_local_date(sent_at) as day,
        nullif(trim(campaign_id), '') as campaign_id,
        cost,
        _landed_seq
    from {{ source('outreach', 'sends') }}
    where cost is not null
),

days as (
    select
        day,
        campaign_id,
        max(_landed_seq) as landed_seq,
        cast(round(sum(cost), 2) as decimal(18, 2)) as amount
    from sends
    group by day, campaign_id
),

campaigns as (
    select
        campaign_id,
        max(step) as step
    from {{ ref('campaigns') }}
    group by campaign_id
)

select
    'outreach' as channel,
    'sends:' || d.day || '|' || coalesce(d.campaign_id, '') as record_id,
    d.landed_seq,
    d.day as spend_date,
    d.campaign_id,
    coalesce(c.step, 'nurture') as step,
    d.amount,
    '{{ var('currency') }}' as currency,
    d.amount as source_amount,
    '{{ var('currency') }}' as source_currency
from days as d
left join campaigns as c on d.campaign_id = c.campaign_id
