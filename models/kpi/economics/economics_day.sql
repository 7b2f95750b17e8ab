/*
description: Costs, people who could be reached for the first time, and new customers of each day,
  by the channel and campaign that brought them.
grain: [day, channel, campaign_id]
*/
{{ config(published=false) }}
{%- set columns = [
    'acquire_amount', 'cost_amount', 'added_count', 'customer_count', 'margin_90', 'margin_180',
    'margin_365'
] %}
with

costs as (
    select
        cost_date as day,
        channel,
        campaign_id,
        sum(case when step = 'acquire' then amount else 0 end) as acquire_amount,
        sum(case when step = 'serve' then 0 else amount end) as cost_amount
    from {{ ref('cost_day') }}
    group by cost_date, channel, campaign_id
),

newcomers as (
    select
        fn_local_date(s.reachable_from) as day,
        p.first_channel as channel,
        p.source_campaign_id as campaign_id,
        count(*) as added_count
    from {{ ref('reachable_stretch') }} as s
    inner join {{ ref('person') }} as p on s.person_key = p.person_key
    where s.dimension = 'total' and s.stretch_no = 1
    group by fn_local_date(s.reachable_from), p.first_channel, p.source_campaign_id
),

customers as (
    select
        first_date as day,
        channel,
        campaign_id,
        count(*) as customer_count,
        sum(margin_90) as margin_90,
        sum(margin_180) as margin_180,
        sum(margin_365) as margin_365
    from {{ ref('customer') }}
    group by first_date, channel, campaign_id
),

parts as (
    {%- for source, own in [
        ('costs', columns[:2]), ('newcomers', columns[2:3]), ('customers', columns[3:])
    ] %}
    select
        {%- for column in columns %}
        {{ column if column in own else '0 as ' ~ column }},
        {%- endfor %}
        day,
        channel,
        campaign_id
    from {{ source }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    p.day,  -- Business date.
    p.channel,  -- Channel; NULL = staff who were in touch with nobody.
    p.campaign_id,  -- Campaign; NULL = none, or unknown.
    cast(sum(p.acquire_amount) as decimal(18, 2)) as acquire_amount,  -- Spend of step acquire.
    cast(sum(p.cost_amount) as decimal(18, 2))
        as cost_amount,  -- Spend of all steps but serve, and staff cost.
    cast(sum(p.added_count) as bigint)
        as added_count,  -- People who could be reached for the first time.
    cast(sum(p.customer_count) as bigint) as customer_count,  -- People with their first purchase.
    cast(sum(p.margin_90) as decimal(18, 2)) as margin_90,  -- Gross margin of their first 90 days.
    cast(sum(p.margin_180) as decimal(18, 2)) as margin_180,  -- Of their first 180 days.
    cast(sum(p.margin_365) as decimal(18, 2)) as margin_365  -- Of their first 365 days.
from parts as p
inner join {{ ref('cost_calendar') }} as c on p.day = c.cost_date
group by p.day, p.channel, p.campaign_id
