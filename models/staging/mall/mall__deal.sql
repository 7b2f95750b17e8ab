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
        campaign_id,
        staff_id,
        opportunity_id,
        _landed_seq
    from exports
),

-- What each order is worth. Each record is rounded to the cent when it is converted.
order_currencies as (
    select
        order_id,
        amount,
        coalesce({{ currency_code('currency') }}, '{{ var('currency') }}') as currency,
        fn_local_date(ordered_at) as ordered_date
    from exports
),

order_worths as (
    select
        o.order_id,
        o.amount as order_amount,
        o.currency,
        r.rate
    from order_currencies as o
    left join rates as r
        on
            o.currency = r.currency
            and o.ordered_date >= r.rate_from
            and o.ordered_date < r.rate_until
),

listed as (
    select
        i.order_id,
        i.line_no,
        i.amount,
        o.order_amount,
        o.currency,
        o.rate
    from order_items as i
    inner join order_worths as o on i.order_id = o.order_id
),

{{ spread_over_lines(
    'listed', order='order_id', line='line_no', amount='amount', total='order_amount'
) }},

foreign_lines as (
    select
        l.order_id,
        l.line_no,
        {{ converted(
            'coalesce(s.spread_amount, l.amount)', 'l.currency', 'l.rate', is_code=true
        ) }} as amount,
        {{ converted('l.order_amount', 'l.currency', 'l.rate', is_code=true) }} as order_amount
    from listed as l
    left join spread as s on l.order_id = s.order_id and l.line_no = s.line_no
    where l.currency <> '{{ var('currency') }}'
),

{{ spread_over_lines(
    'foreign_lines', order='order_id', line='line_no', amount='amount', total='order_amount',
    name='rounded'
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
        r.spread_amount as rounded_amount,
        i.product_id,
        i.item_count,
        o.campaign_id,
        o.staff_id,
        o.opportunity_id
    from order_items as i
    left join orders as o on i.order_id = o.order_id
    left join spread as s on i.order_id = s.order_id and i.line_no = s.line_no
    left join rounded as r on i.order_id = r.order_id and i.line_no = r.line_no
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
        null as rounded_amount,
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
        null as rounded_amount,
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
        {{ in_currency('l.amount', 'o.currency', 'o.rate', is_code=true) }} as amount,
        l.rounded_amount,
        l.amount as source_amount,
        coalesce(o.currency, '{{ var('currency') }}') as source_currency,
        l.listed_amount,
        l.product_id,
        l.item_count,
        l.campaign_id,
        l.staff_id,
        l.opportunity_id
    from lines as l
    left join order_worths as o on l.deal_id = o.order_id
)

select
    'mall' as channel,
    record_id,
    landed_seq,
    unionid,
    member_id,
    mobile,
    company_name,
    deal_id,
    line_no,
    kind,
    occurred_at,
    status,
    coalesce(rounded_amount, amount) as amount,
    source_amount,
    source_currency,
    listed_amount,
    product_id,
    item_count,
    campaign_id,
    staff_id,
    opportunity_id,
    'mall' as purchase_path
from priced
