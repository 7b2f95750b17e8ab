/*
description: Viewers of live shows and replays, registered or not.
grain: [record_id]
*/
{{ config(restate='record') }}
with

attendance as (
    select
        live_id,
        viewer_id,
        unionid,
        mobile,
        name,
        company,
        registered_at,
        joined_at,
        replayed_at,
        campaign_id,
        _landed_seq
    from {{ source('webinar', 'attendance') }}
)

select
    'webinar' as channel,
    'attendance:' || live_id || '|' || viewer_id as record_id,
    _landed_seq as landed_seq,
    {{ normal_unionid('unionid') }} as unionid,
    {{ normal_mobile('mobile') }} as mobile,
    {{ normal_company_name('company') }} as company_name,
    least(registered_at, joined_at, replayed_at) as observed_at,
    nullif(trim(name), '') as full_name,
    campaign_id as source_campaign_id,
    'self' as mobile_source
from attendance
