/*
description: Visitors who signed in at our booth.
grain: [record_id]
*/
{{ config(restate='record') }}
with

visitors as (
    select
        visitor_no,
        event,
        name,
        company,
        title,
        mobile,
        email,
        province,
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
    signed_in_at as observed_at,
    nullif(trim(name), '') as full_name,
    nullif(trim(title), '') as title,
    nullif(trim(province), '') as province,
    campaign_id as source_campaign_id,
    'self' as mobile_source
from visitors
