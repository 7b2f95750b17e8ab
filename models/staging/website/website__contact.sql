/*
description: What people entered in forms of the website.
grain: [record_id]
*/
{{ config(restate='record') }}
with

forms as (
    select
        event_id,
        event_time,
        utm_campaign,
        cookie_id,
        member_id,
        form_name,
        form_mobile,
        form_email,
        form_company,
        form_title,
        _landed_seq
    from {{ source('website', 'events') }}
    where event_name = 'form_submit'
)

select
    'website' as channel,
    'events:' || event_id as record_id,
    _landed_seq as landed_seq,
    cookie_id,
    member_id,
    {{ normal_mobile('form_mobile') }} as mobile,
    {{ normal_email('form_email') }} as email,
    {{ normal_company_name('form_company') }} as company_name,
    event_time as observed_at,
    nullif(trim(form_name), '') as full_name,
    nullif(trim(form_title), '') as title,
    utm_campaign as source_campaign_id,
    'self' as mobile_source
from forms
