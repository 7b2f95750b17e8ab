/*
description: Members of the mall, reachable there since their first order.
grain: [record_id]
*/
with

orders as (
    select
        order_id,
        member_id,
        unionid,
        mobile,
        company,
        ordered_at,
        _landed_seq
    from {{ source('mall', 'orders') }}
)

select
    'mall' as channel,
    'orders:' || order_id as record_id,
    _landed_seq as landed_seq,
    {{ normal_unionid('unionid') }} as unionid,
    member_id,
    {{ normal_mobile('mobile') }} as mobile,
    {{ normal_company_name('company') }} as company_name,
    'mall' as touchpoint,
    ordered_at as started_at
from orders
where member_id is not null
qualify row_number() over (partition by member_id order by ordered_at, order_id) = 1
