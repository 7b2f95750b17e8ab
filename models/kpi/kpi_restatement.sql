/*
description: Figures that were published before and are different now (重述), because late data,
  corrections, merges or other rules changed the past. Figures of a window that was still open then
  do not count.
grain: [kpi_code, dimension]
*/
with

published as (
    select
        as_of_date,
        kpi_code,
        dimension,
        member,
        numerator,
        denominator,
        value,
        status
    from {{ previous('kpi.kpi_value') }}
),

last_published as (
    select max(as_of_date) as as_of_date
    from {{ previous('kpi.kpi_value') }}
),

-- Both releases keep only so many days of a dimension: what left the window is no restatement.
first_days as (
    select
        kpi_code,
        dimension,
        min(as_of_date) as first_date
    from {{ ref('kpi_value') }}
    group by kpi_code, dimension
),

current_figures as (
    select
        v.as_of_date,
        v.kpi_code,
        v.dimension,
        v.member,
        v.numerator,
        v.denominator,
        v.value,
        v.status
    from {{ ref('kpi_value') }} as v
    inner join last_published as l on v.as_of_date <= l.as_of_date
),

compared as (
    select
        coalesce(p.kpi_code, c.kpi_code) as kpi_code,
        coalesce(p.dimension, c.dimension) as dimension,
        coalesce(p.as_of_date, c.as_of_date) as as_of_date,
        p.kpi_code is not null as was_there,
        c.kpi_code is not null as is_there,
        (p.numerator is not distinct from c.numerator)
        and (p.denominator is not distinct from c.denominator)
        and (p.value is not distinct from c.value) as is_same,
        coalesce(p.status, '') <> 'immature' and coalesce(c.status, '') <> 'immature' as is_closed,
        coalesce(c.numerator, 0) - coalesce(p.numerator, 0) as difference
    from published as p
    full join current_figures as c
        on
            p.as_of_date = c.as_of_date
            and p.kpi_code = c.kpi_code
            and p.dimension = c.dimension
            and p.member is not distinct from c.member
),

-- A row of zeros that came or went says nothing.
changed as (
    select
        c.kpi_code,
        c.dimension,
        c.as_of_date,
        c.was_there,
        c.is_there,
        c.is_same,
        c.difference
    from compared as c
    inner join first_days as f
        on
            c.kpi_code = f.kpi_code
            and c.dimension = f.dimension
            and c.as_of_date >= f.first_date
    where c.is_closed and ((c.was_there and c.is_there) or c.difference <> 0)
)

select
    kpi_code,  -- KPI, as in kpi_catalog.
    dimension,  -- Dimension, as in kpi_dimensions.csv.
    count(*) as compared_count,  -- Figures that both releases could have.
    count(*) filter (where was_there and is_there and not is_same)
        as restated_count,  -- Figures that are different now.
    count(*) filter (where not was_there) as new_count,  -- Figures of the past that are new.
    count(*) filter (where not is_there) as gone_count,  -- Figures that are gone.
    min(as_of_date) filter (where not is_same) as first_date,  -- First day that is different.
    max(as_of_date) filter (where not is_same) as last_date,  -- Last day that is different.
    cast(coalesce(max(abs(difference)), 0) as decimal(38, 2))
        as largest_change  -- Largest change of a numerator, up or down.
from changed
group by kpi_code, dimension
