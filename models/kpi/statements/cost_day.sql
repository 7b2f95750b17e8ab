/*
description: What was spent 投入 each day, and what our sellers and marketers cost, by step, channel
  and campaign. The days of a month add up to its spend and to its staff cost, to the cent.
grain: [cost_date, kind, step, channel, campaign_id]
*/
with

spent as (
    select
        s.spend_date as cost_date,
        s.step,
        coalesce(c.channel, s.channel) as channel,
        s.campaign_id,
        sum(s.amount) as amount
    from {{ ref('spend') }} as s
    inner join {{ ref('cost_calendar') }} as d on s.spend_date = d.cost_date
    left join {{ ref('campaign_channel') }} as c on s.campaign_id = c.campaign_id
    group by s.spend_date, s.step, coalesce(c.channel, s.channel), s.campaign_id
),

-- All staff up to each day of a month; by the day, somebody's cost is a part of their month.
month_totals as (
    select
        month_date,
        sum(cents) as cents
    from {{ ref('staff_cost_month') }}
    group by month_date
),

staff_totals as (
    select
        d.cost_date,
        d.month_date,
        d.counted_no,
        d.counted_days,
        fn_share(t.cents, d.counted_no, d.counted_days) as cents
    from {{ ref('cost_calendar') }} as d
    inner join month_totals as t on d.month_date = t.month_date
),

cells as (
    select
        month_date,
        channel,
        campaign_id,
        cents,
        row_number() over (
            partition by month_date
            order by cents desc, channel asc nulls last, campaign_id asc nulls last
        ) as cell_no
    from {{ ref('staff_cost_month') }}
),

-- Each cell up to each day; the largest has what the others leave.
shares as (
    select
        t.cost_date,
        t.month_date,
        c.cell_no,
        c.channel,
        c.campaign_id,
        t.cents as total_cents,
        fn_share(c.cents, t.counted_no, t.counted_days) as cents
    from staff_totals as t
    inner join cells as c on t.month_date = c.month_date
),

running as (
    select
        cost_date,
        month_date,
        cell_no,
        channel,
        campaign_id,
        cents
        + case
            when cell_no = 1
                then total_cents - sum(cents) over (partition by cost_date)
            else 0
        end as cents
    from shares
),

staff_days as (
    select
        cost_date,
        channel,
        campaign_id,
        cents
        - coalesce(
            lag(cents) over (partition by month_date, cell_no order by cost_date), 0
        ) as cents
    from running
)

select
    cost_date,  -- Business date.
    'spend' as kind,  -- spend: money spent 投放; staff: cost of our sellers and marketers 人力成本.
    step,  -- acquire 获客, nurture 培育, convert 转化 or serve 服务; NULL for staff.
    channel,  -- Of the campaign, or of the cost; staff: of the people. NULL = staff without people.
    campaign_id,  -- Campaign of the spend, or that brought the people; NULL = unknown.
    cast(coalesce(amount, 0) as decimal(18, 2)) as amount  -- Amount, in the project's currency.
from spent
union all
select
    cost_date,
    'staff' as kind,
    null as step,
    channel,
    campaign_id,
    cast(cents * 0.01 as decimal(18, 2)) as amount
from staff_days
where cents <> 0
