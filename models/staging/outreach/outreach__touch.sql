/*
description: What we send, how far it got by as_of, and how people reacted. An opening, a click and
  a reply are separate touches.
grain: [record_id]
*/
{{ config(
    restate='record',
    calendar=['delivered_at', 'opened_at', 'clicked_at', 'replied_at', 'updated_at']
) }}
with

sends as (
    select
        send_id,
        medium,
        recipient_type,
        recipient,
        campaign_id,
        content_id,
        staff_id,
        sent_at,
        delivered_at,
        opened_at,
        clicked_at,
        replied_at,
        failed_reason,
        cost,
        updated_at,
        _landed_seq
    from {{ source('outreach', 'sends') }}
),

recipients as (
    select
        send_id,
        case when recipient_type = 'mobile' then recipient end as recipient_mobile,
        case when recipient_type = 'email' then recipient end as recipient_email,
        case when recipient_type = 'openid' then recipient end as recipient_openid,
        case when recipient_type = 'unionid' then recipient end as recipient_unionid,
        case when recipient_type = 'external_userid' then recipient end
            as recipient_external_userid,
        case when recipient_type = 'chat_id' then recipient end as group_id,
        medium,
        campaign_id,
        content_id,
        staff_id,
        sent_at,
        opened_at,
        clicked_at,
        replied_at,
        cost,
        coalesce(
            least(delivered_at, opened_at, clicked_at, replied_at) < fn_as_of_end(), false
        ) as is_delivered,
        coalesce(clicked_at < fn_as_of_end(), false) as is_clicked,
        coalesce(replied_at < fn_as_of_end(), false) as is_replied,
        coalesce(failed_reason is not null and updated_at < fn_as_of_end(), false) as is_failed,
        failed_reason,
        _landed_seq
    from sends
),

addressed as (
    select
        'sends:' || send_id as record_id,
        {{ normal_unionid('recipient_unionid') }} as unionid,
        {{ normal_openid('recipient_openid') }} as openid,
        {{ normal_external_userid('recipient_external_userid') }} as external_userid,
        {{ normal_mobile('recipient_mobile') }} as mobile,
        {{ normal_email('recipient_email') }} as email,
        group_id,
        medium,
        campaign_id,
        content_id,
        staff_id,
        sent_at,
        opened_at,
        clicked_at,
        replied_at,
        cost,
        case
            when medium = 'call' and is_delivered then 'answered'
            when is_replied then 'replied'
            when is_clicked then 'clicked'
            when is_delivered then 'delivered'
            when is_failed then 'failed'
            else 'sent'
        end as outcome,
        case when is_failed and not is_delivered then failed_reason end as failed_reason,
        _landed_seq
    from recipients
)

select
    'outreach' as channel,
    case when m.moment = 'send' then a.record_id else a.record_id || '#' || m.moment end
        as record_id,
    a._landed_seq as landed_seq,
    a.unionid,
    a.openid,
    a.external_userid,
    a.mobile,
    a.email,
    case m.moment
        when 'send' then a.sent_at
        when 'open' then a.opened_at
        when 'click' then a.clicked_at
        when 'reply' then a.replied_at
    end as occurred_at,
    case m.moment when 'open' then 'view' else 'interact' end as behaviour,
    case m.moment when 'send' then a.medium when 'open' then 'message_open' else m.moment end
        as action,
    case m.moment when 'send' then 'outbound' else 'inbound' end as direction,
    case m.moment when 'send' then a.outcome end as outcome,
    case m.moment when 'send' then a.failed_reason end as failed_reason,
    a.medium,
    a.content_id,
    a.campaign_id,
    a.staff_id,
    a.group_id,  -- [public] Only groups have a chat_id.
    case m.moment when 'send' then a.cost end as cost
from addressed as a
cross join unnest(['send', 'open', 'click', 'reply']) as m (moment)
where
    m.moment = 'send'
    or (m.moment = 'open' and a.opened_at is not null)
    or (m.moment = 'click' and a.clicked_at is not null)
    or (m.moment = 'reply' and a.replied_at is not null)
