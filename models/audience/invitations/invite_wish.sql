/*
description: Whom we may invite to which coming event, in the order in which each person asks for
  events and in the order in which each event takes people.
grain: [event_id, person_key]
*/
{{ config(published=false) }}
select
    s.event_id,  -- The event.
    s.person_key,  -- Number of the person in this release, for joins.
    cast(row_number() over (
        partition by s.person_key order by s.score desc, e.event_date asc, s.event_id asc
    ) as bigint) as wish_no,  -- 1 = the event that fits the person best.
    cast(row_number() over (
        partition by s.event_id order by s.score desc, s.lead_score desc, s.one_id asc
    ) as bigint) as place_no,  -- 1 = the person who fits the event best.
    s.open_touches,  -- How many touches of ours the person may still get.
    e.seats,  -- Seats of the event.
    s.touchpoint  -- Touchpoint of an invitation.
from {{ ref('invite_standing') }} as s
inner join {{ ref('coming_event') }} as e on s.event_id = e.event_id
where s.reason is null
