/*
description: The business days that costs and customers are counted on; the kept days, the rest of
  their first month, and the days that moving figures of the first kept day cover. Nothing before
  the first data.
grain: [cost_date]
*/
{{ config(published=false) }}
with

first_days as (
    select min(business_date) as first_date
    from {{ ref('business_day') }}
    union all
    select min(spend_date) as first_date
    from {{ ref('spend') }}
    union all
    select min(occurred_date) as first_date
    from {{ ref('person_touch') }}
    union all
    select min(revenue_date) as first_date
    from {{ ref('revenue_line') }}
),

bounds as (
    select
        greatest(
            min(first_date),
            least(
                cast(date_trunc('month', {{ kpi_first_day('total') }}) as date),
                cast(
                    {{ kpi_first_day('total') }}
                    - {{ var('economics_days') - 1 }} * interval 1 day as date
                )
            )
        ) as from_date
    from first_days
)

select
    cast(d.day as date) as cost_date,  -- Business date.
    cast(date_trunc('month', cast(d.day as date)) as date)
        as month_date,  -- First day of its month.
    day(cast(d.day as date)) as day_no,  -- Its number in the month.
    row_number() over (
        partition by date_trunc('month', cast(d.day as date)) order by d.day
    ) as counted_no,  -- Its number among the days of the month that are counted.
    count(*) over (
        partition by date_trunc('month', cast(d.day as date))
    ) as counted_days,  -- Days of the month that are counted; of a running month, up to as_of.
    day(
        date_trunc('month', cast(d.day as date)) + interval 1 month - interval 1 day
    ) as month_days  -- All days of the month.
from bounds as b
cross join
    unnest(generate_series(
        cast(b.from_date as timestamp), cast(fn_as_of() as timestamp), interval 1 day
    )) as d (day)
