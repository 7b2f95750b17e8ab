/*
description: What people do in the Official Account: follow, scan, use the menu. Unfollowing is not
  a touch but the end of a link. Receipts of templates and other messages of the server are not
  touches.
grain: [record_id]
*/
{{ config(restate='record') }}
with

live_codes as (
    {{ live_codes() }}
),

-- EventKey is qrscene_<state> if the scan made somebody a follower, else <state>.
events as (
    select
        openid,
        event_time,
        event,
        case
            when event = 'subscribe' and starts_with(event_key, 'qrscene_')
                then regexp_extract(event_key, '^qrscene_(.*)$', 1)
            when event = 'SCAN' then event_key
        end as state,
        _landed_seq
    from {{ source('official_account', 'events') }}
    where event in ('subscribe', 'SCAN', 'CLICK', 'VIEW')
)

select
    'official_account' as channel,
    'events:' || e.openid || '|' || cast(e.event_time as varchar) || '|' || e.event as record_id,
    e._landed_seq as landed_seq,
    {{ normal_openid('e.openid') }} as openid,
    e.event_time as occurred_at,
    case e.event
        when 'subscribe' then 'register'
        when 'VIEW' then 'view'
        else 'interact'
    end as behaviour,
    case e.event
        when 'subscribe' then 'follow'
        when 'SCAN' then 'scan'
        when 'CLICK' then 'menu_click'
        when 'VIEW' then 'menu_view'
    end as action,
    'inbound' as direction,
    'official_account' as medium,
    l.scene,
    l.campaign_id
from events as e
left join live_codes as l on e.state = l.state
