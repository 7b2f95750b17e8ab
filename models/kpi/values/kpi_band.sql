/*
description: The usual value of each figure and how far it usually differs from it, from the days
  before. Figures with too short a history have no row.
grain: [series_no, as_of_date]
*/
{{ config(published=false) }}
with

-- The state of a day is compared with the state of the day before: what is usual is its change.
history as (
    select
        c.series_no,
        c.as_of_date,
        c.kpi_code,
        c.denominator,
        b.weekday,
        cast(c.value as decimal(28, 8)) as value,
        case
            when k.is_stock = 'true'
                then cast(
                    lag(c.value) over (
                        partition by c.series_no order by c.as_of_date
                    ) as decimal(28, 8)
                )
            else 0
        end as before_value
    from {{ ref('kpi_cell') }} as c
    inner join {{ ref('business_day') }} as b on c.as_of_date = b.business_date
    inner join {{ ref('kpis') }} as k on c.kpi_code = k.kpi_code
    where
        c.is_delivered
        and c.value is not null
        and coalesce(k.is_watched, 'true') = 'true'
),

-- The usual value of a day is the median of the same weekday over the days before it.
usual as (
    select
        series_no,
        as_of_date,
        kpi_code,
        denominator,
        value,
        before_value + cast(median(cast(value - before_value as double)) over (
            partition by series_no, weekday order by as_of_date
            range between interval {{ var('baseline_days') }} day preceding
            and interval 1 day preceding
        ) as decimal(28, 8)) as baseline
    from history
),

-- A count is never less than 0, and a rate lies within 0 and 1, however the state has changed.
bounded as (
    select
        u.series_no,
        u.as_of_date,
        u.denominator,
        u.value,
        k.unit,
        k.is_stock = 'true' as is_stock,
        coalesce(k.numerator_unit, k.unit) = 'amount' as is_amount,
        coalesce(k.numerator_unit, k.unit) = 'count' as is_count,
        case
            when k.unit in ('count', 'rate') and u.baseline < 0 then 0
            when k.unit = 'rate' and u.baseline > 1 then 1
            else u.baseline
        end as baseline
    from usual as u
    inner join {{ ref('kpis') }} as k on u.kpi_code = k.kpi_code
),

-- How far each figure was from what was usual then. Amounts vary by factors, not by sums: one large
-- order makes a day, so they are compared on a logarithmic scale, on which the baseline is ln 2.
distances as (
    select
        series_no,
        as_of_date,
        denominator,
        baseline,
        unit,
        is_amount,
        is_count,
        case when is_stock and not is_amount then value - baseline end as step,
        case
            when not is_amount then abs(cast(value as double) - cast(baseline as double))
            when baseline > 0
                then abs(
                    case when value < 0 then -1.0 else 1.0 end
                    * ln(1.0 + abs(cast(value as double)) / cast(baseline as double))
                    - ln(2.0)
                )
        end as distance
    from bounded
),

spread as (
    select
        series_no,
        as_of_date,
        unit,
        is_amount,
        is_count,
        step,
        distance,
        cast(baseline as double) as baseline,
        cast(denominator as double) as size,
        count(distance) over (
            partition by series_no order by as_of_date
            range between interval {{ var('baseline_days') }} day preceding
            and interval 1 day preceding
        ) as distance_count,
        count(*) over (
            partition by series_no order by as_of_date
            range between interval {{ var('baseline_days') }} day preceding
            and interval 1 day preceding
        ) as day_count,
        median(distance) over (
            partition by series_no order by as_of_date
            range between interval {{ var('baseline_days') }} day preceding
            and interval 1 day preceding
        ) as deviation
    from distances
),

-- 1.4826 makes the median distance comparable to a standard deviation. Chance alone does this much:
-- a count varies by its square root, a rate by the binomial deviation of its own denominator. Two
-- more cases of each kind, as Agresti and Coull (1998) propose, keep a rate of 0 or 1 from looking
-- certain.
sigmas as (
    select
        series_no,
        as_of_date,
        unit,
        is_amount,
        step,
        distance,
        baseline,
        greatest(
            {{ var('sigma_margin') }} * 1.4826 * deviation,
            case
                when unit = 'count' then sqrt(greatest(baseline, 1.0))
                when unit = 'rate' and size > 0
                    then sqrt(
                        (baseline * size + 2.0) / (size + 4.0)
                        * greatest(1.0 - (baseline * size + 2.0) / (size + 4.0), 0.0)
                        / size
                    )
                when is_count and size > 0 then sqrt(greatest(baseline * size, 1.0)) / size
                else 0.0
            end
        ) as sigma
    from spread
    where
        day_count >= {{ var('baseline_min_days') }}
        and 2 * distance_count >= day_count
        and baseline is not null
        and (baseline > 0 or not is_amount)
),

-- A state that left its band goes back some day: a mass message makes many people active, and seven
-- days later wau loses them again. So the way back counts as usual: the sum of the steps out of the
-- band, as long as they are within the time of the baseline.
lasting as (
    select
        series_no,
        as_of_date,
        unit,
        is_amount,
        distance,
        baseline,
        sigma,
        cast(coalesce(step, 0) as double) as step,
        cast(coalesce(sum(
            case when distance > {{ var('watch_sigmas') }} * sigma then step end
        ) over (
            partition by series_no order by as_of_date
            range between interval {{ var('baseline_days') }} day preceding
            and interval 1 day preceding
        ), 0) as double) as ahead
    from sigmas
    where sigma > 0
),

edges as (
    select
        series_no,
        as_of_date,
        unit,
        is_amount,
        baseline,
        sigma,
        distance - case
            when step < 0 then greatest(ahead, 0.0)
            else greatest(-ahead, 0.0)
        end as excess,
        case when is_amount then ln(2.0) else baseline end
        - {{ var('watch_sigmas') }} * sigma - greatest(ahead, 0.0) as low,
        case when is_amount then ln(2.0) else baseline end
        + {{ var('watch_sigmas') }} * sigma + greatest(-ahead, 0.0) as high
    from lasting
)

select
    series_no,  -- Number of the series in this release, as in kpi_cell.
    as_of_date,  -- Business date of the figure.
    cast(baseline as decimal(24, 6)) as baseline,  -- Median of the same weekday.
    cast({{ band_edge('low') }} as decimal(24, 6)) as low,  -- Lower edge of the usual band.
    cast({{ band_edge('high') }} as decimal(24, 6)) as high,  -- Upper edge of the usual band.
    excess > {{ var('watch_sigmas') }} * sigma as is_outside,  -- True = outside the band.
    excess > {{ var('alert_sigmas') }} * sigma as is_far  -- True = so far outside that it alerts.
from edges
