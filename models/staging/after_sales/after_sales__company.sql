/*
description: Companies that own one of our devices.
grain: [record_id]
*/
{{ config(restate='record') }}
with

devices as (
    select
        device_serial,
        company,
        updated_at,
        _landed_seq
    from {{ source('after_sales', 'devices') }}
)

select
    'after_sales' as channel,
    'devices:' || device_serial as record_id,
    _landed_seq as landed_seq,
    {{ normal_device_serial('device_serial') }} as device_serial,
    {{ normal_company_name('company') }} as company_name,
    updated_at as observed_at
from devices
