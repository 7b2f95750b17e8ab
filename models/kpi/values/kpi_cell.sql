/*
description: The series of all figures without gaps. A count or amount of a day with data on which
  nothing happened is 0. A day on which the channel delivered nothing is no data, and has no row.
grain: [as_of_date, kpi_code, dimension, member]
*/
{{ config(published=false) }}
with

-- The total of a count or amount begins with the first business day, even if nothing ever happened.
starts as (
    select
        kpi_code,
        dimension,
        member,
        as_of_date
    from {{ ref('kpi_figure') }}
    union all
    select
        k.kpi_code,
        'total' as dimension,
        cast(null as varchar) as member,
        min(d.business_date) as as_of_date
    from {{ ref('kpis') }} as k
    cross join {{ ref('business_day') }} as d
    semi join {{ source('ops', 'model') }} as m on k.model = m.model
    where k.unit in ('count', 'amount') and contains(', ' || k.dimensions || ',', ', total,')
    group by k.kpi_code
),

series as (
    select
        kpi_code,
        dimension,
        member,
        min(as_of_date) as first_date,
        case when dimension = 'channel' then 'channel' else 'other' end as scope,
        case when dimension = 'channel' then member end as scope_channel,
        row_number() over (order by kpi_code, dimension, member nulls first) as series_no
    from starts
    group by kpi_code, dimension, member
),

-- A channel delivered on a day if any of its records is of that day; the other dimensions have data
-- if any channel delivered.
delivered as (
    select
        'channel' as dimension,
        channel,
        business_date
    from {{ ref('channel_day') }}
    union all
    select distinct
        'other' as dimension,
        cast(null as varchar) as channel,
        business_date
    from {{ ref('channel_day') }}
),

-- After its last file, a stale channel has rows without a figure, so that readers see it is stale.
stale_days as (
    select
        c.channel,
        d.business_date
    from {{ source('ops', 'channel_status') }} as c
    inner join {{ ref('business_day') }} as d
        on d.business_date > coalesce(c.last_file_date, date '1970-01-01')
    where c.is_stale
),

expected as (
    select
        s.series_no,
        d.business_date,
        true as is_delivered
    from series as s
    inner join delivered as d
        on
            s.scope = d.dimension
            and s.scope_channel is not distinct from d.channel
            and s.first_date <= d.business_date
    union all
    select
        s.series_no,
        d.business_date,
        false as is_delivered
    from series as s
    inner join stale_days as d
        on s.dimension = 'channel' and s.member = d.channel and s.first_date <= d.business_date
),

days as (
    select
        e.series_no,
        e.business_date,
        bool_or(e.is_delivered) as is_delivered
    from expected as e
    inner join {{ ref('business_day') }} as b on e.business_date = b.business_date
    group by e.series_no, e.business_date
),

figures as (
    select
        s.series_no,
        f.as_of_date,
        f.numerator,
        f.denominator,
        f.value
    from {{ ref('kpi_figure') }} as f
    inner join series as s
        on
            f.kpi_code = s.kpi_code
            and f.dimension = s.dimension
            and f.member is not distinct from s.member
),

cells as (
    select
        coalesce(d.series_no, f.series_no) as series_no,
        coalesce(d.business_date, f.as_of_date) as as_of_date,
        coalesce(d.is_delivered, false) as is_delivered,
        f.series_no is not null as is_given,
        f.numerator,
        f.denominator,
        f.value
    from days as d
    full join figures as f on d.series_no = f.series_no and d.business_date = f.as_of_date
)

select
    c.series_no,  -- Number of the series in this release: KPI, dimension and member.
    c.as_of_date,  -- Business date of the figure.
    s.kpi_code,  -- KPI, as in kpis.csv.
    s.dimension,  -- Dimension, as in kpi_dimensions.csv.
    s.member,  -- Member of the dimension; NULL = total, or unknown.
    case
        when c.is_given then c.numerator
        when c.is_delivered then cast(0 as decimal(38, 2))
    end as numerator,  -- Numerator; 0 = nothing happened; NULL = no data.
    c.denominator,  -- Denominator; NULL for counts and amounts.
    case
        when c.is_given then c.value
        when c.is_delivered then cast(0 as decimal(24, 6))
    end as value,  -- The figure; NULL = no data, or no denominator.
    c.is_delivered  -- True = the channel delivered data of that day; other days make no baseline.
from cells as c
inner join series as s on c.series_no = s.series_no
inner join {{ ref('kpis') }} as k on s.kpi_code = k.kpi_code
where c.is_given or k.unit in ('count', 'amount') or not c.is_delivered
