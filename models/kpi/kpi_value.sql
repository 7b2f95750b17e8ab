/*
description: Every KPI by business day, dimension and member, with baseline, band, target and
  status.
grain: [as_of_date, kpi_code, dimension, member]
*/
with

-- 1. Each figure against its band. The figures of a stale channel are stale. Another figure that is
-- outside its band while some channel is stale may lack records: it is stale, too, and no alert.
-- Neither is one on the days on which people answer a mass message.
stale_channels as (
    select
        channel,
        coalesce(last_file_date, date '1970-01-01') as last_date
    from {{ source('ops', 'channel_status') }}
    where is_stale
),

first_stale as (
    select min(last_date) as last_date
    from stale_channels
),

judged as (
    select
        f.series_no,
        f.as_of_date,
        f.kpi_code,
        f.dimension,
        f.member,
        f.numerator,
        f.denominator,
        f.value,
        b.baseline,
        b.low,
        b.high,
        coalesce(b.is_far, false) as is_far,
        coalesce(b.is_outside, false) as is_outside,
        m.business_date is not null as is_answered,
        coalesce(date_diff('day', f.as_of_date, fn_as_of()) < k.window_days, false) as is_immature,
        coalesce(f.as_of_date > c.last_date, false) as is_stale,
        coalesce(f.as_of_date > a.last_date, false) as is_partly_stale
    from {{ ref('kpi_cell') }} as f
    inner join {{ ref('kpi_catalog') }} as k on f.kpi_code = k.kpi_code
    cross join first_stale as a
    left join {{ ref('kpi_band') }} as b
        on f.series_no = b.series_no and f.as_of_date = b.as_of_date
    left join stale_channels as c on f.dimension = 'channel' and f.member = c.channel
    left join {{ ref('mass_message_day') }} as m on f.as_of_date = m.business_date
),

-- 2. Two days outside the band in a row are an alert, so each day needs the day before it.
followed as (
    select
        as_of_date,
        kpi_code,
        dimension,
        member,
        numerator,
        denominator,
        value,
        baseline,
        low,
        high,
        is_far,
        is_outside,
        is_answered,
        is_immature,
        is_stale,
        is_partly_stale,
        lag(as_of_date) over (
            partition by series_no order by as_of_date
        ) as day_before,
        lag(is_outside and not is_answered) over (
            partition by series_no order by as_of_date
        ) as was_outside
    from judged
)

-- kpi_restatement reads the last published rows of this table, so every column states its type.
select
    cast(f.as_of_date as date)
        as as_of_date,  -- Business date of the value; for a cohort the day it began.
    cast(f.kpi_code as varchar) as kpi_code,  -- KPI, as in kpi_catalog.
    cast(k.name_zh as varchar) as kpi_zh,  -- Chinese name of the KPI.
    cast(k.name_en as varchar) as kpi_en,  -- English name of the KPI.
    cast(f.dimension as varchar) as dimension,  -- Dimension, as in kpi_dimensions.csv.
    cast(f.member as varchar)
        as member,  -- Member, a key of the dimension's table; NULL = total, or unknown.
    cast(coalesce(n.name_zh, f.member, '未知') as varchar)
        as member_zh,  -- Chinese name of the member.
    cast(coalesce(n.name_en, f.member, 'Unknown') as varchar)
        as member_en,  -- English name of the member.
    cast(f.numerator as decimal(38, 2))
        as numerator,  -- Numerator; for amounts and counts the figure itself.
    cast(f.denominator as decimal(38, 2))
        as denominator,  -- Denominator; NULL for amounts and counts.
    cast(f.value as decimal(24, 6)) as value,  -- The figure; NULL without a denominator.
    cast(f.baseline as decimal(24, 6))
        as baseline,  -- Median of the same weekday over the preceding days.
    cast(f.low as decimal(24, 6)) as low,  -- Lower edge of the usual band.
    cast(f.high as decimal(24, 6)) as high,  -- Upper edge of the usual band.
    cast(t.target as decimal(24, 6)) as target,  -- Target of the month, from targets.csv.
    cast(
        case
            when f.is_stale then 'stale'
            when f.is_immature then 'immature'
            when f.value is null or f.baseline is null then 'no_baseline'
            when f.is_outside and f.is_partly_stale then 'stale'
            when f.is_outside and f.is_answered then 'watch'
            when
                f.is_far
                or (
                    f.is_outside
                    and coalesce(f.was_outside, false)
                    and date_diff('day', f.day_before, f.as_of_date) = 1
                )
                then 'alert'
            when f.is_outside then 'watch'
            else 'ok'
        end as varchar
    ) as status,  -- ok, watch, alert, no_baseline, immature or stale.
    cast(case when f.baseline is null then k.benchmark_low end as decimal(24, 6))
        as benchmark_low,  -- What is usual elsewhere, from; NULL where there is a baseline.
    cast(case when f.baseline is null then k.benchmark_high end as decimal(24, 6))
        as benchmark_high  -- What is usual elsewhere, to; see kpi_catalog.benchmark_source.
from followed as f
inner join {{ ref('kpi_catalog') }} as k on f.kpi_code = k.kpi_code
left join {{ ref('kpi_member') }} as n
    on f.dimension = n.dimension and coalesce(f.member, '') = coalesce(n.member, '')
left join {{ ref('targets') }} as t
    on
        f.kpi_code = t.kpi_code
        and strftime(f.as_of_date, '%Y-%m') = t.month
        and f.dimension = t.dimension
        and coalesce(f.member, '') = coalesce(t.member, '')
