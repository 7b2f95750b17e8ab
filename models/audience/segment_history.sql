/*
description: People of each segment by business date, as they were published, with the reason why
  they came and went.
grain: [segment, one_id, valid_from]
*/
{{ config(materialized='history') }}
with

earlier as (
    select
        segment,
        one_id,
        valid_from,
        valid_to,
        reason,
        end_reason
    from {{ previous('this') }}
),

still_open as (
    select
        segment,
        one_id,
        valid_from,
        reason
    from earlier
    where valid_to is null
),

changed as (
    select
        coalesce(o.segment, m.segment) as segment,
        coalesce(o.one_id, m.one_id) as one_id,
        o.valid_from,
        o.reason as opened_for,
        m.segment is null as is_closed
    from still_open as o
    full outer join {{ ref('segment_person') }} as m
        on o.segment = m.segment and o.one_id = m.one_id
    where o.segment is null or m.segment is null
),

-- Identifiers that changed their owner today: the person who lost them, and the one who has them.
moves as (
    select
        o.one_id as old_id,
        n.one_id as new_id
    from {{ ref('one_id_history') }} as o
    inner join {{ ref('one_id_history') }} as n
        on o.id_type = n.id_type and o.id_value = n.id_value and o.valid_to = n.valid_from
    where o.valid_to = fn_as_of() and o.one_id is distinct from n.one_id
),

regrouped as (
    select old_id as one_id
    from moves
    where old_id is not null
    union
    select new_id as one_id
    from moves
    where new_id is not null
),

-- Segments of the last release and of this one. In a new segment everybody is new, and of one that
-- is gone everybody goes.
rules as (
    select
        segment,
        min(valid_from) < fn_as_of() as was_there,
        count(*) > count(valid_to) as is_there,
        count(valid_to) > 0 as is_changed
    from {{ ref('segment_rule_history') }}
    where valid_to is null or valid_to = fn_as_of()
    group by segment
),

-- Whoever is new to siyu came for data, whichever rules changed.
known as (
    select distinct h.one_id
    from {{ ref('one_id_history') }} as h
    semi join changed as c on h.one_id = c.one_id
    where h.valid_from < fn_as_of() and coalesce(h.valid_to >= fn_as_of(), true)
),

explained as (
    select
        c.segment,
        c.one_id,
        c.valid_from,
        c.opened_for,
        c.is_closed,
        case
            when not coalesce(r.was_there, false) then 'data'
            when not r.is_there then 'rule'
            when g.one_id is not null then 'identity'
            when r.is_changed and k.one_id is not null then 'rule'
            else 'data'
        end as why
    from changed as c
    left join regrouped as g on c.one_id = g.one_id
    left join rules as r on c.segment = r.segment
    left join known as k on c.one_id = k.one_id
)

select
    cast(segment as varchar) as segment,  -- Segment.
    cast(one_id as varchar) as one_id,  -- The person, by the ID of that time.
    cast(valid_from as date) as valid_from,  -- First business date in the segment.
    cast(valid_to as date)
        as valid_to,  -- Business date from which they are no longer in it; NULL = they are.
    cast(reason as varchar)
        as reason,  -- Why they came: data, rule (a new rule) or identity (a merge or a split).
    cast(end_reason as varchar)
        as end_reason  -- Why they went: data, rule or identity; NULL = they are in it.
from earlier
where valid_to is not null
union all
select
    o.segment,
    o.one_id,
    o.valid_from,
    cast(null as date) as valid_to,
    o.reason,
    cast(null as varchar) as end_reason
from still_open as o
anti join changed as c on c.is_closed and o.segment = c.segment and o.one_id = c.one_id
union all
select
    segment,
    one_id,
    coalesce(valid_from, fn_as_of()) as valid_from,
    case when is_closed then fn_as_of() end as valid_to,
    coalesce(opened_for, why) as reason,
    case when is_closed then why end as end_reason
from explained
