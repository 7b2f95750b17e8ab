/*
description: Links of known people at the end of as_of; a link that ends later is open. Several tag
  classes read it, so that records are joined to people only once.
grain: [channel, record_id]
*/
{{ config(published=false) }}
select
    l.channel,  -- Channel code.
    l.record_id,  -- [pii] The exported row.
    r.person_key,  -- Number of the person in this release; joins identity.person.
    l.touchpoint,  -- Touchpoint in which the person is linked.
    l.holder_id,  -- Staff or group that holds the link.
    l.staff_id,  -- Member of staff who holds the link, or owns the group that holds it.
    l.started_at,  -- When the person became reachable (UTC).
    case when l.ended_at < fn_as_of_end() then l.ended_at end
        as ended_at,  -- When the person stopped being reachable (UTC); NULL = still reachable.
    case when l.ended_at < fn_as_of_end() then l.end_reason end
        as end_reason,  -- Why the link ended.
    case when l.ended_at < fn_as_of_end() then l.ended_by end
        as ended_by,  -- person, staff or system.
    l.referrer_value is not null as is_referred  -- True = it names who referred the person.
from {{ ref('link') }} as l
inner join {{ ref('record_person') }} as r
    on l.channel = r.channel and l.record_id = r.record_id
where r.person_key is not null
