/*
description: The KPIs; names, formula in words, unit, and the models that each depends on.
grain: [kpi_code]
*/
with

sources as (
    select
        model,
        string_agg(distinct source_model, ', ' order by source_model) as source_models
    from {{ source('ops', 'column_lineage') }}
    group by model
),

core as (
    select max(phase) as phase
    from {{ ref('kpis') }}
    where kpi_code = '{{ var('core_metric') }}'
)

select
    k.kpi_code,  -- KPI.
    k.name_zh,  -- Chinese name.
    k.name_en,  -- English name.
    k.family,  -- Family in the catalog.
    k.formula,  -- Formula in words.
    k.formula_zh,  -- Formula in words, in Chinese.
    k.unit,  -- count, amount, rate, ratio, days, hours, minutes, months or mark.
    k.numerator_unit,  -- What the numerator of a ratio is: count or amount; NULL for other units.
    k.direction,  -- up: more is better; down: less is better.
    k.is_additive = 'true' as is_additive,  -- True = the members of a dimension add up.
    k.is_stock = 'true' as is_stock,  -- True = the state of a day: days do not add up.
    coalesce(k.is_watched, 'true') = 'true'
        as is_watched,  -- True = each day is compared with a baseline.
    coalesce(k.is_quotient, 'true') = 'true'
        as is_quotient,  -- True = sums of the days' numerators and denominators give the KPI.
    cast(k.window_days as bigint) as window_days,  -- Days until a cohort is mature; NULL = at once.
    k.phase,  -- launch, growth or steady.
    k.owner,  -- Owner.
    k.dimensions,  -- Dimensions that it is calculated for.
    k.kpi_code = '{{ var('core_metric') }}' as is_core,  -- True = the most important KPI now.
    k.phase = c.phase as is_current_phase,  -- True = of the phase of that KPI; the report shows it.
    s.source_models,  -- Models that it depends on, from lineage.
    cast(b.low as decimal(24, 6))
        as benchmark_low,  -- What is usual elsewhere, from; as kpi_benchmark.csv says.
    cast(b.high as decimal(24, 6)) as benchmark_high,  -- What is usual elsewhere, to.
    b.source as benchmark_source  -- Who says so.
from {{ ref('kpis') }} as k
cross join core as c
left join sources as s on k.model = s.model
left join {{ ref('kpi_benchmark') }} as b on k.kpi_code = b.kpi_code
