/*
description: The edges that remain between the nodes reached by the first steps, in scattered
  numbers.
grain: [node, parent]
*/
{{ config(published=false) }}
with

edges as (
    select distinct
        greatest(a.label, b.label) as node,
        least(a.label, b.label) as parent
    from {{ ref('node_edge') }} as e
    inner join {{ ref('component_step') }} as a on e.node = a.node
    inner join {{ ref('component_step') }} as b on e.parent = b.node
    where a.label <> b.label
),

{{ scattered('numbers', 'edges', ['node', 'parent']) }}

select
    node_l * 65536 + node_r as node,  -- One end, scattered.
    parent_l * 65536 + parent_r as parent,  -- The other end, scattered.
    true as is_edge  -- True = an edge that has not been followed yet.
from numbers_4
