/*
description: How many people match a coming event and are not invited, for which reason (未邀约原因).
  Each person counts once for an event, with the first reason that holds.
grain: [event_id, reason]
*/
with

counted as (
    select
        event_id,
        reason,
        count(*) as person_count
    from {{ ref('invite_choice') }}
    where reason is not null
    group by event_id, reason
)

select
    c.event_id,  -- The event.
    c.reason,  -- Code of the reason, as in invite_reasons.csv.
    coalesce(r.name_zh, c.reason) as reason_zh,  -- The reason in Chinese.
    coalesce(r.name_en, c.reason) as reason_en,  -- The reason in English.
    cast(c.person_count as bigint) as person_count  -- Number of people.
from counted as c
left join {{ ref('invite_reasons') }} as r on c.reason = r.reason
