/*
description: The stages of the journey, from stages.csv, in their order.
grain: [stage]
*/
{{ config(entities={'journey_stage': 'stage'}) }}
select
    stage,  -- Key; member of the KPI dimension 'stage'.
    cast(stage_rank as bigint) as stage_rank,  -- Order: 1 = first.
    name_zh,  -- Chinese name.
    name_en  -- English name.
from {{ ref('stages') }}
