/*
description: Who opened a ticket, and for which device.
grain: [record_id]
*/
{{ config(restate='record') }}
with

tickets as (
    select
        ticket_id,
        contact_name,
        mobile,
        company,
        device_serial,
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
    opened_at as observed_at,
    nullif(trim(contact_name), '') as full_name,
    'self' as mobile_source
from tickets
