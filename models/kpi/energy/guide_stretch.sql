/*
description: From when to when each person was a guide customer (导购客群), whoever of our staff held
  them; see guide_customer. Stretches do not overlap.
grain: [person_key, from_date]
*/
{{ config(published=false) }}
with

-- Half-open: the day on which nobody holds a person any more no longer belongs to it.
parts as (
    select
        person_key,
        fn_local_date(held_from) as from_date,
        coalesce(fn_local_date(held_to), date '9999-01-01') as to_date
    from {{ ref('guide_customer') }}
    where held_from < fn_as_of_end()
),

-- A part begins a new stretch if all parts before have ended by then.
marked as (
    select
        person_key,
        from_date,
        to_date,
        case
            when from_date <= max(to_date) over (
                partition by person_key order by from_date, to_date
                rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as is_first
    from parts
    where from_date < to_date
),

numbered as (
    select
        person_key,
        from_date,
        to_date,
        sum(is_first) over (
            partition by person_key order by from_date, to_date
            rows between unbounded preceding and current row
        ) as stretch_no
    from marked
)

select
    person_key,  -- Number of the person in this release, for joins.
    min(from_date) as from_date,  -- First day.
    max(to_date) as to_date  -- The day after the last one; 9999-01-01 = still a guide customer.
from numbered
group by person_key, stretch_no
