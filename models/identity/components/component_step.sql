/*
description: Every node follows its least neighbour four steps down; most components come together
  by that alone.
grain: [node]
*/
{{ config(published=false) }}
with

ends as (
    select
        node,
        parent as neighbour
    from {{ ref('node_edge') }}
    union all
    select
        parent as node,
        node as neighbour
    from {{ ref('node_edge') }}
),

{{ four_steps_down('ends') }}

select
    node,  -- Identifier number.
    label  -- Identifier number it reached.
from reached
