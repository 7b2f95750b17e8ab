/*
description: The first four steps of each node towards its least neighbour. They already complete
  most components.
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
    label  -- Number of the identifier that it reached.
from reached
