/*
description: Buyers, as they entered themselves in orders, and members who received a coupon.
grain: [record_id]
*/
{{ config(restate='record') }}
with

orders as (
    select
        order_id,
        member_id,
        unionid,
        buyer_name,
        mobile,
        company,
        ordered_at,
        campaign_id,
        _landed_seq
    from {{ source('mall', 'orders') }}
),

coupons as (
    select
        coupon_id,
        member_id,
        mobile,
        issued_at,
        campaign_id,
        _landed_seq
    from {{ source('mall', 'coupons') }}
)

select
    'mall' as channel,
    'orders:' || order_id as record_id,
    _landed_seq as landed_seq,
    {{ normal_unionid('unionid') }} as unionid,
    member_id,
    {{ normal_mobile('mobile') }} as mobile,
    {{ normal_company_name('company') }} as company_name,
    ordered_at as observed_at,
    nullif(trim(buyer_name), '') as full_name,
    campaign_id as source_campaign_id,
    'self' as mobile_source
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
    issued_at as observed_at,
    null as full_name,
    campaign_id as source_campaign_id,
    'self' as mobile_source
from coupons
