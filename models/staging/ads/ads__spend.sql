/*
description: The cost of ads by day, platform and campaign. A campaign without a step counts as
  acquiring.
grain: [record_id]
*/
with

spend as (
    select
        day,
        platform,
        campaign_id,
        cost,
        currency,
        _landed_seq
    from {{ source('ads', 'spend') }}
),

campaigns as (
    select
        campaign_id,
        max(step) as step
    from {{ ref('campaigns') }}
    group by campaign_id
),

rates as (
    {{ exchange_rate_ranges() }}
)

select
    'ads' as channel,
    'spend:' || s.day || '|' || s.platform || '|' || s.campaign_id as record_id,
    s._landed_seq as landed_seq,
    s.day as spend_date,
    s.campaign_id,
    coalesce(c.step, 'acquire') as step,
    {{ in_currency('s.cost', 's.currency', 'r.rate') }} as amount,
    '{{ var('currency') }}' as currency,
    s.cost as source_amount,
    coalesce({{ currency_code('s.currency') }}, '{{ var('currency') }}') as source_currency
from spend as s
left join campaigns as c on s.campaign_id = c.campaign_id
left join rates as r
    on
        {{ currency_code('s.currency') }} = r.currency
        and s.day >= r.rate_from
        and s.day < r.rate_until
