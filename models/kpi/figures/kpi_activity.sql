/*
description: Active people by business day; of the day, of a week and of a month, and how often they
  come.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [dau, wau, mau, visit_frequency]
*/
{{ config(published=false) }}
with

-- Everybody who stands for the same people, by day and by the days to their next one.
peers as (
    select
        peer_key as person_key,
        active_date,
        days_after,
        count(*) as people
    from {{ ref('active_day') }}
    where
        days_after > 0
        and active_date > fn_as_of() - {{ kpi_days('campaign') }} * interval 1 day
        - {{ var('mau_days') }} * interval 1 day
    group by peer_key, active_date, days_after
),

{{ by_dimension(
    'peer_facts', 'peers', ['active_date', 'days_after', 'people'],
    of_person=['campaign', 'scene', 'staff', 'team', 'segment', 'industry']
) }},

facts as (
    select
        dimension,
        member,
        active_date,
        days_after,
        sum(people) as people
    from peer_facts
    group by dimension, member, active_date, days_after
    union all
    select
        'total' as dimension,
        cast(null as varchar) as member,
        active_date,
        days_after,
        count(*) as people
    from {{ ref('active_day') }}
    where days_after > 0
    group by active_date, days_after
    union all
    select
        'channel' as dimension,
        channel as member,
        active_date,
        channel_days_after as days_after,
        count(*) as people
    from {{ ref('active_day') }}
    group by channel, active_date, channel_days_after
),

-- A day of a person counts in dau on that day, in wau and mau until the next day of the person or
-- the end of the window, and in visits until the end of the window.
deltas as (
    select
        dimension,
        member,
        active_date as day,
        people as dau,
        people as wau,
        people as mau,
        people as visits
    from facts
    union all
    select
        dimension,
        member,
        cast(active_date + interval 1 day as date) as day,
        -people as dau,
        0 as wau,
        0 as mau,
        0 as visits
    from facts
    union all
    select
        dimension,
        member,
        cast(active_date + least(days_after, {{ var('wau_days') }}) * interval 1 day as date)
            as day,
        0 as dau,
        -people as wau,
        0 as mau,
        0 as visits
    from facts
    union all
    select
        dimension,
        member,
        cast(active_date + days_after * interval 1 day as date) as day,
        0 as dau,
        0 as wau,
        -people as mau,
        0 as visits
    from facts
    union all
    select
        dimension,
        member,
        cast(active_date + {{ var('mau_days') }} * interval 1 day as date) as day,
        0 as dau,
        0 as wau,
        0 as mau,
        -people as visits
    from facts
),

{{ running_sums('daily', 'deltas', ['dau', 'wau', 'mau', 'visits']) }}

-- Days without anybody are no rows: whether nobody came or nothing was delivered is not known here.
{{ kpi_rows('daily', [
    ['dau', 'nullif(dau, 0)'],
    ['wau', 'nullif(wau, 0)'],
    ['mau', 'nullif(mau, 0)'],
    ['visit_frequency', 'nullif(visits, 0)', 'mau']
]) }}
