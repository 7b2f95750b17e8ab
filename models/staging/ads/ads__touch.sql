/*
description: A form of an ad platform is a registration.
grain: [record_id]
*/
{{ config(restate='record') }}
with

leads as (
    select
        lead_id,
        platform,
        campaign_id,
        mobile,
        company,
        submitted_at,
        _landed_seq
    from {{ source('ads', 'leads') }}
)

select
    'ads' as channel,
    'leads:' || lead_id as record_id,
    _landed_seq as landed_seq,
    {{ normal_mobile('mobile') }} as mobile,
    {{ normal_company_name('company') }} as company_name,
    submitted_at as occurred_at,
    'register' as behaviour,
    'ad_lead' as action,
    'inbound' as direction,
    platform as medium,
    campaign_id
from leads
