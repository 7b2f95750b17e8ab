/*
description: How often leads heard from us (六触), by business day; open leads by the number of
  different touches of ours, those who heard too little, and how many are won after how many.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [six_touch_share, conversion_by_touches, undertouched_leads]
*/
{{ config(published=false) }}
with

days as (
    select
        business_date,
        days_ago
    from {{ ref('business_day') }}
),

states as (
    select
        person_key,
        from_date,
        to_date,
        {{ band('six_touch_progress', 'touch_count') }} as touch_band,
        is_silent and touch_count <= {{ threshold('under_touches') }} as is_undertouched
    from {{ ref('lead_state') }}
),

-- 1. Open leads of each day by touches: one more from the first day on, one less after the last.
band_changes as (
    select
        change_date,
        touch_band,
        sum(change) as change
    from (
        select
            from_date as change_date,
            touch_band,
            1 as change
        from states
        union all
        select
            to_date as change_date,
            touch_band,
            -1 as change
        from states
        where to_date is not null
    ) as c
    group by change_date, touch_band
),

bands as (
    select distinct band as touch_band
    from {{ ref('tag_bands') }}
    where tag_code = 'six_touch_progress'
),

band_days as (
    select
        d.business_date,
        b.touch_band,
        sum(coalesce(c.change, 0)) over (
            partition by b.touch_band order by d.business_date
        ) as lead_count
    from days as d
    cross join bands as b
    left join band_changes as c
        on d.business_date = c.change_date and b.touch_band = c.touch_band
),

shares as (
    select
        business_date,
        touch_band,
        lead_count,
        sum(lead_count) over (partition by business_date) as open_count
    from band_days
),

-- 2. Open leads who were silent and had heard too little, who they belong to as of today.
person_changes as (
    select
        person_key,
        change_date,
        sum(change) as change
    from (
        select
            person_key,
            from_date as change_date,
            1 as change
        from states
        where is_undertouched
        union all
        select
            person_key,
            to_date as change_date,
            -1 as change
        from states
        where is_undertouched and to_date is not null
    ) as c
    group by person_key, change_date
    having sum(change) <> 0
),

{{ by_dimension(
    'undertouched', 'person_changes', ['change_date', 'change'],
    own=['total'], of_person=['channel', 'campaign', 'scene', 'staff', 'team']
) }},

member_changes as (
    select
        dimension,
        member,
        change_date,
        sum(change) as change
    from undertouched
    group by dimension, member, change_date
),

members as (
    select
        dimension,
        member,
        min(change_date) as first_date
    from member_changes
    group by dimension, member
),

member_days as (
    select
        m.dimension,
        m.member,
        d.business_date,
        d.days_ago,
        sum(coalesce(c.change, 0)) over (
            partition by m.dimension, m.member order by d.business_date
        ) as lead_count
    from members as m
    inner join days as d on m.first_date <= d.business_date
    left join member_changes as c
        on
            m.dimension = c.dimension
            and m.member is not distinct from c.member
            and d.business_date = c.change_date
),

-- 3. Leads of each day by the touches of ours until they were won, or until the window's end.
cohorts as (
    select
        l.person_key,
        l.lead_date,
        case
            when
                date_diff('day', l.lead_date, l.won_date)
                <= {{ kpi_window('conversion_by_touches') }}
                then l.won_at
        end as won_at
    from {{ ref('lead_start') }} as l
    where l.lead_date >= {{ kpi_first_day('touch_count') }}
),

heard as (
    select
        l.person_key,
        l.lead_date,
        l.won_at is not null as is_won,
        count(c.person_key) as touch_count
    from cohorts as l
    left join {{ ref('lead_contact') }} as c
        on
            l.person_key = c.person_key
            and coalesce(l.won_at > c.first_at, true)
            and date_diff('day', l.lead_date, c.first_date)
            <= {{ kpi_window('conversion_by_touches') }}
    group by l.person_key, l.lead_date, l.won_at
),

conversions as (
    select
        lead_date,
        {{ band('six_touch_progress', 'touch_count') }} as touch_band,
        coalesce(count_if(is_won), 0) as won_count,
        count(*) as cohort_count
    from heard
    group by lead_date, {{ band('six_touch_progress', 'touch_count') }}
),

figures as (
    select
        business_date as as_of_date,
        'touch_count' as dimension,
        touch_band as member,
        lead_count,
        open_count,
        cast(null as bigint) as won_count,
        cast(null as bigint) as cohort_count,
        cast(null as bigint) as undertouched_count
    from shares
    where open_count > 0
    union all
    select
        lead_date as as_of_date,
        'touch_count' as dimension,
        touch_band as member,
        null as lead_count,
        null as open_count,
        won_count,
        cohort_count,
        null as undertouched_count
    from conversions
    union all
    select
        business_date as as_of_date,
        dimension,
        member,
        null as lead_count,
        null as open_count,
        null as won_count,
        null as cohort_count,
        lead_count as undertouched_count
    from member_days
    where
        dimension in ('total', 'channel')
        or days_ago < {{ kpi_days('staff') }}
)

{{ kpi_rows('figures', [
    ['six_touch_share', 'lead_count', 'open_count'],
    ['conversion_by_touches', 'won_count', 'cohort_count'],
    ['undertouched_leads', 'undertouched_count']
]) }}
