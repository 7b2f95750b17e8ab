/*
description: Tickets opened within capability_days whose first answer came or is due, with the hours
  until then. Without those of staff, competitors and bots.
grain: [channel, record_id]
*/
{{ config(published=false) }}
with

tickets as (
    select
        t.channel,
        t.record_id,
        r.person_key,
        t.opened_at,
        case when t.first_reply_at < fn_as_of_end() then greatest(t.first_reply_at, t.opened_at) end
            as replied_at,
        t.opened_at + {{ var('service_sla_hours') }} * interval 1 hour as due_at
    from {{ ref('ticket') }} as t
    left join {{ ref('record_person') }} as r
        on t.channel = r.channel and t.record_id = r.record_id
    where
        t.opened_at < fn_as_of_end()
        and fn_local_date(t.opened_at) > fn_as_of() - {{ var('capability_days') }} * interval 1 day
)

select
    t.channel,  -- Channel.
    t.record_id,  -- [pii] The exported row.
    cast(
        cast(
            date_diff(
                'minute', date_trunc('minute', t.opened_at), date_trunc('minute', t.replied_at)
            ) as double
        ) / 60 as decimal(18, 6)
    ) as reply_hours,  -- Hours to the first answer; 0 if it came before; NULL = none yet.
    coalesce(t.replied_at <= t.due_at, false) as is_in_time  -- True = within the hours promised.
from tickets as t
anti join {{ outsiders() }} as x on t.person_key = x.person_key
where t.replied_at is not null or t.due_at < fn_as_of_end()
