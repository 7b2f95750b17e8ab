/*
description: The coming events before anybody has asked for a seat.
grain: [event_id]
*/
{{ config(published=false) }}
select
    event_id,  -- The event.
    cast(null as bigint) as last_place_no  -- NULL = nobody is refused.
from {{ ref('coming_event') }}
