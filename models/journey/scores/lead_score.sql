/*
description: The lead score (线索评分) of each person at the end of as_of, and its parts. People without
  a part that still counts are not listed.
grain: [one_id]
*/
with

sums as (
    select
        person_key,
        one_id,
        sum(score) as score,
        sum(case when part = 'behaviour' then score else 0 end) as behaviour_score,
        sum(case when part = 'sequence' then score else 0 end) as sequence_score,
        sum(case when part = 'call_to_action' then score else 0 end) as call_score,
        count(*) as part_count,
        max(occurred_at) as last_part_at
    from {{ ref('lead_score_part') }}
    group by person_key, one_id
)

select
    s.one_id,  -- The person.
    s.person_key,  -- Number of the person in this release, for joins.
    cast(s.score as decimal(18, 9))
        as score,  -- Sum of the parts; above intent_score the person can show intent.
    cast(s.behaviour_score as decimal(18, 9)) as behaviour_score,  -- Part of it from behaviours.
    cast(s.sequence_score as decimal(18, 9)) as sequence_score,  -- Part of it from sequences.
    cast(s.call_score as decimal(18, 9)) as call_score,  -- Part of it from calls to action.
    s.part_count,  -- Number of parts that still count.
    s.last_part_at,  -- When the latest part was earned (UTC).
    x.kind as exclusion  -- learner, competitor, bot, staff or partner; NULL = not excluded.
from sums as s
left join {{ ref('person_exclusion') }} as x on s.person_key = x.person_key
