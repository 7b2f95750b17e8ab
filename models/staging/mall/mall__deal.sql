/*
description: Order lines and refunds. The lines of an order add up to the amount of the order, which
  the customer paid; discounts on the order and shipping are spread over its lines. A refund is
  converted at the rate of the day of its order, so that a full refund leaves nothing. An order
  without lines counts as one line. A line whose order has not landed has no time yet and does not
  count.
grain: [record_id]
*/
with

exports as (
    select
        order_id,
        member_id,
        unionid,
        mobile,
        company,
        ordered_at,
        status,
        amount,
        currency,
        campaign_id,
        staff_id,
        opportunity_id,
        updated_at,
        _landed_seq
    from {{ source('mall', 'orders') }}
),

order_items as (
    select
        order_id,
        line_no,
        product_id,
        item_count,
        amount,
        _landed_seq
    from {{ source('mall', 'order_items') }}
),

refunds as (
    select
        refund_id,
        order_id,
        line_no,
        refunded_at,
        amount,
        _landed_seq
    from {{ source('mall', 'refunds') }}
),

itemised as (
    select distinct order_id
    from order_items
),

rates as (
    {{ exchange_rate_ranges() }}
),

orders as (
    select
        'orders:' || order_id as record_id,
        order_id,
        {{ normal_unionid('unionid') }} as unionid,
        member_id,
        {{ normal_mobile('mobile') }} as mobile,
        {{ normal_company_name('company') }} as company_name,
        ordered_at,
        case when updated_at < fn_as_of_end() then status end as status,
        amount,
        currency,
        campaign_id,
        staff_id,
        opportunity_id,
        _landed_seq
    from exports
),

order_rates as (
    select
        o.order_id,
        r.rate
    from exports as o
    inner join rates as r
        on
            {{ currency_code('o.currency') }} = r.currency
            and fn_local_date(o.ordered_at) >= r.rate_from
            and fn_local_date(o.ordered_at) < r.rate_until
),

listed as (
    select
        i.order_id,
        i.line_no,
        i.amount,
        o.amount as order_amount
    from order_items as i
    inner join orders as o on i.order_id = o.order_id
),

{{ spread_over_lines(
    'listed', order='order_id', line='line_no', amount='amount', total='order_amount'
) }},

-- A line gets its buyer when its order lands.
lines as (
    select
        'order_items' as export,
        i.order_id || '|' || i.line_no as export_key,
        greatest(i._landed_seq, o._landed_seq) as landed_seq,
        o.unionid,
        o.member_id,
        o.mobile,
        o.company_name,
        i.order_id as deal_id,
        i.line_no,
        'order' as kind,
        o.ordered_at as occurred_at,
        o.status,
        coalesce(s.spread_amount, i.amount) as amount,
        i.amount as listed_amount,
        o.amount as order_amount,
        o.currency,
        i.product_id,
        i.item_count,
        o.campaign_id,
        o.staff_id,
        o.opportunity_id
    from order_items as i
    left join orders as o on i.order_id = o.order_id
    left join spread as s on i.order_id = s.order_id and i.line_no = s.line_no
    union all
    select
        'orders' as export,
        o.order_id as export_key,
        o._landed_seq as landed_seq,
        o.unionid,
        o.member_id,
        o.mobile,
        o.company_name,
        o.order_id as deal_id,
        1 as line_no,
        'order' as kind,
        o.ordered_at as occurred_at,
        o.status,
        o.amount,
        o.amount as listed_amount,
        o.amount as order_amount,
        o.currency,
        null as product_id,
        null as item_count,
        o.campaign_id,
        o.staff_id,
        o.opportunity_id
    from orders as o
    left join itemised as i on o.order_id = i.order_id
    where i.order_id is null
    union all
    select
        'refunds' as export,
        r.refund_id as export_key,
        greatest(r._landed_seq, o._landed_seq) as landed_seq,
        o.unionid,
        o.member_id,
        o.mobile,
        o.company_name,
        r.order_id as deal_id,
        coalesce(r.line_no, 1) as line_no,
        'refund' as kind,
        r.refunded_at as occurred_at,
        null as status,
        -r.amount as amount,
        null as listed_amount,
        null as order_amount,
        o.currency,
        i.product_id,
        null as item_count,
        o.campaign_id,
        o.staff_id,
        null as opportunity_id
    from refunds as r
    left join orders as o on r.order_id = o.order_id
    left join order_items as i on r.order_id = i.order_id and r.line_no = i.line_no
),

priced as (
    select
        l.export || ':' || l.export_key as record_id,
        l.landed_seq,
        l.unionid,
        l.member_id,
        l.mobile,
        l.company_name,
        l.deal_id,
        l.line_no,
        l.kind,
        l.occurred_at,
        l.status,
        {{ in_currency('l.amount', 'l.currency', 'r.rate') }} as amount,
        {{ converted('l.order_amount', 'l.currency', 'r.rate') }} as order_amount,
        l.amount as source_amount,
        coalesce({{ currency_code('l.currency') }}, '{{ var('currency') }}') as source_currency,
        l.listed_amount,
        l.product_id,
        l.item_count,
        l.campaign_id,
        l.staff_id,
        l.opportunity_id
    from lines as l
    left join order_rates as r on l.deal_id = r.order_id
),

-- Each line is rounded to the cent when it is converted; the order is, too.
priced_lines as (
    select
        deal_id,
        line_no,
        amount,
        order_amount
    from priced
    where kind = 'order' and source_currency <> '{{ var('currency') }}'
),

{{ spread_over_lines(
    'priced_lines', order='deal_id', line='line_no', amount='amount', total='order_amount', name='rounded'
) }}

select
    'mall' as channel,
    p.record_id,
    p.landed_seq,
    p.unionid,
    p.member_id,
    p.mobile,
    p.company_name,
    p.deal_id,
    p.line_no,
    p.kind,
    p.occurred_at,
    p.status,
    coalesce(r.spread_amount, p.amount) as amount,
    p.source_amount,
    p.source_currency,
    p.listed_amount,
    p.product_id,
    p.item_count,
    p.campaign_id,
    p.staff_id,
    p.opportunity_id
from priced as p
left join rounded as r
    on p.kind = 'order' and p.deal_id = r.deal_id and p.line_no = r.line_no
