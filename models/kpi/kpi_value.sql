/*
description: Every KPI by business day, dimension and member, with baseline, band, target and
  status.
grain: [as_of_date, kpi_code, dimension, member]
*/
with

-- 1. The figures of all models in models/kpi/figures, and the days that enter a baseline: those on
-- which the channel delivered data.
figures as (
    {{ union_models('kpi/figures', {
        'as_of_date': 'date', 'kpi_code': 'varchar', 'dimension': 'varchar', 'member': 'varchar',
        'numerator': 'decimal(38, 2)', 'denominator': 'decimal(38, 2)', 'value': 'decimal(24, 6)'
    }) }}
),

delivered as (
    select
        'channel' as dimension,
        channel as member_key,
        business_date
    from {{ ref('channel_day') }}
    union
    select
        'total' as dimension,
        '' as member_key,
        business_date
    from {{ ref('channel_day') }}
),

history as (
    select
        f.as_of_date,
        f.kpi_code,
        f.dimension,
        coalesce(f.member, '') as member_key,
        b.weekday,
        f.value
    from figures as f
    inner join {{ ref('business_day') }} as b on f.as_of_date = b.business_date
    inner join delivered as d
        on
            f.as_of_date = d.business_date
            and case when f.dimension = 'channel' then 'channel' else 'total' end = d.dimension
            and case when f.dimension = 'channel' then f.member else '' end = d.member_key
    where f.value is not null
),

-- 2. The usual value: each day beside the days before it. The baseline is the median of the same
-- weekday; the spread is the median distance of each day from the median of its own weekday.
windows as (
    select
        n.kpi_code,
        n.dimension,
        n.member_key,
        n.as_of_date,
        n.weekday,
        e.weekday as earlier_weekday,
        e.value
    from history as n
    inner join history as e
        on
            n.kpi_code = e.kpi_code
            and n.dimension = e.dimension
            and n.member_key = e.member_key
            and n.as_of_date > e.as_of_date
            and date_diff('day', e.as_of_date, n.as_of_date) <= {{ var('baseline_days') }}
),

weekday_medians as (
    select
        kpi_code,
        dimension,
        member_key,
        as_of_date,
        earlier_weekday,
        cast(median(cast(value as decimal(28, 8))) as decimal(28, 8)) as weekday_median
    from windows
    group by kpi_code, dimension, member_key, as_of_date, earlier_weekday
),

spreads as (
    select
        w.kpi_code,
        w.dimension,
        w.member_key,
        w.as_of_date,
        count(*) as day_count,
        max(case when m.earlier_weekday = w.weekday then m.weekday_median end) as baseline,
        cast(median(abs(cast(w.value as decimal(28, 8)) - m.weekday_median)) as decimal(28, 8))
            as deviation
    from windows as w
    inner join weekday_medians as m
        on
            w.kpi_code = m.kpi_code
            and w.dimension = m.dimension
            and w.member_key = m.member_key
            and w.as_of_date = m.as_of_date
            and w.earlier_weekday = m.earlier_weekday
    group by w.kpi_code, w.dimension, w.member_key, w.as_of_date
),

-- 1.4826 makes the median distance comparable to a standard deviation. A count varies at least by
-- its square root.
bands as (
    select
        s.kpi_code,
        s.dimension,
        s.member_key,
        s.as_of_date,
        cast(s.baseline as decimal(24, 6)) as baseline,
        cast(
            greatest(
                {{ var('sigma_margin') }} * 1.4826 * s.deviation,
                case
                    when k.unit = 'count'
                        then cast(sqrt(greatest(cast(s.baseline as double), 1.0)) as decimal(28, 8))
                    else 0
                end
            ) as decimal(24, 6)
        ) as sigma
    from spreads as s
    inner join {{ ref('kpi_catalog') }} as k on s.kpi_code = k.kpi_code
    where s.day_count >= {{ var('baseline_min_days') }} and s.baseline is not null
),

-- 3. Each figure against its band. The figures of a stale channel are stale. Another figure that is
-- outside its band while some channel is stale may lack records: it is stale, too, and no alert.
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
        f.as_of_date,
        f.kpi_code,
        f.dimension,
        f.member,
        f.numerator,
        f.denominator,
        f.value,
        b.baseline,
        cast(b.baseline - {{ var('watch_sigmas') }} * b.sigma as decimal(24, 6)) as low,
        cast(b.baseline + {{ var('watch_sigmas') }} * b.sigma as decimal(24, 6)) as high,
        abs(f.value - b.baseline) > {{ var('alert_sigmas') }} * b.sigma as is_far,
        abs(f.value - b.baseline) > {{ var('watch_sigmas') }} * b.sigma as is_outside,
        coalesce(date_diff('day', f.as_of_date, fn_as_of()) < k.window_days, false) as is_immature,
        coalesce(f.as_of_date > c.last_date, false) as is_stale,
        coalesce(f.as_of_date > a.last_date, false) as is_partly_stale
    from figures as f
    inner join {{ ref('kpi_catalog') }} as k on f.kpi_code = k.kpi_code
    cross join first_stale as a
    left join bands as b
        on
            f.as_of_date = b.as_of_date
            and f.kpi_code = b.kpi_code
            and f.dimension = b.dimension
            and coalesce(f.member, '') = b.member_key
            and b.sigma > 0
    left join stale_channels as c on f.dimension = 'channel' and f.member = c.channel
),

-- 4. Two days outside the band in a row are an alert, so each day needs the day before it.
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
        is_immature,
        is_stale,
        is_partly_stale,
        lag(as_of_date) over (
            partition by kpi_code, dimension, member order by as_of_date
        ) as day_before,
        lag(is_outside) over (
            partition by kpi_code, dimension, member order by as_of_date
        ) as was_outside
    from judged
)

select
    f.as_of_date,  -- Business date of the value; for a cohort the day it began.
    f.kpi_code,  -- KPI, as in kpi_catalog.
    k.name_zh as kpi_zh,  -- Chinese name of the KPI.
    k.name_en as kpi_en,  -- English name of the KPI.
    f.dimension,  -- total, channel, campaign or stage.
    f.member,  -- Member of the dimension; NULL = total, or unknown. Key of the dimension's table.
    coalesce(n.name_zh, f.member, '未知') as member_zh,  -- Chinese name of the member.
    coalesce(n.name_en, f.member, 'Unknown') as member_en,  -- English name of the member.
    f.numerator,  -- Numerator; for amounts and counts the figure itself.
    f.denominator,  -- Denominator; NULL for amounts and counts.
    f.value,  -- The figure; NULL without a denominator.
    f.baseline,  -- Median of the same weekday over the preceding days.
    f.low,  -- Lower edge of the usual band.
    f.high,  -- Upper edge of the usual band.
    cast(t.target as decimal(24, 6)) as target,  -- Target of the month, from targets.csv.
    case
        when f.is_stale then 'stale'
        when f.is_immature then 'immature'
        when f.value is null or f.baseline is null then 'no_baseline'
        when f.is_outside and f.is_partly_stale then 'stale'
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
    end as status  -- ok, watch, alert, no_baseline, immature or stale.
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
