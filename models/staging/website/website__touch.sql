/*
description: Website events as touches; a form is a registration, a chat or a question for a price
  is an interaction, a request for a quote is a purchase.
grain: [record_id]
*/
{{ config(restate='record') }}
with

events as (
    select
        event_id,
        event_time,
        event_name,
        utm_campaign,
        cookie_id,
        member_id,
        user_agent,
        content_id,
        product_id,
        form_mobile,
        form_email,
        form_company,
        _landed_seq
    from {{ source('website', 'events') }}
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
    event_time as occurred_at,
    case event_name
        when 'download' then 'download'
        when 'form_submit' then 'register'
        when 'video_replay' then 'attend'
        when 'chat' then 'interact'
        when 'price_inquiry' then 'interact'
        when 'quote_request' then 'purchase'
        else 'view'
    end as behaviour,
    event_name as action,
    user_agent,
    'inbound' as direction,
    'web' as medium,
    content_id,
    product_id,
    utm_campaign as campaign_id
from events
