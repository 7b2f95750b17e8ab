/*
description: A ticket is a person who asks for service.
grain: [record_id]
*/
{{ config(restate='record') }}
with

tickets as (
    select
        ticket_id,
        mobile,
        company,
        device_serial,
        topic,
        opened_at,
        _landed_seq
    from {{ source('after_sales', 'tickets') }}
)

select
    'after_sales' as channel,
    'tickets:' || ticket_id as record_id,
    _landed_seq as landed_seq,
    {{ normal_mobile('mobile') }} as mobile,
    {{ normal_device_serial('device_serial') }} as device_serial,
    {{ normal_company_name('company') }} as company_name,
    opened_at as occurred_at,
    'service' as behaviour,
    'ticket' as action,
    'inbound' as direction,
    'ticket' as medium,
    topic as scene
from tickets
