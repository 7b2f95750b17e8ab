/*
description: Leads that people left in forms of ad platforms.
grain: [record_id]
*/
{{ config(restate='record') }}
with

leads as (
    select
        lead_id,
        campaign_id,
        name,
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
    submitted_at as observed_at,
    nullif(trim(name), '') as full_name,
    campaign_id as source_campaign_id,
    'self' as mobile_source
from leads
