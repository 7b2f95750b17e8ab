/*
description: The stage of each person over time, as half-open intervals without gap or overlap. One
  filter gives the state at any past date.
grain: [one_id, valid_from]
*/
{%- set days = var('dormant_days') %}
{{ config(
    restate='person', calendar=['occurred_at + ' ~ days, 'moved_at + ' ~ days]
) }}
with

ordered_moves as (
    select
        t.person_key,
        t.moved_at,
        t.to_stage,
        row_number() over (
            partition by t.person_key, t.moved_at
            order by
                case when t.direction = 'back' then 0 else 1 end,
                cast(s.stage_rank as bigint) desc
        ) as from_last
    from {{ ref('stage_transition') }} as t
    inner join {{ ref('stages') }} as s on t.to_stage = s.stage
),

moves as (
    select
        person_key,
        moved_at,
        to_stage
    from ordered_moves
    where from_last = 1
),

activity as (
    select
        person_key,
        occurred_at as active_at
    from {{ ref('person_touch') }}
    where direction = 'inbound'
    union all
    select
        person_key,
        min(moved_at) as active_at
    from moves
    group by person_key
),

pauses as (
    select
        person_key,
        active_at + interval {{ var('dormant_days') }} day as dormant_at,
        lead(active_at) over (partition by person_key order by active_at) as awake_at
    from activity
),

sleeps as (
    select
        person_key,
        dormant_at,
        awake_at
    from pauses
    where dormant_at < coalesce(awake_at, fn_as_of_end())
),

points as (
    select
        person_key,
        moved_at as changed_at,
        to_stage as stage,
        cast(null as bigint) as dormancy
    from moves
    union all
    select
        person_key,
        dormant_at as changed_at,
        cast(null as varchar) as stage,
        1 as dormancy
    from sleeps
    union all
    select
        person_key,
        awake_at as changed_at,
        cast(null as varchar) as stage,
        0 as dormancy
    from sleeps
    where awake_at is not null
),

changes as (
    select
        person_key,
        changed_at,
        max(stage) as stage,
        min(dormancy) as dormancy
    from points
    group by person_key, changed_at
),

carried as (
    select
        person_key,
        changed_at,
        last_value(stage ignore nulls) over (
            partition by person_key order by changed_at
            rows between unbounded preceding and current row
        ) as stage,
        last_value(dormancy ignore nulls) over (
            partition by person_key order by changed_at
            rows between unbounded preceding and current row
        ) as dormancy,
        lead(changed_at) over (partition by person_key order by changed_at) as next_at
    from changes
)

select
    p.one_id,  -- The person.
    c.person_key,  -- Number of the person in this release, for joins.
    c.stage,  -- Stage during the interval.
    coalesce(c.dormancy = 1, false) as is_dormant,  -- True = no inbound touch for dormant_days.
    c.changed_at as valid_from,  -- Beginning (UTC, included).
    c.next_at as valid_to  -- End (UTC, not included); NULL = still valid.
from carried as c
inner join {{ ref('person') }} as p on c.person_key = p.person_key
where c.stage is not null
