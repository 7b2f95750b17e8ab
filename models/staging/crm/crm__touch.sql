/*
description: Calls, visits, meetings and mails that staff log in the CRM.
grain: [record_id]
*/
{{ config(restate='record') }}
with

activities as (
    select
        activity_id,
        contact_id,
        activity_type,
        direction,
        outcome,
        owner,
        duration_seconds,
        occurred_at,
        _landed_seq
    from {{ source('crm', 'activities') }}
)

select
    'crm' as channel,
    'activities:' || activity_id as record_id,
    _landed_seq as landed_seq,
    contact_id as crm_contact_id,
    occurred_at,
    'interact' as behaviour,
    activity_type as action,
    direction,
    outcome,
    activity_type as medium,
    owner as staff_id,
    duration_seconds
from activities
