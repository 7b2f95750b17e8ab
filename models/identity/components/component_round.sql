/*
description: Connected components by contraction, in scattered numbers. Each round moves every node
  four steps towards its least neighbour and joins the edges between the nodes that were reached,
  until no edge is left.
grain: [node, parent, is_edge]
*/
{{ config(materialized='fixpoint', seed=ref('component_seed'), published=false) }}
with

ends as (
    select
        node,
        parent as neighbour
    from {{ this }}
    where is_edge
    union all
    select
        parent as node,
        node as neighbour
    from {{ this }}
    where is_edge
),

{{ four_steps_down('ends') }},

-- Earlier nodes follow the step of their parent.
hung as (
    select
        t.node,
        coalesce(r.label, t.parent) as parent
    from {{ this }} as t
    left join reached as r on t.parent = r.node
    where not t.is_edge
),

newly_hung as (
    select
        r.node,
        r.label as parent
    from reached as r
    anti join hung as h on r.node = h.node
    where r.node > r.label
),

edges as (
    select distinct
        greatest(a.label, b.label) as node,
        least(a.label, b.label) as parent
    from {{ this }} as t
    inner join reached as a on t.node = a.node
    inner join reached as b on t.parent = b.node
    where t.is_edge and a.label <> b.label
)

select
    node,  -- Identifier number.
    parent,  -- Parent number, or the other end of an edge.
    false as is_edge  -- True = an edge that has not been followed yet.
from hung
union all
select
    node,
    parent,
    false as is_edge
from newly_hung
union all
select
    node,
    parent,
    true as is_edge
from edges
