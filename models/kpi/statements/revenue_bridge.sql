/*
description: How much of the change in net revenue each driver explains 收入变动归因, against the month
  before and against the target; logarithmic mean Divisia index (LMDI I), see Ang, "Decomposition
  analysis for policymaking in energy", Energy Policy 32 (2004) 1131-1139, and "The LMDI approach to
  decomposition analysis", Energy Policy 33 (2005) 867-871. Drivers add up to the change exactly.
grain: [month, basis, dimension, member, driver]
*/
with

drivers as (
    select
        'buyers' as driver,
        0 as is_addition,
        1 as driver_order,
        '成交客户数' as driver_zh,
        'Buyers' as driver_en
    union all
    select
        'orders_per_buyer' as driver,
        0 as is_addition,
        2 as driver_order,
        '人均订单数' as driver_zh,
        'Orders per buyer' as driver_en
    union all
    select
        'order_value' as driver,
        0 as is_addition,
        3 as driver_order,
        '笔单价' as driver_zh,
        'Order value' as driver_en
    union all
    select
        'refunds' as driver,
        1 as is_addition,
        4 as driver_order,
        '退款' as driver_zh,
        'Refunds' as driver_en
    union all
    select
        'unknown' as driver,
        1 as is_addition,
        5 as driver_order,
        '未识别客户' as driver_zh,
        'Unknown buyers' as driver_en
),

months as (
    select
        month_date,
        role,
        dimension,
        member,
        buyers,
        orders,
        known_amount,
        unknown_amount,
        refund_amount,
        net_amount
    from {{ ref('revenue_month') }}
),

-- The first month of all has nothing to be compared with. A later month without revenue before it
-- is compared with 0.
first_months as (
    select
        min(month_date) as month_date,
        min(
            case
                when role = 'base' then month_date
                else cast(month_date + interval 1 month as date)
            end
        ) as compared_date
    from months
),

keys as (
    select distinct
        m.month_date,
        m.dimension,
        m.member
    from months as m
    inner join first_months as f on m.month_date >= f.compared_date
),

targets as (
    select
        t.dimension,
        t.member,
        cast(t.month || '-01' as date) as month_date,
        cast(t.target as decimal(18, 2)) as target
    from {{ ref('targets') }} as t
    inner join first_months as f
        on cast(t.month || '-01' as date) between f.month_date and fn_as_of()
    where t.kpi_code = 'net_revenue' and t.dimension in ('total', 'channel')
),

comparisons as (
    select
        month_date,
        'previous' as basis,
        dimension,
        member,
        cast(null as decimal(18, 2)) as target
    from keys
    union all
    select
        month_date,
        'target' as basis,
        dimension,
        member,
        target
    from targets
),

both_sides as (
    select
        c.month_date,
        c.basis,
        c.dimension,
        c.member,
        c.target,
        coalesce(a.buyers, 0) as to_buyers,
        coalesce(a.orders, 0) as to_orders,
        coalesce(a.known_amount, 0) as to_known,
        coalesce(a.unknown_amount, 0) as to_unknown,
        coalesce(a.refund_amount, 0) as to_refunds,
        coalesce(a.net_amount, 0) as to_net,
        coalesce(b.buyers, 0) as base_buyers,
        coalesce(b.orders, 0) as base_orders,
        coalesce(b.known_amount, 0) as base_known,
        coalesce(b.unknown_amount, 0) as from_unknown,
        coalesce(b.refund_amount, 0) as from_refunds
    from comparisons as c
    left join months as a
        on
            c.month_date = a.month_date
            and c.dimension = a.dimension
            and c.member is not distinct from a.member
            and a.role = 'actual'
    left join months as b
        on
            c.month_date = b.month_date
            and c.dimension = b.dimension
            and c.member is not distinct from b.member
            and b.role = 'base'
),

-- A target says how much, not how. It is taken to be reached with the orders per buyer and order
-- value of the month before (of the month itself, if nobody bought then), with the refunds and
-- unknown buyers of the month before, and with as many buyers as this takes.
states as (
    select
        month_date,
        basis,
        dimension,
        member,
        to_buyers,
        to_orders,
        to_known,
        to_unknown,
        to_refunds,
        to_net,
        from_unknown,
        from_refunds,
        base_buyers > 0 and base_known > 0 as has_base,
        cast(
            case
                when basis = 'target' then target + from_refunds - from_unknown
                else base_known
            end as decimal(18, 2)
        ) as from_known,
        base_buyers,
        base_orders,
        base_known
    from both_sides
),

