/*
description: Who followed the Official Account, one row per time. Messages of the server get lost,
  so lists of users fill the gaps.
grain: [record_id]
*/
with

events as (
    select
        openid,
        event_time,
        event,
        _landed_seq
    from {{ source('official_account', 'events') }}
),

users as (
    select
        openid,
        subscribe,
        unionid,
        nullif(subscribe_time, timestamp '1970-01-01 00:00:00') as subscribe_time,
        coalesce(_file_date, _landed_date) as listed_date,
        _landed_seq
    from {{ source('official_account', 'users') }}
),

follows as (
    select
        'events:' || openid || '|' || cast(event_time as varchar) || '|' || event as record_id,
        _landed_seq as landed_seq,
        1 as precedence,
        null as unionid,
        {{ normal_openid('openid') }} as openid,
        openid as follower,
        event_time as started_at
    from events
    where event = 'subscribe'
    union all
    select
        'users:' || openid || '|' || subscribe as record_id,
        _landed_seq as landed_seq,
        2 as precedence,
        {{ normal_unionid('unionid') }} as unionid,
        {{ normal_openid('openid') }} as openid,
        openid as follower,
        subscribe_time as started_at
    from users
    where subscribe = '1' and subscribe_time is not null
),

-- A message and a list that report the same second report one follow.
starts as (
    select
        record_id,
        landed_seq,
        unionid,
        openid,
        follower,
        started_at
    from follows
    qualify
        row_number() over (partition by follower, started_at order by precedence, record_id) = 1
),

links as (
    select
        record_id,
        landed_seq,
        unionid,
        openid,
        follower,
        started_at,
        lead(started_at) over (
            partition by follower order by started_at, record_id
        ) as following_at
    from starts
),

-- A link that begins after as_of does not end an earlier link yet.
bounded_links as (
    select
        record_id,
        landed_seq,
        unionid,
        openid,
        follower,
        started_at,
        case when following_at < fn_as_of_end() then following_at end as next_started_at
    from links
),

lists as (
    select
        openid as follower,
        max(case when subscribe = '1' then listed_date end) as followed_date,
        max(case when subscribe = '0' then listed_date end) as unfollowed_date
    from users
    where listed_date <= fn_as_of()
    group by openid
),

last_starts as (
    select
        s.follower,
        fn_local_date(max(s.started_at)) as started_date
    from starts as s
    inner join lists as l on s.follower = l.follower
    where fn_local_date(s.started_at) <= l.unfollowed_date
    group by s.follower
),

-- A list counts only where no message gives the end. The end is then the day after the last list
-- with the follower; later lists do not move it.
signs as (
    select
        openid as follower,
        event_time as ended_at,
        'unsubscribed' as end_reason,
        1 as precedence
    from events
    where event = 'unsubscribe' and event_time < fn_as_of_end()
    union all
    select
        l.follower,
        fn_local_midnight(
            cast(
                greatest(coalesce(l.followed_date, f.started_date), f.started_date)
                + interval 1 day as date
            )
        ) as ended_at,
        'list' as end_reason,
        2 as precedence
    from lists as l
    inner join last_starts as f on l.follower = f.follower
    where l.unfollowed_date is not null and coalesce(l.unfollowed_date > l.followed_date, true)
),

ends as (
    select
        l.record_id,
        s.ended_at,
        s.end_reason
    from bounded_links as l
    inner join signs as s
        on
            l.follower = s.follower
            and l.started_at < s.ended_at
            and coalesce(l.next_started_at >= s.ended_at, true)
    qualify
        row_number() over (
            partition by l.record_id order by s.precedence, s.ended_at, s.end_reason
        ) = 1
)

select
    'official_account' as channel,
    l.record_id,
    l.landed_seq,
    l.unionid,
    l.openid,
    'official_account' as touchpoint,
    'official_account' as holder_id,
    l.started_at,
    coalesce(e.ended_at, l.next_started_at) as ended_at,
    case
        when e.end_reason is not null then e.end_reason
        when l.next_started_at is not null then 'lost_event'
    end as end_reason,
    case when coalesce(e.ended_at, l.next_started_at) is not null then 'person' end as ended_by
from bounded_links as l
left join ends as e on l.record_id = e.record_id
