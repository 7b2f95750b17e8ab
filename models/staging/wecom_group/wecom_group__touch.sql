/*
description: External members of WeCom groups join and write; the messages of one day are one touch.
grain: [record_id]
*/
with

members as (
    select
        chat_id,
        member,
        member_type,
        unionid,
        joined_at,
        state,
        _landed_seq
    from {{ source('wecom_group', 'groups') }}
),

group_messages as (
    select
        day,
        chat_id,
        member,
        message_cnt,
        _landed_seq
    from {{ source('wecom_group', 'group_messages') }}
    where message_cnt > 0
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
    m.joined_at as occurred_at,
    'register' as behaviour,
    'group_join' as action,
    'inbound' as direction,
    'group' as medium,
    l.scene,
    coalesce(l.campaign_id, g.campaign_id) as campaign_id,
    m.chat_id as group_id
from members as m
left join live_codes as l on m.state = l.state
left join group_campaigns as g on m.chat_id = g.chat_id
where m.member_type = '2'
union all
-- The list of members says who is external. For people who left before the first list, the id does.
select
    'wecom_group' as channel,
    'group_messages:' || cast(s.day as varchar) || '|' || s.chat_id || '|' || s.member as record_id,
    s._landed_seq as landed_seq,
    null as unionid,
    {{ normal_external_userid('s.member') }} as external_userid,
    fn_local_midnight(s.day) as occurred_at,
    'interact' as behaviour,
    'group_message' as action,
    'inbound' as direction,
    'group' as medium,
    null as scene,
    g.campaign_id,
    s.chat_id as group_id
from group_messages as s
left join members as m on s.chat_id = m.chat_id and s.member = m.member
left join group_campaigns as g on s.chat_id = g.chat_id
where
    m.member_type = '2'
    or (m.member_type is null and {{ is_external('s.member') }})
