/*
description: Moments after which no deal holds a person any more, because an opportunity was lost or
  everything was refunded.
grain: [person_key, setback_no]
*/
{{- config(published=false) }}
with

ends as (
    select
        person_key,
        held_to as setback_at,
        case when hold = 'won' then 'refunded' else 'lost' end as reason,
        channel,
        deal_id,
        record_id
    from {{ ref('deal_hold') }}
    where held_to is not null and (hold = 'won' or is_lost)
),

unheld as (
    select
        e.person_key,
        e.setback_at,
        e.reason,
        e.channel,
        e.record_id
    from ends as e
    anti join {{ ref('deal_hold') }} as h
        on
            e.person_key = h.person_key
            and e.setback_at >= h.held_from
            and coalesce(e.setback_at < h.held_to, true)
            and (h.hold = 'won' or e.reason = 'lost')
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    row_number() over (
        partition by person_key order by setback_at, channel, record_id
    ) as setback_no,  -- 1 = the first. Evidence after it belongs to the segment of this number.
    setback_at,  -- When (UTC). Only later evidence counts for the next segment.
    lead(setback_at) over (
        partition by person_key order by setback_at, channel, record_id
    ) as next_setback_at,  -- When the next setback came (UTC); NULL = none.
    reason,  -- lost or refunded.
    channel,  -- Channel of the deal.
    record_id  -- [pii] The deal that caused it.
from unheld
