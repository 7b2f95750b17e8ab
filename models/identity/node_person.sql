/*
description: Whose each identifier is, by numbers; a person's number is that of the least of its
  identifiers, the anchor.
grain: [node]
*/
{{ config(published=false) }}
with

grouped as (
    select
        node,
        node_group as person_key
    from {{ ref('agglomeration') }}
    union
    select
        lesser_node as node,
        lesser_group as person_key
    from {{ ref('agglomeration') }}
),

linked as (
    select node
    from {{ ref('decided_pair') }}
    where decision = 'link'
    union
    select lesser_node as node
    from {{ ref('decided_pair') }}
    where decision = 'link'
),

-- A human may say whose a shared one is; it joins nobody else by that.
shared as (
    select distinct s.node
    from {{ ref('shared_identifier') }} as s
    anti join linked as l on s.node = l.node
)

select
    i.node,  -- The identifier, by its number.
    coalesce(g.person_key, c.parent, i.node) as person_key  -- The person within this release.
from {{ ref('identifier_seen') }} as i
left join grouped as g on i.node = g.node
left join {{ ref('component') }} as c on i.node = c.node
left join shared as s on i.node = s.node
where i.verdict = 'valid' and s.node is null