factors as (
    select
        month_date,
        basis,
        dimension,
        member,
        to_unknown - from_unknown as unknown_change,
        from_refunds - to_refunds as refund_change,
        to_known - from_known as known_change,
        cast(from_known + from_unknown - from_refunds as decimal(18, 2)) as from_net,
        to_net,
        cast(to_known as double) as to_known,
        cast(from_known as double) as from_known,
        cast(to_buyers as double) as to_buyers,
        cast(to_orders as double) as to_orders,
        case
            when basis = 'previous' then cast(base_buyers as double)
            when has_base then cast(base_buyers as double) * from_known / base_known
            when to_known > 0 then cast(to_buyers as double) * from_known / to_known
            else 0.0
        end as from_buyers,
        case
            when basis = 'previous' then cast(base_orders as double)
            when has_base then cast(base_orders as double) * from_known / base_known
            when to_known > 0 then cast(to_orders as double) * from_known / to_known
            else 0.0
        end as from_orders
    from states
),

-- The logarithmic mean of both amounts weighs the change of each factor.
weighted as (
    select
        month_date,
        basis,
        dimension,
        member,
        unknown_change,
        refund_change,
        known_change,
        from_net,
        to_net,
        to_buyers,
        from_buyers,
        to_buyers > 0 and from_buyers > 0 as is_there,
        to_orders * from_buyers / nullif(to_buyers * from_orders, 0) as orders_ratio,
        case
            when to_buyers > 0 and from_buyers > 0 and to_known > 0 and from_known > 0
                then
                    case
                        when to_known = from_known then to_known
                        else (to_known - from_known) / (ln(to_known) - ln(from_known))
                    end
        end as weight
    from factors
),

-- Without a logarithm, the change is all of buyers if somebody is new or gone, else of order value.
effects as (
    select
        month_date,
        basis,
        dimension,
        member,
        unknown_change,
        refund_change,
        known_change,
        from_net,
        to_net,
        case
            when weight is not null
                then cast(weight * ln(to_buyers / from_buyers) as decimal(18, 2))
            when is_there then cast(0 as decimal(18, 2))
            else known_change
        end as buyers_change,
        case
            when weight is not null
                then cast(weight * ln(orders_ratio) as decimal(18, 2))
            else cast(0 as decimal(18, 2))
        end as orders_change
    from weighted
),

-- Order value takes the cent that rounding leaves.
drivers_of as (
    select
        e.month_date,
        e.basis,
        e.dimension,
        e.member,
        d.driver,
        d.driver_order,
        d.is_addition,
        d.driver_zh,
        d.driver_en,
        e.from_net,
        e.to_net,
        cast(
            case d.driver
                when 'buyers' then e.buyers_change
                when 'orders_per_buyer' then e.orders_change
                when 'order_value' then e.known_change - e.buyers_change - e.orders_change
                when 'refunds' then e.refund_change
                else e.unknown_change
            end as decimal(18, 2)
        ) as amount
    from effects as e
    cross join drivers as d
)

select
    strftime(d.month_date, '%Y-%m') as month,  -- Month, as in targets.csv: 2026-06.
    d.basis,  -- previous: the month before, of a running month its same days; target: the target.
    d.dimension,  -- total or channel.
    d.member,  -- Channel; NULL = total.
    coalesce(n.name_zh, d.member, '未知') as member_zh,  -- Chinese name of the member.
    coalesce(n.name_en, d.member, 'Unknown') as member_en,  -- English name of the member.
    d.driver,  -- buyers, orders_per_buyer, order_value, refunds or unknown.
    d.driver_order,  -- Order of the drivers, for reports.
    d.driver_zh,  -- Chinese name of the driver.
    d.driver_en,  -- English name of the driver.
    d.from_net as from_amount,  -- Net revenue of the month before, or the target.
    d.to_net as to_amount,  -- Net revenue of the month.
    d.amount,  -- Part of the change that the driver explains; drivers add up to the change.
    row_number() over (
        partition by d.month_date, d.basis, d.dimension, d.member
        order by least(d.amount, 0), d.is_addition, d.amount, d.driver_order
    ) = 1 as is_weakest,  -- True = lowers revenue most; if none does, the factor raising it least.
    d.month_date < date_trunc('month', fn_as_of() + interval 1 day)
        as is_complete  -- True = the month has ended.
from drivers_of as d
left join {{ ref('kpi_member') }} as n
    on d.dimension = n.dimension and coalesce(d.member, '') = coalesce(n.member, '')
