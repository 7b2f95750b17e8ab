/*
description: The B2B formula of revenue 收入公式 by month, in all and by channel. buyers x
  orders_per_buyer x order_value = known_amount; + unknown_amount = gmv_amount; - refund_amount =
  net_amount.
grain: [month, dimension, member]
*/
select
    strftime(m.month_date, '%Y-%m') as month,  -- Month, as in targets.csv: 2026-06.
    m.dimension,  -- total or channel.
    m.member,  -- Channel; NULL = total.
    coalesce(n.name_zh, m.member, '未知') as member_zh,  -- Chinese name of the member.
    coalesce(n.name_en, m.member, 'Unknown') as member_en,  -- English name of the member.
    m.buyers,  -- Known buyers 成交客户: people, and companies whose deals name no known person.
    {{ ratio('m.orders', 'm.buyers') }}
        as orders_per_buyer,  -- Orders of known buyers per buyer 人均订单数; NULL without buyers.
    {{ ratio('m.known_amount', 'm.orders') }}
        as order_value,  -- Amount of known buyers per order 笔单价; NULL without orders.
    m.orders,  -- Orders of known buyers, and won opportunities that no order points to.
    m.known_amount,  -- Orders of known buyers 已识别客户成交额, before refunds.
    m.unknown_amount,  -- Orders of unknown buyers 未识别客户成交额, before refunds.
    cast(m.known_amount + m.unknown_amount as decimal(18, 2))
        as gmv_amount,  -- All orders 成交总额, before refunds.
    m.refund_amount,  -- Refunds of the month 退款额, as a positive amount.
    m.net_amount,  -- Net revenue 净收入.
    m.month_date < date_trunc('month', fn_as_of() + interval 1 day)
        as is_complete  -- True = the month has ended.
from {{ ref('revenue_month') }} as m
left join {{ ref('kpi_member') }} as n
    on m.dimension = n.dimension and coalesce(m.member, '') = coalesce(n.member, '')
where m.role = 'actual'
