/*
description: For each connected node, the smallest node of its component.
grain: [node]
*/
with

roots as (
    select distinct parent
    from {{ ref('component_round') }}
    where not is_edge
),

members as (
    select
        node,
        parent as root
    from {{ ref('component_round') }}
    where not is_edge
    union all
    select
        parent as node,
        parent as root
    from roots
),

{{ gathered('numbers', 'members', 'node', 'root') }},

labels as (
    select
        node_l * 65536 + node_r as label,
        root
    from numbers_4
),

oldest as (
    select
        root,
        min(label) as parent
    from labels
    group by root
),

label_parents as (
    select
        l.label,
        o.parent
    from labels as l
    inner join oldest as o on l.root = o.root
),

nodes as (
    select
        s.node,
        coalesce(p.parent, s.label) as parent
    from {{ ref('component_step') }} as s
    left join label_parents as p on s.label = p.label
)

select
    node,  -- Identifier number.
    parent  -- Least identifier number that it reaches: the oldest of the component.
from nodes
where node > parent
