/*
description: Revenue KPIs by business day, in total and by channel and campaign.
grain: [as_of_date, kpi_code, dimension, member]
*/
-- noqa: disable=LT02
{%- set dimensions = ['total', 'channel', 'campaign'] %}
{%- set members = {
    'total': 'cast(null as varchar)', 'channel': 'channel', 'campaign': 'campaign_id'
} %}
with

lines as (
    select
        revenue_date,
        channel,
        campaign_id,
        person_key,
        kind,
        amount
    from {{ ref('revenue_line') }}
),

daily as (
{%- for dimension in dimensions %}
    select
        revenue_date,
        '{{ dimension }}' as dimension,
        {{ members[dimension] }} as member,
        sum(amount) as revenue,
        count(distinct person_key) filter (where kind <> 'refund') as buyers
    from lines
    group by revenue_date, {{ members[dimension] }}
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}
),

members as (
    select
        'total' as dimension,
        cast(null as varchar) as member,
        cast({{ kpi_days('total') }} as bigint) as kept_days
{%- for dimension in dimensions if dimension != 'total' %}
    union all
    select distinct
        '{{ dimension }}' as dimension,
        {{ members[dimension] }} as member,
        cast({{ kpi_days(dimension) }} as bigint) as kept_days
    from lines
    where revenue_date > fn_as_of() - {{ kpi_days(dimension) }} * interval 1 day
{%- endfor %}
),

spine as (
    select
        d.business_date,
        m.dimension,
        m.member
    from {{ ref('business_day') }} as d
    inner join members as m on d.days_ago < m.kept_days
),

figures as (
    select
        s.business_date,
        s.dimension,
        s.member,
        coalesce(d.revenue, 0) as revenue,
        coalesce(d.buyers, 0) as buyers
    from spine as s
    left join daily as d
        on
            s.business_date = d.revenue_date
            and s.dimension = d.dimension
            and s.member is not distinct from d.member
)

select
    business_date as as_of_date,  -- Business date.
    'net_revenue' as kpi_code,  -- KPI.
    dimension,  -- total, channel or campaign.
    member,  -- Member of the dimension; NULL = total, or unknown.
    cast(revenue as decimal(38, 2)) as numerator,  -- Revenue of the day.
    cast(null as decimal(38, 2)) as denominator,  -- NULL: the KPI is an amount.
    cast(revenue as decimal(24, 6)) as value  -- Revenue of the day.
from figures
union all
select
    business_date,
    'buyers' as kpi_code,
    dimension,
    member,
    cast(buyers as decimal(38, 2)) as numerator,
    cast(null as decimal(38, 2)) as denominator,
    cast(buyers as decimal(24, 6)) as value
from figures
union all
select
    business_date,
    'revenue_per_buyer' as kpi_code,
    dimension,
    member,
    cast(revenue as decimal(38, 2)) as numerator,
    cast(buyers as decimal(38, 2)) as denominator,
    {{ ratio('revenue', 'buyers') }} as value
from figures
