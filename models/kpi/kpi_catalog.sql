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
)

select
    k.kpi_code,  -- KPI.
    k.name_zh,  -- Chinese name.
    k.name_en,  -- English name.
    k.family,  -- Family in the catalog.
    k.formula,  -- Formula in words.
    k.unit,  -- count, amount, rate, ratio, days or minutes.
    k.direction,  -- up: more is better; down: less is better.
    k.is_additive = 'true' as is_additive,  -- True = the members of a dimension add up.
    cast(k.window_days as bigint) as window_days,  -- Days until a cohort is mature; NULL = at once.
    k.phase,  -- launch, growth or steady.
    k.owner,  -- Owner.
    k.dimensions,  -- Dimensions that it is calculated for.
    k.kpi_code = '{{ var('core_metric') }}' as is_core,  -- True = the KPI of the current phase.
    s.source_models  -- Models that it depends on, from lineage.
from {{ ref('kpis') }} as k
left join sources as s on k.model = s.model
