/*
description: How much of the month's target has been reached by each business day, for every member
  that has a target of net revenue in targets.csv.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [target_attainment]
*/
{{ config(published=false) }}
with

targets as (
    select
        dimension,
        member,
        month,
        cast(target as decimal(18, 2)) as target
    from {{ ref('targets') }}
    where kpi_code = 'net_revenue'
),

-- A month counts from its first day on, even if kept days begin within it.
lines as (
    select
        revenue_date,
        channel,
        campaign_id,
        staff_id,
        product_id,
        person_key,
        account_key,
        sum(amount) as revenue
    from {{ ref('revenue_line') }}
    where
        revenue_date
        >= date_trunc('month', fn_as_of() - ({{ kpi_days('total') }} - 1) * interval 1 day)
    group by revenue_date, channel, campaign_id, staff_id, product_id, person_key, account_key
),

{{ by_dimension(
    'facts', 'lines', ['revenue_date', 'revenue'],
    own=['total', 'channel', 'campaign', 'scene', 'staff', 'team', 'product_line'],
    of_person=['segment'], of_account=['industry']
) }},

daily as (
    select
        revenue_date,
        dimension,
        member,
        sum(revenue) as revenue
    from facts
    group by revenue_date, dimension, member
),

days as (
    select
        b.business_date as as_of_date,
        t.dimension,
        t.member,
        t.month,
        t.target,
        coalesce(d.revenue, 0) as revenue
    from targets as t
    inner join {{ ref('business_day') }} as b
        on t.month = strftime(b.business_date, '%Y-%m')
    left join daily as d
        on
            t.dimension = d.dimension
            and t.member is not distinct from d.member
            and b.business_date = d.revenue_date
),

figures as (
    select
        as_of_date,
        dimension,
        member,
        target,
        sum(revenue) over (
            partition by dimension, member, month order by as_of_date
            rows between unbounded preceding and current row
        ) as revenue
    from days
)

{{ kpi_rows('figures', [['target_attainment', 'revenue', 'target']]) }}
