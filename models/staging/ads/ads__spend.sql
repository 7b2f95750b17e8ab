/*
description: The cost of ads by day, platform and campaign; and other costs, such as booths and
  speakers. A cost without a step counts to the step of its campaign, else as acquiring.
grain: [record_id]
*/
with

costs as (
    select
        'spend:' || day || '|' || platform || '|' || campaign_id as record_id,
        day,
        campaign_id,
        cast(null as varchar) as step,
        cost as amount,
        currency,
        _landed_seq
    from {{ source('ads', 'spend') }}
    union all
    select
        'costs:' || cost_id as record_id,
        day,
        nullif(trim(campaign_id), '') as campaign_id,
        step,
        amount,
        currency,
        _landed_seq
    from {{ source('ads', 'costs') }}
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
    s.record_id,
    s._landed_seq as landed_seq,
    s.day as spend_date,
    s.campaign_id,
    coalesce(s.step, c.step, 'acquire') as step,
    {{ in_currency('s.amount', 's.currency', 'r.rate') }} as amount,
    '{{ var('currency') }}' as currency,
    s.amount as source_amount,
    coalesce({{ currency_code('s.currency') }}, '{{ var('currency') }}') as source_currency
from costs as s
left join campaigns as c on s.campaign_id = c.campaign_id
left join rates as r
    on
        {{ currency_code('s.currency') }} = r.currency
        and s.day >= r.rate_from
        and s.day < r.rate_until
