/*
description: The playbook (剧本) of each prospect and the step that comes next, by sop_steps.csv. The
  playbook is that of the scenario that the person entered last.
grain: [one_id]
*/
with

entries as (
    select distinct
        person_key,
        scenario,
        entered_at
    from {{ ref('scenario_step') }}
),

prospects as (
    select
        p.one_id,
        p.person_key,
        e.scenario,
        e.entered_at,
        fn_local_date(e.entered_at) as entry_date
    from entries as e
    inner join {{ ref('audience_person') }} as p on e.person_key = p.person_key
    where p.audience = 'prospect' and not p.is_won
    qualify
        row_number() over (
            partition by p.person_key order by e.entered_at desc, e.scenario asc
        ) = 1
),

-- Each touch of ours since the entry counts as a step, whatever it was about.
sent as (
    select
        t.person_key,
        count(*) as sent_count
    from {{ ref('person_touch') }} as t
    inner join prospects as p on t.person_key = p.person_key
    where
        t.direction = 'outbound'
        and t.occurred_at >= p.entered_at
        and t.outcome is distinct from 'failed'
        and t.medium is distinct from 'group'
    group by t.person_key
),

progress as (
    select
        p.one_id,
        p.person_key,
        p.scenario,
        p.entered_at,
        p.entry_date,
        coalesce(s.sent_count, 0) as sent_count
    from prospects as p
    left join sent as s on p.person_key = s.person_key
),

steps as (
    select
        scenario,
        cast(step_no as bigint) as step_no,
        cast(day as bigint) as day,
        touchpoint,
        content_format
    from {{ ref('sop_steps') }}
),

positions as (
    select
        p.one_id,
        p.person_key,
        p.scenario,
        p.entered_at,
        p.entry_date,
        p.sent_count,
        s.step_no,
        s.touchpoint,
        s.content_format,
        cast(p.entry_date + s.day * interval 1 day as date) as due_date
    from progress as p
    inner join steps as s on p.scenario = s.scenario and p.sent_count + 1 = s.step_no
)

select
    one_id,  -- The person.
    person_key,  -- Number of the person in this release, for joins.
    scenario,  -- Scenario of scenario_steps.csv, whose playbook it is.
    entered_at,  -- When the person entered the scenario (UTC).
    {{ days_ago('entry_date') }}
        as days_since_entry,  -- Business days from the entry to as_of.
    step_no,  -- Next step of the playbook; the steps before it are done.
    touchpoint,  -- Touchpoints that suit the step, separated by |; NULL = any.
    content_format,  -- Format of content that suits the step; NULL = any.
    due_date,  -- Business date of the step.
    due_date <= fn_as_of() as is_due,  -- True = the step is due on as_of, or was due before.
    sent_count  -- Touches of ours since the entry, without failed ones and groups.
from positions
