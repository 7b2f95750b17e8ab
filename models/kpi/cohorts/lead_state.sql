/*
description: Open leads over the kept days, by how many different touches of ours they had got and
  whether they were silent; half-open stretches of business days, by the state at the end of a day.
grain: [person_key, from_date]
*/
{{ config(published=false) }}
with

-- What happened before the first kept day counts on that day.
bounds as (
    select {{ kpi_first_day('total') }} as first_date
),

open_times as (
    select
        i.person_key,
        greatest(fn_local_date(i.valid_from), b.first_date) as from_date,
        fn_local_date(i.valid_to) as to_date
    from {{ ref('stage_interval') }} as i
    inner join {{ ref('stages') }} as s on i.stage = s.stage
    cross join bounds as b
    semi join {{ ref('lead_start') }} as l on i.person_key = l.person_key
    where
        cast(s.stage_rank as bigint) >= {{ stage_rule('lead_rank') }}
        and cast(s.stage_rank as bigint) < {{ stage_rank('won') }}
),

open_stretches as (
    select
        person_key,
        from_date,
        to_date
    from open_times
    where to_date is null or to_date > from_date
),

active_days as (
    select distinct
        t.person_key,
        t.occurred_date
    from {{ ref('person_touch') }} as t
    cross join bounds as b
    semi join open_stretches as o on t.person_key = o.person_key
    where
        t.direction = 'inbound'
        and t.occurred_date > b.first_date - {{ threshold('silent_days') }} * interval 1 day
),

neighbours as (
    select
        person_key,
        occurred_date,
        lag(occurred_date) over (partition by person_key order by occurred_date) as date_before,
        lead(occurred_date) over (partition by person_key order by occurred_date) as date_after
    from active_days
),

changes as (
    select
        person_key,
        from_date as change_date,
        1 as open_change,
        0 as touch_change,
        0 as active_change
    from open_stretches
    union all
    select
        person_key,
        to_date as change_date,
        -1 as open_change,
        0 as touch_change,
        0 as active_change
    from open_stretches
    where to_date is not null
    union all
    select
        c.person_key,
        greatest(c.first_date, b.first_date) as change_date,
        0 as open_change,
        1 as touch_change,
        0 as active_change
    from {{ ref('lead_contact') }} as c
    cross join bounds as b
    semi join open_stretches as o on c.person_key = o.person_key
    union all
    select
        n.person_key,
        greatest(n.occurred_date, b.first_date) as change_date,
        0 as open_change,
        0 as touch_change,
        1 as active_change
    from neighbours as n
    cross join bounds as b
    where
        n.date_before is null
        or date_diff('day', n.date_before, n.occurred_date) >= {{ threshold('silent_days') }}
    union all
    select
        person_key,
        cast(occurred_date + {{ threshold('silent_days') }} * interval 1 day as date)
            as change_date,
        0 as open_change,
        0 as touch_change,
        -1 as active_change
    from neighbours
    where
        date_after is null
        or date_diff('day', occurred_date, date_after) >= {{ threshold('silent_days') }}
),

days as (
    select
        person_key,
        change_date,
        sum(open_change) as open_change,
        sum(touch_change) as touch_change,
        sum(active_change) as active_change
    from changes
    where change_date <= fn_as_of()
    group by person_key, change_date
    having
        sum(open_change) <> 0 or sum(touch_change) <> 0 or sum(active_change) <> 0
),

states as (
    select
        person_key,
        change_date,
        sum(open_change) over (partition by person_key order by change_date) as open_count,
        sum(touch_change) over (partition by person_key order by change_date) as touch_count,
        sum(active_change) over (partition by person_key order by change_date) as active_count,
        lead(change_date) over (partition by person_key order by change_date) as next_date
    from days
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    change_date as from_date,  -- First business date.
    next_date as to_date,  -- Business date after the last one; NULL = up to as_of.
    cast(touch_count as bigint) as touch_count,  -- Different touches of ours that had arrived.
    active_count = 0 as is_silent  -- True = no touch of the person in the last silent_days days.
from states
where open_count > 0
