/*
description: The share of opportunities closed on a business day that were won.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [win_rate]
*/
{{ config(published=false) }}
with

-- An opportunity of several records counts once, and is won if any of them is.
closed as (
    select
        d.channel,
        d.record_id,
        fn_local_date(d.closed_at) as closed_date,
        d.campaign_id,
        d.staff_id,
        d.product_id,
        case when d.status = 'won' then 1 else 0 end as is_won
    from {{ ref('deal') }} as d
    where
        d.kind = 'opportunity'
        and d.status in ('won', 'lost')
        and d.closed_at < fn_as_of_end()
    qualify
        row_number() over (
            partition by d.channel, coalesce(d.deal_id, d.record_id)
            order by d.status desc, d.closed_at desc, d.record_id asc
        ) = 1
),

deals as (
    select
        c.closed_date,
        c.channel,
        c.campaign_id,
        c.staff_id,
        c.product_id,
        p.account_key,
        c.is_won
    from closed as c
    left join {{ ref('record_person') }} as p
        on c.channel = p.channel and c.record_id = p.record_id
    where c.closed_date >= {{ kpi_first_day('total') }}
),

{{ by_dimension(
    'facts', 'deals', ['closed_date', 'is_won'],
    own=['total', 'channel', 'campaign', 'scene', 'staff', 'team', 'product', 'product_line'],
    of_account=['industry']
) }},

daily as (
    select
        closed_date as as_of_date,
        dimension,
        member,
        sum(is_won) as won_count,
        count(*) as closed_count
    from facts
    group by closed_date, dimension, member
)

{{ kpi_rows('daily', [['win_rate', 'won_count', 'closed_count']]) }}
