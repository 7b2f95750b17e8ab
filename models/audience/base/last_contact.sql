/*
description: When we last reached each person, or talked with them. Posts to groups do not count,
  and neither does what failed.
grain: [person_key]
*/
{{- config(published=false) }}
select
    t.person_key,  -- Number of the person in this release, for joins.
    max(t.occurred_at) as last_contact_at  -- Latest touch of ours, or conversation (UTC).
from {{ ref('person_touch') }} as t
where
    (
        t.direction = 'outbound'
        and t.outcome is distinct from 'failed'
        and t.medium is distinct from 'group'
    )
    or {{ is_conversation('t') }}
group by t.person_key
