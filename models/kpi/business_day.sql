/*
description: The business days that KPIs are kept for, from the first day with data to as_of.
grain: [business_date]
*/
with

first_days as (
    select fn_local_date(min(occurred_at)) as first_date
    from {{ ref('touch') }}
    union all
    select min(revenue_date) as first_date
    from {{ ref('revenue_line') }}
    union all
    select fn_local_date(min(moved_at)) as first_date
    from {{ ref('stage_transition') }}
),

bounds as (
    select
        greatest(
            coalesce(min(first_date), fn_as_of()),
            fn_as_of() - {{ var('kpi_days') - 1 }} * interval 1 day
        ) as from_date,
        fn_as_of() as to_date
    from first_days
)

select
    cast(d.day as date) as business_date,  -- Business date.
    date_diff('day', cast(d.day as date), fn_as_of()) as days_ago,  -- 0 = as_of.
    date_diff('day', date '1900-01-01', cast(d.day as date)) % 7 as weekday  -- 0 = Monday.
from bounds as b
cross join
    unnest(generate_series(
        cast(b.from_date as timestamp), cast(b.to_date as timestamp), interval 1 day
    )) as d (day)
