/*
description: The person that each identifier belongs to, by numbers. The number of a person is the
  least number of its identifiers, the anchor.
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

{{ shared_and_unlinked(ref('shared_identifier'), ref('decided_pair')) }}

select
    i.node,  -- Number of the identifier.
    coalesce(g.person_key, c.parent, i.node) as person_key  -- The person within this release.
from {{ ref('person_identifier') }} as i
left join grouped as g on i.node = g.node
left join {{ ref('component') }} as c on i.node = c.node
left join shared as s on i.node = s.node
where i.verdict = 'valid' and s.node is null
