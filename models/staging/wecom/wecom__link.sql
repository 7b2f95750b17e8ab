/*
description: Who could write to whom on WeCom, one row per time that a member of staff was added.
  Callbacks get lost, so lists of contacts and mass messages fill the gaps.
grain: [record_id]
*/
with

events as (
    select
        change_type,
        userid,
        external_userid,
        source,
        event_time,
        _landed_seq
    from {{ source('wecom', 'events') }}
),

contacts as (
    select
        'contacts' as export,
        2 as precedence,
        external_userid,
        userid,
        unionid,
        added_at,
        _removed_date,
        _landed_seq
    from {{ source('wecom', 'contacts') }}
    union all
    select
        'contact_details' as export,
        3 as precedence,
        external_userid,
        userid,
        unionid,
        added_at,
        null as _removed_date,
        _landed_seq
    from {{ source('wecom', 'contact_details') }}
),

group_sends as (
    select
        external_userid,
        userid,
        status,
        {{ sent_at() }} as sent_at
    from {{ source('wecom', 'group_sends') }}
),

adds as (
    select
        'events:' || change_type || '|' || userid || '|' || external_userid || '|'
        || cast(event_time as varchar) as record_id,
        _landed_seq as landed_seq,
        1 as precedence,
        null as unionid,
        {{ normal_external_userid('external_userid') }} as external_userid,
        external_userid as customer,
        userid,
        event_time as added_at
    from events
    where change_type = 'add_external_contact'
    union all
    select
        export || ':' || external_userid || '|' || userid as record_id,
        _landed_seq as landed_seq,
        precedence,
        {{ normal_unionid('unionid') }} as unionid,
        {{ normal_external_userid('external_userid') }} as external_userid,
        external_userid as customer,
        userid,
        added_at
    from contacts
),

-- A callback and lists that report the same moment report one adding.
gaps as (
    select
        record_id,
        landed_seq,
        precedence,
        unionid,
        external_userid,
        customer,
        userid,
        added_at,
        case
            when
                added_at - {{ var('wecom_same_add_seconds') }} * interval 1 second <= lag(added_at)
                    over (partition by customer, userid order by added_at, precedence, record_id)
                then 0
            else 1
        end as is_new
    from adds
),

numbered as (
    select
        record_id,
        landed_seq,
        precedence,
        unionid,
        external_userid,
        customer,
        userid,
        added_at,
        sum(is_new) over (
            partition by customer, userid order by added_at, precedence, record_id
            rows between unbounded preceding and current row
        ) as add_no
    from gaps
),

starts as (
    select
        record_id,
        landed_seq,
        unionid,
        external_userid,
        customer,
        userid,
        add_no,
        min(added_at) over (partition by customer, userid, add_no) as started_at
    from numbered
    qualify
        row_number() over (
            partition by customer, userid, add_no order by precedence, added_at, record_id
        ) = 1
),

links as (
    select
        record_id,
        landed_seq,
        unionid,
        external_userid,
        customer,
        userid,
        started_at,
        lead(started_at) over (partition by customer, userid order by add_no) as following_at
    from starts
),

-- A link that begins after as_of does not end an earlier link yet.
bounded_links as (
    select
        record_id,
        landed_seq,
        unionid,
        external_userid,
        customer,
        userid,
        started_at,
        case when following_at < fn_as_of_end() then following_at end as next_started_at
    from links
),

-- Sorted by known_at, a callback comes before the list of the same day.
signs as (
    select
        external_userid as customer,
        userid,
        event_time as ended_at,
        event_time as known_at,
        case
            when change_type = 'del_follow_user' then 'deleted_by_person'
            when source = 'DELETE_BY_TRANSFER' then 'transferred'
            else 'deleted_by_staff'
        end as end_reason
    from events
    where
        change_type in ('del_follow_user', 'del_external_contact')
        and event_time < fn_as_of_end()
    union all
    select
        external_userid as customer,
        userid,
        sent_at as ended_at,
        fn_local_midnight(
            fn_local_date(sent_at) + {{ var('wecom_callback_days') }} + 1
        ) as known_at,
        'not_friend' as end_reason
    from group_sends
    where status = '2' and sent_at < fn_as_of_end()
    union all
    select
        external_userid as customer,
        userid,
        fn_local_midnight(_removed_date) as ended_at,
        fn_local_midnight(_removed_date + {{ var('wecom_callback_days') }} + 1) as known_at,
        'not_listed' as end_reason
    from contacts
    where _removed_date is not null
),

ends as (
    select
        l.record_id,
        s.ended_at,
        s.end_reason
    from bounded_links as l
    inner join signs as s
        on
            l.customer = s.customer
            and l.userid = s.userid
            and l.started_at < s.ended_at
            and coalesce(l.next_started_at >= s.ended_at, true)
    qualify
        row_number() over (
            partition by l.record_id order by s.known_at, s.ended_at, s.end_reason
        ) = 1
)

select
    'wecom' as channel,
    l.record_id,
    l.landed_seq,
    l.unionid,
    l.external_userid,
    'wecom' as touchpoint,
    l.userid as holder_id,
    l.userid as staff_id,
    l.started_at,
    coalesce(e.ended_at, l.next_started_at) as ended_at,
    case
        when e.end_reason is not null then e.end_reason
        when l.next_started_at is not null then 'lost_event'
    end as end_reason,
    case
        when e.end_reason in ('deleted_by_staff', 'not_listed') then 'staff'
        when e.end_reason = 'transferred' then 'system'
        when coalesce(e.ended_at, l.next_started_at) is not null then 'person'
    end as ended_by
from bounded_links as l
left join ends as e on l.record_id = e.record_id
