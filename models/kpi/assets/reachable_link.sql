/*
description: Links of people for the asset KPIs, without staff, competitors and bots. Whoever asked
  to be erased is reachable until then; later links of theirs do not count.
grain: [channel, record_id]
*/
{{ config(published=false) }}
with

outsiders as {{ outsiders() }},

erasures as (
    select
        i.person_key,
        min(d.decided_at) as erased_at
    from {{ ref('human_decision') }} as d
    inner join {{ ref('one_id') }} as i on d.left_type = i.id_type and d.left_value = i.id_value
    where d.decision = 'erase' and d.is_latest
    group by i.person_key
),

-- A link that ends before it starts is one of a moment.
links as (
    select
        l.channel,
        l.record_id,
        l.person_key,
        l.touchpoint,
        l.staff_id,
        l.started_at,
        case when l.ended_at < l.started_at then l.started_at else l.ended_at end as ended_at,
        l.ended_by,
        e.erased_at
    from {{ ref('person_link') }} as l
    anti join outsiders as o on l.person_key = o.person_key
    left join erasures as e on l.person_key = e.person_key
    where
        l.touchpoint is not null
        and l.started_at is not null
        and coalesce(l.started_at < e.erased_at, true)
),

judged as (
    select
        channel,
        record_id,
        person_key,
        touchpoint,
        staff_id,
        started_at,
        ended_at,
        ended_by,
        erased_at,
        erased_at is not null and coalesce(erased_at < ended_at, true) as is_erased
    from links
)

select
    channel,  -- Channel code.
    record_id,  -- [pii] The exported row.
    person_key,  -- Number of the person in this release; joins identity.person.
    touchpoint,  -- Touchpoint in which the person is linked.
    staff_id,  -- Member of staff who holds the link, or owns the group that holds it.
    started_at,  -- When the person became reachable (UTC).
    case when is_erased then erased_at else ended_at end
        as ended_at,  -- When the person stopped being reachable (UTC); NULL = still reachable.
    case when not is_erased then ended_by end
        as ended_by,  -- person, staff or system; NULL = erased, unknown, or still reachable.
    is_erased  -- True = the link ended because the person asked to be erased.
from judged
