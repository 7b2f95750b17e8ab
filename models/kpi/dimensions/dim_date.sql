/*
description: Calendar of business dates; weeks 周 (ISO, from Monday), months 月 and quarters 季度, to
  join with any *_date.
grain: [calendar_date]
*/
with

first_days as (
    select fn_local_date(min(occurred_at)) as first_date
    from {{ ref('touch') }}
    union all
    select fn_local_date(min(occurred_at)) as first_date
    from {{ ref('deal') }}
    union all
    select fn_local_date(min(started_at)) as first_date
    from {{ ref('link') }}
    union all
    select fn_local_date(min(opened_at)) as first_date
    from {{ ref('ticket') }}
    union all
    select fn_local_date(min(observed_at)) as first_date
    from {{ ref('contact') }}
    union all
    select min(spend_date) as first_date
    from {{ ref('spend') }}
),

bounds as (
    select
        date_trunc(
            'year',
            greatest(
                coalesce(min(first_date), fn_as_of()),
                cast('{{ var('calendar_from_year') }}-01-01' as date)
            )
        ) as from_date,
        date_trunc('year', fn_as_of())
        + {{ var('calendar_years_ahead') + 1 }} * interval 1 year
        - interval 1 day as to_date
    from first_days
),

days as (
    select
        cast(d.day as date) as calendar_date,
        date_diff('day', date '1900-01-01', cast(d.day as date)) % 7 as weekday
    from bounds as b
    cross join
        unnest(generate_series(
            cast(b.from_date as timestamp), cast(b.to_date as timestamp), interval 1 day
        )) as d (day)
),

-- An ISO week belongs to the year of its Thursday.
weeks as (
    select
        calendar_date,
        weekday,
        cast(calendar_date - weekday * interval 1 day as date) as week_start_date,
        cast(calendar_date + (3 - weekday) * interval 1 day as date) as thursday
    from days
),

numbered as (
    select
        calendar_date,
        weekday,
        week_start_date,
        cast(year(thursday) as bigint) as iso_year,
        cast(
            floor(
                date_diff('day', cast(date_trunc('year', thursday) as date), thursday) / 7
            ) as bigint
        ) + 1 as iso_week,
        cast(year(calendar_date) as bigint) as calendar_year,
        cast(month(calendar_date) as bigint) as month_no,
        cast(floor((month(calendar_date) + 2) / 3) as bigint) as quarter_no
    from weeks
)

select
    calendar_date,  -- Key: business date.
    date_diff('day', calendar_date, fn_as_of()) as days_ago,  -- 0 = as_of; negative = later.
    calendar_year,  -- Year.
    quarter_no,  -- Quarter, 1 to 4.
    calendar_year || '-Q' || quarter_no as quarter,  -- Quarter, as 2026-Q3; sorts by time.
    calendar_year || '年' || case quarter_no
        when 1 then '一' when 2 then '二' when 3 then '三' else '四'
    end || '季度' as quarter_zh,  -- Quarter 季度, as 2026年三季度.
    month_no,  -- Month, 1 to 12.
    strftime(calendar_date, '%Y-%m') as month,  -- Month, as 2026-07; sorts by time.
    calendar_year || '年' || month_no || '月' as month_zh,  -- Month 月, as 2026年7月.
    cast(date_trunc('month', calendar_date) as date) as month_start_date,  -- Its first day.
    iso_year,  -- Year of the ISO week.
    iso_week,  -- ISO week, 1 to 53.
    iso_year || '-W' || lpad(cast(iso_week as varchar), 2, '0') as week,  -- Week, as 2026-W27.
    iso_year || '年第' || iso_week || '周' as week_zh,  -- ISO week 周, as 2026年第27周.
    week_start_date,  -- Monday of the week.
    weekday,  -- 0 = Monday.
    case weekday
        when 0 then '周一' when 1 then '周二' when 2 then '周三' when 3 then '周四'
        when 4 then '周五' when 5 then '周六' else '周日'
    end as weekday_zh,  -- Weekday in Chinese.
    case weekday
        when 0 then 'Monday' when 1 then 'Tuesday' when 2 then 'Wednesday' when 3 then 'Thursday'
        when 4 then 'Friday' when 5 then 'Saturday' else 'Sunday'
    end as weekday_en,  -- Weekday in English.
    weekday >= 5 as is_weekend  -- True = Saturday or Sunday. Public holidays are not included.
from numbered
