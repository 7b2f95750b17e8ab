/*
description: Won leads as opportunities without an amount, and payments as orders of nobody known on the day they landed.
grain: [record_id]
*/
with

closed_deals as (
    select
        mql_id,
        won_date,
        sdr_id,
        sr_id,
        _landed_seq
    from {{ source('olist', 'closed_deals') }}
),

payments as (
    select
        order_id,
        payment_sequential,
        payment_value,
        _landed_seq,
        _landed_date
    from {{ source('olist', 'payments') }}
)

select
    'olist' as channel,
    'closed_deals:' || mql_id as record_id,
    _landed_seq as landed_seq,
    mql_id as crm_contact_id,
    mql_id as deal_id,
    1 as line_no,
    'opportunity' as kind,
    won_date as occurred_at,
    won_date as closed_at,
    'won' as status,
    cast(null as decimal(18, 2)) as amount,
    sdr_id,
    sr_id as staff_id
from closed_deals
union all
select
    'olist' as channel,
    'payments:' || order_id || '|' || payment_sequential as record_id,
    _landed_seq as landed_seq,
    cast(null as varchar) as crm_contact_id,
    order_id as deal_id,
    payment_sequential as line_no,
    'order' as kind,
    fn_local_midnight(_landed_date) as occurred_at,
    cast(null as timestamp) as closed_at,
    'paid' as status,
    payment_value as amount,
    cast(null as varchar) as sdr_id,
    cast(null as varchar) as staff_id
from payments
