/*
description: Adding, chats and mass messages on WeCom; the chat of one day is one touch in each
  direction.
grain: [record_id]
*/
with

live_codes as (
    {{ live_codes() }}
),

adds as (
    select
        change_type,
        userid,
        external_userid,
        state,
        event_time,
        _landed_seq
    from {{ source('wecom', 'events') }}
    where change_type = 'add_external_contact'
),

messages as (
    select
        day,
        userid,
        external_userid,
        sent_cnt,
        received_cnt,
        _landed_seq
    from {{ source('wecom', 'messages') }}
),

group_sends as (
    select
        msgid,
        userid,
        recipient,
        external_userid,
        chat_id,
        status,
        {{ sent_at() }} as sent_at,
        _landed_seq
    from {{ source('wecom', 'group_sends') }}
)

select
    'wecom' as channel,
    'events:' || a.change_type || '|' || a.userid || '|' || a.external_userid || '|'
    || cast(a.event_time as varchar) as record_id,
    a._landed_seq as landed_seq,
    {{ normal_external_userid('a.external_userid') }} as external_userid,
    a.event_time as occurred_at,
    'register' as behaviour,
    'friend_add' as action,
    'inbound' as direction,
    null as outcome,
    'wecom' as medium,
    l.scene,
    l.campaign_id,
    a.userid as staff_id,
    null as group_id
from adds as a
left join live_codes as l on a.state = l.state
union all
select
    'wecom' as channel,
    'messages:' || cast(day as varchar) || '|' || userid || '|' || external_userid || '#sent'
        as record_id,
    _landed_seq as landed_seq,
    {{ normal_external_userid('external_userid') }} as external_userid,
    fn_local_midnight(day) as occurred_at,
    'interact' as behaviour,
    'chat' as action,
    'outbound' as direction,
    case when received_cnt > 0 then 'replied' else 'sent' end as outcome,
    'one_to_one' as medium,
    null as scene,
    null as campaign_id,
    userid as staff_id,
    null as group_id
from messages
where sent_cnt > 0
union all
select
    'wecom' as channel,
    'messages:' || cast(day as varchar) || '|' || userid || '|' || external_userid || '#received'
        as record_id,
    _landed_seq as landed_seq,
    {{ normal_external_userid('external_userid') }} as external_userid,
    fn_local_midnight(day) as occurred_at,
    'interact' as behaviour,
    'chat' as action,
    'inbound' as direction,
    null as outcome,
    'one_to_one' as medium,
    null as scene,
    null as campaign_id,
    userid as staff_id,
    null as group_id
from messages
where received_cnt > 0
union all
select
    'wecom' as channel,
    'group_sends:' || msgid || '|' || userid || '|' || recipient as record_id,
    _landed_seq as landed_seq,
    {{ normal_external_userid('external_userid') }} as external_userid,
    sent_at as occurred_at,
    'interact' as behaviour,
    'mass_send' as action,
    'outbound' as direction,
    case when status = '1' then 'delivered' else 'failed' end as outcome,
    case when external_userid is null then 'group' else 'one_to_one' end as medium,
    null as scene,
    null as campaign_id,
    userid as staff_id,
    case when external_userid is null then chat_id end as group_id
from group_sends
where status <> '0'
