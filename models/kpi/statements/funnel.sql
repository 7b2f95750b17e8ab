/*
description: The funnel (漏斗) of people by the week in which they came; how many reached each stage
  by as_of, the rate from the stage before, and how long it took. Staff, competitors and bots are
  left out.
grain: [cohort_week, channel, stage]
*/
with

people as (
    select
        r.person_key,
        {{ week_of('r.reached_date') }} as cohort_week,
        p.first_channel as channel
    from {{ ref('stage_reached') }} as r
    inner join {{ ref('person') }} as p on r.person_key = p.person_key
    where
        r.stage_rank = 1
        and {{ week_of('r.reached_date') }} >= {{ kpi_first_day('channel') }}
),

cohorts as (
    select
        cohort_week,
        channel
    from people
    group by cohort_week, channel
),

steps as (
    select
        p.cohort_week,
        p.channel,
        r.stage_rank,
        count(*) as reached,
        median(
            case when not b.is_skipped then date_diff('day', b.reached_date, r.reached_date) end
        ) as median_days
    from people as p
    inner join {{ ref('stage_reached') }} as r on p.person_key = r.person_key
    left join {{ ref('stage_reached') }} as b
        on r.person_key = b.person_key and r.stage_rank = b.stage_rank + 1
    group by p.cohort_week, p.channel, r.stage_rank
),

rows_of_stages as (
    select
        c.cohort_week,
        c.channel,
        s.stage,
        cast(s.stage_rank as bigint) as stage_rank,
        s.name_zh,
        s.name_en,
        coalesce(t.reached, 0) as reached,
        t.median_days,
        lag(coalesce(t.reached, 0)) over (
            partition by c.cohort_week, c.channel order by cast(s.stage_rank as bigint)
        ) as reached_before
    from cohorts as c
    cross join {{ ref('stages') }} as s
    left join steps as t
        on
            c.cohort_week = t.cohort_week
            and c.channel is not distinct from t.channel
            and cast(s.stage_rank as bigint) = t.stage_rank
)

select
    r.cohort_week,  -- Week in which the people first reached any stage: its Monday.
    r.channel,  -- Channel that brought them: that of the earliest record.
    d.name_zh as channel_zh,  -- Chinese name of the channel.
    d.name_en as channel_en,  -- English name of the channel.
    r.stage,  -- Stage.
    r.name_zh as stage_zh,  -- Chinese name of the stage.
    r.name_en as stage_en,  -- English name of the stage.
    r.stage_rank,  -- Order: 1 visitor … 6 won.
    r.reached,  -- People who reached the stage, or one beyond it, by as_of.
    {{ ratio('r.reached', 'r.reached_before') }}
        as rate_from_before,  -- reached / reached of the stage before; NULL = nobody or no stage.
    cast(r.median_days as decimal(24, 6)) as median_days,  -- Median days from the stage before.
    {{ days_ago('r.cohort_week') }} < 6 + {{ kpi_window('stage_conversion') }}
        as is_immature  -- True = window of stage_conversion still open for some of the week.
from rows_of_stages as r
left join {{ ref('dim_channel') }} as d on r.channel = d.channel
