/*
description: External members of WeCom groups, one row per group and member.
grain: [record_id]
*/
with

members as (
    select
        chat_id,
        member,
        unionid,
        joined_at,
        state,
        name,
        {{ listed_at() }} as listed_at,
        _landed_seq
    from {{ source('wecom_group', 'groups') }}
    where member_type = '2'
),

live_codes as (
    {{ live_codes() }}
),

group_campaigns as (
    {{ group_campaigns() }}
)

select
    'wecom_group' as channel,
    'groups:' || m.chat_id || '|' || m.member as record_id,
    m._landed_seq as landed_seq,
    {{ normal_unionid('m.unionid') }} as unionid,
    {{ normal_external_userid('m.member') }} as external_userid,
    greatest(m.listed_at, m.joined_at) as observed_at,
    nullif(trim(m.name), '') as full_name,
    coalesce(l.campaign_id, g.campaign_id) as source_campaign_id
from members as m
left join live_codes as l on m.state = l.state
left join group_campaigns as g on m.chat_id = g.chat_id
