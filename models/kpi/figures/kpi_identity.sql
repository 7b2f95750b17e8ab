/*
description: KPIs of identity by business day; how many records belong to a known person, and how
  many people two or more channels know.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [match_rate, cross_channel_rate]
*/
{{ config(published=false) }}
with

outsiders as {{ outsiders() }},

-- The records of all shapes that name people: contacts, touches, links, deals and tickets.
channel_days as (
    select
        channel,
        fn_local_date(seen_at) as seen_date,
        count(*) as record_count,
        count(person_key) as matched_count
    from {{ ref('record_owner') }}
    where seen_at >= fn_as_of_end() - {{ kpi_days('total') }} * interval 1 day
    group by channel, fn_local_date(seen_at)
),

{{ by_dimension(
    'record_facts', 'channel_days', ['seen_date', 'record_count', 'matched_count'],
    own=['total', 'channel']
) }},

matched_days as (
    select
        seen_date as as_of_date,
        dimension,
        member,
        sum(matched_count) as matched_count,
        sum(record_count) as record_count
    from record_facts
    group by seen_date, dimension, member
),

-- Since when each channel knows each person; and since when a second channel does, too.
first_records as (
    select
        person_key,
        channel,
        min(seen_at) as seen_at
    from {{ ref('record_owner') }}
    where person_key is not null and seen_at is not null
    group by person_key, channel
),

known as (
    select
        r.person_key,
        r.channel,
        fn_local_date(r.seen_at) as known_date
    from first_records as r
    anti join outsiders as o on r.person_key = o.person_key
),

placed as (
    select
        person_key,
        channel,
        known_date,
        row_number() over (partition by person_key order by known_date, channel) as place_no
    from known
),

seconds as (
    select
        person_key,
        known_date as second_date
    from placed
    where place_no = 2
),

known_steps as (
    select
        'total' as dimension,
        cast(null as varchar) as member,
        known_date as step_date,
        1 as known_step,
        0 as cross_step
    from placed
    where place_no = 1
    union all
    select
        'total' as dimension,
        cast(null as varchar) as member,
        second_date as step_date,
        0 as known_step,
        1 as cross_step
    from seconds
    union all
    select
        'channel' as dimension,
        channel as member,
        known_date as step_date,
        1 as known_step,
        0 as cross_step
    from placed
    union all
    select
        'channel' as dimension,
        p.channel as member,
        greatest(p.known_date, s.second_date) as step_date,
        0 as known_step,
        1 as cross_step
    from placed as p
    inner join seconds as s on p.person_key = s.person_key
),

first_days as (
    select min(business_date) as first_date
    from {{ ref('business_day') }}
),

-- Earlier steps count from the first day that is kept.
kept_steps as (
    select
        s.dimension,
        s.member,
        greatest(s.step_date, b.first_date) as step_date,
        sum(s.known_step) as known_step,
        sum(s.cross_step) as cross_step
    from known_steps as s
    cross join first_days as b
    group by s.dimension, s.member, greatest(s.step_date, b.first_date)
),

series as (
    select
        dimension,
        member,
        min(step_date) as begin_date
    from kept_steps
    group by dimension, member
),

known_days as (
    select
        s.dimension,
        s.member,
        d.business_date as as_of_date,
        sum(coalesce(k.known_step, 0)) over (
            partition by s.dimension, s.member order by d.business_date
            rows between unbounded preceding and current row
        ) as known_count,
        sum(coalesce(k.cross_step, 0)) over (
            partition by s.dimension, s.member order by d.business_date
            rows between unbounded preceding and current row
        ) as cross_count
    from series as s
    inner join {{ ref('business_day') }} as d on s.begin_date <= d.business_date
    left join kept_steps as k
        on
            s.dimension = k.dimension
            and s.member is not distinct from k.member
            and d.business_date = k.step_date
),

figures as (
    select
        as_of_date,
        dimension,
        member,
        matched_count,
        record_count,
        cast(null as bigint) as cross_count,
        cast(null as bigint) as known_count
    from matched_days
    union all
    select
        as_of_date,
        dimension,
        member,
        null as matched_count,
        null as record_count,
        cross_count,
        known_count
    from known_days
)

{{ kpi_rows('figures', [
    ['match_rate', 'matched_count', 'record_count'],
    ['cross_channel_rate', 'cross_count', 'known_count']
]) }}
