/*
description: When each person was a member of each group without a break. Staff, competitors and
  bots are left out. Two accounts of one person are one member.
grain: [chat_id, person_key, stretch_no]
*/
{{- config(published=false) }}
{%- set endless = "timestamp '9999-12-31 00:00:00'" %}
with

kinds as (
    select
        chat_id,
        min(group_kind) as group_kind
    from {{ ref('groups') }}
    group by chat_id
),

links as (
    select
        l.holder_id as chat_id,
        r.person_key,
        r.channel,
        r.record_id,
        r.started_at,
        coalesce(r.ended_at, {{ endless }}) as ended_at,
        coalesce(r.ended_by = 'person', false) as is_left,
        coalesce(l.end_reason = 'dissolved', false)
        and not r.is_erased
        and r.ended_at is not null as is_dissolved
    from {{ ref('reachable_link') }} as r
    inner join {{ ref('link') }} as l on r.channel = l.channel and r.record_id = l.record_id
    where r.touchpoint = 'group' and l.touchpoint = 'group' and l.holder_id is not null
),

gaps as (
    select
        chat_id,
        person_key,
        channel,
        record_id,
        started_at,
        ended_at,
        is_left,
        is_dissolved,
        case
            when
                started_at <= max(ended_at) over (
                    partition by chat_id, person_key
                    order by started_at, channel, record_id
                    rows between unbounded preceding and 1 preceding
                )
                then 0
            else 1
        end as is_new
    from links
),

numbered as (
    select
        chat_id,
        person_key,
        channel,
        record_id,
        started_at,
        ended_at,
        is_left,
        is_dissolved,
        sum(is_new) over (
            partition by chat_id, person_key
            order by started_at, channel, record_id
            rows between unbounded preceding and current row
        ) as stretch_no
    from gaps
),

-- The link that ended last says how the stretch ended.
ranked as (
    select
        chat_id,
        person_key,
        stretch_no,
        started_at,
        ended_at,
        is_left,
        is_dissolved,
        row_number() over (
            partition by chat_id, person_key, stretch_no
            order by ended_at desc, channel asc, record_id asc
        ) as end_no
    from numbered
),

stretches as (
    select
        chat_id,
        person_key,
        stretch_no,
        min(started_at) as joined_at,
        nullif(max(ended_at), {{ endless }}) as left_at,
        bool_or(is_left and end_no = 1) as is_left,
        bool_or(is_dissolved and end_no = 1) as is_dissolved
    from ranked
    group by chat_id, person_key, stretch_no
)

select
    s.chat_id,  -- Group.
    k.group_kind,  -- Kind of the group, as in groups.csv; NULL = not listed there.
    s.person_key,  -- Number of the person in this release; joins identity.person.
    cast(s.stretch_no as bigint) as stretch_no,  -- 1 = the first; 2 = after one return.
    s.joined_at,  -- When the person joined (UTC).
    fn_local_date(s.joined_at) as joined_date,  -- Business date of joined_at.
    s.left_at,  -- When the person was no longer a member (UTC); NULL = a member.
    fn_local_date(s.left_at) as left_date,  -- Business date of left_at.
    s.is_left,  -- True = the person left.
    s.is_dissolved  -- True = the group was dissolved, which is no loss of a member.
from stretches as s
left join kinds as k on s.chat_id = k.chat_id
