/*
description: The KPIs: names, formula in words, unit, and the models each rests on.
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
    k.direction,  -- up: more is good; down: less is good.
    k.is_additive = 'true' as is_additive,  -- May members be added up?
    cast(k.window_days as bigint) as window_days,  -- Days until a cohort is mature; NULL = at once.
    k.phase,  -- launch, growth or steady.
    k.owner,  -- Who answers for it.
    k.dimensions,  -- Dimensions it is given for.
    k.kpi_code = '{{ var('core_metric') }}' as is_core,  -- The one number of the present phase.
    s.source_models  -- Models it is made of, from lineage.
from {{ ref('kpis') }} as k
left join sources as s on k.model = s.model
