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
        account_key,
        kind,
        amount,
        is_unpriced
    from {{ ref('revenue_line') }}
),

daily as (
{%- for dimension in dimensions %}
    select
        revenue_date,
        '{{ dimension }}' as dimension,
        {{ members[dimension] }} as member,
        sum(amount) as revenue,
        sum(amount) filter (where person_key is null and account_key is null) as unknown_revenue,
        count(distinct person_key) filter (where kind <> 'refund') as buyers,
        count(distinct account_key) filter (where kind <> 'refund') as buyer_accounts,
        count(distinct account_key) filter (where kind <> 'refund' and person_key is null)
            as lone_accounts,
        count_if(is_unpriced) as unpriced_lines
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
        coalesce(d.unknown_revenue, 0) as unknown_revenue,
        coalesce(d.buyers, 0) as buyers,
        coalesce(d.buyer_accounts, 0) as buyer_accounts,
        coalesce(d.buyers, 0) + coalesce(d.lone_accounts, 0) as known_buyers,
        coalesce(d.unpriced_lines, 0) as unpriced_lines
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
    cast(revenue - unknown_revenue as decimal(38, 2)) as numerator,
    cast(known_buyers as decimal(38, 2)) as denominator,
    {{ ratio('revenue - unknown_revenue', 'known_buyers') }} as value
from figures
union all
select
    business_date,
    'buyer_accounts' as kpi_code,
    dimension,
    member,
    cast(buyer_accounts as decimal(38, 2)) as numerator,
    cast(null as decimal(38, 2)) as denominator,
    cast(buyer_accounts as decimal(24, 6)) as value
from figures
union all
select
    business_date,
    'unknown_revenue' as kpi_code,
    dimension,
    member,
    cast(unknown_revenue as decimal(38, 2)) as numerator,
    cast(null as decimal(38, 2)) as denominator,
    cast(unknown_revenue as decimal(24, 6)) as value
from figures
union all
select
    business_date,
    'unknown_revenue_share' as kpi_code,
    dimension,
    member,
    cast(unknown_revenue as decimal(38, 2)) as numerator,
    cast(revenue as decimal(38, 2)) as denominator,
    {{ ratio('unknown_revenue', 'revenue') }} as value
from figures
union all
select
    business_date,
    'unpriced_lines' as kpi_code,
    dimension,
    member,
    cast(unpriced_lines as decimal(38, 2)) as numerator,
    cast(null as decimal(38, 2)) as denominator,
    cast(unpriced_lines as decimal(24, 6)) as value
from figures
