/*
description: The person that each identifier belongs to by records and human decisions, before
  candidates join by themselves (join_candidates_from). The number of a person is the least number
  of its identifiers.
grain: [node]
*/
{{ config(published=false) }}
with

grouped as (
    select
        node,
        node_group as cluster_key
    from {{ ref('agglomeration') }}
    union
    select
        lesser_node as node,
        lesser_group as cluster_key
    from {{ ref('agglomeration') }}
),

{{ shared_and_unlinked(ref('shared_identifier'), ref('decided_pair')) }}

select
    i.node,  -- Number of the identifier.
    coalesce(g.cluster_key, c.parent, i.node) as cluster_key  -- The person within this release.
from {{ ref('person_identifier') }} as i
left join grouped as g on i.node = g.node
left join {{ ref('component') }} as c on i.node = c.node
left join shared as s on i.node = s.node
where i.verdict = 'valid' and s.node is null
