/*
description: Orders and used coupons. An order that was cancelled later still counts as placed.
grain: [record_id]
*/
{{ config(restate='record') }}
with

orders as (
    select
        order_id,
        member_id,
        unionid,
        mobile,
        company,
        ordered_at,
        campaign_id,
        staff_id,
        _landed_seq
    from {{ source('mall', 'orders') }}
),

used_coupons as (
    select
        coupon_id,
        member_id,
        mobile,
        used_at,
        campaign_id,
        _landed_seq
    from {{ source('mall', 'coupons') }}
    where status = '已使用'
)

select
    'mall' as channel,
    'orders:' || order_id as record_id,
    _landed_seq as landed_seq,
    {{ normal_unionid('unionid') }} as unionid,
    member_id,
    {{ normal_mobile('mobile') }} as mobile,
    {{ normal_company_name('company') }} as company_name,
    ordered_at as occurred_at,
    'purchase' as behaviour,
    'order' as action,
    'inbound' as direction,
    'mall' as medium,
    campaign_id,
    staff_id
from orders
union all
select
    'mall' as channel,
    'coupons:' || coupon_id as record_id,
    _landed_seq as landed_seq,
    null as unionid,
    member_id,
    {{ normal_mobile('mobile') }} as mobile,
    null as company_name,
    used_at as occurred_at,
    'purchase' as behaviour,
    'coupon_used' as action,
    'inbound' as direction,
    'mall' as medium,
    campaign_id,
    null as staff_id
from used_coupons
