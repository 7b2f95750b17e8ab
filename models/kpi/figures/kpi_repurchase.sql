/*
description: Who buys again; the share of the new buyers of a day who buy on a second day within the
  window, and how long those took who bought on a second day. By the first deal of each buyer.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [repurchase_rate_90, repurchase_rate_180, repurchase_rate_365, repurchase_days]
*/
{{ config(published=false) }}
{%- set windows = ['repurchase_rate_90', 'repurchase_rate_180', 'repurchase_rate_365'] %}
with

purchases as (
    select
        r.person_key,
        r.account_key,
        r.channel,
        r.record_id,
        r.campaign_id,
        r.staff_id,
        r.product_id,
        r.revenue_date,
        min(r.revenue_date) over (partition by r.person_key) as first_date,
        row_number() over (
            partition by r.person_key
            order by r.revenue_at, r.channel, coalesce(r.product_id, ''), r.record_id
        ) as line_no
    from {{ ref('revenue_line') }} as r
    anti join {{ outsiders() }} as x on r.person_key = x.person_key
    where r.kind <> 'refund' and r.person_key is not null
),

second_days as (
    select
        person_key,
        min(revenue_date) as second_date
    from purchases
    where revenue_date > first_date
    group by person_key
),

-- Who began before the kept days counts in repurchase_days alone.
buyers as (
    select
        p.person_key,
        p.account_key,
        p.channel,
        p.campaign_id,
        p.staff_id,
        p.product_id,
        p.first_date,
        s.second_date,
        date_diff('day', p.first_date, s.second_date) as days_between
    from purchases as p
    left join second_days as s on p.person_key = s.person_key
    where
        p.line_no = 1
        and coalesce(s.second_date, p.first_date)
        > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
),

{{ by_dimension(
    'facts', 'buyers', ['first_date', 'second_date', 'days_between'],
    own=['total', 'channel', 'campaign', 'scene', 'staff', 'team', 'product_line'],
    of_person=['segment'], of_account=['industry']
) }},

cohorts as (
    select
        first_date as as_of_date,
        dimension,
        member,
        {%- for code in windows %}
        count(*) filter (where days_between <= {{ kpi_window(code) }}) as {{ code }},
        {%- endfor %}
        count(*) as buyers
    from facts
    group by first_date, dimension, member
),

seconds as (
    select
        second_date as as_of_date,
        dimension,
        member,
        sum(days_between) as day_sum,
        count(*) as buyers,
        median(days_between) as median_days
    from facts
    where second_date is not null
    group by second_date, dimension, member
),

figures as (
    select
        as_of_date,
        dimension,
        member,
        {{ windows | join(',\n        ') }},
        buyers,
        cast(null as bigint) as day_sum,
        cast(null as double) as median_days
    from cohorts
    union all
    select
        as_of_date,
        dimension,
        member,
        {%- for code in windows %}
        null as {{ code }},
        {%- endfor %}
        buyers,
        day_sum,
        median_days
    from seconds
)

{{ kpi_rows('figures', [
    ['repurchase_rate_90', 'repurchase_rate_90', 'buyers'],
    ['repurchase_rate_180', 'repurchase_rate_180', 'buyers'],
    ['repurchase_rate_365', 'repurchase_rate_365', 'buyers'],
    ['repurchase_days', 'day_sum', 'buyers', 'median_days']
]) }}
