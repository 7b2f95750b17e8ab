/*
description: How often, how lately and for how much each person bought, as models of customer
  lifetime value read it; in the convention of Fader, Hardie and Lee, "Counting your customers the
  easy way", Marketing Science 24 (2005) 275-284. Without staff, competitors and bots.
grain: [one_id]
*/
{%- set unit = var('value_unit_days') %}
with

lines as (
    select
        r.one_id,
        r.revenue_date,
        r.channel || ' ' || r.deal_id as order_key,
        r.kind <> 'refund' as is_order,
        r.amount,
        r.margin_amount
    from {{ ref('revenue_line') }} as r
    anti join {{ outsiders() }} as x on r.person_key = x.person_key
    where r.one_id is not null
),

-- Purchases of one day are one purchase.
days as (
    select
        one_id,
        revenue_date,
        sum(amount) as amount,
        row_number() over (
            partition by one_id order by revenue_date
        ) as day_no
    from lines
    where is_order
    group by one_id, revenue_date
),

purchases as (
    select
        one_id,
        min(revenue_date) as first_date,
        max(revenue_date) as last_date,
        count(*) - 1 as frequency,
        sum(amount) filter (where day_no > 1) as repeat_amount
    from days
    group by one_id
),

totals as (
    select
        one_id,
        count(distinct order_key) filter (where is_order) as order_count,
        sum(amount) as revenue_amount,
        sum(margin_amount) as margin_amount
    from lines
    group by one_id
)

select
    p.one_id,  -- The buyer.
    p.first_date,  -- Business date of the first purchase.
    p.last_date,  -- Business date of the last purchase.
    p.frequency,  -- Days with a purchase after the first one; x of Fader and Hardie.
    {{ ratio("date_diff('day', p.first_date, p.last_date)", unit) }}
        as recency,  -- From the first to the last purchase, in units of value_unit_days; t_x.
    {{ ratio("date_diff('day', p.first_date, fn_as_of())", unit) }}
        as t,  -- From the first purchase to as_of, in the same unit; T.
    cast(cast(p.repeat_amount as double) / nullif(p.frequency, 0) as decimal(18, 2))
        as monetary_amount,  -- Mean amount of the days after the first; NULL without such a day.
    t.order_count,  -- Orders, and won opportunities that no order points to.
    cast(t.revenue_amount as decimal(18, 2)) as revenue_amount,  -- All orders less refunds.
    cast(t.margin_amount as decimal(18, 2)) as margin_amount  -- Gross margin of revenue_amount.
from purchases as p
inner join totals as t on p.one_id = t.one_id
