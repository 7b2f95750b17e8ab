/*
description: What a customer contributes; the margin of the days up to each business day, by the
  buyers of these days.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [contribution_per_customer]
*/
{{ config(published=false) }}
{%- set window = var('contribution_days') %}
with

lines as (
    select
        revenue_date,
        channel,
        campaign_id,
        staff_id,
        product_id,
        person_key,
        account_key,
        buyer_key,
        max(case when kind <> 'refund' then 1 else 0 end) as is_purchase,
        sum(margin_amount) as margin
    from {{ ref('revenue_line') }}
    where
        buyer_key is not null
        and revenue_date > fn_as_of() - ({{ kpi_days('total') }} + {{ window }}) * interval 1 day
    group by
        revenue_date, channel, campaign_id, staff_id, product_id, person_key, account_key, buyer_key
),

recent as (
    select
        revenue_date,
        channel,
        campaign_id,
        staff_id,
        product_id,
        person_key,
        account_key,
        buyer_key,
        is_purchase,
        margin
    from lines
    where revenue_date > fn_as_of() - ({{ kpi_days('campaign') }} + {{ window }}) * interval 1 day
),

{%- set columns = ['revenue_date', 'buyer_key', 'is_purchase', 'margin'] %}

{{ by_dimension('long_facts', 'lines', columns, own=['total', 'channel']) }},

{{ by_dimension(
    'short_facts', 'recent', columns,
    own=['campaign', 'scene', 'staff', 'team', 'product_line'],
    of_person=['segment'], of_account=['industry']
) }},

facts as (
    {%- for source in ['long_facts', 'short_facts'] %}
    select
        dimension,
        member,
        {{ columns | join(',
        ') }}
    from {{ source }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- A buyer is a customer from each purchase on, until the next one or the end of the window.
purchase_days as (
    select distinct
        dimension,
        member,
        buyer_key,
        revenue_date
    from facts
    where is_purchase = 1
),

stretches as (
    select
        dimension,
        member,
        revenue_date,
        lead(revenue_date) over (
            partition by dimension, member, buyer_key order by revenue_date
        ) as next_date
    from purchase_days
),

changes as (
    select
        dimension,
        member,
        revenue_date as change_date,
        1 as customers,
        cast(0 as decimal(38, 2)) as margin
    from stretches
    union all
    select
        dimension,
        member,
        cast(least(
            coalesce(next_date, date '9999-01-01'), revenue_date + {{ window }} * interval 1 day
        ) as date) as change_date,
        -1 as customers,
        cast(0 as decimal(38, 2)) as margin
    from stretches
    union all
    select
        dimension,
        member,
        revenue_date as change_date,
        0 as customers,
        margin
    from facts
    union all
    select
        dimension,
        member,
        cast(revenue_date + {{ window }} * interval 1 day as date) as change_date,
        0 as customers,
        -margin as margin
    from facts
),

daily_changes as (
    select
        dimension,
        member,
        change_date as day,
        sum(customers) as customers,
        sum(margin) as margin
    from changes
    group by dimension, member, change_date
),

{{ running_sums('rolling', 'daily_changes', ['customers', 'margin']) }},

-- Without customers there is no figure, though refunds may still lower the margin.
figures as (
    select
        as_of_date,
        dimension,
        member,
        customers,
        margin
    from rolling
    where customers > 0
)

{{ kpi_rows('figures', [['contribution_per_customer', 'margin', 'customers']]) }}
