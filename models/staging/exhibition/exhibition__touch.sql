/*
description: A badge scanned at the booth is an attendance.
grain: [record_id]
*/
{{ config(restate='record') }}
with

visitors as (
    select
        visitor_no,
        event,
        company,
        mobile,
        email,
        product_interest,
        signed_in_at,
        campaign_id,
        _landed_seq
    from {{ source('exhibition', 'visitors') }}
)

select
    'exhibition' as channel,
    'visitors:' || visitor_no || '|' || event as record_id,
    _landed_seq as landed_seq,
    {{ normal_mobile('mobile') }} as mobile,
    {{ normal_email('email') }} as email,
    {{ normal_company_name('company') }} as company_name,
    signed_in_at as occurred_at,
    'attend' as behaviour,
    'badge_scan' as action,
    'inbound' as direction,
    'exhibition' as medium,
    event as scene,
    product_interest as product_id,
    campaign_id
from visitors
