/*
description: Who held a contested identifier, and when. Of the ends of an edge cut for a unique type
  that is the one seen with more identifiers of the other person; a mobile that was issued again.
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

-- With how many identifiers of the other person each end was seen.
weighed as (
    select
        node,
        other_node,
        strength,
        is_unique,
        count(*) over (partition by node, other_key) as seen_with
    from cut_ends
),

-- Whose it is, a human may have said.
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
)

select
    node,  -- The contested identifier, by its number.
    person_key,  -- Who held it.
    held_from,  -- Earliest current record of both (UTC).
    held_to,  -- Latest current record of both (UTC).
    max(case when held_from is null or held_before >= held_from then 1 else 0 end) over (
        partition by node
    ) = 0 as is_handed_on  -- One held it after the other; else it is nobody's at any time.
from stepped
