/*
description: Different touches of ours that arrived at leads, each by when it first arrived. What
  counts as different is as in the tag six_touch_progress.
grain: [person_key, content_id, medium]
*/
{{ config(published=false) }}
select
    t.person_key,  -- Number of the person in this release; joins identity.person.
    t.content_id,  -- Content; NULL = without content, the medium alone counts.
    t.medium,  -- Medium of the contact.
    min(t.occurred_at) as first_at,  -- When it first arrived (UTC).
    min(t.occurred_date) as first_date  -- Business date of first_at.
from {{ ref('person_touch') }} as t
semi join {{ ref('lead_start') }} as l on t.person_key = l.person_key
where
    t.direction = 'outbound'
    and t.medium is distinct from 'group'
    and (t.outcome in ('delivered', 'clicked') or {{ is_conversation('t') }})
group by t.person_key, t.content_id, t.medium
