/*
description: Order lines and refunds. A refund is converted at the rate of the day of its order, so
  that a full refund leaves nothing. An order without lines counts as one line. A line whose order
  has not landed has no time yet and does not count.
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
        o.ordered_at as rated_at,
        o.status,
        i.amount,
        o.currency,
        i.product_id,
        i.item_count,
        o.campaign_id,
        o.staff_id,
        o.opportunity_id
    from order_items as i
    left join orders as o on i.order_id = o.order_id
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
        o.ordered_at as rated_at,
        o.status,
        o.amount,
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
        coalesce(o.ordered_at, r.refunded_at) as rated_at,
        null as status,
        -r.amount as amount,
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

rates as (
    {{ exchange_rate_ranges() }}
)

select
    'mall' as channel,
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
    l.product_id,
    l.item_count,
    l.campaign_id,
    l.staff_id,
    l.opportunity_id
from lines as l
left join rates as r
    on
        {{ currency_code('l.currency') }} = r.currency
        and fn_local_date(l.rated_at) >= r.rate_from
        and fn_local_date(l.rated_at) < r.rate_until
