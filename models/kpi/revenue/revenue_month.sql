/*
description: What makes up the revenue of each month, in all and by channel; and what the month is
  compared with, the month before. A running month is compared with the same days.
grain: [month_date, role, dimension, member]
*/
{{ config(published=false) }}
with

bounds as (
    select
        date_trunc('month', fn_as_of() - ({{ kpi_days('total') }} - 1) * interval 1 day)
            as from_date,
        date_trunc('month', fn_as_of()) as to_date,
        day(fn_as_of()) as to_day,
        day(fn_as_of() + interval 1 day) = 1 as is_month_end
),

lines as (
    select
        cast(date_trunc('month', revenue_date) as date) as month_date,
        day(revenue_date) as day_no,
        channel,
        buyer_key,
        channel || ' ' || deal_id as order_key,
        kind <> 'refund' as is_order,
        amount
    from {{ ref('revenue_line') }}
),

roles as (
    select
        l.month_date,
        'actual' as role,
        l.channel,
        l.buyer_key,
        l.order_key,
        l.is_order,
        l.amount
    from lines as l
    inner join bounds as b on l.month_date >= b.from_date
    union all
    select
        cast(l.month_date + interval 1 month as date) as month_date,
        'base' as role,
        l.channel,
        l.buyer_key,
        l.order_key,
        l.is_order,
        l.amount
    from lines as l
    inner join bounds as b
        on
            l.month_date >= b.from_date - interval 1 month
            and (
                l.month_date < b.to_date - interval 1 month
                or (
                    l.month_date = b.to_date - interval 1 month
                    and (b.is_month_end or l.day_no <= b.to_day)
                )
            )
),

{{ by_dimension(
    'facts', 'roles', ['month_date', 'role', 'buyer_key', 'order_key', 'is_order', 'amount'],
    own=['total', 'channel']
) }},

sums as (
    select
        month_date,
        role,
        dimension,
        member,
        count(distinct buyer_key) filter (where is_order) as buyers,
        count(distinct order_key) filter (where is_order and buyer_key is not null) as orders,
        coalesce(sum(amount) filter (where is_order and buyer_key is not null), 0) as known_amount,
        coalesce(sum(amount) filter (where is_order and buyer_key is null), 0) as unknown_amount,
        -coalesce(sum(amount) filter (where not is_order), 0) as refund_amount,
        sum(amount) as net_amount
    from facts
    group by month_date, role, dimension, member
)

select
    month_date,  -- First day of the month.
    role,  -- actual: the month itself; base: the month before it, if it is compared with that.
    dimension,  -- total or channel.
    member,  -- Channel; NULL = total.
    buyers,  -- Known buyers.
    orders,  -- Orders of known buyers.
    cast(known_amount as decimal(18, 2)) as known_amount,  -- Orders of known buyers, gross.
    cast(unknown_amount as decimal(18, 2)) as unknown_amount,  -- Orders of unknown buyers, gross.
    cast(refund_amount as decimal(18, 2)) as refund_amount,  -- All refunds, as a positive amount.
    cast(net_amount as decimal(18, 2)) as net_amount  -- Net revenue.
from sums
