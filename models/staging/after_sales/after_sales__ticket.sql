/*
description: Service cases, with what was known of them by as_of.
grain: [record_id]
*/
with

tickets as (
    select
        ticket_id,
        mobile,
        company,
        device_serial,
        topic,
        opened_at,
        first_reply_at,
        resolved_at,
        csat,
        nps,
        updated_at,
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
    ticket_id,
    opened_at,
    case when first_reply_at < fn_as_of_end() then first_reply_at end as first_reply_at,
    case when resolved_at < fn_as_of_end() then resolved_at end as resolved_at,
    case when updated_at < fn_as_of_end() then csat end as csat,
    case when updated_at < fn_as_of_end() then nps end as nps,
    topic
from tickets
