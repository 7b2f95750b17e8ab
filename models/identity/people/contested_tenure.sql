/*
description: Who held a contested identifier, and when. If an edge is cut because of a unique type,
  its contested end is the one that was seen with more identifiers of the other person, such as a
  mobile number that was issued again.
grain: [node, person_key]
*/
{{- config(published=false) }}
with

ends as (
    select
        node,
        lesser_node as other_node,
        strength,
        cut_reason,
        first_seen_at,
        last_seen_at
    from {{ ref('edge') }}
    union all
    select
        lesser_node as node,
        node as other_node,
        strength,
        cut_reason,
        first_seen_at,
        last_seen_at
    from {{ ref('edge') }}
),

cut_ends as (
    select
        e.node,
        e.other_node,
        b.person_key as other_key,
        i.strength,
        t.is_unique = 'true' as is_unique
    from ends as e
    inner join {{ ref('node_person') }} as b on e.other_node = b.node
    inner join {{ ref('identifier_seen') }} as i on e.node = i.node
    inner join {{ ref('identifier_types') }} as t on i.id_type = t.id_type
    where e.cut_reason = 'unique'
),

-- The number of identifiers of the other person that each end was seen with.
weighed as (
    select
        node,
        other_node,
        strength,
        is_unique,
        count(*) over (partition by node, other_key) as seen_with
    from cut_ends
),

-- Identifiers that a human linked to a person.
linked as (
    select node
    from ends
    where strength = 0 and cut_reason is null
),

contested as (
    select distinct x.node
    from weighed as x
    inner join weighed as y on x.node = y.other_node and x.other_node = y.node
    anti join linked as l on x.node = l.node
    where
        not x.is_unique
        and (
            y.is_unique
            or x.seen_with > y.seen_with
            or (x.seen_with = y.seen_with and x.strength >= y.strength)
        )
),

tenures as (
    select
        c.node,
        p.person_key,
        min(e.first_seen_at) as held_from,
        max(e.last_seen_at) as held_to
    from contested as c
    inner join ends as e on c.node = e.node
    inner join {{ ref('node_person') }} as p on e.other_node = p.node
    group by c.node, p.person_key
),

stepped as (
    select
        node,
        person_key,
        held_from,
        held_to,
        max(held_to) over (
            partition by node order by held_from, person_key
            rows between unbounded preceding and 1 preceding
        ) as held_before
    from tenures
),

judged as (
    select
        node,
        person_key,
        held_from,
        held_to,
        max(held_to) over (partition by node) as last_held_to,
        max(case when held_from is null or held_before >= held_from then 1 else 0 end) over (
            partition by node
        ) = 0 as is_handed_on
    from stepped
)

select
    j.node,  -- Number of the contested identifier.
    i.id_type,  -- Its type.
    i.id_value,  -- [pii] The identifier.
    j.person_key,  -- Who held it.
    j.held_from,  -- Earliest current record with both (UTC).
    j.held_to,  -- Latest current record with both (UTC).
    j.is_handed_on,  -- True = held by one after the other. Else its records are nobody's.
    not j.is_handed_on or coalesce(j.held_to = j.last_held_to, false)
        as is_reached  -- True = it reaches this person; the last holder, or each of several.
from judged as j
inner join {{ ref('identifier_seen') }} as i on j.node = i.node
