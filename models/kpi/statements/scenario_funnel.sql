/*
description: The funnel of each scenario (场景漏斗); of all people who ever entered it, how many came
  to each step by as_of, how long it took, and who skipped it. Staff, competitors and bots are left
  out.
grain: [scenario, step_no]
*/
with

outsiders as {{ outsiders() }},

visits as (
    select
        v.person_key,
        v.scenario,
        v.step_no,
        date_diff('day', fn_local_date(v.entered_at), fn_local_date(v.reached_at)) as step_days
    from {{ ref('scenario_step') }} as v
    anti join outsiders as o on v.person_key = o.person_key
),

entered as (
    select
        person_key,
        scenario,
        max(step_no) as last_no
    from visits
    group by person_key, scenario
),

steps as (
    select
        scenario,
        cast(step_no as bigint) as step_no,
        min(step) as step,
        min(name_zh) as name_zh,
        min(name_en) as name_en,
        max(is_entry) = 'true' as is_entry
    from {{ ref('scenario_steps') }}
    group by scenario, cast(step_no as bigint)
),

entry_counts as (
    select
        scenario,
        last_no,
        count(*) as people_count
    from entered
    group by scenario, last_no
),

-- Everybody who entered, and those who came to the step or beyond it.
sizes as (
    select
        s.scenario,
        s.step_no,
        coalesce(sum(e.people_count), 0) as entered,
        coalesce(sum(e.people_count) filter (where e.last_no >= s.step_no), 0) as passed
    from steps as s
    left join entry_counts as e on s.scenario = e.scenario
    group by s.scenario, s.step_no
),

reached as (
    select
        scenario,
        step_no,
        count(*) as reached,
        median(step_days) as median_days
    from visits
    group by scenario, step_no
)

select
    s.scenario,  -- Scenario of scenario_steps.csv.
    s.step_no,  -- Number of the step.
    s.step,  -- The step.
    s.name_zh as step_zh,  -- Chinese name of the step.
    s.name_en as step_en,  -- English name of the step.
    s.is_entry,  -- True = people may enter the scenario by this step.
    cast(z.entered as bigint) as entered,  -- People who ever entered the scenario.
    coalesce(r.reached, 0) as reached,  -- Of them, who came to this step since they entered.
    {{ ratio('coalesce(r.reached, 0)', 'z.entered') }}
        as rate,  -- reached / entered; NULL = nobody entered.
    cast(r.median_days as decimal(24, 6)) as median_days,  -- Median days from the entry to it.
    cast(z.passed - coalesce(r.reached, 0) as bigint)
        as skipped  -- People who came to a later step without this one.
from steps as s
inner join sizes as z on s.scenario = z.scenario and s.step_no = z.step_no
left join reached as r on s.scenario = r.scenario and s.step_no = r.step_no
