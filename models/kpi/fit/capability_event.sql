/*
description: Events that began within capability_days, which are campaigns that people attended,
  with their participants. Without staff, competitors and bots.
grain: [campaign_id]
*/
{{ config(published=false) }}
with

attendances as (
    select
        t.campaign_id,
        t.person_key,
        t.occurred_date
    from {{ ref('person_touch') }} as t
    inner join {{ ref('event_forms') }} as f on t.action = f.action
    inner join {{ ref('kpi_person') }} as p on t.person_key = p.person_key
    where
        t.behaviour = 'attend'
        and t.campaign_id is not null
        and t.outcome is distinct from 'failed'
        and t.occurred_at < fn_as_of_end()
)

select
    campaign_id,  -- Campaign of the event.
    min(occurred_date) as first_date,  -- Business date of the first attendance.
    count(distinct person_key) as participant_count  -- People who attended, also by replay.
from attendances
group by campaign_id
having min(occurred_date) > fn_as_of() - {{ var('capability_days') }} * interval 1 day
