{#- KPIs of the last days: how many different people there were in a window that moves day by day. No day is joined with
    the days before it. Each day of a person counts until the next one, but no longer than the window; what begins and what
    ends on a day is added up. -#}

{#- Days until the next of `day` in the same partition, at most `most`; 0 if another row has the same day. Of several rows
    of a day, only the last in the order counts. -#}
{%- macro days_to_next(partition, day, ties, most) -%}
least(
        coalesce(date_diff('day', {{ day }}, lead({{ day }}) over (
            partition by {{ partition | join(', ') }} order by {{ ([day] + ties) | join(', ') }}
        )), {{ most }}),
        {{ most }}
    )
{%- endmacro -%}

{#- CTEs up to `name`: for each dimension, member and kept day of that dimension, the sums of `columns` of the CTE `deltas`
    (dimension, member, day and these columns) up to that day. What began before the first kept day counts from then on. -#}
{%- macro running_sums(name, deltas, columns) -%}
first_day as (
    select coalesce(min(business_date), fn_as_of()) as from_date
    from {{ ref('business_day') }}
),

first_days as (
    {%- for row in reference('kpi_dimensions') %}
    select
        '{{ row.dimension }}' as dimension,
        cast(
            greatest(from_date, fn_as_of() - {{ var(row.days) - 1 }} * interval 1 day) as date
        ) as from_date
    from first_day
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

kept_deltas as (
    select
        d.dimension,
        d.member,
        greatest(d.day, f.from_date) as as_of_date,
        {%- for column in columns %}
        sum(d.{{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ deltas }} as d
    inner join first_days as f on d.dimension = f.dimension
    where d.day <= fn_as_of()
    group by d.dimension, d.member, greatest(d.day, f.from_date)
),

kept_series as (
    select distinct
        dimension,
        member
    from kept_deltas
),

daily_deltas as (
    select
        as_of_date,
        dimension,
        member,
        {{ columns | join(',\n        ') }}
    from kept_deltas
    union all
    select
        b.business_date as as_of_date,
        s.dimension,
        s.member,
        {%- for column in columns %}
        0 as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from kept_series as s
    inner join first_days as f on s.dimension = f.dimension
    inner join {{ ref('business_day') }} as b on b.business_date >= f.from_date
),

net_deltas as (
    select
        as_of_date,
        dimension,
        member,
        {%- for column in columns %}
        sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from daily_deltas
    group by as_of_date, dimension, member
),

{{ name }} as (
    select
        as_of_date,
        dimension,
        member,
        {%- for column in columns %}
        sum({{ column }}) over (
            partition by dimension, member order by as_of_date
            rows between unbounded preceding and current row
        ) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from net_deltas
)
{%- endmacro -%}

{#- CTEs up to `name`: for each dimension, member and day of kpi.cost_calendar, the sums of `columns` of the CTE `facts`
    (dimension, member, day and these columns) over the last economics_days days. A day without facts counts 0. -#}
{%- macro moving_sums(name, facts, columns) -%}
day_sums as (
    select
        dimension,
        member,
        day,
        {%- for column in columns %}
        sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ facts }}
    group by dimension, member, day
),

moving_series as (
    select distinct
        dimension,
        member
    from day_sums
),

filled_days as (
    select
        s.dimension,
        s.member,
        c.cost_date as day,
        {%- for column in columns %}
        coalesce(d.{{ column }}, 0) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from moving_series as s
    cross join {{ ref('cost_calendar') }} as c
    left join day_sums as d
        on
            s.dimension = d.dimension
            and s.member is not distinct from d.member
            and c.cost_date = d.day
),

{{ name }} as (
    select
        dimension,
        member,
        day as as_of_date,
        {%- for column in columns %}
        sum({{ column }}) over (
            partition by dimension, member order by day
            rows between {{ var('economics_days') - 1 }} preceding and current row
        ) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from filled_days
)
{%- endmacro -%}
