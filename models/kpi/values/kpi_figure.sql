/*
description: The figures of all models in models/kpi/figures, for the days that their dimension is
  kept for. Days on which nothing happened may be missing.
grain: [as_of_date, kpi_code, dimension, member]
*/
{{ config(published=false) }}
with

figures as (
    {{ union_models('kpi/figures', {
        'as_of_date': 'date', 'kpi_code': 'varchar', 'dimension': 'varchar', 'member': 'varchar',
        'numerator': 'decimal(38, 2)', 'denominator': 'decimal(38, 2)', 'value': 'decimal(24, 6)'
    }) }}
),

kept as (
    {%- for row in reference('kpi_dimensions') %}
    select
        '{{ row.dimension }}' as dimension,
        cast({{ var(row.days) }} as bigint) as kept_days
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    f.as_of_date,  -- Business date of the figure; of a cohort, the day on which it began.
    f.kpi_code,  -- KPI, as in kpis.csv.
    f.dimension,  -- Dimension, as in kpi_dimensions.csv.
    f.member,  -- Member of the dimension; NULL = total, or unknown.
    f.numerator,  -- Numerator.
    f.denominator,  -- Denominator; NULL for counts and amounts.
    f.value  -- The figure; NULL without a denominator.
from figures as f
inner join {{ ref('business_day') }} as d on f.as_of_date = d.business_date
inner join kept as k on f.dimension = k.dimension
left join {{ ref('kpis') }} as c on f.kpi_code = c.kpi_code
-- Cohorts may be kept longer, until their window has been closed for as long as other figures.
where d.days_ago < k.kept_days + coalesce(cast(c.window_days as bigint), 0)
