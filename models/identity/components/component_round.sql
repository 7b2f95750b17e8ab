/*
description: Connected components by contraction, in scattered numbers. Nodes follow their least
  neighbour four steps down; edges then join what was reached, fewer by far; until none is left.
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

-- Where earlier nodes hang: one step follows what they hang on.
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
    parent,  -- Number it hangs on, or the other end of an edge.
    false as is_edge  -- An edge that is still to be followed.
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
