/*
description: How leads are handed over by business day 线索交接; how long it takes until somebody works
  on them, whether that is in time, and how many of those whom an SDR gets reach sales.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [handoff_hours, handoff_accept_rate, mql_to_sql]
*/
{{ config(published=false) }}
with

handoffs as (
    select
        person_key,
        step,
        qualified_at,
        due_at,
        accepted_at,
        hours_to_accept,
        is_in_time,
        channel,
        owner_staff as staff_id
    from {{ ref('lead_handoff') }}
),

sales as (
    select
        person_key,
        qualified_at as sales_at
    from handoffs
    where step = 'sdr_to_sales'
    union all
    select
        t.person_key,
        t.moved_at as sales_at
    from {{ ref('stage_transition') }} as t
    inner join {{ ref('stages') }} as s on t.to_stage = s.stage
    inner join {{ ref('stages') }} as p
        on p.stage = 'pending' and cast(s.stage_rank as bigint) >= cast(p.stage_rank as bigint)
    where t.direction <> 'back'
),

-- Whoever had reached sales before an SDR got the person must reach it again.
reached as (
    select
        h.person_key,
        min(s.sales_at) as sales_at
    from handoffs as h
    inner join sales as s on h.person_key = s.person_key and h.qualified_at <= s.sales_at
    where h.step = 'marketing_to_sdr'
    group by h.person_key
),

events as (
    select
        fn_local_date(accepted_at) as event_date,
        channel,
        staff_id,
        hours_to_accept as hours,
        cast(null as bigint) as in_time,
        cast(null as bigint) as at_sales
    from handoffs
    where accepted_at is not null
    union all
    select
        fn_local_date(qualified_at) as event_date,
        channel,
        staff_id,
        null as hours,
        case when is_in_time then 1 else 0 end as in_time,
        null as at_sales
    from handoffs
    where due_at is not null
    union all
    select
        fn_local_date(h.qualified_at) as event_date,
        h.channel,
        h.staff_id,
        null as hours,
        null as in_time,
        case
            when
                date_diff('day', fn_local_date(h.qualified_at), fn_local_date(r.sales_at))
                <= {{ kpi_window('mql_to_sql') }}
                then 1
            else 0
        end as at_sales
    from handoffs as h
    left join reached as r on h.person_key = r.person_key
    where h.step = 'marketing_to_sdr'
),

{{ by_dimension(
    'facts', 'events', ['event_date', 'hours', 'in_time', 'at_sales'],
    own=['total', 'channel', 'staff', 'team']
) }},

daily as (
    select
        event_date as as_of_date,
        dimension,
        member,
        sum(hours) as hours,
        count(hours) as accepted_count,
        cast(median(cast(hours as double)) as decimal(24, 6)) as median_hours,
        sum(in_time) as in_time_count,
        count(in_time) as due_count,
        sum(at_sales) as sales_count,
        count(at_sales) as sdr_count
    from facts
    group by event_date, dimension, member
)

{{ kpi_rows('daily', [
    ['handoff_hours', 'hours', 'accepted_count', 'median_hours'],
    ['handoff_accept_rate', 'in_time_count', 'due_count'],
    ['mql_to_sql', 'sales_count', 'sdr_count']
]) }}
