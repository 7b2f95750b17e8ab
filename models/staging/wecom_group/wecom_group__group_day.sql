/*
description: Messages in each WeCom group on each day, of everybody and of the external members.
grain: [record_id]
*/
with

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

members as (
    select
        chat_id,
        member,
        member_type
    from {{ source('wecom_group', 'groups') }}
),

-- The list of members says who is external. For people who left before the first list, the id does.
messages as (
    select
        s.day,
        s.chat_id,
        s.message_cnt,
        s._landed_seq,
        m.member_type = '2' or (m.member_type is null and {{ is_external('s.member') }})
            as is_external
    from group_messages as s
    left join members as m on s.chat_id = m.chat_id and s.member = m.member
)

select
    'wecom_group' as channel,
    'group_messages:' || cast(day as varchar) || '|' || chat_id as record_id,
    max(_landed_seq) as landed_seq,
    chat_id as group_id,
    day,
    cast(sum(message_cnt) as bigint) as messages,
    cast(sum(case when is_external then message_cnt else 0 end) as bigint) as member_messages
from messages
group by day, chat_id
