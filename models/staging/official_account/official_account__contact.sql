/*
description: Followers of the Official Account. After somebody unfollows, what was known of them
  remains, and a new row has only the openid.
grain: [record_id]
*/
with

users as (
    select
        openid,
        subscribe,
        unionid,
        nullif(subscribe_time, timestamp '1970-01-01 00:00:00') as subscribe_time,
        subscribe_scene,
        qr_scene_str,
        {{ listed_at() }} as listed_at,
        _landed_seq
    from {{ source('official_account', 'users') }}
),

live_codes as (
    {{ live_codes() }}
)

select
    'official_account' as channel,
    'users:' || u.openid || '|' || u.subscribe as record_id,
    u._landed_seq as landed_seq,
    {{ normal_unionid('u.unionid') }} as unionid,
    {{ normal_openid('u.openid') }} as openid,
    coalesce(u.subscribe_time, u.listed_at) as observed_at,
    u.subscribe_scene as add_way,
    l.campaign_id as source_campaign_id
from users as u
left join live_codes as l on u.qr_scene_str = l.state
