/*
description: People who saw content in the last days, by business day and by the stage that the
  content is for.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [content_reach]
*/
{{ config(published=false) }}
with

-- Who registers for content has not seen it yet.
seen as (
    select distinct
        t.person_key,
        t.channel,
        c.content_stage,
        t.occurred_date as seen_date
    from {{ ref('person_touch') }} as t
    left join {{ ref('dim_content') }} as c on t.content_id = c.content_id
    where
        t.direction = 'inbound'
        and t.content_id is not null
        and t.behaviour <> 'register'
        and t.occurred_date > fn_as_of() - {{ kpi_days('total') }} * interval 1 day
        - {{ var('mau_days') }} * interval 1 day
),

gaps as (
    select
        s.channel,
        s.content_stage,
        s.seen_date,
        {{ days_to_next(
            ['s.person_key'], 's.seen_date', ['s.channel', 's.content_stage'], var('mau_days')
        ) }} as days_after,
        {{ days_to_next(
            ['s.person_key', 's.channel'], 's.seen_date', ['s.content_stage'], var('mau_days')
        ) }} as channel_days_after,
        {{ days_to_next(
            ['s.person_key', 's.content_stage'], 's.seen_date', ['s.channel'], var('mau_days')
        ) }} as stage_days_after
    from seen as s
    inner join {{ ref('kpi_person') }} as p on s.person_key = p.person_key
),

facts as (
    select
        'total' as dimension,
        cast(null as varchar) as member,
        seen_date,
        days_after,
        count(*) as people
    from gaps
    where days_after > 0
    group by seen_date, days_after
    union all
    select
        'channel' as dimension,
        channel as member,
        seen_date,
        channel_days_after as days_after,
        count(*) as people
    from gaps
    where channel_days_after > 0
    group by channel, seen_date, channel_days_after
    union all
    select
        'content_stage' as dimension,
        content_stage as member,
        seen_date,
        stage_days_after as days_after,
        count(*) as people
    from gaps
    where stage_days_after > 0
    group by content_stage, seen_date, stage_days_after
),

deltas as (
    select
        dimension,
        member,
        seen_date as day,
        people
    from facts
    union all
    select
        dimension,
        member,
        cast(seen_date + days_after * interval 1 day as date) as day,
        -people as people
    from facts
),

{{ running_sums('daily', 'deltas', ['people']) }}

{{ kpi_rows('daily', [['content_reach', 'nullif(people, 0)']]) }}
