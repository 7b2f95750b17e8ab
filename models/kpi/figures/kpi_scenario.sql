/*
description: How many of the people who entered a scenario on a business day came to each step of it
  in time.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [scenario_step_rate]
*/
{{ config(published=false) }}
with

-- Staff, competitors and bots are not people of a scenario.
outsiders as {{ outsiders() }},

visits as (
    select
        v.person_key,
        v.scenario,
        v.step_no,
        fn_local_date(v.entered_at) as entered_date,
        fn_local_date(v.reached_at) as reached_date
    from {{ ref('scenario_step') }} as v
    anti join outsiders as o on v.person_key = o.person_key
    where
        fn_local_date(v.entered_at)
        >= {{ kpi_first_cohort('scenario_step', 'scenario_step_rate') }}
),

entries as (
    select
        scenario,
        entered_date,
        count(distinct person_key) as entered_count
    from visits
    group by scenario, entered_date
),

in_time as (
    select
        scenario,
        step_no,
        entered_date,
        count(*) as reached_count
    from visits
    where
        date_diff('day', entered_date, reached_date) <= {{ kpi_window('scenario_step_rate') }}
    group by scenario, step_no, entered_date
),

steps as (
    select distinct
        scenario,
        cast(step_no as bigint) as step_no
    from {{ ref('scenario_steps') }}
),

figures as (
    select
        e.entered_date as as_of_date,
        'scenario_step' as dimension,
        s.scenario || ':' || cast(s.step_no as varchar) as member,
        coalesce(t.reached_count, 0) as reached_count,
        e.entered_count
    from entries as e
    inner join steps as s on e.scenario = s.scenario
    left join in_time as t
        on
            s.scenario = t.scenario
            and s.step_no = t.step_no
            and e.entered_date = t.entered_date
)

{{ kpi_rows('figures', [['scenario_step_rate', 'reached_count', 'entered_count']]) }}
