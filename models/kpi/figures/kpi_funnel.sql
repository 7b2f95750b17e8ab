/*
description: Funnel KPIs by business day; from leads to won and from each stage to the next, by the
  day on which a cohort began, and how long a stage took, by the day on which it ended.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [lead_to_won, stage_conversion, stage_days]
*/
with

-- What happens after the window of a cohort does not count, so that a closed figure stays as it is.
leads as (
    select
        lead_date,
        channel,
        campaign_id,
        case
            when date_diff('day', lead_date, won_date) <= {{ kpi_window('lead_to_won') }} then 1
            else 0
        end as is_won
    from {{ ref('lead_start') }}
    where lead_date >= {{ kpi_first_day('total') }}
),

{{ by_dimension(
    'lead_facts', 'leads', ['lead_date', 'is_won'], own=['total', 'channel', 'campaign']
) }},

steps as (
    select
        a.reached_date as before_date,
        b.reached_date,
        s.stage,
        coalesce(
            date_diff('day', a.reached_date, b.reached_date)
            <= {{ kpi_window('stage_conversion') }},
            false
        ) as is_reached,
        case
            when not a.is_skipped then date_diff('day', a.reached_date, b.reached_date)
        end as step_days
    from {{ ref('stage_reached') }} as a
    inner join {{ ref('stages') }} as s on a.stage_rank + 1 = cast(s.stage_rank as bigint)
    left join {{ ref('stage_reached') }} as b
        on a.person_key = b.person_key and a.stage_rank + 1 = b.stage_rank
    where
        coalesce(b.reached_date, fn_as_of())
        >= {{ kpi_first_cohort('stage', 'stage_conversion') }}
),

figures as (
    select
        lead_date as as_of_date,
        dimension,
        member,
        sum(is_won) as won_count,
        count(*) as lead_count,
        cast(null as bigint) as reached_count,
        cast(null as bigint) as cohort_count,
        cast(null as bigint) as day_sum,
        cast(null as bigint) as mover_count,
        cast(null as decimal(24, 6)) as median_days
    from lead_facts
    group by lead_date, dimension, member
    union all
    select
        before_date as as_of_date,
        'stage' as dimension,
        stage as member,
        null as won_count,
        null as lead_count,
        coalesce(count_if(is_reached), 0) as reached_count,
        count(*) as cohort_count,
        null as day_sum,
        null as mover_count,
        null as median_days
    from steps
    where before_date >= {{ kpi_first_cohort('stage', 'stage_conversion') }}
    group by before_date, stage
    union all
    select
        reached_date as as_of_date,
        'stage' as dimension,
        stage as member,
        null as won_count,
        null as lead_count,
        null as reached_count,
        null as cohort_count,
        sum(step_days) as day_sum,
        count(*) as mover_count,
        median(step_days) as median_days
    from steps
    where step_days is not null and reached_date >= {{ kpi_first_day('stage') }}
    group by reached_date, stage
)

{{ kpi_rows('figures', [
    ['lead_to_won', 'won_count', 'lead_count'],
    ['stage_conversion', 'reached_count', 'cohort_count'],
    ['stage_days', 'day_sum', 'mover_count', 'median_days']
]) }}
