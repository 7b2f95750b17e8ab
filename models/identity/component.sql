/*
description: The least node each connected node reaches; large-star and small-star in one round.
grain: [node]
*/
{{ config(materialized='fixpoint', seed=ref('node_edge')) }}
with

undirected as (
    select
        node,
        parent as neighbour
    from {{ this }}
    union all
    select
        parent as node,
        node as neighbour
    from {{ this }}
),

lowest as (
    select
        node,
        least(node, min(neighbour)) as label
    from undirected
    group by node
),

hung as (
    select distinct
        u.neighbour as node,
        l.label as parent
    from undirected as u
    inner join lowest as l on u.node = l.node
    where u.neighbour > l.label
),

lowest_parent as (
    select
        node,
        min(parent) as parent
    from hung
    group by node
)

select
    h.parent as node,  -- Identifier number.
    p.parent  -- Least identifier number it reaches: the anchor.
from hung as h
inner join lowest_parent as p on h.node = p.node
where h.parent > p.parent
union
select
    node,
    parent
from lowest_parent
