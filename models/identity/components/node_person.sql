/*
description: The person that each identifier belongs to, by numbers. The number of a person is the
  least number of its identifiers, the anchor. Candidates that join by themselves are one person.
grain: [node]
*/
{{ config(published=false) }}
select
    c.node,  -- Number of the identifier.
    coalesce(j.left_key, c.cluster_key) as person_key  -- The person within this release.
from {{ ref('node_cluster') }} as c
left join {{ ref('person_join') }} as j on c.cluster_key = j.right_key
