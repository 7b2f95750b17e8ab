/*
description: Business days on which people did something, a row for each channel, with the time to
  the days before and after. KPIs of activity are computed from it.
grain: [person_key, channel, active_date]
*/
{{ config(published=false) }}
with

-- Numbers instead of texts and dates, because every touch of more than a year is sorted twice.
channels as (
    select
        channel,
        cast(row_number() over (order by channel) as integer) as channel_no
    from (select distinct channel from {{ ref('person_touch') }}) as named
),

channel_counts as (
    select cast(count(*) + 1 as bigint) as channel_count
    from channels
),

days as (
    select distinct
        t.person_key,
        c.channel_no,
        cast(date_diff('day', date '1970-01-01', t.occurred_date) as integer) as day_no
    from {{ ref('person_touch') }} as t
    inner join channels as c on t.channel = c.channel
    where
        t.direction = 'inbound'
        and t.occurred_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
        - {{ var('mau_days') }} * interval 1 day
),

-- The rows of a person in the order of their days, and of the channels within a day.
placed as (
    select
        d.person_key,
        d.channel_no,
        d.day_no,
        d.day_no * n.channel_count + d.channel_no as place
    from days as d
    cross join channel_counts as n
),

followed as (
    select
        person_key,
        channel_no,
        day_no,
        lag(day_no) over (partition by person_key order by place) as day_before,
        lead(day_no) over (partition by person_key order by place) as day_after,
        lead(day_no) over (
            partition by person_key, channel_no order by day_no
        ) as channel_day_after
    from placed
)

select
    f.person_key,  -- Number of the person in this release; joins identity.person.
    p.peer_key,  -- Who stands for the person in KPIs by dimension, as in kpi_person.
    c.channel,  -- Channel of the touches.
    cast(date '1970-01-01' + f.day_no * interval 1 day as date)
        as active_date,  -- Business date with a touch by the person.
    f.day_no - f.day_before
        as days_before,  -- Days since the day before; 0 = a row of the same day; NULL = the first.
    least(coalesce(f.day_after - f.day_no, {{ var('mau_days') }}), {{ var('mau_days') }})
        as days_after,  -- Days to the next day, at most mau_days; 0 = another row of the same day.
    least(coalesce(f.channel_day_after - f.day_no, {{ var('mau_days') }}), {{ var('mau_days') }})
        as channel_days_after  -- The same, in this channel alone.
from followed as f
inner join channels as c on f.channel_no = c.channel_no
inner join {{ ref('kpi_person') }} as p on f.person_key = p.person_key
