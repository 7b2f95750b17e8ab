/*
description: Edges between identifiers that are not shared, and links by humans, as pairs of
  numbers. The components are built from them.
grain: [node, parent]
*/
{{ config(published=false) }}
with

shared as (
    select distinct node
    from {{ ref('shared_identifier') }}
)

select
    e.node,  -- Identifier with the greater number.
    e.lesser_node as parent  -- Identifier with the lesser number.
from {{ ref('raw_edge') }} as e
left join shared as a on e.node = a.node
left join shared as b on e.lesser_node = b.node
where a.node is null and b.node is null
union
select
    node,
    lesser_node as parent
from {{ ref('decided_pair') }}
where decision = 'link'
