/*
description: What the people of each acquisition month 获客月份 do and bring in the months after it.
  Without staff, competitors and bots.
grain: [cohort_month, months_since]
*/
with

revenue as (
    select
        r.person_key,
        cast(date_trunc('month', r.revenue_date) as date) as month_date,
        count(distinct case when r.kind <> 'refund' then r.channel || ' ' || r.deal_id end)
            as order_count,
        sum(r.amount) as amount,
        sum(r.margin_amount) as margin_amount
    from {{ ref('revenue_line') }} as r
    anti join {{ outsiders() }} as x on r.person_key = x.person_key
    where r.person_key is not null
    group by r.person_key, date_trunc('month', r.revenue_date)
),

activity as (
    select
        person_key,
        cast(date_trunc('month', occurred_date) as date) as month_date
    from {{ ref('person_touch') }}
    where direction = 'inbound' and occurred_at < fn_as_of_end()
    group by person_key, date_trunc('month', occurred_date)
),

-- A person is acquired in the month of the earliest record, revenue or touch of theirs.
first_months as (
    select
        person_key,
        cast(date_trunc('month', fn_local_date(first_seen_at)) as date) as month_date
    from {{ ref('person') }}
    where first_seen_at < fn_as_of_end()
    union all
    select
        person_key,
        month_date
    from revenue
    union all
    select
        person_key,
        month_date
    from activity
),

people as (
    select
        f.person_key,
        min(f.month_date) as cohort_date
    from first_months as f
    anti join {{ outsiders() }} as x on f.person_key = x.person_key
    group by f.person_key
),

cohorts as (
    select
        cohort_date,
        count(*) as people_count
    from people
    group by cohort_date
),

active as (
    select
        p.cohort_date,
        a.month_date,
        count(*) as active_count
    from activity as a
    inner join people as p on a.person_key = p.person_key
    group by p.cohort_date, a.month_date
),

bought as (
    select
        p.cohort_date,
        r.month_date,
        count(*) filter (where r.order_count > 0) as buyer_count,
        sum(r.order_count) as order_count,
        sum(r.amount) as amount,
        sum(r.margin_amount) as margin_amount
    from revenue as r
    inner join people as p on r.person_key = p.person_key
    group by p.cohort_date, r.month_date
),

months as (
    select
        c.cohort_date,
        c.people_count,
        cast(m.month as date) as month_date
    from cohorts as c
    cross join
        unnest(generate_series(
            cast(c.cohort_date as timestamp), cast(fn_as_of() as timestamp), interval 1 month
        )) as m (month)
),

figures as (
    select
        m.cohort_date,
        m.month_date,
        m.people_count,
        coalesce(a.active_count, 0) as active_count,
        coalesce(b.buyer_count, 0) as buyer_count,
        cast(coalesce(b.order_count, 0) as bigint) as order_count,
        cast(coalesce(b.amount, 0) as decimal(18, 2)) as revenue_amount,
        cast(coalesce(b.margin_amount, 0) as decimal(18, 2)) as margin_amount,
        row_number() over (
            partition by m.cohort_date order by m.month_date
        ) - 1 as months_since,
        sum(coalesce(b.margin_amount, 0)) over (
            partition by m.cohort_date order by m.month_date
            rows between unbounded preceding and current row
        ) as cumulative_margin
    from months as m
    left join active as a on m.cohort_date = a.cohort_date and m.month_date = a.month_date
    left join bought as b on m.cohort_date = b.cohort_date and m.month_date = b.month_date
)

select
    strftime(cohort_date, '%Y-%m') as cohort_month,  -- Month of the earliest record: 2026-06.
    months_since,  -- Months since then; 0 = the same month.
    strftime(month_date, '%Y-%m') as month,  -- Month that the figures are of.
    people_count,  -- People 获客人数 of the acquisition month.
    active_count,  -- Of these, people who did something in this month 活跃人数.
    buyer_count,  -- Of these, people who bought in this month 成交人数.
    order_count,  -- Their orders of this month 订单数.
    revenue_amount,  -- Their net revenue 净收入 of this month.
    margin_amount,  -- Gross margin 毛利 of it.
    cast(cumulative_margin as decimal(18, 2))
        as cumulative_margin_amount,  -- Gross margin from the acquisition month on.
    {{ ratio('cumulative_margin', 'people_count') }}
        as ltv_per_person,  -- Lifetime value so far 累计生命周期价值: cumulative margin per person.
    month_date < date_trunc('month', fn_as_of() + interval 1 day)
        as is_complete  -- True = the month has ended.
from figures
